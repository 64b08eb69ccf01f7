//! Rules about this tree that no compiler checks.
//!
//! A rule is a plain function from the tree to its violations, so that its tests can plant one without touching the disk.
//! Every violation says where it is, what is wrong and how to cure it.

mod tree;

mod layers;
mod lengths;
mod links;
mod queues;
mod wording;

use std::fmt;

use cargo_metadata::{Metadata, MetadataCommand};

use tree::Tree;

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    path: String,
    line: usize,
    what: String,
    cure: String,
}

impl Violation {
    fn new(path: &str, line: usize, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            what: what.into(),
            cure: cure.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            what,
            cure,
        } = self;
        write!(formatter, "{path}:{line}: {what} — {cure}")
    }
}

/// Prints every violation in this workspace; an error says how many there were.
pub(crate) fn run() -> anyhow::Result<()> {
    let metadata = workspace()?;
    let tree = Tree::load(metadata.workspace_root.as_std_path())?;
    let violations = judge(&tree, &metadata);
    for violation in &violations {
        println!("{violation}");
    }
    match violations.len() {
        0 => {
            println!("tidy: {} files, nothing to object to", tree.files.len());
            Ok(())
        }
        count => Err(anyhow::anyhow!("tidy: {count} violations")),
    }
}

/// The workspace of the current folder as cargo sees it, without anything it depends on.
pub(crate) fn workspace() -> anyhow::Result<Metadata> {
    Ok(MetadataCommand::new().no_deps().exec()?)
}

fn judge(tree: &Tree, metadata: &Metadata) -> Vec<Violation> {
    let mut violations = tree.unreadable();
    violations.extend(layers::judge(&layers::edges(metadata)));
    violations.extend(lengths::judge(tree));
    violations.extend(queues::judge(tree));
    violations.extend(wording::judge(tree));
    violations.extend(links::judge(tree));
    violations.sort();
    violations
}
