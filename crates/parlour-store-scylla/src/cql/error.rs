//! What an error of the driver says about the outcome of the statement.

use std::fmt::Display;

use parlour_store::StoreError;
use scylla::errors::{DbError, ExecutionError, PrepareError, RequestAttemptError};

/// Why a statement was not answered.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CqlError {
    /// Nothing happened, and nothing ever will with these values: too large, or not understood.
    #[error("the store refused the statement: {0}")]
    Invalid(String),
    /// Nothing happened; the same statement may succeed later.
    #[error("{0}")]
    Unavailable(String),
    /// The write may have happened or may still happen.
    #[error("{0}")]
    Unknown(String),
    /// The answer cannot be understood.
    #[error("{0}")]
    Corrupt(String),
}

impl CqlError {
    /// The error of an answer that has another form than its statement promises.
    pub(crate) fn corrupt(what: impl Display) -> Self {
        Self::Corrupt(what.to_string())
    }

    /// A read that failed did nothing.
    pub(super) fn of_read(error: ExecutionError) -> Self {
        match Self::of_write(error) {
            Self::Unknown(reason) => Self::Unavailable(reason),
            other => other,
        }
    }

    /// A write that was sent and not clearly refused may have happened.
    pub(super) fn of_write(error: ExecutionError) -> Self {
        let reason = error.to_string();
        match error {
            ExecutionError::BadQuery(_) => Self::Invalid(reason),
            ExecutionError::PrepareError(error) => Self::of_prepare(&error),
            ExecutionError::EmptyPlan | ExecutionError::ConnectionPoolError(_) => {
                Self::Unavailable(reason)
            }
            ExecutionError::LastAttemptError(error) => Self::of_attempt(&error, reason),
            _ => Self::Unknown(reason),
        }
    }

    /// A statement that could not be prepared was not executed.
    pub(super) fn of_prepare(error: &PrepareError) -> Self {
        let reason = error.to_string();
        match error {
            PrepareError::AllAttemptsFailed { first_attempt } => {
                match Self::of_attempt(first_attempt, reason) {
                    Self::Unknown(reason) => Self::Unavailable(reason),
                    other => other,
                }
            }
            _ => Self::Unavailable(reason),
        }
    }

    fn of_attempt(error: &RequestAttemptError, reason: String) -> Self {
        match error {
            RequestAttemptError::SerializationError(_)
            | RequestAttemptError::CqlRequestSerialization(_) => Self::Invalid(reason),
            RequestAttemptError::UnableToAllocStreamId => Self::Unavailable(reason),
            RequestAttemptError::DbError(error, _) => Self::of_answer(error, reason),
            _ => Self::Unknown(reason),
        }
    }

    /// Only what a coordinator says before it has asked any replica is definite. `Overloaded` and a replica's refusal
    /// may come after others have accepted.
    fn of_answer(error: &DbError, reason: String) -> Self {
        match error {
            DbError::SyntaxError | DbError::Invalid | DbError::ConfigError => Self::Invalid(reason),
            DbError::Unavailable { .. }
            | DbError::IsBootstrapping
            | DbError::AuthenticationError
            | DbError::Unauthorized
            | DbError::Unprepared { .. }
            | DbError::RateLimitReached {
                rejected_by_coordinator: true,
                ..
            } => Self::Unavailable(reason),
            _ => Self::Unknown(reason),
        }
    }
}

impl From<CqlError> for StoreError {
    fn from(error: CqlError) -> Self {
        match error {
            CqlError::Invalid(_) => Self::Unavailable(error.to_string()),
            CqlError::Unavailable(reason) => Self::Unavailable(reason),
            CqlError::Unknown(reason) => Self::Unknown(reason),
            CqlError::Corrupt(reason) => Self::Corrupt(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scylla::errors::WriteType;

    use super::*;

    fn answered(error: DbError) -> CqlError {
        let attempt = RequestAttemptError::DbError(error, String::new());
        CqlError::of_write(ExecutionError::LastAttemptError(attempt))
    }

    #[test]
    fn a_write_without_an_answer_is_unknown_and_a_read_is_not() {
        let timeout = || ExecutionError::RequestTimeout(Duration::from_secs(2));
        assert!(matches!(
            CqlError::of_write(timeout()),
            CqlError::Unknown(_)
        ));
        assert!(matches!(
            CqlError::of_read(timeout()),
            CqlError::Unavailable(_)
        ));
        let cas = DbError::WriteTimeout {
            consistency: scylla::statement::Consistency::LocalQuorum,
            received: 1,
            required: 2,
            write_type: WriteType::Cas,
        };
        assert!(matches!(answered(cas), CqlError::Unknown(_)));
        assert!(matches!(
            answered(DbError::Overloaded),
            CqlError::Unknown(_)
        ));
        assert!(matches!(
            answered(DbError::ServerError),
            CqlError::Unknown(_)
        ));
    }

    #[test]
    fn what_no_replica_has_seen_is_definite() {
        assert!(matches!(
            CqlError::of_write(ExecutionError::EmptyPlan),
            CqlError::Unavailable(_)
        ));
        assert!(matches!(answered(DbError::Invalid), CqlError::Invalid(_)));
        let unavailable = DbError::Unavailable {
            consistency: scylla::statement::Consistency::LocalQuorum,
            required: 2,
            alive: 1,
        };
        assert!(matches!(answered(unavailable), CqlError::Unavailable(_)));
    }
}
