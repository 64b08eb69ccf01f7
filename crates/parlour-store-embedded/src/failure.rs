//! Why a piece of work on a connection failed, and how far the damage reaches.
//!
//! A failure is either the work's own (a refusal, a broken row, a violated constraint): then only this work is
//! undone. Or it is the storage's: then the transaction around it is lost, for everybody in it.

use std::fmt::Display;

use parlour_model::NumberLapsed;
use parlour_store::StoreError;
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Why a piece of work failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The answer to the caller.
    Refused(StoreError),
    /// What SQLite says.
    Sqlite(rusqlite::Error),
}

/// How far an error of SQLite reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// One statement's own: undoing its savepoint is enough.
    Work,
    /// The transaction is lost; the next may succeed.
    Transaction,
    /// Nothing can be written for now: no room, no permission, a bad medium.
    Medium,
    /// What was written may not be what is on the disk. Nothing may be acknowledged after this.
    Durability,
}

impl Failure {
    /// The failure of a row that cannot be right.
    pub(crate) fn corrupt(what: impl Display) -> Self {
        Self::Refused(StoreError::Corrupt(what.to_string()))
    }

    /// Whether undoing the work's own savepoint is enough.
    pub(crate) fn is_own(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Sqlite(error) => reach(error) == Reach::Work,
        }
    }

    /// What a caller is told about work that certainly did not happen.
    pub(crate) fn into_store_error(self) -> StoreError {
        match self {
            Self::Refused(error) => error,
            Self::Sqlite(error) if is_corruption(&error) => StoreError::Corrupt(error.to_string()),
            Self::Sqlite(error) => StoreError::Unavailable(error.to_string()),
        }
    }
}

impl From<NumberLapsed> for Failure {
    fn from(lapsed: NumberLapsed) -> Self {
        Self::Refused(StoreError::Unavailable(lapsed.to_string()))
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<parlour_model::IdError> for Failure {
    fn from(error: parlour_model::IdError) -> Self {
        Self::corrupt(error)
    }
}

/// How far `error` reaches.
pub(crate) fn reach(error: &rusqlite::Error) -> Reach {
    if is_corruption(error) {
        return Reach::Work;
    }
    if let Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) =
        error.sqlite_extended_error_code()
    {
        return Reach::Durability;
    }
    match error.sqlite_error_code() {
        None
        | Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch) => {
            Reach::Work
        }
        Some(
            ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied,
        ) => Reach::Medium,
        Some(_) => Reach::Transaction,
    }
}

/// Whether a COMMIT that failed so certainly committed nothing, neither now nor after a restart. Of other
/// errors a whole transaction may already be in the log file, where a restart would find it.
pub(crate) fn is_certain_at_commit(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::DatabaseBusy)
    )
}

/// Whether `error` says that the file is not what was written, or holds what cannot be read.
fn is_corruption(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => true,
        Some(_) => false,
        None => matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn each_kind_of_error_reaches_as_far_as_it_must() {
        let cases = [
            (ffi::SQLITE_CONSTRAINT_PRIMARYKEY, Reach::Work),
            (ffi::SQLITE_TOOBIG, Reach::Work),
            (ffi::SQLITE_CORRUPT, Reach::Work),
            (ffi::SQLITE_NOMEM, Reach::Transaction),
            (ffi::SQLITE_FULL, Reach::Medium),
            (ffi::SQLITE_READONLY, Reach::Medium),
            (ffi::SQLITE_IOERR_WRITE, Reach::Medium),
            (ffi::SQLITE_IOERR_FSYNC, Reach::Durability),
            (ffi::SQLITE_IOERR_DIR_FSYNC, Reach::Durability),
        ];
        for (code, expected) in cases {
            assert_eq!(reach(&sqlite(code)), expected, "code {code}");
        }
    }

    #[test]
    fn only_refusals_before_the_commit_frame_are_certain() {
        assert!(is_certain_at_commit(&sqlite(ffi::SQLITE_FULL)));
        assert!(is_certain_at_commit(&sqlite(ffi::SQLITE_READONLY)));
        assert!(!is_certain_at_commit(&sqlite(ffi::SQLITE_IOERR_WRITE)));
        assert!(!is_certain_at_commit(&sqlite(ffi::SQLITE_IOERR_FSYNC)));
        assert!(!is_certain_at_commit(&sqlite(ffi::SQLITE_NOMEM)));
    }
}
