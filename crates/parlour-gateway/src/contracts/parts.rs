//! The parts of `docs/protocol.md` that come from the code, and how they get between their marks.
//!
//! A part stands between `<!-- generated: NAME -->` and `<!-- end -->`, each on a line of its own; whatever else the page says is
//! written by people and kept. A mark that nothing can fill is an error, and so is a part that the page does not show.

mod codes;
mod events;
mod frames;
mod limits;
mod objects;
mod rest;
mod shape;

pub(super) use codes::close_codes;

use serde_json::Value;

use super::{asyncapi, openapi};

const BEGIN: &str = "<!-- generated: ";
const BEGIN_END: &str = " -->";
const END: &str = "<!-- end -->";

/// Makes the Markdown of one part.
type Write = fn() -> String;

/// Every part by its name, in the order of the page.
const PARTS: [(&str, Write); 12] = [
    ("frames of a client", frames::of_clients),
    ("frames of a server", frames::of_servers),
    ("errors", codes::errors),
    ("close codes", codes::close_codes),
    ("events", events::kinds),
    ("bodies", events::bodies),
    ("requests", || rest::requests(&openapi::document())),
    ("limits of a client", limits::told),
    ("limits", limits::others),
    ("times", limits::times),
    ("objects", || objects::objects(&openapi::document())),
    ("words", || {
        objects::words([&openapi::document(), &asyncapi::document()])
    }),
];

/// `page` with every part as the code has it now. Fails with what is wrong with its marks.
pub(super) fn filled(page: &str) -> Result<String, String> {
    let mut lines = page.lines();
    let mut filled = Vec::new();
    let mut missing: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
    while let Some(line) = lines.next() {
        filled.push(line.to_owned());
        let Some(name) = mark(line) else { continue };
        let part = PARTS.iter().find(|(known, _)| *known == name);
        let (_, write) = part.ok_or_else(|| format!("there is no part `{name}`"))?;
        lines
            .by_ref()
            .find(|line| *line == END)
            .ok_or_else(|| format!("the part `{name}` does not end"))?;
        filled.extend([write(), END.to_owned()]);
        missing.retain(|one| *one != name);
    }
    if !missing.is_empty() {
        return Err(format!("it does not show: {}", missing.join(", ")));
    }
    Ok(filled.join("\n") + "\n")
}

/// The name of the part that begins with this line.
fn mark(line: &str) -> Option<&str> {
    line.strip_prefix(BEGIN)?.strip_suffix(BEGIN_END)
}

/// A table with these columns. What stands in a cell is Markdown on one line.
fn table<const COLUMNS: usize>(
    head: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let line = |cells: [String; COLUMNS]| {
        let cells = cells.map(|cell| cell.replace('\n', " ").replace('|', "\\|"));
        format!("| {} |", cells.join(" | ")).replace("|  |", "| |")
    };
    let opening = [
        line(head.map(str::to_owned)),
        format!("|{}", "---|".repeat(COLUMNS)),
    ];
    let lines: Vec<String> = opening
        .into_iter()
        .chain(rows.into_iter().map(line))
        .collect();
    lines.join("\n")
}

/// `text` as code; nothing if there is none.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("`{text}`")
}

/// What a schema says of itself, without the name it may begin with (`send`: …).
fn about(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    let text = match text.split_once("`: ") {
        Some((name, rest)) if name.starts_with('`') && !name.contains('.') => rest,
        _ => text,
    };
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of nothing but marks, with old text between them.
    fn page() -> String {
        let part = |(name, _): &(&str, Write)| format!("{BEGIN}{name}{BEGIN_END}\nold\n{END}\n");
        PARTS.iter().map(part).collect()
    }

    #[test]
    fn a_part_is_written_anew_and_what_stands_around_it_is_kept() {
        let filled = filled(&format!("# By hand\n\n{}last\n", page())).unwrap();
        assert!(filled.starts_with("# By hand\n\n<!-- generated: frames of a client -->\n| "));
        assert!(filled.ends_with("|\n<!-- end -->\nlast\n"));
        assert!(!filled.contains("\nold\n"));
        assert_eq!(super::filled(&filled).unwrap(), filled);
    }

    #[test]
    fn marks_that_cannot_be_right_are_named() {
        let unknown = page() + "<!-- generated: nothing -->\n<!-- end -->\n";
        assert_eq!(filled(&unknown).unwrap_err(), "there is no part `nothing`");
        let open = page() + "<!-- generated: errors -->\n";
        assert_eq!(filled(&open).unwrap_err(), "the part `errors` does not end");
        let without = page().replace("generated: limits -->", "limits -->");
        assert_eq!(filled(&without).unwrap_err(), "it does not show: limits");
    }

    #[test]
    fn every_part_says_something_and_no_cell_breaks_its_table() {
        for (name, write) in PARTS {
            let part = write();
            let columns = |line: &str| line.replace("\\|", "").matches('|').count();
            let widths: Vec<usize> = part.lines().map(columns).collect();
            assert!(widths.len() > 2, "{name} is empty");
            assert!(widths.iter().all(|width| *width == widths[0]), "{part}");
        }
    }
}
