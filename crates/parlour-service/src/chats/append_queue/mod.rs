//! The queue in front of every chat's log: many appends become few commits.
//!
//! Invariants:
//! - One batch of a chat is waited for at a time; what waits is bounded (see `waiting`).
//! - Every draft carries the epoch at which its author was authorized, and a batch holds drafts of one epoch.
//! - Whatever became durable is announced in the order of seqs before anybody who waits for it wakes.
//! - An answer that is not [`ServiceError::OutcomeUnknown`] is true of every try made for it: nothing that was
//!   refused enters the log later.
//! - What other nodes ask for (see `serve`) is answered to them; it is never authorized here nor sent on.
//! - An append that has begun is never stopped half way. One that is given up may meet its own retry in the log, as two
//!   nodes meet there that were sent the same draft: a key becomes one event.
//! - A caller who goes away takes nothing along; a panic fails the batch in flight as unknown, and the rest
//!   goes on. A chat for which nothing waits has neither queue nor task.

mod fate;
mod forward;
mod races;
mod serve;
mod waiting;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry as Slot;
use parlour_delivery::{HomeError, HomeOutcome};
use parlour_model::{ChatId, Content, Draft, Epoch, Event, UserId};
use parlour_store::ChatLog;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ServiceError;
use races::Races;
use waiting::{Waiter, Waiting};
use worker::Worker;

/// An event that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    /// The event.
    pub(super) event: Event,
    /// Whether it was there before this request.
    pub(super) existing: bool,
}

/// What became of a draft.
pub(super) type Answer = Result<Settled, ServiceError>;

/// What the queue asks of its surroundings.
#[async_trait]
pub(super) trait Surroundings: Send + Sync {
    /// Whether `author` may still enter `content`, by an uncached read; the epoch at which that holds.
    ///
    /// # Errors
    /// A refusal, or that it cannot be told now.
    async fn authorize_again(
        &self,
        chat: ChatId,
        author: UserId,
        content: &Content,
    ) -> Result<Epoch, ServiceError>;

    /// Tells of a durable event. Called in the order of seqs, before any waiter wakes.
    async fn committed(&self, event: &Event);

    /// Tells this node of a durable event that the chat's home committed and announced for it. Called before any
    /// waiter wakes.
    async fn committed_at_home(&self, event: &Event);

    /// Whether another node is the chat's home now. Costs no call.
    fn has_home_elsewhere(&self, chat: ChatId) -> bool;

    /// Says to the other nodes that this one is the chat's home and that they are in its way.
    fn call_home(&self, chat: ChatId);

    /// Asks the chat's home to append; as [`parlour_delivery::Delivery::ask_home`].
    async fn ask_home(
        &self,
        chat: ChatId,
        drafts: Vec<Draft>,
        within: Duration,
    ) -> Result<Vec<HomeOutcome>, HomeError>;
}

/// How long the queue tries before it gives up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// How long one append is waited for before its outcome counts as unknown. It goes on: a store may take longer to
    /// find out, and has to write the effects of what it committed.
    pub(super) append_within: Duration,
    /// How often an append is tried whose outcome is unknown each time.
    pub(super) tries: u32,
    /// The longest pause after the first of these tries; it doubles with each.
    pub(super) pause: Duration,
    /// How often an author is authorized again for one event while rights keep changing.
    pub(super) authorizations: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            append_within: Duration::from_secs(3),
            tries: 4,
            pause: Duration::from_millis(40),
            authorizations: 8,
        }
    }
}

/// The queues of all chats on this node. Cheap to clone.
#[derive(Clone)]
pub(super) struct AppendQueues {
    shared: Arc<Shared>,
}

/// What queues are built from.
pub(super) struct AppendParts {
    /// Where events go.
    pub(super) log: Arc<dyn ChatLog>,
    /// Who authorizes and announces.
    pub(super) surroundings: Arc<dyn Surroundings>,
    /// When to give up.
    pub(super) patience: Patience,
    /// Whether chats whose races this node loses go to their home.
    pub(super) homes: bool,
    /// Whose tasks these are.
    pub(super) tracker: TaskTracker,
    /// Ends the tasks: the batch in flight is finished, what waits is refused.
    pub(super) token: CancellationToken,
}

struct Shared {
    parts: AppendParts,
    /// A chat is in here exactly while it has a worker.
    queues: DashMap<ChatId, Waiting>,
    races: Races,
}

impl AppendQueues {
    /// Empty queues.
    pub(super) fn new(parts: AppendParts) -> Self {
        Self {
            shared: Arc::new(Shared {
                parts,
                queues: DashMap::new(),
                races: Races::default(),
            }),
        }
    }

    /// Appends a draft with whatever else waits for its chat. The draft is on its way once this is first polled.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] when the queue is full, [`ServiceError::OutcomeUnknown`], or why it was not stored.
    pub(super) async fn append(&self, chat: ChatId, draft: Draft) -> Answer {
        let begun = Instant::now();
        let waiting = self.enqueue(chat, draft)?;
        let lost = ServiceError::OutcomeUnknown { applied: None };
        let answer = waiting.await.unwrap_or(Err(lost));
        metrics::histogram!("parlour_append_seconds").record(begun.elapsed());
        answer
    }

    fn enqueue(
        &self,
        chat: ChatId,
        draft: Draft,
    ) -> Result<oneshot::Receiver<Answer>, ServiceError> {
        let (waiter, answer) = oneshot::channel();
        self.put(chat, draft, Waiter::Own(waiter))?;
        Ok(answer)
    }

    /// Puts a draft in line.
    fn put(&self, chat: ChatId, draft: Draft, waiter: Waiter) -> Result<(), ServiceError> {
        if self.shared.parts.token.is_cancelled() {
            return Err(stopping());
        }
        match self.shared.queues.entry(chat) {
            Slot::Occupied(mut queue) => queue.get_mut().push(draft, waiter)?,
            Slot::Vacant(slot) => {
                let mut queue = Waiting::default();
                queue.push(draft, waiter)?;
                slot.insert(queue);
                Worker::spawn(Arc::clone(&self.shared), chat);
            }
        }
        Ok(())
    }
}

impl Shared {
    /// The next batch of a chat. If nothing waits, the queue is gone and its worker must be, too.
    fn next_batch(&self, chat: ChatId) -> Option<Vec<waiting::Entry>> {
        let Slot::Occupied(mut queue) = self.queues.entry(chat) else {
            return None;
        };
        let batch = queue.get_mut().take_batch();
        if batch.is_empty() {
            queue.remove();
            return None;
        }
        Some(batch)
    }

    fn put_back(&self, chat: ChatId, entries: Vec<waiting::Entry>) {
        if !entries.is_empty() {
            self.queues.entry(chat).or_default().put_back(entries);
        }
    }
}

fn stopping() -> ServiceError {
    ServiceError::Unavailable("the node is stopping".to_owned())
}

#[cfg(test)]
mod tests;
