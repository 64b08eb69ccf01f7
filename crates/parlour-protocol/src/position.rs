//! How a path or a query names a message: by seq, or by id.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use parlour_model::{EventId, Seq};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A message in a path or a query: a number below 2^50 is a seq, from there on an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// By its place in the log.
    Seq(Seq),
    /// By its public id.
    Id(EventId),
}

/// Why a text or number names no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the seq or the id of a message, in decimal")]
pub struct PositionError;

impl Position {
    /// The message this number names.
    ///
    /// # Errors
    /// [`PositionError`] from 2^63 on.
    pub fn new(number: u64) -> Result<Self, PositionError> {
        let seq = Seq::new(number);
        if seq < Seq::LIMIT {
            Ok(Self::Seq(seq))
        } else {
            EventId::new(number)
                .map(Self::Id)
                .map_err(|_| PositionError)
        }
    }
}

impl FromStr for Position {
    type Err = PositionError;
    fn from_str(text: &str) -> Result<Self, PositionError> {
        // Digits only: the parser of numbers would take a plus sign.
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PositionError);
        }
        Self::new(text.parse().map_err(|_| PositionError)?)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seq(seq) => seq.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PositionVisitor)
    }
}

impl JsonSchema for Position {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Position".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9]{1,19}$"})
    }
}

struct PositionVisitor;

impl Visitor<'_> for PositionVisitor {
    type Value = Position;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the seq or the id of a message")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Position, E> {
        Position::new(number).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Position, E> {
        text.parse().map_err(E::custom)
    }
}
