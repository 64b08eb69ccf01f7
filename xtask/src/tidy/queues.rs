//! Every queue has a bound, and a row that says what happens when it is full.
//!
//! A queue is whatever lets one part wait for another: a channel, a semaphore, a `VecDeque` kept in a struct. Where it is made
//! (for a `VecDeque`: where the field is declared) a comment `// queue: <row>` names its row in the Queues table of
//! `docs/ARCHITECTURE.md`, on the same line or up to three lines above; one comment serves one queue. A `VecDeque` or a semaphore
//! that nobody waits in says `// not a queue: <why>` instead. A queue made of something else carries the comment all the same,
//! because a row that no code names is a violation too. Test code and our own tools are exempt.

mod sites;

use std::collections::BTreeSet;

use super::Violation;
use super::tree::{File, Rust, Tree};
use sites::{Kind, Site};

const DOCUMENT: &str = "docs/ARCHITECTURE.md";
const HEADING: &str = "Queues";
/// Packages that never run in front of a user: their queues need a bound, but no row.
const WITHOUT_ROWS: [&str; 3] = ["benches/", "crates/parlour-testkit/", "xtask/"];
/// How far above a queue its comment may stand.
const LINES_ABOVE: usize = 3;

/// Queues without a bound, queues without a row, and rows without a queue.
pub(super) fn judge(tree: &Tree) -> Vec<Violation> {
    let rows = rows(tree);
    let mut named = BTreeSet::new();
    let mut violations = Vec::new();
    for (file, rust) in tree.rust().filter(|(_, rust)| !rust.is_test_file()) {
        let sites = sites::find(rust);
        violations.extend(unbounded(file, &sites));
        if !WITHOUT_ROWS.iter().any(|tool| file.path.starts_with(tool)) {
            let markers = markers(file, rust);
            violations.extend(unnamed(file, &sites, &markers));
            violations.extend(unknown(file, &markers, &rows));
            named.extend(markers.into_iter().filter_map(Marker::row));
        }
    }
    let idle = rows.iter().filter(|row| !named.contains(&row.name));
    violations.extend(idle.map(|row| {
        let what = format!("no code has the queue \"{}\"", row.name);
        let cure = "remove the row, or mark the code that it is about with a `// queue:` comment";
        Violation::new(DOCUMENT, row.line, what, cure)
    }));
    violations
}

fn unbounded(file: &File, sites: &[Site]) -> Vec<Violation> {
    let without = sites.iter().filter(|site| site.kind == Kind::Unbounded);
    without
        .map(|site| {
            let what = format!("`{}` makes a queue without a bound", site.what);
            let cure = "give it a capacity and decide what happens when it is full";
            Violation::new(&file.path, site.line, what, cure)
        })
        .collect()
}

/// Sites that no comment speaks for. Comments are used up from the top, the nearest one first.
fn unnamed(file: &File, sites: &[Site], markers: &[Marker]) -> Vec<Violation> {
    let mut used = BTreeSet::new();
    let mut violations = Vec::new();
    for site in sites.iter().filter(|site| site.kind != Kind::Unbounded) {
        let near = site.line.saturating_sub(LINES_ABOVE)..=site.line;
        let speaks = |marker: &&Marker| {
            near.contains(&marker.line)
                && !used.contains(&marker.line)
                && (marker.is_queue || site.kind == Kind::Perhaps)
        };
        if let Some(marker) = markers.iter().rev().find(speaks) {
            used.insert(marker.line);
        } else {
            let what = format!("`{}` is a queue that names no row", site.what);
            let cure = format!("write `// queue: <row>` above it and the row into {DOCUMENT}");
            violations.push(Violation::new(&file.path, site.line, what, cure));
        }
    }
    violations
}

fn unknown(file: &File, markers: &[Marker], rows: &[Row]) -> Vec<Violation> {
    let known = |marker: &&Marker| rows.iter().any(|row| row.name == marker.text);
    markers
        .iter()
        .filter(|marker| marker.is_queue && !known(marker))
        .map(|marker| {
            let what = format!("the queue \"{}\" has no row", marker.text);
            let cure = format!("describe its bound and its overflow under {HEADING} in {DOCUMENT}");
            Violation::new(&file.path, marker.line, what, cure)
        })
        .collect()
}

/// A comment that says which queue this is, or that it is none.
struct Marker {
    line: usize,
    text: String,
    is_queue: bool,
}

impl Marker {
    fn row(self) -> Option<String> {
        self.is_queue.then_some(self.text)
    }
}

fn markers(file: &File, rust: &Rust) -> Vec<Marker> {
    let product = file.lines().filter(|(line, _)| !rust.is_test_line(*line));
    product
        .filter_map(|(line, text)| {
            let after = |mark: &str| Some(text.split_once(mark)?.1.trim().to_owned());
            let queue = after("// queue:");
            let is_queue = queue.is_some();
            let text = queue.or_else(|| after("// not a queue:"))?;
            Some(Marker {
                line,
                text,
                is_queue,
            })
        })
        .collect()
}

/// A row of the Queues table.
struct Row {
    name: String,
    line: usize,
}

fn rows(tree: &Tree) -> Vec<Row> {
    let Some(document) = tree.files.iter().find(|file| file.path == DOCUMENT) else {
        return Vec::new();
    };
    let heading = |text: &str| text.starts_with('#');
    let section = document
        .lines()
        .skip_while(|(_, text)| {
            !(heading(text) && text.trim_start_matches(['#', ' ']).starts_with(HEADING))
        })
        .skip(1)
        .take_while(|(_, text)| !heading(text));
    section
        .filter(|(_, text)| text.starts_with('|'))
        .skip(2) // The head of the table and the line below it.
        .map(|(line, text)| {
            let cell = text.split('|').nth(1).unwrap_or_default();
            let name = cell.replace(['`', '*'], "").trim().to_owned();
            Row { name, line }
        })
        .collect()
}

#[cfg(test)]
mod tests;
