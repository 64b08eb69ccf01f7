//! How numbers of the model lie in columns.
//!
//! Numbers of the model are below 2^63 wherever they are stored; a bound from outside that is not (a `through` of
//! "no end") is cut to the largest number a column can hold. What cannot be read back is [`StoreError::Corrupt`].

use std::fmt::Display;

use parlour_store::StoreError;

/// A number as a column holds it.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of rows as a `LIMIT` takes it.
pub(crate) fn limit(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}

/// The number in a column.
pub(crate) fn number(column: i64) -> Result<u64, StoreError> {
    u64::try_from(column).map_err(|_| corrupt(format!("{column} is negative")))
}

/// The error of a row that cannot be right.
pub(crate) fn corrupt(what: impl Display) -> StoreError {
    StoreError::Corrupt(what.to_string())
}
