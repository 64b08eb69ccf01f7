//! Conversations from a file of JSON lines: `{"chat": "name", "lines": [["speaker", "text"], …]}`, one conversation a line.
//!
//! Further fields are ignored and blank lines skipped. `parlour demo`, the replay and the crash rounds read the same files.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;

/// One conversation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Conversation {
    /// Its name.
    pub chat: String,
    /// Who says what, in order.
    pub lines: Vec<(String, String)>,
}

impl Conversation {
    /// The speakers in the order of their first lines.
    #[must_use]
    pub fn speakers(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let speakers = self.lines.iter().map(|(speaker, _)| speaker.as_str());
        speakers.filter(|speaker| seen.insert(*speaker)).collect()
    }
}

/// A line of the file that is no conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, counted from one.
    pub number: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.number, self.reason)
    }
}

/// The conversations in `text`, and the lines that are none.
#[must_use]
pub fn parse(text: &str) -> (Vec<Conversation>, Vec<BadLine>) {
    let (mut conversations, mut bad) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match conversation(line) {
            Ok(conversation) => conversations.push(conversation),
            Err(reason) => bad.push(BadLine {
                number: index + 1,
                reason,
            }),
        }
    }
    (conversations, bad)
}

/// Reads a file in which every line must be right.
///
/// # Errors
/// When it cannot be read, holds no conversation, or a line is none: the first of those is named.
pub fn read(path: &Path) -> anyhow::Result<Vec<Conversation>> {
    let file = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {file}"))?;
    let (conversations, bad) = parse(&text);
    if let Some(first) = bad.first() {
        anyhow::bail!("{file}, {first}");
    }
    ensure!(!conversations.is_empty(), "{file}: no conversation in it");
    Ok(conversations)
}

fn conversation(line: &str) -> Result<Conversation, String> {
    let conversation: Conversation =
        serde_json::from_str(line).map_err(|error| error.to_string())?;
    if conversation.chat.trim().is_empty() {
        return Err("the conversation has no name: `chat` is blank".to_owned());
    }
    if conversation.lines.is_empty() {
        return Err(format!("nobody says anything in {:?}", conversation.chat));
    }
    Ok(conversation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speakers_come_in_the_order_of_their_first_lines() {
        let line = r#"{"chat":"x","language":"y","lines":[["b","1"],["a","2"],["b","3"]]}"#;
        let (conversations, bad) = parse(line);
        assert_eq!(bad, []);
        assert_eq!(conversations[0].speakers(), ["b", "a"]);
    }

    #[test]
    fn lines_that_are_no_conversation_are_named_and_the_others_are_kept() {
        let text = concat!(
            "{\"chat\":\"one\",\"lines\":[[\"a\",\"1\"]]}\n",
            "\n",
            "nonsense\n",
            "{\"chat\":\"two\",\"lines\":[]}\n",
            "{\"chat\":\" \",\"lines\":[[\"a\",\"1\"]]}\n",
            "{\"chat\":\"three\",\"lines\":[[\"a\"]]}\n",
            "{\"chat\":\"four\",\"lines\":[[\"a\",\"1\"]]}\n",
        );
        let (conversations, bad) = parse(text);
        let names: Vec<&str> = conversations.iter().map(|c| c.chat.as_str()).collect();
        assert_eq!(names, ["one", "four"]);
        let numbers: Vec<usize> = bad.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [3, 4, 5, 6]);
    }

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("conversations.jsonl");
        std::fs::write(&file, "{\"chat\":\"one\",\"lines\":[[\"a\",\"1\"]]}\nno\n").unwrap();
        let error = read(&file).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
        std::fs::write(&file, "\n").unwrap();
        assert!(read(&file).is_err());
    }
}
