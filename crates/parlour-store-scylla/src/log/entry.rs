//! One draft on its way through an append.

use parlour_model::{Draft, EventId, Seq, Timestamp};
use parlour_store::{Head, NotStored, Outcome};

use super::attempt::NewEvent;
use super::keys::Memory;
use super::{Bucket, KeyName, row};

/// A draft, what is known about its key, and its outcome.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) draft: Draft,
    pub(super) json: String,
    pub(super) outcome: Option<Outcome>,
    /// The first bucket that has not been searched for its key; `None` before its birth is known.
    pub(super) search_from: Option<Bucket>,
    /// Ids under which a try of this call may have stored it: of tries without an answer only, because another call of this
    /// node may try with the same id.
    unanswered: Vec<EventId>,
    /// Whether a try of it may still apply, or has.
    is_open: bool,
    /// Whether an earlier draft of its author may still come.
    is_kept_back: bool,
}

impl Entry {
    /// The entry of a draft at `now`: settled at once if its key is outside the window.
    pub(super) fn new(draft: Draft, now: Timestamp) -> Self {
        let refused = draft.key.check_time(now).err();
        Self {
            json: row::content_json(&draft.content),
            draft,
            outcome: refused.map(|error| Outcome::NotStored(error.into())),
            search_from: None,
            unanswered: Vec::new(),
            is_open: false,
            is_kept_back: false,
        }
    }

    pub(super) fn name(&self) -> KeyName {
        KeyName {
            author: self.draft.author,
            key: self.draft.key,
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        self.outcome.is_none()
    }

    /// What would be stored at `now`.
    pub(super) fn to_event(&self, now: Timestamp) -> NewEvent {
        NewEvent {
            name: self.name(),
            hash: self.draft.hash,
            sent_at: self.draft.sent_at.unwrap_or(now),
            content: self.draft.content.clone(),
            json: self.json.clone(),
        }
    }

    /// A try with this id was not answered.
    pub(super) fn unanswered_under(&mut self, id: EventId) {
        self.unanswered.push(id);
    }

    /// Whether an event is what a try of this call has left.
    pub(super) fn is_own(&self, memory: &Memory) -> bool {
        matches!(memory, Memory::Event { id, .. } if self.unanswered.contains(id))
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// A try of it may still apply, or has.
    pub(super) fn leave_open(&mut self) {
        self.is_open = true;
    }

    /// No try of it can apply any more.
    pub(super) fn close(&mut self) {
        self.is_open = false;
    }

    /// An earlier draft of its author may still come: it is not tried, only looked for.
    pub(super) fn keep_back(&mut self) {
        self.is_kept_back = true;
    }

    /// Whether it may be tried after this head.
    pub(super) fn may_follow(&self, head: Head) -> bool {
        self.draft.epoch == head.epoch && !self.is_kept_back
    }

    /// Says why it may not follow this head, unless it has its outcome.
    pub(super) fn refuse_after(&mut self, head: Head) {
        if !self.is_pending() {
            return;
        }
        if self.draft.epoch == head.epoch {
            let reason = "an earlier draft of its author is still looked for";
            self.give_up(NotStored::Unavailable(reason.to_owned()));
        } else {
            self.settle(Outcome::RightsChanged);
        }
    }

    pub(super) fn settle(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    /// Gives up. What may still apply or has is unknown, whatever the reason says.
    pub(super) fn give_up(&mut self, why: NotStored) {
        self.outcome = Some(if self.is_open {
            Outcome::Unknown { applied: None }
        } else {
            Outcome::NotStored(why)
        });
    }

    /// Gives up because too many buckets have to be searched; everything up to `applied` was.
    pub(super) fn searched_through(&mut self, applied: Seq) {
        self.outcome = Some(Outcome::Unknown {
            applied: Some(applied),
        });
    }
}
