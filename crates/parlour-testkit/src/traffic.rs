//! How much is under way, over all devices of a test: so that a kill can be aimed at it, and counted.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use parlour_model::EventKey;
use tokio::sync::watch;

use crate::history::Answer;

/// Counts attempts and their answers.
#[derive(Debug, Default)]
pub struct Traffic {
    keys: Mutex<HashSet<EventKey>>,
    counts: watch::Sender<Counts>,
}

/// What was counted so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Different keys tried.
    pub keys: u64,
    /// Attempts sent.
    pub attempts: u64,
    /// Attempts that were answered `sent`.
    pub sent: u64,
    /// Attempts that were answered `not_stored`.
    pub not_stored: u64,
    /// Attempts whose outcome nobody told.
    pub unknown: u64,
    /// Events of others that a device applied.
    pub received: u64,
    /// Times that a device came back after it had been connected.
    pub reconnected: u64,
    /// Times that a device learned that its user is in a chat.
    pub joined: u64,
    /// Times that a device learned that its user is no longer in a chat.
    pub removed: u64,
}

impl Counts {
    /// Attempts that were sent and neither answered nor lost yet.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.attempts - self.sent - self.not_stored - self.unknown
    }

    /// Attempts of keys that had been tried before.
    #[must_use]
    pub fn resent(&self) -> u64 {
        self.attempts - self.keys
    }
}

impl Traffic {
    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// Waits until the counts are as asked for, and gives them.
    pub async fn wait_for(&self, condition: impl FnMut(&Counts) -> bool) -> Counts {
        let mut counts = self.counts.subscribe();
        let reached = counts.wait_for(condition).await;
        *reached.expect("the sender is in self")
    }

    pub(crate) fn attempt(&self, key: EventKey) {
        let is_new = self.keys().insert(key);
        self.counts.send_modify(|counts| {
            counts.attempts += 1;
            counts.keys += u64::from(is_new);
        });
    }

    pub(crate) fn answered(&self, answer: Answer) {
        self.counts.send_modify(|counts| match answer {
            Answer::Sent { .. } => counts.sent += 1,
            Answer::NotStored => counts.not_stored += 1,
            Answer::Unknown => counts.unknown += 1,
            Answer::Cancelled => {}
        });
    }

    /// Counts something else.
    pub(crate) fn count(&self, happened: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(happened);
    }

    fn keys(&self) -> MutexGuard<'_, HashSet<EventKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
