//! How a scenario speaks of values it cannot know: `$name` stands for one, from its first use on always for the same.
//!
//! A pattern matches what has at least its members. `null` in a pattern means absent, `$_` anything, and
//! `{"$not": "$old", "$as": "$new"}` anything but the value of `$old`, which `$new` stands for from then on.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What the names of one run stand for.
#[derive(Debug, Clone, Default)]
pub struct Values {
    by_name: BTreeMap<String, Value>,
}

impl Values {
    /// Makes `name` (without its `$`) stand for a value.
    pub fn set(&mut self, name: &str, value: Value) {
        self.by_name.insert(name.to_owned(), value);
    }

    /// Compares `found` with a pattern and learns the names that stand for something from now on.
    ///
    /// # Errors
    /// Where they differ, for people.
    pub fn learn(&mut self, pattern: &Value, found: &Value) -> Result<(), String> {
        // A pattern that fails half way teaches nothing.
        let mut tried = self.clone();
        tried.compare("", pattern, found)?;
        *self = tried;
        Ok(())
    }

    fn compare(&mut self, path: &str, pattern: &Value, found: &Value) -> Result<(), String> {
        match pattern {
            Value::String(text) if text.starts_with('$') => self.name(path, text, found),
            Value::Object(members) if members.contains_key("$not") => {
                self.other(path, members, found)
            }
            Value::Object(members) => members.iter().try_for_each(|(name, member)| {
                let found = found.get(name).unwrap_or(&Value::Null);
                self.compare(&format!("{path}/{name}"), member, found)
            }),
            Value::Array(items) => self.items(path, items, found),
            plain if plain == found => Ok(()),
            plain => Err(differs(path, plain, found)),
        }
    }

    fn name(&mut self, path: &str, text: &str, found: &Value) -> Result<(), String> {
        let name = &text[1..];
        match self.by_name.get(name) {
            _ if found.is_null() => Err(format!("{path} is missing")),
            _ if name == "_" => Ok(()),
            Some(known) if known == found => Ok(()),
            Some(known) => Err(differs(path, known, found)),
            None => {
                self.set(name, found.clone());
                Ok(())
            }
        }
    }

    fn other(
        &mut self,
        path: &str,
        members: &Map<String, Value>,
        found: &Value,
    ) -> Result<(), String> {
        let old = self.fill(&members["$not"])?;
        if found.is_null() || *found == old {
            return Err(format!("{path} is {found} and should be another"));
        }
        match members.get("$as") {
            Some(name) => self.compare(path, name, found),
            None => Ok(()),
        }
    }

    fn items(&mut self, path: &str, items: &[Value], found: &Value) -> Result<(), String> {
        let there = found.as_array().map_or(&[][..], Vec::as_slice);
        if items.len() != there.len() || !found.is_array() {
            return Err(differs(path, &Value::Array(items.to_vec()), found));
        }
        let pairs = items.iter().zip(there).enumerate();
        pairs.into_iter().try_for_each(|(place, (item, found))| {
            self.compare(&format!("{path}/{place}"), item, found)
        })
    }

    /// `template` with every name replaced by what it stands for; names within a text are written `{$name}`.
    ///
    /// # Errors
    /// When a name stands for nothing yet.
    pub fn fill(&self, template: &Value) -> Result<Value, String> {
        Ok(match template {
            Value::String(text) => self.fill_text(text)?,
            Value::Array(items) => {
                let filled: Result<_, _> = items.iter().map(|item| self.fill(item)).collect();
                Value::Array(filled?)
            }
            Value::Object(members) => {
                let mut filled = Map::new();
                for (name, member) in members {
                    // The keys of cursors are ids.
                    let name = self.fill_text(name)?;
                    let name = name.as_str().ok_or("a member's name must be a text")?;
                    filled.insert(name.to_owned(), self.fill(member)?);
                }
                Value::Object(filled)
            }
            plain => plain.clone(),
        })
    }

    fn fill_text(&self, text: &str) -> Result<Value, String> {
        if let Some(name) = text.strip_prefix('$') {
            let value = self.by_name.get(name);
            return value.cloned().ok_or(format!("${name} is not known yet"));
        }
        let mut parts = text.split("{$");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').ok_or("`{$` without `}`")?;
            let value = self.fill_text(&format!("${name}"))?;
            match &value {
                Value::String(text) => filled.push_str(text),
                other => filled.push_str(&other.to_string()),
            }
            filled.push_str(rest);
        }
        Ok(Value::String(filled))
    }
}

fn differs(path: &str, wanted: &Value, found: &Value) -> String {
    let path = if path.is_empty() { "it" } else { path };
    format!("{path} is {found} and should be {wanted}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_stands_for_one_value() {
        let mut values = Values::default();
        let frame = json!({"type": "send", "key": "a", "seq": 7});
        values
            .learn(&json!({"key": "$key", "reply_to": null}), &frame)
            .unwrap();
        assert!(values.learn(&json!({"key": "$key"}), &frame).is_ok());
        let other = json!({"key": "b"});
        assert!(values.learn(&json!({"key": "$key"}), &other).is_err());
        let new = json!({"key": {"$not": "$key", "$as": "$new"}});
        assert!(values.learn(&new, &frame).is_err());
        values.learn(&new, &other).unwrap();
        let filled = values.fill(&json!(["$new", "/chats/{$key}/x"]));
        assert_eq!(filled.unwrap(), json!(["b", "/chats/a/x"]));
    }

    #[test]
    fn a_pattern_that_differs_says_where_and_teaches_nothing() {
        let mut values = Values::default();
        let frame = json!({"a": "x", "list": [1, 2]});
        let pattern = json!({"a": "$a", "list": [1]});
        let difference = values.learn(&pattern, &frame).unwrap_err();
        assert_eq!(difference, "/list is [1,2] and should be [1]");
        assert!(values.fill(&json!("$a")).is_err());
    }
}
