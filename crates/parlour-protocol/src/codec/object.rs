//! Bytes in either encoding to one object.
//!
//! Both encodings lead to the same tree, so what is behind this file cannot tell them apart. MessagePack may use
//! any width for a number, but strings only for keys, and nothing that JSON has not: no binary, no extension
//! types, no infinity.

use std::cell::Cell;
use std::fmt;
use std::io::Cursor;

use parlour_model::limits;
use serde::Deserializer;
use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::DecodeError;
use crate::Encoding;
use crate::fields::Fields;

/// How deep a body can lie: in the last message of a chat in a list of chats.
const LEVELS_AROUND_A_BODY: usize = 4;
/// Deepest nesting that is kept.
const LEVELS_KEPT: usize = limits::NESTING_MAX + LEVELS_AROUND_A_BODY;
/// Deepest nesting that MessagePack is skipped over: each level takes some of the stack.
const LEVELS_SKIPPED: usize = 64;

/// The one object in `bytes`.
pub(super) fn read(encoding: Encoding, bytes: &[u8]) -> Result<Fields, DecodeError> {
    let too_deep = Cell::new(false);
    let node = Node {
        levels_left: LEVELS_KEPT,
        too_deep: &too_deep,
    };
    let value = match encoding {
        Encoding::Json => read_json(node, bytes),
        Encoding::MessagePack => read_message_pack(node, bytes),
    };
    match value {
        Ok(Value::Object(fields)) => {
            let too_deep = too_deep.get().then(|| deepest(&fields)).flatten();
            Ok(Fields::new(fields, too_deep))
        }
        Ok(_) => Err(unreadable("not an object".to_owned())),
        Err(reason) => Err(unreadable(reason)),
    }
}

fn unreadable(reason: String) -> DecodeError {
    DecodeError::Unreadable { reason }
}

fn read_json(node: Node<'_>, bytes: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = node.deserialize(&mut reader).map_err(|e| e.to_string())?;
    reader.end().map_err(|e| e.to_string())?;
    Ok(value)
}

fn read_message_pack(node: Node<'_>, bytes: &[u8]) -> Result<Value, String> {
    let mut reader = rmp_serde::Deserializer::new(Cursor::new(bytes));
    reader.set_max_depth(LEVELS_SKIPPED);
    let value = node.deserialize(&mut reader).map_err(|e| e.to_string())?;
    if reader.position() == bytes.len() as u64 {
        Ok(value)
    } else {
        Err("trailing bytes".to_owned())
    }
}

fn deepest(fields: &Map<String, Value>) -> Option<String> {
    let deepest = fields.iter().max_by_key(|(_, value)| depth(value));
    deepest.map(|(name, _)| name.clone())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Reads one value. What is nested too deeply is read over, so that the rest can still be answered.
#[derive(Clone, Copy)]
struct Node<'a> {
    levels_left: usize,
    too_deep: &'a Cell<bool>,
}

impl Node<'_> {
    fn inside(self) -> Option<Self> {
        let levels_left = self.levels_left.checked_sub(1);
        if levels_left.is_none() {
            self.too_deep.set(true);
        }
        levels_left.map(|levels_left| Self {
            levels_left,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a number, a string, an array or an object")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        let number = Number::from_f64(number);
        number
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let Some(inside) = self.inside() else {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::Null);
        };
        // The length a frame claims is no reason to reserve memory: it grows with what arrives.
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let Some(inside) = self.inside() else {
            while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Value::Null);
        };
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inside)?;
            if object.insert(name, value).is_some() {
                return Err(de::Error::custom("a field twice"));
            }
        }
        Ok(Value::Object(object))
    }
}
