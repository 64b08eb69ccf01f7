//! Finding the places where a queue is made.
//!
//! Calls are found in the flat list of words, so that one inside a macro is seen; fields are found in the syntax tree.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Rust;

/// What is known about a possible queue from its name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Takes whatever it is given.
    Unbounded,
    /// Certainly a queue.
    Bounded,
    /// A queue unless the code says why not.
    Perhaps,
}

/// One place where a queue is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) line: usize,
    pub(super) what: String,
    pub(super) kind: Kind,
}

/// Every queue that the product code of a file makes, from top to bottom.
pub(super) fn find(rust: &Rust) -> Vec<Site> {
    let calls = (0..rust.tokens.len()).filter_map(|index| call(rust, index));
    let mut fields = FieldFinder::default();
    fields.visit_file(&rust.syntax);
    let mut sites: Vec<Site> = calls.chain(fields.sites).collect();
    sites.retain(|site| !rust.is_test_line(site.line));
    sites.sort_by_key(|site| site.line);
    sites
}

/// The queue that the call of the function at `index` makes, if this is such a call.
fn call(rust: &Rust, index: usize) -> Option<Site> {
    let name = rust.word(index, 0);
    let empty = arguments(rust, index)?;
    let owner = owner(rust, index)?;
    let kind = match (owner, name) {
        ("watch" | "oneshot", _) => return None, // Each holds one value and nobody waits in it.
        (_, "unbounded_channel") | ("mpsc" | "channel", "unbounded") => Kind::Unbounded,
        (_, "channel") if empty => Kind::Unbounded, // The channel of the standard library.
        (_, "channel" | "sync_channel") => Kind::Bounded,
        ("Semaphore", "new" | "const_new") => Kind::Perhaps,
        _ => return None,
    };
    let what = [owner, name].join("::");
    Some(Site {
        line: rust.tokens[index].line,
        what: what.trim_start_matches("::").to_owned(),
        kind,
    })
}

/// Whether the call at `index` has no arguments; `None` when it is no call.
fn arguments(rust: &Rust, index: usize) -> Option<bool> {
    let mut offset = 1;
    if (rust.word(index, 1), rust.word(index, 3)) == (":", "<") {
        offset = closing_angle(rust, index)? + 1;
    }
    (rust.word(index, offset) == "(").then(|| rust.word(index, offset + 1) == ")")
}

/// Where the type arguments that follow the name at `index` end.
fn closing_angle(rust: &Rust, index: usize) -> Option<isize> {
    let mut depth = 0;
    (3..200).find(|offset| {
        match rust.word(index, *offset) {
            "<" => depth += 1,
            ">" => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

/// The path segment before a called name, empty when it was imported; `None` for methods and definitions.
fn owner(rust: &Rust, index: usize) -> Option<&str> {
    match rust.word(index, -1) {
        "." | "fn" => None,
        ":" => Some(rust.word(index, -3)),
        _ => Some(""),
    }
}

#[derive(Default)]
struct FieldFinder {
    sites: Vec<Site>,
}

impl<'ast> Visit<'ast> for FieldFinder {
    fn visit_field(&mut self, field: &'ast syn::Field) {
        if mentions(&field.ty, "VecDeque") {
            self.sites.push(Site {
                line: field.ty.span().start().line,
                what: "VecDeque".to_owned(),
                kind: Kind::Perhaps,
            });
        }
        visit::visit_field(self, field);
    }
}

fn mentions(ty: &syn::Type, name: &str) -> bool {
    struct Names<'a>(&'a str, bool);
    impl<'ast> Visit<'ast> for Names<'_> {
        fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
            self.1 |= segment.ident == self.0;
            visit::visit_path_segment(self, segment);
        }
    }
    let mut names = Names(name, false);
    names.visit_type(ty);
    names.1
}
