//! `append`: drafts become events in as few conditional batches as their order, epochs and buckets allow.
//!
//! One round: a head (remembered, or read), the buckets before it searched for the keys, then one batch. Whatever a batch
//! teaches, a new head, a used key, is the start of the next round. At most six rounds in a row may try and settle no draft.

mod batch;
mod keys;

use std::time::Duration;

use parlour_model::{ChatId, Clock, Draft, Event, IdGenerator, Seq, limits};
use parlour_store::{Appended, Head, NotStored, Outcome, StoreError};
use tokio::time::Instant;

use super::entry::Entry;
use super::roll_over;
use super::{HeadCache, LogReader};

/// Tries in a row that settle no draft before all that are left are given up.
const TRIES_MAX: u32 = 6;
/// Nobody waits longer than this for a try that settles a draft.
const PATIENCE: Duration = Duration::from_secs(6);

/// One call of `append`.
pub(crate) struct Appending<'a> {
    log: &'a LogReader,
    heads: &'a HeadCache,
    clock: &'a dyn Clock,
    ids: &'a IdGenerator,
    chat: ChatId,
    entries: Vec<Entry>,
    /// The head to go on from, once this call knows one.
    present: Option<Head>,
    /// Whether it was read in a transaction of this call.
    is_confirmed: bool,
    /// The sealed head whose bucket this call has read and after which it may begin the next.
    sealed: Option<Head>,
    /// Whether batches are of one event, because a larger one was invalid.
    is_apart: bool,
    tries: u32,
    /// Why the last try settled nothing, for when there are no more.
    reason: String,
    since: Instant,
    lost_races: u32,
    created: Vec<Event>,
}

/// Where a call keeps what it learns, and what it is made of.
#[derive(Clone, Copy)]
pub(crate) struct Tools<'a> {
    pub(crate) log: &'a LogReader,
    pub(crate) heads: &'a HeadCache,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) ids: &'a IdGenerator,
}

impl<'a> Appending<'a> {
    /// A call that has done nothing yet.
    pub(crate) fn new(tools: Tools<'a>, chat: ChatId, drafts: Vec<Draft>) -> Self {
        let now = tools.clock.now();
        let entry = |draft| Entry::new(draft, now);
        Self {
            log: tools.log,
            heads: tools.heads,
            clock: tools.clock,
            ids: tools.ids,
            chat,
            entries: drafts.into_iter().map(entry).collect(),
            present: None,
            is_confirmed: false,
            sealed: None,
            is_apart: false,
            tries: 0,
            reason: "other writers were faster".to_owned(),
            since: Instant::now(),
            lost_races: 0,
            created: Vec::new(),
        }
    }

    /// Runs until every draft has its outcome. Answers with the events that this call created, ascending.
    pub(crate) async fn run(mut self) -> (Appended, Vec<Event>) {
        while self.pending().next().is_some() {
            if let Err(error) = self.round().await {
                self.give_up(&error);
            } else if self.tries >= TRIES_MAX || self.is_late() {
                let reason = std::mem::take(&mut self.reason);
                self.give_up(&StoreError::Unavailable(reason));
            }
        }
        self.created.sort_by_key(|event| event.seq);
        let head = self.head_of_answer();
        let outcomes = self.entries.into_iter().filter_map(|entry| entry.outcome);
        let appended = Appended {
            outcomes: outcomes.collect(),
            head,
            lost_races: self.lost_races,
        };
        (appended, self.created)
    }

    /// The head that goes with the outcomes: none rather than one below an event among them, which another call may have
    /// committed since.
    fn head_of_answer(&self) -> Option<Head> {
        let outcomes = self
            .entries
            .iter()
            .filter_map(|entry| entry.outcome.as_ref());
        let newest = outcomes.filter_map(|outcome| match outcome {
            Outcome::Created(event) | Outcome::Existing(event) | Outcome::KeyReused(event) => {
                Some(event.seq)
            }
            _ => None,
        });
        let newest = newest.max().unwrap_or(Seq::ZERO);
        self.present.filter(|head| head.seq >= newest)
    }

    fn pending(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.entries.len()).filter(|index| self.entries[*index].is_pending())
    }

    /// A try has settled a draft: the others have all their tries again.
    fn got_on(&mut self) {
        self.tries = 0;
        self.since = Instant::now();
    }

    fn is_late(&self) -> bool {
        self.tries > 0 && self.since.elapsed() > PATIENCE
    }

    async fn round(&mut self) -> Result<(), StoreError> {
        let Some(head) = self.head().await? else {
            self.settle_all(&NotStored::ChatNotFound);
            return Ok(());
        };
        let bucket = self.log.layout.bucket_of(head.seq.next());
        self.search_before(bucket).await?;
        if self.is_searching(bucket) {
            return Ok(());
        }
        let Some(first) = self.pending().next() else {
            return Ok(());
        };
        if self.settle_as_duplicate(first) {
            return Ok(());
        }
        let entry = &mut self.entries[first];
        if !entry.may_follow(head) {
            return self.refuse_first(head, bucket).await;
        }
        if entry.json.len() > limits::BATCH_BYTES_MAX {
            entry.give_up(NotStored::TooLarge);
            return Ok(());
        }
        self.try_batch(head, bucket).await
    }

    /// The head to go on from; `None`: the chat does not exist.
    async fn head(&mut self) -> Result<Option<Head>, StoreError> {
        let head = match self.present.or_else(|| self.heads.get(self.chat)) {
            Some(head) => head,
            None => match self.read_head().await? {
                Some(head) => head,
                None => return Ok(None),
            },
        };
        self.present = Some(head);
        if self.log.layout.is_sealed_by(head.seq) && self.sealed != Some(head) {
            return self.go_on_after(head).await.map(Some);
        }
        Ok(Some(head))
    }

    /// The head as a quorum shows it: the commit checks it anyway. That there is none is asked in a transaction.
    async fn read_head(&mut self) -> Result<Option<Head>, StoreError> {
        if let Some(head) = self.log.head(self.chat, Seq::ZERO).await? {
            self.heads.learn(self.chat, head);
            return Ok(Some(head));
        }
        let head = self.log.head_serial(self.chat).await?;
        Ok(head.map(|head| self.learn(head)))
    }

    /// The head after which the next bucket begins, or the later one that others have made.
    async fn go_on_after(&mut self, head: Head) -> Result<Head, StoreError> {
        let exact = roll_over::prepare(self.log, self.chat, head).await?;
        self.learn(exact);
        self.sealed = self.log.layout.is_sealed_by(exact.seq).then_some(exact);
        Ok(exact)
    }

    /// Takes a head from a transaction. What was believed and turned out to be wrong is forgotten.
    fn learn(&mut self, head: Head) -> Head {
        let is_wrong = |believed: Head| believed.seq >= head.seq && believed != head;
        if self.present.is_some_and(is_wrong) {
            self.heads.forget(self.chat);
        }
        self.heads.learn(self.chat, head);
        self.present = Some(head);
        self.is_confirmed = true;
        head
    }

    fn settle_all(&mut self, why: &NotStored) {
        for entry in self.entries.iter_mut().filter(|entry| entry.is_pending()) {
            entry.give_up(why.clone());
        }
    }

    fn give_up(&mut self, error: &StoreError) {
        let why = match error {
            StoreError::ReadOnly(reason) => NotStored::ReadOnly(reason.clone()),
            StoreError::Unavailable(reason) => NotStored::Unavailable(reason.clone()),
            other => NotStored::Unavailable(other.to_string()),
        };
        self.settle_all(&why);
    }
}
