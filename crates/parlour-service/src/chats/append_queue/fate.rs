//! What the outcome of one try means for its entry.

use std::time::Duration;

use parlour_model::{Event, EventId, Seq};
use parlour_store::{NotStored, Outcome};

use super::waiting::Entry;
use super::{Answer, Settled};
use crate::{Missing, Refusal, ServiceError};

/// What was said of one draft, by the store or by the chat's home.
pub(super) enum Verdict {
    /// As a store says it.
    Outcome(Outcome),
    /// The key names this event, with other content.
    KeyReused { seq: Seq, id: EventId },
    /// Too much waits at the home, which has not tried.
    Busy { retry_after: Duration },
}

/// What shall happen to an entry after a try.
pub(super) enum Fate {
    Answered(Answer),
    AuthorizeAgain,
    TryAgain,
}

/// What a try's outcome means for its entry.
pub(super) fn fate(entry: &mut Entry, verdict: Verdict, tries: u32) -> Fate {
    match verdict {
        Verdict::Outcome(outcome) => fate_of(entry, outcome, tries),
        Verdict::KeyReused { seq, id } => refused(entry, Refusal::KeyReused { seq, id }),
        Verdict::Busy { retry_after } => {
            let own_rate = false;
            Fate::Answered(Err(ServiceError::Busy {
                retry_after,
                own_rate,
            }))
        }
    }
}

fn fate_of(entry: &mut Entry, outcome: Outcome, tries: u32) -> Fate {
    match outcome {
        Outcome::Created(event) => durable(event, false),
        Outcome::Existing(event) => durable(event, true),
        Outcome::KeyReused(Event { seq, id, .. }) => refused(entry, Refusal::KeyReused { seq, id }),
        Outcome::Cancelled => refused(entry, Refusal::KeyCancelled),
        Outcome::RightsChanged => {
            // The store saw neither the key nor its epoch: an earlier try, here or at the home, was of this epoch, which
            // never comes back, and is dead.
            entry.in_doubt = false;
            Fate::AuthorizeAgain
        }
        Outcome::NotStored(why) => Fate::Answered(Err(not_stored(&why))),
        Outcome::Unknown { applied } => {
            entry.in_doubt = true;
            entry.unknowns += 1;
            entry.look_after(applied);
            if entry.unknowns < tries {
                return Fate::TryAgain;
            }
            metrics::counter!("parlour_append_outcome_unknown_total").increment(1);
            Fate::Answered(Err(entry.unknown()))
        }
    }
}

/// The key itself is settled: no try of it can be stored any more.
fn refused(entry: &mut Entry, refusal: Refusal) -> Fate {
    entry.in_doubt = false;
    Fate::Answered(Err(ServiceError::Refused(refusal)))
}

fn durable(event: Event, existing: bool) -> Fate {
    Fate::Answered(Ok(Settled { event, existing }))
}

fn not_stored(why: &NotStored) -> ServiceError {
    match why {
        NotStored::KeyTime(error) => ServiceError::Refused(Refusal::KeyTime(*error)),
        NotStored::ChatNotFound => ServiceError::NotFound(Missing::Chat),
        NotStored::TooLarge => ServiceError::Refused(Refusal::TooLarge),
        NotStored::ReadOnly(_) | NotStored::Unavailable(_) => {
            ServiceError::Unavailable(why.to_string())
        }
    }
}
