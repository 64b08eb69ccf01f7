//! What files may say: how they open, what they put off, what they give away, and how their tests wait.

use std::ops::RangeInclusive;

use syn::visit::{self, Visit};

use super::Violation;
use super::tree::{File, Rust, Tree};

/// Words that put work off. Written apart, or this file would be the first to break the rule.
const PUT_OFF: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
/// Paths that only exist on somebody's machine.
const PRIVATE: [&str; 2] = [concat!("/wo", "rk/"), concat!("../sha", "red")];
/// The files in which a word that puts work off counts; prose may speak about such words.
const CODE: [&str; 8] = ["rs", "toml", "sh", "yml", "yaml", "ts", "py", "Makefile"];

/// Every file and line that breaks one of the rules of this page.
pub(super) fn judge(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in &tree.files {
        violations.extend(private(file));
        violations.extend(put_off(file));
    }
    for (file, rust) in tree.rust() {
        violations.extend(opening(file));
        violations.extend(unfinished(file, rust));
        violations.extend(sleeping(file, rust));
    }
    violations
}

fn opening(file: &File) -> Option<Violation> {
    let explained = file.line(1).starts_with("//!");
    (!explained).then(|| {
        let what = "does not open with `//!`";
        let cure = "say what the file is for, then what must stay true in it";
        Violation::new(&file.path, 1, what, cure)
    })
}

fn private(file: &File) -> Vec<Violation> {
    let found = file.lines().filter_map(|(line, text)| {
        let word = PRIVATE.into_iter().find(|word| text.contains(word))?;
        let what = format!("names `{word}`, which exists on one machine only");
        let cure = "use a path inside the repository, or take it as an option";
        Some(Violation::new(&file.path, line, what, cure))
    });
    found.collect()
}

fn put_off(file: &File) -> Vec<Violation> {
    let ending = file.path.rsplit(['.', '/']).next().unwrap_or_default();
    if !CODE.contains(&ending) {
        return Vec::new();
    }
    let found = file.lines().filter_map(|(line, text)| {
        let mut words = text.split(|letter: char| !letter.is_alphanumeric());
        let word = words.find(|word| PUT_OFF.contains(word))?;
        let what = format!("`{word}` puts work off");
        let cure = "do it now, or open an issue and leave no trace here";
        Some(Violation::new(&file.path, line, what, cure))
    });
    found.collect()
}

/// `todo!` and `#[ignore]`: code and tests that are there and are not.
fn unfinished(file: &File, rust: &Rust) -> Vec<Violation> {
    let found = (0..rust.tokens.len()).filter_map(|index| {
        let around = [-2, -1, 0, 1].map(|offset| rust.word(index, offset));
        let (what, cure) = match around {
            [_, _, "todo", "!"] => ("`todo!` puts work off", "write the code"),
            ["#", "[", "ignore", "]" | "="] => (
                "an ignored test checks nothing",
                "make it pass and fast, or delete it",
            ),
            _ => return None,
        };
        Some(Violation::new(
            &file.path,
            rust.tokens[index].line,
            what,
            cure,
        ))
    });
    found.collect()
}

/// Sleeping in tests, unless the test has stopped the clock and a sleep takes no time.
fn sleeping(file: &File, rust: &Rust) -> Vec<Violation> {
    let mut paused = PausedFinder::default();
    paused.visit_file(&rust.syntax);
    let waits =
        |line| rust.is_test_line(line) && !paused.ranges.iter().any(|range| range.contains(&line));
    let found = (0..rust.tokens.len()).filter(|index| is_sleep(rust, *index));
    found
        .map(|index| rust.tokens[index].line)
        .filter(|line| waits(*line))
        .map(|line| {
            let what = "a test sleeps";
            let cure = "wait for the event itself, or pause the time of tokio";
            Violation::new(&file.path, line, what, cure)
        })
        .collect()
}

fn is_sleep(rust: &Rust, index: usize) -> bool {
    let called = rust.word(index, 1) == "(";
    let named = matches!(rust.word(index, 0), "sleep" | "sleep_until" | "sleep_ms");
    called && named && !matches!(rust.word(index, -1), "." | "fn")
}

/// Finds the tests that start with the clock of tokio stopped.
#[derive(Default)]
struct PausedFinder {
    ranges: Vec<RangeInclusive<usize>>,
}

impl<'ast> Visit<'ast> for PausedFinder {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let paused = item.attrs.iter().any(|attribute| {
            let list = attribute.meta.require_list();
            list.is_ok_and(|list| list.tokens.to_string().contains("start_paused"))
        });
        if paused {
            let braces = item.block.brace_token.span;
            let lines = braces.open().start().line..=braces.close().end().line;
            self.ranges.push(lines);
        }
        visit::visit_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests;
