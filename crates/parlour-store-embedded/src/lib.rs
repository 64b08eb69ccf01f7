//! Durable storage in one local folder (SQLite).
//!
//! The hard choice here: **one writer, many writes per fsync**. A single thread owns the only connection that
//! writes. It takes everything that waits (up to 512 writes), runs it in one transaction, and answers after the
//! commit. Each write is a savepoint, so a bad one fails alone.
//!
//! Invariants:
//! - An answer that says "durable" comes after the fsync of its transaction, and no reader sees a transaction
//!   before its fsync. SQLite gives the second one: with `journal_mode = WAL` and `synchronous = FULL`, a commit
//!   writes its frames and syncs the log file (`walFrames` in `wal.c`) before it publishes them in the shared
//!   index that tells readers where the log ends.
//! - After a crash at any byte the folder holds a prefix of the commits, every acknowledged one among them.
//! - Head, key, event and effects are one transaction, so the projection of a log is always complete.
//! - Only a commit whose end is unclear answers `Unknown`. No room means read-only until writing works again; an
//!   fsync error means that the store never acknowledges anything again ([`EmbeddedStore::failed`]).
//! - One process owns the folder, by an exclusive lock on a file in it.

mod open;

mod failure;
mod rows;
mod sql;

mod health;
mod readers;
mod writer;
mod writer_thread;
mod writing;

mod append;
mod chat_log;
mod effects;
mod event_keys;
mod message_state;
mod purge;

mod overlay;
mod page;
mod views;

mod accounts;
mod claims;
mod keyring;
mod marks;
mod reports;
mod sessions;
mod user_search;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use parlour_model::{Clock, Event, IdGenerator};
use parlour_store::StoreError;
use rusqlite::Connection;
use tokio::sync::watch;

pub use open::OpenError;

use failure::Failure;
use readers::Readers;
use writer::{Tuning, Writer};
use writing::Writing;

/// What a store is opened with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Tells the time of commits and of what ends by itself.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of events.
    pub ids: Arc<IdGenerator>,
    /// Events per bucket: written into a new folder, compared with an old one.
    pub bucket_events: u64,
    /// How many reads run at once, each on its own connection. At least one.
    pub readers: usize,
}

/// A store in one local folder.
#[derive(Debug)]
pub struct EmbeddedStore {
    writer: Writer,
    readers: Readers,
    clock: Arc<dyn Clock>,
    failed: watch::Receiver<Option<String>>,
}

impl EmbeddedStore {
    /// Opens the store in `dir`, making folder and tables where they are missing.
    ///
    /// # Errors
    /// [`OpenError`] says what an operator can do.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        Self::open_tuned(dir, options, Tuning::default())
    }

    fn open_tuned(dir: &Path, options: Options, tuning: Tuning) -> Result<Self, OpenError> {
        let (report, failed) = watch::channel(None);
        let folder = open::Folder::open(dir, &options, tuning.pages_max)?;
        let readers = Readers::new(folder.connect_readers(options.readers.max(1))?);
        let clock = Arc::clone(&options.clock);
        let writer = Writer::start(folder, options, tuning, report).map_err(OpenError::Thread)?;
        Ok(Self {
            writer,
            readers,
            clock,
            failed,
        })
    }

    /// Finishes the writes that wait, writes the log file back into the main file, and gives the folder free.
    /// Whatever is asked afterwards is refused.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Completes when the store must never acknowledge anything again, with the reason; the process has to
    /// stop then. Never completes otherwise.
    pub async fn failed(&self) -> String {
        let mut failed = self.failed.clone();
        match failed.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            // The writer has ended in good order: nothing can fail any more.
            Err(_) => std::future::pending().await,
        }
    }

    /// Writes the effects of an event once more. Effects are part of the commit, so this changes nothing; it is
    /// here so that anybody can check exactly that.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    pub async fn project_again(&self, event: &Event) -> Result<(), StoreError> {
        let event = event.clone();
        self.write(move |writing| effects::apply(writing.conn, &event))
            .await
    }

    /// Runs `work` in the next group of the writer; answers when it is durable.
    async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Writing<'_>) -> Result<T, Failure> + Send + 'static,
    {
        self.writer.run(work).await
    }

    /// Runs `work` on a connection of its own, with one snapshot for all its statements.
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        if let Some(reason) = self.failed.borrow().as_ref() {
            return Err(StoreError::Unavailable(reason.clone()));
        }
        self.readers.run(work).await
    }
}
