//! What the service's refusals are called on the wire. The one place where that is decided.
//!
//! The causes inside a [`ServiceError::Unavailable`] are for the log of the node and never reach a client.

use parlour_protocol::{ErrorBody, ErrorCode};
use parlour_service::{Missing, Refusal, ServiceError, TokenProblem};

/// The wire's words for a refusal of the service.
pub(crate) fn of_service(error: &ServiceError) -> ErrorBody {
    let code = code(error);
    let body = ErrorBody::new(code, error.to_string());
    match error {
        ServiceError::Invalid { field, reason } => ErrorBody::invalid(*field, reason),
        ServiceError::NotFound(Missing::Session) => {
            ErrorBody::invalid("session", "none of your sessions has this id")
        }
        ServiceError::Refused(Refusal::KeyReused { seq, id }) => body.stored(*seq, *id),
        ServiceError::Busy { retry_after, .. } => body.after(*retry_after),
        ServiceError::Unavailable(cause) => {
            tracing::warn!(cause, "a request found the store unavailable");
            ErrorBody::new(code, "the store is not available; try again later")
        }
        ServiceError::OutcomeUnknown {
            applied: Some(applied),
        } => body.retry_with(*applied),
        ServiceError::Refused(_)
        | ServiceError::Unauthenticated(_)
        | ServiceError::Forbidden
        | ServiceError::Blocked
        | ServiceError::NotFound(_)
        | ServiceError::OutcomeUnknown { applied: None } => body,
    }
}

fn code(error: &ServiceError) -> ErrorCode {
    match error {
        ServiceError::Invalid { .. } | ServiceError::NotFound(Missing::Session) => {
            ErrorCode::Invalid
        }
        ServiceError::Refused(refusal) => code_of_refusal(refusal),
        ServiceError::Unauthenticated(TokenProblem::Invalid | TokenProblem::Credentials) => {
            ErrorCode::TokenInvalid
        }
        ServiceError::Unauthenticated(TokenProblem::Expired) => ErrorCode::TokenExpired,
        ServiceError::Forbidden => ErrorCode::Forbidden,
        ServiceError::Blocked => ErrorCode::Blocked,
        ServiceError::NotFound(Missing::Chat) => ErrorCode::ChatNotFound,
        ServiceError::NotFound(Missing::User) => ErrorCode::UserNotFound,
        ServiceError::NotFound(Missing::Message) => ErrorCode::MessageNotFound,
        ServiceError::Busy { own_rate: true, .. } => ErrorCode::RateLimited,
        ServiceError::Busy {
            own_rate: false, ..
        } => ErrorCode::Busy,
        ServiceError::Unavailable(_) => ErrorCode::StoreUnavailable,
        ServiceError::OutcomeUnknown { .. } => ErrorCode::OutcomeUnknown,
    }
}

fn code_of_refusal(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::KeyTime(_) => ErrorCode::KeyTime,
        // Both say that the key stands for something else for ever: an event, or nothing.
        Refusal::KeyReused { .. } | Refusal::KeyCancelled => ErrorCode::KeyReused,
        Refusal::LimitReached(_) => ErrorCode::LimitReached,
        Refusal::UsernameTaken => ErrorCode::UsernameTaken,
        Refusal::TooLarge => ErrorCode::TooLarge,
    }
}

/// A request that was not answered in time. Whether one that changes something did, or still will, nobody knows.
pub(crate) fn timed_out(changes: bool) -> ErrorBody {
    if changes {
        ErrorBody::new(
            ErrorCode::OutcomeUnknown,
            "no answer in time; whether it was done, or still will be, is not known",
        )
    } else {
        ErrorBody::new(
            ErrorCode::StoreUnavailable,
            "no answer in time; try again later",
        )
    }
}

/// A request that our own fault stopped.
pub(crate) fn failed(changes: bool) -> ErrorBody {
    if changes {
        ErrorBody::new(
            ErrorCode::OutcomeUnknown,
            "serving this failed; whether it was done is not known",
        )
    } else {
        ErrorBody::new(ErrorCode::Busy, "serving this failed; try again later")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use parlour_model::{EventId, Seq};
    use parlour_protocol::{Outcome, Retry};

    use super::*;

    #[test]
    fn a_reused_key_names_the_event_it_stands_for() {
        let (seq, id) = (Seq::new(7), EventId::new(9).unwrap());
        let body = of_service(&Refusal::KeyReused { seq, id }.into());
        assert_eq!(
            (body.code, body.seq, body.id),
            (ErrorCode::KeyReused, Some(seq), Some(id))
        );
        assert_eq!(body.retry, Retry::Never);
    }

    #[test]
    fn ones_own_rate_and_the_servers_load_have_different_names_and_the_same_wait() {
        let busy = |own_rate| ServiceError::Busy {
            retry_after: Duration::from_millis(40),
            own_rate,
        };
        for (own_rate, code) in [(true, ErrorCode::RateLimited), (false, ErrorCode::Busy)] {
            let body = of_service(&busy(own_rate));
            assert_eq!(
                (body.code, body.retry, body.retry_after_ms),
                (code, Retry::Later, Some(40))
            );
        }
    }

    #[test]
    fn the_cause_of_an_outage_stays_in_the_house() {
        let body = of_service(&ServiceError::Unavailable("/var/lib/secret.db".to_owned()));
        assert_eq!(body.code, ErrorCode::StoreUnavailable);
        assert!(!body.message.contains("secret"), "{}", body.message);
    }

    #[test]
    fn an_unknown_outcome_says_so_and_carries_where_to_look() {
        let applied = Some(Seq::new(3));
        let body = of_service(&ServiceError::OutcomeUnknown { applied }).of_append();
        assert_eq!(
            (body.outcome, body.retry, body.applied),
            (Some(Outcome::Unknown), Retry::Now, applied)
        );
    }
}
