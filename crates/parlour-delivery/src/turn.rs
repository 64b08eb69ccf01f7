//! A connection's turn: the right to bring it up to date, and how long that may wait for a store that does not answer.
//!
//! Whoever has the turn keeps all others of the connection waiting: its syncs, and chats its user has just joined. So
//! inside a turn a read of one chat is tried at least once and given up when the turn's time is over, and the chat is left
//! for later (see `sync/late`). A store ends each of its calls by itself, so a turn ends, too.

use std::sync::Arc;
use std::time::Duration;

use parlour_store::StoreError;
use tokio::sync::MutexGuard;
use tokio::time::Instant;

use crate::core::{Core, RETRY_FIRST, RETRY_LAST, note_failure};
use crate::link::Link;

/// The turn of one connection, for as long as this lives.
pub(crate) struct Turn<'a> {
    pub(crate) link: &'a Arc<Link>,
    /// What fails after this is not asked again.
    pub(crate) until: Instant,
    _held: MutexGuard<'a, ()>,
}

/// Why a read brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nobody waits any more.
    Over,
    /// What would be read is damaged: no patience heals that.
    Damaged,
    /// The store did not answer in time.
    Unread,
}

impl<'a> Turn<'a> {
    /// Waits for the turn. Within that time of its begin, what fails is asked again.
    pub(crate) async fn of(link: &'a Arc<Link>, within: Duration) -> Self {
        let held = link.turn.lock().await;
        Self {
            link,
            until: Instant::now() + within,
            _held: held,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.link.outbox.is_closed()
    }
}

impl Core {
    /// Reads what belongs to one chat for whoever has a connection's turn.
    pub(crate) async fn read_in_turn<T, R>(
        &self,
        turn: &Turn<'_>,
        read: impl Fn() -> R,
    ) -> Result<T, Stop>
    where
        R: Future<Output = Result<T, StoreError>>,
    {
        let mut pause = RETRY_FIRST;
        loop {
            match read().await {
                Ok(answer) => return Ok(answer),
                Err(error) if !note_failure(&error) => return Err(Stop::Damaged),
                Err(error) => tracing::warn!(%error, "the store did not tell of a chat"),
            }
            if turn.is_over() || self.token.is_cancelled() {
                return Err(Stop::Over);
            }
            if Instant::now() + pause > turn.until {
                return Err(Stop::Unread);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RETRY_LAST);
        }
    }
}
