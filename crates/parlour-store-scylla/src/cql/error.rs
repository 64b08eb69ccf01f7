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

    /// A conditional write that was refused for want of replicas may have been decided before: its coordinator counts them
    /// in each phase, so also when it spreads what a majority has accepted, and the next transaction on the partition
    /// completes that. Seen with `ScyllaDB` (scylladb/scylladb issue 7258: such a write was read later).
    pub(super) fn of_conditional(error: ExecutionError) -> Self {
        let may_be_late = matches!(
            &error,
            ExecutionError::LastAttemptError(RequestAttemptError::DbError(
                DbError::Unavailable { .. } | DbError::RateLimitReached { .. },
                _
            ))
        );
        match Self::of_write(error) {
            Self::Unavailable(reason) if may_be_late => Self::Unknown(reason),
            other => other,
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

    /// Of a plain write, only what a coordinator says before it has asked any replica is definite. `Overloaded` and a replica's refusal
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

    fn answer(error: DbError) -> ExecutionError {
        let attempt = RequestAttemptError::DbError(error, String::new());
        ExecutionError::LastAttemptError(attempt)
    }

    fn answered(error: DbError) -> CqlError {
        CqlError::of_write(answer(error))
    }

    fn too_few_replicas() -> DbError {
        DbError::Unavailable {
            consistency: scylla::statement::Consistency::LocalQuorum,
            required: 2,
            alive: 1,
        }
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
        let unavailable = answered(too_few_replicas());
        assert!(matches!(unavailable, CqlError::Unavailable(_)));
    }

    #[test]
    fn a_conditional_write_refused_for_want_of_replicas_may_have_been_decided() {
        let refused = CqlError::of_conditional(answer(too_few_replicas()));
        assert!(matches!(refused, CqlError::Unknown(_)));
        let nobody = CqlError::of_conditional(ExecutionError::EmptyPlan);
        assert!(matches!(nobody, CqlError::Unavailable(_)), "never sent");
        let invalid = CqlError::of_conditional(answer(DbError::Invalid));
        assert!(matches!(invalid, CqlError::Invalid(_)));
    }
}
