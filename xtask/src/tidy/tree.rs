//! The files that tidy judges: everything git tracks or would track, with Rust already parsed.
//!
//! A file that is not UTF-8 is a picture or the like and has no rule.

mod rust;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use super::Violation;
pub(super) use rust::Rust;

/// A workspace as text.
#[derive(Default)]
pub(super) struct Tree {
    /// Every readable file, sorted by path.
    pub(super) files: Vec<File>,
    /// Every path that exists, files and folders alike, for the links to be resolved against.
    pub(super) paths: BTreeSet<String>,
}

/// One file, its path relative to the root and written with `/`.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
    /// The parsed source, for `.rs` files that parse.
    pub(super) rust: Option<Rust>,
}

impl File {
    /// Takes a file apart as far as its name says how.
    pub(super) fn new(path: &str, text: &str) -> Self {
        let rust = path
            .ends_with(".rs")
            .then(|| Rust::parse(path, text).ok())
            .flatten();
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            rust,
        }
    }

    /// The text of a line counted from 1, empty when there is none.
    pub(super) fn line(&self, number: usize) -> &str {
        let index = number.saturating_sub(1);
        self.text.lines().nth(index).unwrap_or_default()
    }

    /// Every line with its number, counted from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }
}

impl Tree {
    /// Reads the working tree of a git repository.
    pub(super) fn load(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        for path in tracked(root)? {
            let Ok(bytes) = std::fs::read(root.join(&path)) else {
                continue; // Deleted, but the deletion is not committed yet.
            };
            tree.add_path(&path);
            if let Ok(text) = String::from_utf8(bytes) {
                tree.files.push(File::new(&path, &text));
            }
        }
        Ok(tree)
    }

    /// The files that have been parsed as Rust.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&File, &Rust)> {
        self.files
            .iter()
            .filter_map(|file| Some((file, file.rust.as_ref()?)))
    }

    /// Rust files that no rule could look into.
    pub(super) fn unreadable(&self) -> Vec<Violation> {
        self.files
            .iter()
            .filter(|file| file.path.ends_with(".rs") && file.rust.is_none())
            .map(|file| Violation::new(&file.path, 1, "does not parse as Rust", "make it compile"))
            .collect()
    }

    fn add_path(&mut self, path: &str) {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        self.paths.extend(folders.map(str::to_owned));
        self.paths.insert(path.to_owned());
    }
}

/// A tree made of the given files, for the tests of the rules.
#[cfg(test)]
pub(super) fn planted(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.add_path(path);
        tree.files.push(File::new(path, text));
    }
    tree
}

/// Tracked files and new ones that are not ignored, so that tidy speaks before the commit.
fn tracked(root: &Path) -> anyhow::Result<BTreeSet<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others"])
        .arg("--exclude-standard")
        .current_dir(root)
        .output()
        .context("could not start git")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git ls-files: {complaint}");
    let list = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    Ok(list.split_terminator('\0').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_parse_is_named() {
        let tree = planted(&[("a.rs", "fn ("), ("b.rs", "fn b() {}"), ("c.md", "fn (")]);
        let violations = tree.unreadable();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].path, "a.rs");
    }

    #[test]
    fn the_folders_of_a_file_exist() {
        let tree = planted(&[("docs/adr/0001.md", "")]);
        let paths: Vec<&str> = tree.paths.iter().map(String::as_str).collect();
        assert_eq!(paths, ["docs", "docs/adr", "docs/adr/0001.md"]);
    }
}
