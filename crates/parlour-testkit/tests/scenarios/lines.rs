//! What a chat shows: the events a client was told, folded into lines.

use std::collections::BTreeMap;

use parlour_client::Sent;
use parlour_protocol::WireEvent;
use serde_json::{Map, Value, json};

/// The lines of one chat, by seq.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: BTreeMap<u64, Map<String, Value>>,
    /// The last event told; zero after a start.
    last: u64,
}

impl Lines {
    /// Takes the next event.
    ///
    /// # Errors
    /// When it is not the next one.
    pub(crate) fn take(&mut self, event: &WireEvent) -> anyhow::Result<()> {
        let seq = event.seq.get();
        let is_next = self.last == 0 || seq == self.last + 1;
        anyhow::ensure!(is_next, "event {seq} was told after {}", self.last);
        self.last = seq;
        let Ok(Value::Object(fields)) = serde_json::to_value(event) else {
            anyhow::bail!("an event is an object");
        };
        let target = event.target.and_then(|seq| self.lines.get_mut(&seq.get()));
        match (event.kind.as_str(), target) {
            ("message", _) => self.add(seq, message(&fields)),
            ("message_edited", Some(line)) => {
                say(line, &fields);
                line.insert("edited".to_owned(), json!(true));
            }
            ("message_deleted", Some(line)) => {
                line.retain(|name, _| ["seq", "author"].contains(&name.as_str()));
                line.insert("deleted".to_owned(), json!(true));
            }
            ("reaction_changed", Some(line)) => react(line, &fields),
            (
                "members_added" | "member_removed" | "role_changed" | "chat_changed"
                | "chat_created",
                _,
            ) => self.add(seq, notice(&fields)),
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, seq: u64, line: Map<String, Value>) {
        self.lines.insert(seq, line);
    }

    /// The last `count` lines, or all.
    pub(crate) fn newest(&self, count: Option<usize>) -> Value {
        let lines: Vec<_> = self.lines.values().cloned().map(Value::Object).collect();
        let from = count.map_or(0, |count| lines.len().saturating_sub(count));
        Value::Array(lines[from..].to_vec())
    }
}

/// A message of history as a line.
pub(crate) fn of_history(message_body: &Value) -> Value {
    let Some(fields) = message_body.as_object() else {
        return Value::Null;
    };
    let mut line = match fields.get("kind").and_then(Value::as_str) {
        Some("message") => message(fields),
        _ => notice(fields),
    };
    if fields.contains_key("edited_at") {
        line.insert("edited".to_owned(), json!(true));
    }
    if fields.get("deleted") == Some(&json!(true)) {
        line.insert("deleted".to_owned(), json!(true));
    }
    let reactions = fields.get("reactions").and_then(Value::as_array);
    let reactions = reactions.into_iter().flatten().map(|reaction| {
        let emoji = reaction["emoji"].as_str().unwrap_or_default();
        (emoji.to_owned(), reaction["users"].clone())
    });
    let reactions: Map<_, _> = reactions.collect();
    if !reactions.is_empty() {
        line.insert("reactions".to_owned(), Value::Object(reactions));
    }
    Value::Object(line)
}

/// How a send that is in the log ended.
pub(crate) fn of_sent(sent: &Sent) -> Value {
    json!({"is": "sent", "seq": sent.seq.get()})
}

fn message(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut line = only(fields, &["seq", "author", "reply_to"]);
    say(&mut line, fields);
    line
}

fn say(line: &mut Map<String, Value>, fields: &Map<String, Value>) {
    match fields.get("body") {
        Some(body) if body["type"] == "text" => {
            line.insert("text".to_owned(), body["text"].clone());
        }
        Some(body) => {
            line.insert("body".to_owned(), body.clone());
        }
        None => {}
    }
}

fn notice(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut line = only(fields, &["seq", "author"]);
    let kind = fields.get("kind").cloned().unwrap_or_default();
    line.insert("notice".to_owned(), kind);
    line
}

fn only(fields: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let kept = fields
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn react(line: &mut Map<String, Value>, fields: &Map<String, Value>) {
    let emoji = fields["emoji"].as_str().unwrap_or_default().to_owned();
    let by_emoji = line.entry("reactions").or_insert_with(|| json!({}));
    let mut users = by_emoji[&emoji].as_array().cloned().unwrap_or_default();
    users.retain(|user| *user != fields["author"]);
    if fields.get("on") == Some(&json!(true)) {
        users.push(fields["author"].clone());
    }
    by_emoji[&emoji] = Value::Array(users);
}
