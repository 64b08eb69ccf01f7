//! Conversations from a file: one JSON object a line, `{"chat", "language", "lines": [[speaker, text], …]}`.

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

/// One conversation.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Conversation {
    /// Its name.
    pub(crate) chat: String,
    /// Who says what, in order.
    pub(crate) lines: Vec<(String, String)>,
}

impl Conversation {
    /// The speakers in the order of their first lines.
    pub(crate) fn speakers(&self) -> Vec<&str> {
        let mut speakers: Vec<&str> = Vec::new();
        for (speaker, _) in &self.lines {
            if !speakers.contains(&speaker.as_str()) {
                speakers.push(speaker);
            }
        }
        speakers
    }
}

/// Reads the conversations of a file.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Conversation>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| format!("{} line {}", path.display(), index + 1))
    };
    text.lines().enumerate().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speakers_come_in_the_order_of_their_first_lines() {
        let line = r#"{"chat":"x","language":"y","lines":[["b","1"],["a","2"],["b","3"]]}"#;
        let conversation: Conversation = serde_json::from_str(line).unwrap();
        assert_eq!(conversation.speakers(), ["b", "a"]);
    }
}
