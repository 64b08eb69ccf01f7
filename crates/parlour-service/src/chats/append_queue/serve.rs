//! Being a home: appending for other nodes, in one queue with what this node appends for itself.
//!
//! Each draft keeps the epoch at which the node that asks has authorized its author. If the commit refuses that epoch,
//! the node that asks must authorize again: this one never does it for others, and never sends anything on.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use futures_util::future::join_all;
use parlour_delivery::{HomeHandler, HomeOutcome, HomeRefusal};
use parlour_model::{ChatId, Clock, Draft, KeyError, Timestamp};
use tokio::sync::oneshot;

use super::waiting::Waiter;
use super::{Answer, AppendQueues, Shared};
use crate::{Missing, Refusal, ServiceError};

/// Appends for other nodes as long as the queues exist.
pub(in crate::chats) struct Home {
    // Delivery holds the home and the queues hold delivery.
    queues: Weak<Shared>,
    clock: Arc<dyn Clock>,
}

impl AppendQueues {
    /// These queues, for other nodes.
    pub(in crate::chats) fn home(&self, clock: Arc<dyn Clock>) -> Home {
        Home {
            queues: Arc::downgrade(&self.shared),
            clock,
        }
    }

    /// Puts a draft of another node in line. What cannot wait is answered at once.
    fn put_for_other(
        &self,
        chat: ChatId,
        draft: Draft,
        now: Timestamp,
    ) -> oneshot::Receiver<HomeOutcome> {
        let (waiter, answer) = oneshot::channel();
        if let Err(error) = draft.key.check_time(now) {
            // The draft may have been on its way for long, and the memory of its key may have ended.
            let refused = ServiceError::Refused(Refusal::KeyTime(error));
            return at_once(refused);
        }
        match self.put(chat, draft, Waiter::Other(waiter)) {
            Ok(()) => answer,
            Err(refused) => at_once(refused),
        }
    }
}

#[async_trait]
impl HomeHandler for Home {
    async fn append(&self, chat: ChatId, drafts: Vec<Draft>) -> Vec<HomeOutcome> {
        metrics::counter!("parlour_home_drafts_served_total").increment(drafts.len() as u64);
        let Some(shared) = self.queues.upgrade() else {
            let gone = HomeOutcome::NotStored(HomeRefusal::Unavailable);
            return vec![gone; drafts.len()];
        };
        let (queues, now) = (AppendQueues { shared }, self.clock.now());
        // All are in line before any is waited for, so that they can share a commit.
        let answers: Vec<_> = drafts
            .into_iter()
            .map(|draft| queues.put_for_other(chat, draft, now))
            .collect();
        let lost = |_| HomeOutcome::Unknown { applied: None };
        let answers = join_all(answers).await;
        let outcomes = answers.into_iter();
        outcomes
            .map(|outcome| outcome.unwrap_or_else(lost))
            .collect()
    }

    fn called(&self, chat: ChatId) {
        if let Some(shared) = self.queues.upgrade() {
            shared.called_home(chat);
        }
    }
}

fn at_once(refused: ServiceError) -> oneshot::Receiver<HomeOutcome> {
    let (waiter, answer) = oneshot::channel();
    Waiter::Other(waiter).answer(Err(refused));
    answer
}

/// An answer of this node's queue as another node hears it.
pub(super) fn home_outcome(answer: Answer) -> HomeOutcome {
    let refusal = match answer {
        Ok(settled) if settled.existing => return HomeOutcome::Existing(settled.event),
        Ok(settled) => return HomeOutcome::Created(settled.event),
        Err(ServiceError::Busy { retry_after, .. }) => return HomeOutcome::Busy { retry_after },
        Err(ServiceError::OutcomeUnknown { applied }) => return HomeOutcome::Unknown { applied },
        Err(ServiceError::Refused(Refusal::KeyReused { seq, id })) => {
            return HomeOutcome::KeyReused { seq, id };
        }
        Err(ServiceError::Refused(Refusal::KeyCancelled)) => return HomeOutcome::Cancelled,
        Err(ServiceError::Refused(Refusal::KeyTime(KeyError::FromTheFuture))) => {
            HomeRefusal::KeyFromTheFuture
        }
        Err(ServiceError::Refused(Refusal::KeyTime(_))) => HomeRefusal::KeyTooOld,
        Err(ServiceError::Refused(Refusal::TooLarge)) => HomeRefusal::TooLarge,
        Err(ServiceError::NotFound(Missing::Chat)) => HomeRefusal::ChatNotFound,
        Err(ServiceError::Unavailable(_)) => HomeRefusal::Unavailable,
        // No queue says anything else of what it did not authorize; what is not understood is not definite.
        Err(_) => return HomeOutcome::Unknown { applied: None },
    };
    HomeOutcome::NotStored(refusal)
}
