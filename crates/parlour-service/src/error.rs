//! Why the service refused, by what the caller can do about it.

use std::time::Duration;

use parlour_model::{EventId, KeyError, NumberLapsed, Seq};

/// The answer to a call that did not do what was asked. Only [`ServiceError::OutcomeUnknown`] leaves open
/// whether something entered a log; every other variant says that this attempt did not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// A field of the request is wrong. Asking again with the same field fails again.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field, as the client named it.
        field: &'static str,
        /// What it must be.
        reason: String,
    },
    /// The request is well formed and refused for good.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The token is not good.
    #[error("{0}")]
    Unauthenticated(TokenProblem),
    /// The actor may not do this, and is entitled to know.
    #[error("you may not do this here")]
    Forbidden,
    /// One of the two has blocked the other.
    #[error("one of you has blocked the other")]
    Blocked,
    /// It does not exist, or the actor may not know that it does.
    #[error("{0} not found")]
    NotFound(Missing),
    /// Too much at once. Try again after the given time.
    #[error("too much at once; try again in {} ms", retry_after.as_millis())]
    Busy {
        /// When to try again.
        retry_after: Duration,
        /// Whether the actor's own rate is the cause, rather than the server's load.
        own_rate: bool,
    },
    /// The store cannot be asked or written now. Nothing of this attempt is or will be stored.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The attempt may be stored or may still be. Retry with the same key.
    #[error("it is not known whether this was stored; retry with the same key")]
    OutcomeUnknown {
        /// The seq from which a retry looks for its key, if the store raised it.
        applied: Option<Seq>,
    },
}

impl ServiceError {
    /// Whether asking again with the same request would be refused again: neither load nor an outage nor doubt
    /// is the cause.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        !matches!(
            self,
            Self::Busy { .. } | Self::Unavailable(_) | Self::OutcomeUnknown { .. }
        )
    }

    /// This error as the answer to a request of which something is stored already: that the rest failed for now must not
    /// say that nothing was done.
    pub(crate) fn after_commit(self) -> Self {
        match self {
            Self::Unavailable(_) | Self::Busy { .. } => {
                tracing::warn!(cause = %self, "a request was done, and its answer could not be made");
                Self::OutcomeUnknown { applied: None }
            }
            other => other,
        }
    }
}

impl From<NumberLapsed> for ServiceError {
    fn from(lapsed: NumberLapsed) -> Self {
        Self::Unavailable(lapsed.to_string())
    }
}

/// A definite refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The key's own time is outside the window.
    #[error(transparent)]
    KeyTime(#[from] KeyError),
    /// The key names another event.
    #[error("the key was used for another event")]
    KeyReused {
        /// Its seq.
        seq: Seq,
        /// Its id.
        id: EventId,
    },
    /// The key was cancelled.
    #[error("the key was cancelled")]
    KeyCancelled,
    /// A limit is reached.
    #[error("limit reached: {0}")]
    LimitReached(&'static str),
    /// The user name belongs to somebody.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Larger than the store takes.
    #[error("too large")]
    TooLarge,
}

/// What is wrong with a token or with credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// A wrong user name or password; which of them is not said.
    #[error("wrong user name or password")]
    Credentials,
    /// A token that is forged, garbled, revoked or used twice.
    #[error("not signed in: log in again")]
    Invalid,
    /// The access token has expired; refresh it.
    #[error("the access token has expired: refresh it")]
    Expired,
}

/// What was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// A chat, or a chat that is none of the actor's business.
    #[error("chat")]
    Chat,
    /// A user.
    #[error("user")]
    User,
    /// A message, or one the actor may not see.
    #[error("message")]
    Message,
    /// A session.
    #[error("session")]
    Session,
}
