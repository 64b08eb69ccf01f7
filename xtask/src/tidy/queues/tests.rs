//! Planted queues, with and without bounds and rows.

use super::super::tree::planted;
use super::*;

const TABLE: &str = "# A\n\n## Queues\n\n| queue | bound | when full |\n|---|---|---|\n| `inbox` per node | 64 | drop |\n";

fn complaints(source: &str) -> Vec<String> {
    complaints_at("crates/parlour-bus/src/local.rs", source, TABLE)
}

fn complaints_at(path: &str, source: &str, document: &str) -> Vec<String> {
    let tree = planted(&[(path, source), (DOCUMENT, document)]);
    let violations = judge(&tree);
    violations
        .into_iter()
        .map(|violation| format!("{}: {}", violation.line, violation.what))
        .collect()
}

#[test]
fn a_queue_that_names_its_row_is_fine() {
    for source in [
        "fn f() {\n    // queue: inbox per node\n    let (tx, rx) = mpsc::channel(64);\n}",
        "fn f() {\n    let (tx, rx) = broadcast::channel::<Arc<Vec<u8>>>(64); // queue: inbox per node\n}",
        "struct Inbox {\n    // queue: inbox per node\n    waiting: Mutex<VecDeque<u8>>,\n}",
        "fn f() {\n    // queue: inbox per node\n    let (tx, rx) =\n        tokio::sync::mpsc::channel(\n            64,\n        );\n}",
    ] {
        assert_eq!(complaints(source), [""; 0], "{source}");
    }
}

#[test]
fn a_queue_that_names_no_row_is_found() {
    for (queue, what) in [
        ("mpsc::channel(64)", "mpsc::channel"),
        (
            "std::sync::mpsc::sync_channel::<u8>(1)",
            "mpsc::sync_channel",
        ),
        ("channel(64)", "channel"),
        ("x!(broadcast::channel(64))", "broadcast::channel"),
        ("Semaphore::new(4)", "Semaphore::new"),
    ] {
        // The marker keeps the row from being idle and is too far away to speak for the queue.
        let source = format!("// queue: inbox per node\n\n\n\n\nfn f() {{ {queue}; }}");
        let expected = format!("6: `{what}` is a queue that names no row");
        assert_eq!(complaints(&source), [expected]);
    }
}

#[test]
fn a_field_is_a_queue_and_a_local_list_is_not() {
    let marker = "// queue: inbox per node\n\n\n\n";
    let field = format!("{marker}struct A {{ list: VecDeque<u8> }}");
    assert_eq!(
        complaints(&field),
        ["5: `VecDeque` is a queue that names no row"]
    );
    let local = format!("{marker}fn f() {{ let list = VecDeque::new(); }}");
    assert_eq!(complaints(&local), [""; 0]);
}

#[test]
fn one_comment_serves_one_queue() {
    let source = "fn f() {\n    // queue: inbox per node\n    let a = mpsc::channel(1);\n    let b = mpsc::channel(1);\n}";
    assert_eq!(
        complaints(source),
        ["4: `mpsc::channel` is a queue that names no row"]
    );
}

#[test]
fn a_row_that_does_not_exist_is_found() {
    let source = "// queue: inbox per node\n// queue: outbox\nfn f() { mpsc::channel(1); }";
    assert_eq!(complaints(source), ["2: the queue \"outbox\" has no row"]);
}

#[test]
fn a_row_that_no_code_names_is_found() {
    assert_eq!(
        complaints("fn f() {}"),
        ["7: no code has the queue \"inbox per node\""]
    );
}

#[test]
fn queues_without_a_bound_are_found_whatever_the_comment_says() {
    for queue in [
        "mpsc::unbounded_channel()",
        "mpsc::unbounded_channel::<Vec<u8>>()",
        "mpsc::channel::<u8>()",
        "futures_channel::mpsc::unbounded()",
    ] {
        let source = format!("// queue: inbox per node\nfn f() {{ {queue}; }}");
        let found = complaints(&source);
        assert_eq!(found.len(), 1, "{queue}");
        assert!(
            found[0].ends_with("makes a queue without a bound"),
            "{queue}"
        );
    }
}

#[test]
fn only_what_may_be_no_queue_can_say_so() {
    let marked = |made: &str| {
        let source = format!("// queue: inbox per node\n\n\n\n// not a queue: why\n{made}");
        complaints(&source).len()
    };
    assert_eq!(marked("struct A { recent: VecDeque<u8> }"), 0);
    assert_eq!(marked("fn f() { Semaphore::new(1); }"), 0);
    assert_eq!(marked("fn f() { mpsc::channel(1); }"), 1);
}

#[test]
fn single_values_methods_and_definitions_are_no_queues() {
    for source in [
        "fn f() { watch::channel(1); }",
        "fn f() { oneshot::channel::<u8>(); }",
        "fn f() { node.channel(1); }",
        "fn channel(name: &str) {}",
        "use tokio::sync::mpsc::channel;",
    ] {
        let source = format!("// queue: inbox per node\n\n\n\n\n{source}");
        assert_eq!(complaints(&source), [""; 0], "{source}");
    }
}

#[test]
fn test_code_and_tools_need_no_rows_and_tools_need_bounds() {
    let test =
        "#[cfg(test)]\nmod tests {\n    fn f() { mpsc::unbounded_channel(); mpsc::channel(1); }\n}";
    assert_eq!(complaints_at("src/a.rs", test, ""), [""; 0]);
    let tool = "fn f() { mpsc::channel(1); }";
    assert_eq!(complaints_at("benches/src/a.rs", tool, ""), [""; 0]);
    let unbounded = "fn f() { mpsc::unbounded_channel(); }";
    assert_eq!(complaints_at("benches/src/a.rs", unbounded, "").len(), 1);
}
