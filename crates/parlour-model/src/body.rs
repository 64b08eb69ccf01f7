//! Bodies of messages: a JSON object with a `type`, checked by type and kept whole.
//!
//! A body is kept in one canonical form (object keys sorted, no white space) with every field it came
//! with, so that a field this version does not know is stored, hashed and handed on.

mod postable;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use crate::{UserId, limits};

/// The content of a message as readers get it: an object with a `type`. The types that can be posted come with their
/// fields, but the text of a deleted message is empty. A reader shows a body of another type as one it does not know.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Body(
    #[schemars(extend(
        "required" = ["type"],
        "properties" = {"type": {"type": "string"}, "text": {"type": "string"}}
    ))]
    Map<String, Value>,
);

pub use postable::PostableBody;

/// What is wrong with a body, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct BodyError {
    /// The field, as a path from the frame or request: `body.text`.
    pub field: &'static str,
    /// What it must be instead.
    pub reason: String,
}

impl BodyError {
    fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }
}

impl Body {
    /// A text without further fields.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let mut fields = Map::new();
        fields.insert("type".into(), "text".into());
        fields.insert("text".into(), Value::String(text.into()));
        Self(fields)
    }

    /// The body in `value`: an object with a `type`, within the limits of size and depth. Unknown types
    /// and fields pass, because a client must carry what a newer server sends.
    ///
    /// # Errors
    /// [`BodyError`] names the field.
    pub fn from_value(value: Value) -> Result<Self, BodyError> {
        let Value::Object(fields) = value else {
            return Err(BodyError::new("body", "must be an object"));
        };
        if !matches!(fields.get("type"), Some(Value::String(_))) {
            return Err(BodyError::new("body.type", "must be a string"));
        }
        if fields
            .values()
            .any(|field| depth(field) + 1 > limits::NESTING_MAX)
        {
            return Err(BodyError::new(
                "body",
                format!("nested deeper than {}", limits::NESTING_MAX),
            ));
        }
        Ok(Self(fields))
    }

    /// Whether a user may post this: a known type, with its fields right.
    ///
    /// # Errors
    /// [`BodyError`] names the field and what it must be.
    pub fn check_postable(&self) -> Result<(), BodyError> {
        match self.type_name() {
            "text" => self.check_text()?,
            "custom" => self.check_custom()?,
            "encrypted" => self.check_encrypted()?,
            other => {
                return Err(BodyError::new(
                    "body.type",
                    format!("`{other}` is not one of text, custom, encrypted"),
                ));
            }
        }
        if self.canonical().len() > limits::BODY_BYTES_MAX {
            return Err(BodyError::new(
                "body",
                format!("larger than {} bytes", limits::BODY_BYTES_MAX),
            ));
        }
        Ok(())
    }

    /// The `type`.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.0
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The text of a text body.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        (self.type_name() == "text")
            .then(|| self.0.get("text")?.as_str())
            .flatten()
    }

    /// All fields.
    #[must_use]
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The canonical JSON: what is stored and hashed.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).expect("a JSON object is always writable")
    }

    fn check_text(&self) -> Result<(), BodyError> {
        let Some(Value::String(text)) = self.0.get("text") else {
            return Err(BodyError::new("body.text", "must be a string"));
        };
        if text.is_empty() || text.len() > limits::TEXT_BYTES_MAX {
            let reason = format!(
                "must have 1 to {} bytes, has {}",
                limits::TEXT_BYTES_MAX,
                text.len()
            );
            return Err(BodyError::new("body.text", reason));
        }
        if self.0.contains_key("attachments") {
            return Err(BodyError::new(
                "body.attachments",
                "attachments are not available on this server",
            ));
        }
        match self.0.get("mentions") {
            None | Some(Value::Null) => Ok(()),
            Some(Value::Array(users))
                if users.len() <= limits::MENTIONS_MAX && users.iter().all(is_user_id) =>
            {
                Ok(())
            }
            Some(_) => Err(BodyError::new(
                "body.mentions",
                format!("must be at most {} user ids", limits::MENTIONS_MAX),
            )),
        }
    }

    fn check_custom(&self) -> Result<(), BodyError> {
        match self.0.get("name") {
            Some(Value::String(name))
                if (1..=limits::CUSTOM_NAME_BYTES_MAX).contains(&name.len()) =>
            {
                Ok(())
            }
            _ => Err(BodyError::new(
                "body.name",
                format!(
                    "must be a string of 1 to {} bytes",
                    limits::CUSTOM_NAME_BYTES_MAX
                ),
            )),
        }
    }

    fn check_encrypted(&self) -> Result<(), BodyError> {
        match (self.0.get("algorithm"), self.0.get("payloads")) {
            (Some(Value::String(_)), Some(Value::Array(_) | Value::Object(_))) => Ok(()),
            (Some(Value::String(_)), _) => Err(BodyError::new(
                "body.payloads",
                "must be an array or an object",
            )),
            _ => Err(BodyError::new("body.algorithm", "must be a string")),
        }
    }
}

fn is_user_id(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.parse::<UserId>().is_ok())
}

/// How deep arrays and objects are nested in `value`; 0 for a plain one.
pub(crate) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl fmt::Debug for Body {
    /// The type only: content stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({})", self.type_name())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused_field(value: Value) -> &'static str {
        Body::from_value(value)
            .and_then(|body| body.check_postable().map(|()| body))
            .unwrap_err()
            .field
    }

    #[test]
    fn the_canonical_form_is_independent_of_order_and_keeps_unknown_fields() {
        let a: Body =
            serde_json::from_str(r#"{"type":"text","text":"x","new":{"b":1,"a":2}}"#).unwrap();
        let b: Body =
            serde_json::from_str(r#"{ "new":{"a":2,"b":1}, "text":"x", "type":"text"}"#).unwrap();
        assert_eq!(a.canonical(), b.canonical());
        assert!(String::from_utf8(a.canonical()).unwrap().contains("new"));
    }

    #[test]
    fn a_wrong_body_is_refused_by_the_name_of_its_field() {
        assert_eq!(refused_field(json!([])), "body");
        assert_eq!(refused_field(json!({"text": "x"})), "body.type");
        assert_eq!(refused_field(json!({"type": "nonsense"})), "body.type");
        assert_eq!(
            refused_field(json!({"type": "system", "code": "x"})),
            "body.type"
        );
        assert_eq!(refused_field(json!({"type": "text"})), "body.text");
        assert_eq!(
            refused_field(json!({"type": "text", "text": ""})),
            "body.text"
        );
        assert_eq!(
            refused_field(json!({"type": "text", "text": "x".repeat(limits::TEXT_BYTES_MAX + 1)})),
            "body.text"
        );
        assert_eq!(
            refused_field(json!({"type": "text", "text": "x", "mentions": [1]})),
            "body.mentions"
        );
        assert_eq!(refused_field(json!({"type": "custom"})), "body.name");
        assert_eq!(
            refused_field(
                json!({"type": "custom", "name": "x", "data": "x".repeat(limits::BODY_BYTES_MAX)})
            ),
            "body"
        );
        assert_eq!(
            refused_field(json!({"type": "encrypted", "algorithm": "x"})),
            "body.payloads"
        );
    }

    #[test]
    fn deep_nesting_is_refused() {
        let mut deep = json!(1);
        for _ in 0..limits::NESTING_MAX {
            deep = json!([deep]);
        }
        assert_eq!(
            refused_field(json!({"type": "custom", "name": "x", "data": deep})),
            "body"
        );
    }
}
