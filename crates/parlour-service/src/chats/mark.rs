//! Raising watermarks: of many marks of one user in one chat, the newest is written.
//!
//! Invariants:
//! - Per (chat, user) one write is in flight; what comes meanwhile waits and becomes one write.
//! - A caller is answered when a mark at or above theirs is durable, and receipts go out only then.
//! - A mark above the head is refused, alone: it takes nobody along with whom it waited.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry as Slot;
use parlour_delivery::Delivery;
use parlour_model::{ChatId, Mark, Marks, Seq, UserId};
use parlour_store::StoreError;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use super::Chats;
use super::policy::Operation;
use crate::patience::{PatientStore, failure};
use crate::{Actor, ServiceError};

/// How many callers may wait for one user's marks in one chat: far more than devices that behave.
const WAITERS_MAX: usize = 64;
/// When a device that marks without end may go on.
const RETRY_AFTER: Duration = Duration::from_secs(1);

type Answer = Result<Marks, ServiceError>;

impl Chats {
    /// Raises one of the actor's watermarks and answers where both stand, once that is durable. A mark below the
    /// present one changes nothing.
    ///
    /// # Errors
    /// Chat not found for who is no member; [`ServiceError::Invalid`] above the head; [`ServiceError::Busy`];
    /// [`ServiceError::Unavailable`]: mark again.
    pub async fn mark(&self, actor: &Actor, chat: ChatId, mark: Mark) -> Answer {
        let gate = &self.inner.gate;
        gate.allow(chat, actor.user, Operation::Mark).await?;
        self.inner.marking.raise((chat, actor.user), mark).await
    }
}

/// Someone's marks in one chat.
type Row = (ChatId, UserId);

/// A mark, and who waits until it is durable.
struct Waiter {
    mark: Mark,
    caller: oneshot::Sender<Answer>,
}

/// Writes marks. Cheap to clone.
#[derive(Clone)]
pub(super) struct Marking {
    shared: Arc<Shared>,
}

struct Shared {
    store: PatientStore,
    delivery: Delivery,
    tracker: TaskTracker,
    /// A row is in here exactly while it has a writer.
    waiting: DashMap<Row, Vec<Waiter>>,
}

impl Marking {
    /// Nothing to write yet.
    pub(super) fn new(store: PatientStore, delivery: Delivery, tracker: TaskTracker) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                delivery,
                tracker,
                waiting: DashMap::new(),
            }),
        }
    }

    async fn raise(&self, row: Row, mark: Mark) -> Answer {
        let (caller, answer) = oneshot::channel();
        self.enqueue(row, Waiter { mark, caller })?;
        let lost = ServiceError::Unavailable("the mark was not written".to_owned());
        answer.await.unwrap_or(Err(lost))
    }

    fn enqueue(&self, row: Row, waiter: Waiter) -> Result<(), ServiceError> {
        match self.shared.waiting.entry(row) {
            Slot::Occupied(waiting) if waiting.get().len() >= WAITERS_MAX => {
                Err(ServiceError::Busy {
                    retry_after: RETRY_AFTER,
                    own_rate: true,
                })
            }
            Slot::Occupied(mut waiting) => {
                waiting.get_mut().push(waiter);
                Ok(())
            }
            Slot::Vacant(slot) => {
                slot.insert(vec![waiter]);
                let writer = Writer::new(Arc::clone(&self.shared), row);
                self.shared.tracker.spawn(writer.run());
                Ok(())
            }
        }
    }
}

/// The task that writes one row while anybody waits for it.
struct Writer {
    shared: Arc<Shared>,
    row: Row,
    is_done: bool,
}

impl Writer {
    fn new(shared: Arc<Shared>, row: Row) -> Self {
        let is_done = false;
        Self {
            shared,
            row,
            is_done,
        }
    }

    async fn run(mut self) {
        while let Some(waiters) = self.next() {
            self.write(waiters).await;
        }
    }

    fn next(&mut self) -> Option<Vec<Waiter>> {
        let Slot::Occupied(mut waiting) = self.shared.waiting.entry(self.row) else {
            self.is_done = true;
            return None;
        };
        if waiting.get().is_empty() {
            waiting.remove();
            self.is_done = true;
            return None;
        }
        Some(std::mem::take(waiting.get_mut()))
    }

    async fn write(&self, mut waiters: Vec<Waiter>) {
        // Each round settles all, or refuses at least one that is above the head.
        while !waiters.is_empty() {
            match self.raise_all(&waiters).await {
                Err(StoreError::AboveHead { head }) => waiters = refuse_above(head, waiters),
                Ok(marks) => {
                    self.tell(&waiters, marks);
                    return answer_all(waiters, &Ok(marks));
                }
                Err(error) => return answer_all(waiters, &Err(not_written(error))),
            }
        }
    }

    /// Sends receipts, unless every mark lies below what stood before and so changed nothing.
    fn tell(&self, waiters: &[Waiter], marks: Marks) {
        let stands = |waiter: &Waiter| match waiter.mark {
            Mark::Read(seq) => marks.read == seq,
            Mark::Delivered(seq) => marks.delivered == seq,
        };
        if waiters.iter().any(stands) {
            let (chat, user) = self.row;
            self.shared.delivery.receipt(chat, user, marks);
        }
    }

    /// Raises to the greatest mark of each kind.
    async fn raise_all(&self, waiters: &[Waiter]) -> Result<Marks, StoreError> {
        let greatest = |is_kind: fn(&Mark) -> bool| {
            let marks = waiters.iter().map(|waiter| waiter.mark);
            marks.filter(is_kind).max_by_key(|mark| mark.seq())
        };
        let read = greatest(|mark| matches!(mark, Mark::Read(_)));
        let delivered = greatest(|mark| matches!(mark, Mark::Delivered(_)))
            .filter(|delivered| read.is_none_or(|read| !read.covers(*delivered)));
        let mut marks = Marks::default();
        for mark in read.into_iter().chain(delivered) {
            let (chat, user) = self.row;
            let store = &self.shared.store;
            marks = store.settle(|s| s.raise(user, chat, mark)).await?;
        }
        Ok(marks)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_done {
            // It panicked or was dropped with its runtime. Whoever waits is told; the next mark gets a new writer.
            self.shared.waiting.remove(&self.row);
        }
    }
}

fn answer_all(waiters: Vec<Waiter>, answer: &Answer) {
    for waiter in waiters {
        // Who no longer waits needs no answer: the mark stands.
        let _ = waiter.caller.send(answer.clone());
    }
}

/// Refuses the marks above `head` and keeps the others.
fn refuse_above(head: Seq, waiters: Vec<Waiter>) -> Vec<Waiter> {
    let is_above = |waiter: &Waiter| waiter.mark.seq() > head;
    let (above, others): (Vec<_>, Vec<_>) = waiters.into_iter().partition(is_above);
    if above.is_empty() {
        // The store contradicts itself. Asking it again would not end.
        let reason = "the store refused a mark that is not above the head";
        answer_all(others, &Err(ServiceError::Unavailable(reason.to_owned())));
        return Vec::new();
    }
    let reason = format!("must not be above the last event, which is {head}");
    let field = "seq";
    answer_all(above, &Err(ServiceError::Invalid { field, reason }));
    others
}

/// Marks are raised again without harm, so even an unknown outcome only asks for that.
fn not_written(error: StoreError) -> ServiceError {
    match failure(error) {
        ServiceError::OutcomeUnknown { .. } => {
            ServiceError::Unavailable("it is not known whether the mark was written".to_owned())
        }
        other => other,
    }
}
