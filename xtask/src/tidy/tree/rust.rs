//! One Rust file: its syntax, its words in order, and which of its lines are test code.
//!
//! The flat list of words sees into macros, where the syntax tree only has a blob; the syntax tree knows where things begin and end.

use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A parsed source file.
pub(in crate::tidy) struct Rust {
    /// The syntax tree.
    pub(in crate::tidy) syntax: syn::File,
    /// Every word and sign from the first line to the last, brackets included.
    pub(in crate::tidy) tokens: Vec<Token>,
    test_lines: TestLines,
}

/// A word, a sign or a bracket and its line. Literals are kept as they are written.
pub(in crate::tidy) struct Token {
    pub(in crate::tidy) text: String,
    pub(in crate::tidy) line: usize,
}

enum TestLines {
    All,
    Some(Vec<RangeInclusive<usize>>),
}

impl Rust {
    /// Parses a file; the path decides whether all of it is test code.
    pub(super) fn parse(path: &str, text: &str) -> syn::Result<Self> {
        let syntax = syn::parse_file(text)?;
        let mut tokens = Vec::new();
        flatten(text.parse::<TokenStream>()?, &mut tokens);
        let test_lines = if is_test_path(path) {
            TestLines::All
        } else {
            let mut finder = TestFinder::default();
            finder.visit_file(&syntax);
            TestLines::Some(finder.ranges)
        };
        Ok(Self {
            syntax,
            tokens,
            test_lines,
        })
    }

    /// Whether the whole file is test code.
    pub(in crate::tidy) fn is_test_file(&self) -> bool {
        matches!(self.test_lines, TestLines::All)
    }

    /// Whether a line is test code, because of its file, its module or its function.
    pub(in crate::tidy) fn is_test_line(&self, line: usize) -> bool {
        match &self.test_lines {
            TestLines::All => true,
            TestLines::Some(ranges) => ranges.iter().any(|range| range.contains(&line)),
        }
    }

    /// The word `offset` places after `index`, empty beyond either end.
    pub(in crate::tidy) fn word(&self, index: usize, offset: isize) -> &str {
        let token = index
            .checked_add_signed(offset)
            .and_then(|place| self.tokens.get(place));
        token.map_or("", |token| &token.text)
    }
}

/// `tests/` folders, `tests.rs`, and a conformance suite, which is test code that several crates run.
fn is_test_path(path: &str) -> bool {
    path.trim_end_matches(".rs")
        .split('/')
        .any(|part| part == "tests" || part == "conformance" || part.ends_with("_tests"))
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |text: String, line| tokens.push(Token { text, line });
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = brackets(group.delimiter());
                push(open.to_owned(), line);
                flatten(group.stream(), tokens);
                tokens.push(Token {
                    text: close.to_owned(),
                    line: group.span_close().start().line,
                });
            }
            TokenTree::Ident(word) => push(word.to_string(), line),
            TokenTree::Punct(sign) => push(sign.as_char().to_string(), line),
            TokenTree::Literal(literal) => push(literal.to_string(), line),
        }
    }
}

fn brackets(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}

#[derive(Default)]
struct TestFinder {
    ranges: Vec<RangeInclusive<usize>>,
}

impl TestFinder {
    fn look(&mut self, attributes: &[syn::Attribute], item: &impl Spanned) {
        if attributes.iter().any(is_test_attribute) {
            let span = item.span();
            self.ranges.push(span.start().line..=span.end().line);
        }
    }
}

impl<'ast> Visit<'ast> for TestFinder {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.look(&item.attrs, item);
        visit::visit_item_mod(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.look(&item.attrs, item);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.look(&item.attrs, item);
        visit::visit_item_impl(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.look(&item.attrs, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.look(&item.attrs, item);
    }
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`, but not `#[cfg(not(test))]`.
fn is_test_attribute(attribute: &syn::Attribute) -> bool {
    let path = attribute.path();
    if path.is_ident("cfg") {
        let mut words = Vec::new();
        if let Ok(list) = attribute.meta.require_list() {
            flatten(list.tokens.clone(), &mut words);
        }
        let has = |word: &str| words.iter().any(|token| token.text == word);
        return has("test") && !has("not");
    }
    path.segments
        .last()
        .is_some_and(|segment| segment.ident == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! File.
fn product() {}

#[cfg(test)]
mod inner {
    fn helper() {}
}

#[tokio::test]
async fn behaves() {}

#[cfg(not(test))]
fn released() {}
";

    #[test]
    fn test_code_is_found_by_attribute() {
        let rust = Rust::parse("src/a.rs", SOURCE).unwrap();
        let lines: Vec<usize> = (1..=14).filter(|line| rust.is_test_line(*line)).collect();
        assert_eq!(lines, [4, 5, 6, 7, 9, 10]);
        assert!(!rust.is_test_file());
    }

    #[test]
    fn test_code_is_found_by_path() {
        for path in [
            "crates/a/tests/b.rs",
            "src/tests.rs",
            "src/conformance/c.rs",
        ] {
            assert!(Rust::parse(path, SOURCE).unwrap().is_test_file(), "{path}");
        }
        assert!(!is_test_path("src/contests.rs"));
    }

    #[test]
    fn words_inside_macros_are_seen_with_their_lines() {
        let rust = Rust::parse("a.rs", "fn f() {\n    x!(\n        a::b(1)\n    );\n}").unwrap();
        let found = rust.tokens.iter().find(|token| token.text == "b").unwrap();
        assert_eq!(found.line, 3);
    }

    #[test]
    fn brackets_stand_in_the_list() {
        let rust = Rust::parse("a.rs", "fn f() { g([1]); }").unwrap();
        let words: Vec<&str> = rust
            .tokens
            .iter()
            .map(|token| token.text.as_str())
            .collect();
        assert_eq!(words.join(" "), "fn f ( ) { g ( [ 1 ] ) ; }");
    }
}
