//! How long a file and a function may be.
//!
//! Lines are counted as a reader sees them, comments and blank lines included: a function from its `fn` to its closing brace.

use std::ops::RangeInclusive;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Violation;
use super::tree::{File, Rust, Tree};

const FILE_LINES_MAX: usize = 350;
const TEST_FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 50;
const TEST_FUNCTION_LINES_MAX: usize = 70;

/// Every file and function that is too long.
pub(super) fn judge(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (file, rust) in tree.rust() {
        violations.extend(judge_file(file, rust));
        violations.extend(judge_functions(file, rust));
    }
    violations
}

fn judge_file(file: &File, rust: &Rust) -> Option<Violation> {
    let max = if rust.is_test_file() {
        TEST_FILE_LINES_MAX
    } else {
        FILE_LINES_MAX
    };
    let lines = file.lines().count();
    (lines > max).then(|| {
        let what = format!("{lines} lines, more than {max}");
        let cure = "give the second idea in it a file of its own";
        Violation::new(&file.path, lines, what, cure)
    })
}

fn judge_functions(file: &File, rust: &Rust) -> Vec<Violation> {
    let mut finder = FunctionFinder::default();
    finder.visit_file(&rust.syntax);
    let too_long = finder.found.into_iter().filter_map(|(name, lines)| {
        let max = if rust.is_test_line(*lines.start()) {
            TEST_FUNCTION_LINES_MAX
        } else {
            FUNCTION_LINES_MAX
        };
        let count = lines.end() - lines.start() + 1;
        (count > max).then(|| {
            let what = format!("fn {name} has {count} lines, more than {max}");
            let cure = "let it decide and move what it computes into functions with names";
            Violation::new(&file.path, *lines.start(), what, cure)
        })
    });
    too_long.collect()
}

#[derive(Default)]
struct FunctionFinder {
    found: Vec<(String, RangeInclusive<usize>)>,
}

impl FunctionFinder {
    fn note(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let lines = signature.span().start().line..=block.span().end().line;
        self.found.push((signature.ident.to_string(), lines));
    }
}

impl<'ast> Visit<'ast> for FunctionFinder {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.note(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.note(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.note(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    fn complaints(path: &str, text: &str) -> Vec<String> {
        let violations = judge(&planted(&[(path, text)]));
        violations.iter().map(Violation::to_string).collect()
    }

    #[test]
    fn a_function_may_fill_one_screen_and_no_more() {
        assert_eq!(complaints("a.rs", &function(50)), [""; 0]);
        let found = complaints("a.rs", &function(51));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("a.rs:1: fn long has 51 lines, more than 50 — "));
    }

    #[test]
    fn methods_and_default_methods_are_measured() {
        let text = format!(
            "impl A {{ {} }} trait B {{ {} }}",
            function(51),
            function(52)
        );
        assert_eq!(complaints("a.rs", &text).len(), 2);
    }

    #[test]
    fn test_functions_may_be_longer() {
        let planted = |lines| format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(lines));
        assert_eq!(complaints("a.rs", &planted(70)), [""; 0]);
        assert_eq!(complaints("a.rs", &planted(71)).len(), 1);
        assert_eq!(complaints("crates/a/tests/b.rs", &function(70)), [""; 0]);
    }

    #[test]
    fn files_have_a_limit_and_test_files_a_higher_one() {
        let text = |lines| "// A line.\n".repeat(lines);
        assert_eq!(complaints("a.rs", &text(350)), [""; 0]);
        assert_eq!(complaints("a.rs", &text(351)).len(), 1);
        assert_eq!(complaints("src/tests.rs", &text(500)), [""; 0]);
        assert_eq!(complaints("src/tests.rs", &text(501)).len(), 1);
    }
}
