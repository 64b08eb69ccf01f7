//! What an application keeps with a user or a chat: a small JSON object that the server stores and hands on and
//! never looks into.
//!
//! An empty object is no data: so null in a request, an absent field in an answer and `{}` in a store are one value.
//! The canonical form (keys sorted, no white space) is what is measured and stored.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use crate::body::depth;
use crate::limits;

/// The data of an application: a small JSON object that the server hands on and never looks into. The default, `{}`,
/// is none.
#[derive(Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct AppData(
    #[schemars(extend("x-max-bytes" = limits::DATA_BYTES_MAX, "x-max-nesting" = limits::DATA_NESTING_MAX))]
     Map<String, Value>,
);

/// Why a value is not the data of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppDataError {
    /// Not an object.
    #[error("must be an object")]
    NotAnObject,
    /// Arrays and objects in it lie deeper than this.
    #[error("nested deeper than {0}")]
    TooDeep(usize),
    /// Its canonical JSON is larger than [`limits::DATA_BYTES_MAX`].
    #[error("larger than {} bytes", limits::DATA_BYTES_MAX)]
    TooLarge,
}

impl AppData {
    /// The data in `value`: an object, nested no deeper than anything may be. Larger and deeper data than a user may
    /// attach pass, because a client must carry what a newer server sends.
    ///
    /// # Errors
    /// [`AppDataError::NotAnObject`] and [`AppDataError::TooDeep`].
    pub fn from_value(value: Value) -> Result<Self, AppDataError> {
        if depth(&value) > limits::NESTING_MAX {
            return Err(AppDataError::TooDeep(limits::NESTING_MAX));
        }
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(AppDataError::NotAnObject),
        }
    }

    /// Whether a user may attach this.
    ///
    /// # Errors
    /// [`AppDataError::TooDeep`] and [`AppDataError::TooLarge`].
    pub fn check_attachable(&self) -> Result<(), AppDataError> {
        let deepest = self.0.values().map(depth).max().unwrap_or(0) + 1;
        if deepest > limits::DATA_NESTING_MAX {
            return Err(AppDataError::TooDeep(limits::DATA_NESTING_MAX));
        }
        if self.canonical().len() > limits::DATA_BYTES_MAX {
            return Err(AppDataError::TooLarge);
        }
        Ok(())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All fields.
    #[must_use]
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The canonical JSON: what is stored; `{}` if there is none.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(&self.0).expect("a JSON object is always writable")
    }
}

impl<'de> Deserialize<'de> for AppData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl fmt::Debug for AppData {
    /// The number of fields only: content stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppData({} fields)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(value: Value) -> Result<AppData, AppDataError> {
        let data = AppData::from_value(value)?;
        data.check_attachable().map(|()| data)
    }

    #[test]
    fn data_is_an_object_within_its_limits() {
        for wrong in [json!(null), json!([1]), json!("x"), json!(1)] {
            assert_eq!(checked(wrong), Err(AppDataError::NotAnObject));
        }
        let frame = json!({"k": ""}).to_string().len();
        let fits = json!({"k": "x".repeat(limits::DATA_BYTES_MAX - frame)});
        assert_eq!(
            checked(fits).unwrap().canonical().len(),
            limits::DATA_BYTES_MAX
        );
        let larger = json!({"k": "x".repeat(limits::DATA_BYTES_MAX - frame + 1)});
        assert_eq!(checked(larger), Err(AppDataError::TooLarge));
    }

    #[test]
    fn data_is_nested_only_so_deep() {
        let mut inner = json!(1);
        for _ in 1..limits::DATA_NESTING_MAX {
            inner = json!([inner]);
        }
        assert!(checked(json!({"k": inner})).is_ok());
        let deeper = json!({"k": [inner]});
        let refused = AppDataError::TooDeep(limits::DATA_NESTING_MAX);
        assert_eq!(checked(deeper), Err(refused));
        let mut endless = json!({});
        for _ in 0..limits::NESTING_MAX {
            endless = json!({"k": endless});
        }
        let refused = AppDataError::TooDeep(limits::NESTING_MAX);
        assert_eq!(AppData::from_value(endless), Err(refused));
    }

    #[test]
    fn the_empty_object_is_no_data() {
        assert_eq!(checked(json!({})).unwrap(), AppData::default());
        assert!(AppData::default().is_empty());
        assert_eq!(AppData::default().canonical(), "{}");
    }
}
