//! The fields of one object, read into a type such that an error names the field.
//!
//! A derived enum with a tag would buffer the fields and forget which one was wrong; so frames are told apart by
//! their `type` first, and each is then a plain struct read from here.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_json::{Map, Value, map};

/// The fields of an object that was read whole.
#[derive(Debug)]
pub(crate) struct Fields {
    fields: Map<String, Value>,
    /// The field that was nested too deeply to be kept.
    too_deep: Option<String>,
}

/// What is wrong, and with which field, if it is about one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", field.as_deref().unwrap_or("the object"))]
pub(crate) struct FieldError {
    pub(crate) field: Option<String>,
    pub(crate) reason: String,
}

impl de::Error for FieldError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self {
            field: None,
            reason: reason.to_string(),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            field: Some(field.to_owned()),
            reason: "is missing".to_owned(),
        }
    }
}

impl Fields {
    pub(crate) fn new(fields: Map<String, Value>, too_deep: Option<String>) -> Self {
        Self { fields, too_deep }
    }

    /// The same fields, where null means absent.
    pub(crate) fn without_nulls(mut self) -> Self {
        self.fields.retain(|_, value| !value.is_null());
        self
    }

    pub(crate) fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)
    }

    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, FieldError> {
        if self.too_deep.is_some() {
            return Err(FieldError {
                field: self.too_deep,
                reason: "is nested too deeply".to_owned(),
            });
        }
        T::deserialize(self)
    }
}

impl<'de> Deserializer<'de> for Fields {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_map(NamedFields {
            fields: self.fields.into_iter(),
            current: None,
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Remembers the field that is being read.
struct NamedFields {
    fields: map::IntoIter,
    current: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for NamedFields {
    type Error = FieldError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, FieldError> {
        self.current = self.fields.next();
        let Some((name, _)) = &self.current else {
            return Ok(None);
        };
        let name: StringDeserializer<FieldError> = name.clone().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, FieldError> {
        let (name, value) = self
            .current
            .take()
            .ok_or_else(|| de::Error::custom("a value was asked for before its key"))?;
        seed.deserialize(value).map_err(|error| FieldError {
            field: Some(name),
            reason: error.to_string(),
        })
    }
}

/// For a field an old reader may not understand: absent if it has another shape than expected.
pub(crate) fn readable<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}
