//! Links between the Markdown pages of this repository lead somewhere.
//!
//! Judged are relative links, to files and folders and to the headings inside pages. What lies elsewhere on the web is not asked.

use super::Violation;
use super::tree::{File, Tree};

/// Every relative link whose file, folder or heading does not exist.
pub(super) fn judge(tree: &Tree) -> Vec<Violation> {
    let pages = tree.files.iter().filter(|file| is_page(&file.path));
    pages.flat_map(|page| judge_page(tree, page)).collect()
}

fn judge_page(tree: &Tree, page: &File) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (line, text) in prose(page) {
        let local = targets(&text).into_iter().filter(|target| is_local(target));
        let broken = local.filter_map(|target| Some((broken(tree, page, &target)?, target)));
        violations.extend(broken.map(|(why, target)| {
            let what = format!("the link to `{target}` is broken: {why}");
            Violation::new(&page.path, line, what, "point it at what it means")
        }));
    }
    violations
}

/// Why a target cannot be reached, if so.
fn broken(tree: &Tree, page: &File, target: &str) -> Option<&'static str> {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let Some(path) = resolve(&page.path, path) else {
        return Some("it leaves the repository");
    };
    if !path.is_empty() && !tree.paths.contains(&path) {
        return Some("no such file or folder");
    }
    let file = tree.files.iter().find(|file| file.path == path)?;
    let known =
        heading.is_empty() || !is_page(&path) || anchors(file).contains(&heading.to_owned());
    (!known).then_some("no such heading")
}

fn is_page(path: &str) -> bool {
    path.ends_with(".md")
}

fn is_local(target: &str) -> bool {
    !(target.contains("://") || target.starts_with("mailto:") || target.is_empty())
}

/// A target's path from the root, when `from` is the page that names it.
fn resolve(from: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    if target.starts_with('/') {
        parts.clear();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The lines of a page outside of code blocks, without what stands between backticks.
fn prose(page: &File) -> Vec<(usize, String)> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (number, text) in page.lines() {
        if text.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            let spoken: Vec<&str> = text.split('`').step_by(2).collect();
            lines.push((number, spoken.join("`")));
        }
    }
    lines
}

/// What the links of one line point at: `[text](target)` and `[name]: target`.
fn targets(line: &str) -> Vec<String> {
    let inline = line.split("](").skip(1).filter_map(|rest| {
        let (target, _) = rest.split_once(')')?;
        target.split_whitespace().next()
    });
    let definition = line.strip_prefix('[').and_then(|rest| {
        let (_, target) = rest.split_once("]: ")?;
        target.split_whitespace().next()
    });
    inline
        .chain(definition)
        .map(|target| target.trim_matches(['<', '>']).to_owned())
        .collect()
}

/// The names under which the headings of a page can be linked.
fn anchors(page: &File) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let headings = page.lines().filter(|(_, text)| text.starts_with('#'));
    for (_, heading) in headings {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = |letter: &char| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter);
        let anchor: String = title.chars().filter(kept).collect();
        let anchor = anchor.replace(' ', "-");
        let again = anchors.iter().filter(|known| **known == anchor).count();
        if again > 0 {
            anchors.push(format!("{anchor}-{again}"));
        }
        anchors.push(anchor);
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        let there = "# There\n\n## What & why: `x`\n\n## Twice\n\n## Twice\n";
        let files = [
            ("docs/here.md", text),
            ("docs/adr/there.md", there),
            ("a.rs", ""),
        ];
        let violations = judge(&planted(&files));
        violations
            .into_iter()
            .map(|violation| format!("{}: {}", violation.line, violation.what))
            .collect()
    }

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        for link in [
            "[a](adr/there.md)",
            "[a](adr/) and ![b](../a.rs)",
            "[a](/a.rs \"title\")",
            "[a](adr/there.md#what--why-x)",
            "[a](adr/there.md#twice-1)",
            "# Here\n[a](#here)",
            "[a]: adr/there.md",
            "[a](https://example.org/nowhere)",
            "`[a](nowhere.md)`",
            "```\n[a](nowhere.md)\n```",
        ] {
            assert_eq!(complaints(link), [""; 0], "{link}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        for (link, target, why) in [
            ("[a](nowhere.md)", "nowhere.md", "no such file or folder"),
            ("[a]: nowhere.md", "nowhere.md", "no such file or folder"),
            (
                "[`a`](../adr/there.md)",
                "../adr/there.md",
                "no such file or folder",
            ),
            ("[a](../../b.md)", "../../b.md", "it leaves the repository"),
            (
                "[a](adr/there.md#here)",
                "adr/there.md#here",
                "no such heading",
            ),
            ("[a](#nowhere)", "#nowhere", "no such heading"),
        ] {
            let expected = format!("1: the link to `{target}` is broken: {why}");
            assert_eq!(complaints(link), [expected]);
        }
    }
}
