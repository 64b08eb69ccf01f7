//! The `ref` by which a client knows the answer to its frame.

use std::fmt;

use parlour_model::limits;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

/// A client's name for one of its frames, returned in the answer: at most 64 bytes of its own choice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Reference(
    #[schemars(
        length(max = limits::REF_BYTES_MAX),
        extend("x-max-bytes" = limits::REF_BYTES_MAX)
    )]
    String,
);

/// Why a text is not a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a ref has at most {} bytes", limits::REF_BYTES_MAX)]
pub struct ReferenceError;

impl Reference {
    /// The reference with this text.
    ///
    /// # Errors
    /// [`ReferenceError`] when longer than 64 bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, ReferenceError> {
        let text = text.into();
        if text.len() <= limits::REF_BYTES_MAX {
            Ok(Self(text))
        } else {
            Err(ReferenceError)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<u64> for Reference {
    /// A counter makes the simplest references.
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
