//! Changes of a chat's members, one after the other.
//!
//! Most of them are settled by the rights epoch inside the commit. Adding members raises no epoch, so what it rests
//! on (who is a member already, how many there are, whether an owner leaves alone) could change between the look
//! and the commit. Invariants:
//! - Of the requests that change one chat's members, this node runs one at a time, from the look to the commit.
//! - A caller who goes away while it runs does not hand the turn on early.
//!
//! Two nodes at once, or an add whose outcome stayed unknown and that applies late, are not covered: each node adds no
//! more than fits by what it has read, so of `n` nodes the others may add as much again, and an owner who left alone may
//! leave those just added. A commit could decide it by raising the epoch with every addition, but then each addition would
//! make every member of a busy group be authorized anew; and nothing breaks above the limit.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use parlour_model::ChatId;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use crate::ServiceError;
use crate::finish::finish;

/// How many turns there are; chats share them.
const TURNS: usize = 256;

/// Who may change members now. Who waits is a request, and those are bounded where they come in.
pub(super) struct Turns {
    turns: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
    tracker: TaskTracker,
}

impl Turns {
    /// All free.
    pub(super) fn new(tracker: TaskTracker) -> Self {
        Self {
            turns: (0..TURNS).map(|_| Arc::default()).collect(),
            hasher: RandomState::new(),
            tracker,
        }
    }

    /// Runs `change` when it is its turn in `chat`, to its end.
    ///
    /// # Errors
    /// Those of `change`; [`ServiceError::OutcomeUnknown`] if it panicked.
    pub(super) async fn run<F>(&self, chat: ChatId, change: F) -> Result<(), ServiceError>
    where
        F: Future<Output = Result<(), ServiceError>> + Send + 'static,
    {
        let number = usize::try_from(self.hasher.hash_one(chat) % TURNS as u64).unwrap_or(0);
        let turn = Arc::clone(&self.turns[number]).lock_owned().await;
        let change = async move {
            let _turn = turn;
            change.await
        };
        finish(&self.tracker, change).await
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_change_whose_caller_went_away_still_ends_before_the_next_begins() {
        let turns = Turns::new(TaskTracker::new());
        let chat = ChatId::new(1).unwrap();
        let (begin, begun) = oneshot::channel();
        let (finish, finished) = oneshot::channel::<()>();
        let log = Arc::new(std::sync::Mutex::new(Vec::new()));
        let first_log = Arc::clone(&log);
        let mut first = Box::pin(turns.run(chat, async move {
            begin.send(()).unwrap();
            finished.await.unwrap();
            first_log.lock().unwrap().push("first");
            Ok(())
        }));
        tokio::select! {
            biased;
            // The change has begun: now its caller goes away.
            begun = begun => begun.unwrap(),
            _ = &mut first => panic!("it cannot have finished"),
        }
        drop(first);
        let second_log = Arc::clone(&log);
        let second = turns.run(chat, async move {
            second_log.lock().unwrap().push("second");
            Ok(())
        });
        finish.send(()).unwrap();
        second.await.unwrap();
        assert_eq!(*log.lock().unwrap(), ["first", "second"]);
    }

    #[tokio::test]
    async fn a_change_that_panics_hands_the_turn_on() {
        let turns = Turns::new(TaskTracker::new());
        let chat = ChatId::new(1).unwrap();
        let panicked = turns.run(chat, async { panic!("planned") }).await;
        assert_eq!(
            panicked,
            Err(ServiceError::OutcomeUnknown { applied: None })
        );
        assert_eq!(turns.run(chat, async { Ok(()) }).await, Ok(()));
    }
}
