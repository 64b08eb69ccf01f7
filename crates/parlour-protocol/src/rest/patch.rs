//! How `PATCH` tells an absent field from null.

use serde::{Deserialize, Deserializer};

/// For a field that null unsets: absent is `None`, null is `Some(None)`. Use with `default`.
pub(super) fn unsettable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// For a field that cannot be unset: absent is `None`, null is an error. Use with `default`.
pub(super) fn replaceable<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}
