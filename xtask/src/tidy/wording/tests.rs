//! Planted words.

use super::super::tree::planted;
use super::*;

fn complaints(path: &str, text: &str) -> Vec<String> {
    let violations = judge(&planted(&[(path, text)]));
    violations
        .into_iter()
        .map(|violation| format!("{}: {}", violation.line, violation.what))
        .collect()
}

/// A Rust file with a proper opening, then the given text from line 2 on.
fn source(text: &str) -> String {
    format!("//! A file.\n{text}")
}

#[test]
fn a_file_without_an_opening_is_found() {
    assert_eq!(complaints("a.rs", &source("fn f() {}")), [""; 0]);
    for text in ["", "// A file.\n", "\n//! A file.\n", "use a::b;\n"] {
        assert_eq!(complaints("a.rs", text), ["1: does not open with `//!`"]);
    }
}

#[test]
fn work_put_off_is_found_in_code_and_not_in_prose() {
    for word in PUT_OFF {
        let text = source(&format!("// {word}(me): later.\n"));
        assert_eq!(
            complaints("a.rs", &text),
            [format!("2: `{word}` puts work off")]
        );
        assert_eq!(complaints("a.toml", &format!("# {word}")).len(), 1);
        assert_eq!(complaints("Makefile", &format!("# {word}")).len(), 1);
        assert_eq!(complaints("a.md", &format!("No {word} here.")), [""; 0]);
        let longer = source(&format!("const {word}S: u8 = 1;"));
        assert_eq!(complaints("a.rs", &longer), [""; 0]);
    }
}

#[test]
fn the_macro_that_puts_work_off_is_found() {
    let text = source("fn f() {\n    todo!()\n}");
    assert_eq!(complaints("a.rs", &text), ["3: `todo!` puts work off"]);
}

#[test]
fn ignored_tests_are_found() {
    for attribute in ["#[ignore]", "#[ignore = \"slow\"]"] {
        let text = source(&format!("#[test]\n{attribute}\nfn f() {{}}"));
        assert_eq!(
            complaints("a.rs", &text),
            ["3: an ignored test checks nothing"]
        );
    }
}

#[test]
fn private_paths_are_found_in_every_kind_of_file() {
    for word in PRIVATE {
        let text = format!("see {word} there\n");
        let expected = format!("1: names `{word}`, which exists on one machine only");
        assert_eq!(complaints("a.md", &text), [expected.as_str()]);
        assert_eq!(complaints(".ci/run", &text), [expected.as_str()]);
    }
}

#[test]
fn a_sleeping_test_is_found() {
    for sleep in [
        "std::thread::sleep(SECOND)",
        "tokio::time::sleep(SECOND).await",
        "sleep_until(then).await",
        "x!(time::sleep(SECOND))",
    ] {
        let text = source(&format!(
            "#[tokio::test]\nasync fn f() {{\n    {sleep};\n}}"
        ));
        assert_eq!(
            complaints("src/a.rs", &text),
            ["4: a test sleeps"],
            "{sleep}"
        );
        let helper = source(&format!("async fn f() {{ {sleep}; }}"));
        assert_eq!(complaints("src/tests.rs", &helper), ["2: a test sleeps"]);
        assert_eq!(complaints("src/a.rs", &helper), [""; 0], "product code may");
    }
}

#[test]
fn a_test_that_stopped_the_clock_may_sleep() {
    let text = "#[tokio::test(start_paused = true)]\nasync fn f() { sleep(SECOND).await; }";
    assert_eq!(complaints("src/tests.rs", &source(text)), [""; 0]);
}
