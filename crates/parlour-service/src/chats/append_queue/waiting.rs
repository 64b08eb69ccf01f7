//! What waits to be appended to one chat: bounded, first in first out for each author, round robin between them.
//!
//! Invariants:
//! - An author's entries leave in the order they came, also after having been put back.
//! - One (author, key) with one content is one entry, however many wait for it; what other nodes ask for is apart.
//! - A batch holds no (author, key) twice, and ends after an event that raises the rights epoch: the store
//!   evaluates all conditions of a batch against the state before it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use parlour_delivery::HomeOutcome;
use parlour_model::{Content, Draft, Epoch, Seq, UserId, limits};
use tokio::sync::oneshot;

use super::serve::home_outcome;
use super::{Answer, Settled};
use crate::ServiceError;

/// When to try again after the queue was full: some batches later.
const BUSY_RETRY_AFTER: Duration = Duration::from_millis(250);

/// Whoever waits for an answer.
pub(super) enum Waiter {
    /// A request of this node.
    Own(oneshot::Sender<Answer>),
    /// A request of another node, for which this one is the chat's home.
    Other(oneshot::Sender<HomeOutcome>),
}

impl Waiter {
    fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    pub(super) fn answer(self, answer: Answer) {
        // Who no longer waits needs no answer: the event is in the log or not, all the same.
        let _ = match self {
            Self::Own(waiter) => waiter.send(answer).is_ok(),
            Self::Other(waiter) => waiter.send(home_outcome(answer)).is_ok(),
        };
    }
}

/// One event that shall be appended, and who waits for the answer.
pub(super) struct Entry {
    /// What goes to the store.
    pub(super) draft: Draft,
    /// How often it went there without an answer about it.
    pub(super) unknowns: u32,
    /// Whether an earlier try may still enter the log.
    pub(super) in_doubt: bool,
    /// How often its author was authorized again.
    pub(super) authorizations: u32,
    /// Up to where the store has searched for the key and not found it, as it said with an unknown outcome.
    searched: Option<Seq>,
    /// Whether it was asked for on this node. An entry of another node keeps the epoch it came with: only the node that
    /// has authorized its author may raise it.
    is_own: bool,
    waiters: Vec<Waiter>,
    weight: usize,
}

impl Entry {
    fn new(draft: Draft, waiter: Waiter) -> Self {
        Self {
            weight: weight(&draft.content),
            draft,
            unknowns: 0,
            in_doubt: false,
            authorizations: 0,
            searched: None,
            is_own: waiter.is_own(),
            waiters: vec![waiter],
        }
    }

    /// Answers everybody who waits. To all but the first it is a repetition.
    pub(super) fn answer(self, answer: Answer) {
        let mut waiters = self.waiters.into_iter();
        let first = waiters.next();
        for waiter in waiters {
            let repeated = answer.clone().map(|settled| Settled {
                existing: true,
                ..settled
            });
            waiter.answer(repeated);
        }
        if let Some(first) = first {
            first.answer(answer);
        }
    }

    /// Tells the nodes that wait that they must authorize again; gives back an entry of this node, which must do it itself.
    pub(super) fn tell_rights_changed(self) -> Option<Self> {
        if self.is_own {
            return Some(self);
        }
        for waiter in self.waiters {
            if let Waiter::Other(waiter) = waiter {
                let _ = waiter.send(HomeOutcome::RightsChanged);
            }
        }
        None
    }

    /// Whether it was asked for on this node.
    pub(super) fn is_own(&self) -> bool {
        self.is_own
    }

    /// Whether it must go to the store as it is, whatever the newest epoch: its earlier try may be stored, or what
    /// another node knows of it.
    pub(super) fn goes_as_it_is(&self, newest: Epoch) -> bool {
        self.in_doubt || (!self.is_own && self.draft.epoch < newest)
    }

    /// Lets the next try look for the key only after `applied`, if the store has searched up to there.
    pub(super) fn look_after(&mut self, applied: Option<Seq>) {
        self.searched = self.searched.max(applied);
        self.draft.applied = self.draft.applied.max(applied.unwrap_or(Seq::ZERO));
    }

    /// What is said of an entry of which nothing is known.
    pub(super) fn unknown(&self) -> ServiceError {
        ServiceError::OutcomeUnknown {
            applied: self.searched,
        }
    }

    /// Whether one commit answers both. Not across nodes, which judge rights each for itself.
    fn is_same_as(&self, draft: &Draft, is_own: bool) -> bool {
        self.has_key_of(draft)
            && self.draft.hash == draft.hash
            && self.is_own == is_own
            && (is_own || self.draft.epoch == draft.epoch)
    }

    fn has_key_of(&self, draft: &Draft) -> bool {
        self.draft.author == draft.author && self.draft.key == draft.key
    }
}

/// The entries of one chat that are not in a batch.
#[derive(Default)]
pub(super) struct Waiting {
    // queue: appends per chat
    turns: VecDeque<UserId>,
    // not a queue: one author's share of the queue above, under its bound.
    by_author: HashMap<UserId, VecDeque<Entry>>,
    waiters: usize,
    bytes: usize,
}

impl Waiting {
    /// Puts a draft at the end of its author's line.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] when full.
    pub(super) fn push(&mut self, draft: Draft, waiter: Waiter) -> Result<(), ServiceError> {
        if self.waiters >= limits::APPENDS_WAITING_MAX {
            return Err(busy());
        }
        let line = self.by_author.get_mut(&draft.author);
        let is_own = waiter.is_own();
        let is_same = |entry: &&mut Entry| entry.is_same_as(&draft, is_own);
        if let Some(same) = line.and_then(|line| line.iter_mut().find(is_same)) {
            same.waiters.push(waiter);
            self.change_waiters(|waiters| waiters + 1);
            return Ok(());
        }
        let entry = Entry::new(draft, waiter);
        if self.bytes + entry.weight > limits::APPENDS_WAITING_BYTES_MAX {
            return Err(busy());
        }
        self.count(&entry);
        self.line_of(entry.draft.author, VecDeque::push_back)
            .push_back(entry);
        Ok(())
    }

    /// Puts entries that were taken back where they were. They may exceed the bound by one batch.
    pub(super) fn put_back(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().rev() {
            self.count(&entry);
            self.line_of(entry.draft.author, VecDeque::push_front)
                .push_front(entry);
        }
    }

    /// Takes the next batch; empty if nothing waits.
    pub(super) fn take_batch(&mut self) -> Vec<Entry> {
        let mut batch: Vec<Entry> = Vec::new();
        let mut room = limits::BATCH_BYTES_MAX;
        while batch.len() < limits::BATCH_EVENTS_MAX {
            let Some(entry) = self.take_next(&batch, room) else {
                break;
            };
            room = room.saturating_sub(entry.weight);
            let ends_the_batch = entry.draft.content.raises_epoch();
            batch.push(entry);
            if ends_the_batch {
                break;
            }
        }
        batch
    }

    /// Takes the entry whose turn it is, unless it must wait for the batch after this one.
    fn take_next(&mut self, batch: &[Entry], room: usize) -> Option<Entry> {
        let author = *self.turns.front()?;
        let line = self
            .by_author
            .get_mut(&author)
            .expect("who has a turn has a line");
        let first = line.front().expect("a line without entries is removed");
        let is_twice = batch.iter().any(|taken| taken.has_key_of(&first.draft));
        let is_too_much = !batch.is_empty() && first.weight > room;
        if is_twice || is_too_much {
            return None;
        }
        let entry = line.pop_front()?;
        self.turns.pop_front();
        if line.is_empty() {
            self.by_author.remove(&author);
        } else {
            self.turns.push_back(author);
        }
        self.bytes -= entry.weight;
        self.change_waiters(|waiters| waiters - entry.waiters.len());
        Some(entry)
    }

    /// The line of `author`; who had none gets a turn by `give_turn`.
    fn line_of(
        &mut self,
        author: UserId,
        give_turn: fn(&mut VecDeque<UserId>, UserId),
    ) -> &mut VecDeque<Entry> {
        self.by_author.entry(author).or_insert_with(|| {
            give_turn(&mut self.turns, author);
            VecDeque::new()
        })
    }

    fn count(&mut self, entry: &Entry) {
        self.bytes += entry.weight;
        self.change_waiters(|waiters| waiters + entry.waiters.len());
    }

    fn change_waiters(&mut self, change: impl FnOnce(usize) -> usize) {
        let before = self.waiters;
        self.waiters = change(before);
        metrics::gauge!("parlour_appends_waiting").increment(self.waiters as f64 - before as f64);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.change_waiters(|_| 0);
    }
}

fn busy() -> ServiceError {
    metrics::counter!("parlour_appends_busy_total").increment(1);
    ServiceError::Busy {
        retry_after: BUSY_RETRY_AFTER,
        own_rate: false,
    }
}

/// About how many bytes an event takes.
fn weight(content: &Content) -> usize {
    const FIXED: usize = 128;
    const PER_USER: usize = 48;
    let variable = match content {
        Content::Message { body, .. } | Content::MessageEdited { body, .. } => {
            body.canonical().len()
        }
        other => other.named_users().len() * PER_USER,
    };
    FIXED + variable
}
