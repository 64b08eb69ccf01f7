//! The thread of the writer: one connection, one transaction for everything that waits.
//!
//! While a transaction is being made durable, the next writes gather in the queue and become the next group, so
//! groups grow with the load by themselves and nothing ever waits for company. Answers are sent after the commit,
//! in the order in which the writes came. Between groups the thread writes the log file back and removes what has
//! expired.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parlour_model::limits::STORE_GROUP_WRITES_MAX;
use parlour_model::{Clock, IdGenerator, Timestamp};
use rusqlite::Connection;
use tokio::sync::{mpsc, watch};

use crate::failure::{Failure, Reach, reach};
use crate::health::{Fate, Health, Stage};
use crate::open::Folder;
use crate::writer::{Message, Tuning, Write};
use crate::writing::{HeadCache, Writing};
use crate::{Options, purge};

/// Rows changed between two checkpoints: some ten MiB of log file, read again in a moment after a crash.
pub(crate) const CHECKPOINT_ROWS: u64 = 20_000;
/// Frames in the log file from which on the writer waits for readers to be able to rewind it.
const REWIND_FRAMES: i64 = 16_384;
/// Groups after which expired rows are removed even if the writer is never idle.
const PURGE_GROUPS: u32 = 64;
/// How long the writer leaves expired rows alone after it has found no more.
const PURGE_EVERY: Duration = Duration::from_secs(600);

/// What the thread owns.
pub(crate) struct WriterThread {
    folder: Folder,
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
    tuning: Tuning,
    heads: HeadCache,
    health: Health,
    /// Rows changed on the connection when the last checkpoint was made.
    checkpointed_at: u64,
    purge_at: Timestamp,
    groups_since_purge: u32,
}

impl WriterThread {
    /// What the thread starts with.
    pub(crate) fn new(
        folder: Folder,
        options: Options,
        tuning: Tuning,
        report: watch::Sender<Option<String>>,
    ) -> Self {
        Self {
            folder,
            clock: options.clock,
            ids: options.ids,
            tuning,
            heads: HeadCache::default(),
            health: Health::new(report),
            checkpointed_at: 0,
            purge_at: Timestamp::default(),
            groups_since_purge: 0,
        }
    }

    /// Nothing is acknowledged from now on.
    pub(crate) fn fail(&mut self, reason: &str) {
        self.health.fail(reason.to_owned());
    }

    /// Serves groups until the queue is closed and empty.
    pub(crate) fn run(&mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut group = Vec::with_capacity(STORE_GROUP_WRITES_MAX);
        while let Some(first) = inbox.blocking_recv() {
            gather(first, &mut inbox, &mut group);
            metrics::gauge!("parlour_store_writes_waiting").set(inbox.len() as f64);
            self.serve(&mut group);
            self.tidy(inbox.is_empty());
        }
        self.checkpoint("TRUNCATE");
    }

    /// Runs and answers one group.
    fn serve(&mut self, group: &mut Vec<Box<dyn Write>>) {
        if group.is_empty() {
            return;
        }
        metrics::histogram!("parlour_store_group_writes").record(group.len() as f64);
        let fate =
            self.transact(|writing| group.iter_mut().try_for_each(|write| write.run(writing)));
        for write in group.drain(..) {
            write.answer(&fate);
        }
    }

    /// Runs `work` in one transaction and makes it durable.
    fn transact(&mut self, work: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<()>) -> Fate {
        let now = self.clock.now();
        if let Some(fate) = self.health.refusal(now) {
            return fate;
        }
        let started = Instant::now();
        let mut writing = Writing {
            conn: &self.folder.writer,
            now,
            ids: &self.ids,
            heads: &mut self.heads,
        };
        let done = begin(writing.conn)
            .and_then(|()| work(&mut writing))
            .map_err(|error| (error, Stage::BeforeCommit))
            .and_then(|()| {
                (self.tuning.commit)(&self.folder.writer).map_err(|error| (error, Stage::Commit))
            });
        match done {
            Ok(()) => {
                metrics::histogram!("parlour_store_commit_seconds").record(started.elapsed());
                self.health.succeeded();
                Fate::Committed
            }
            Err((error, stage)) => self.roll_back(&error, stage, now),
        }
    }

    fn roll_back(&mut self, error: &rusqlite::Error, stage: Stage, now: Timestamp) -> Fate {
        self.heads.forget();
        let fate = self.health.failed(error, stage, now);
        let conn = &self.folder.writer;
        // Some errors end the transaction by themselves.
        if !conn.is_autocommit()
            && let Err(error) = conn.execute_batch("ROLLBACK")
        {
            self.health.fail(format!("a rollback failed: {error}"));
        }
        fate
    }

    /// What is to be done between two groups.
    fn tidy(&mut self, is_idle: bool) {
        let changed = self.folder.writer.total_changes();
        if changed - self.checkpointed_at >= self.tuning.checkpoint_rows {
            self.checkpointed_at = changed;
            self.checkpoint("PASSIVE");
        }
        self.groups_since_purge += 1;
        if is_idle || self.groups_since_purge >= PURGE_GROUPS {
            self.groups_since_purge = 0;
            self.purge();
        }
    }

    /// Removes some of what has expired.
    fn purge(&mut self) {
        let now = self.clock.now();
        if now < self.purge_at {
            return;
        }
        if let Ok(false) = purge::is_due(&self.folder.writer, now) {
            self.purge_at = now.plus(PURGE_EVERY);
            return;
        }
        let mut removed = Ok(0);
        let fate = self.transact(|writing| match purge::step(writing.conn, now) {
            Err(Failure::Sqlite(error)) if reach(&error) != Reach::Work => Err(error),
            result => {
                removed = result;
                Ok(())
            }
        });
        match removed {
            Ok(rows) if fate == Fate::Committed && rows >= purge::STEP_ROWS_MAX => {}
            Ok(_) => self.purge_at = now.plus(PURGE_EVERY),
            Err(failure) => {
                tracing::warn!(?failure, "expired rows cannot be removed");
                self.purge_at = now.plus(PURGE_EVERY);
            }
        }
    }

    /// Writes the log file back into the main file. The log file is synced before, the main file after, and only
    /// then may the log file be overwritten.
    fn checkpoint(&mut self, mode: &str) {
        if self.health.refusal(self.clock.now()).is_some() {
            return;
        }
        let conn = &self.folder.writer;
        let done = run_checkpoint(conn, mode).and_then(|frames| {
            if mode == "PASSIVE" && frames >= REWIND_FRAMES {
                return run_checkpoint(conn, "RESTART");
            }
            Ok(frames)
        });
        match done {
            Ok(frames) => metrics::gauge!("parlour_store_log_frames").set(frames as f64),
            Err(error) if reach(&error) == Reach::Durability => {
                self.health.fail(format!("an fsync failed: {error}"));
            }
            Err(error) => tracing::warn!(%error, "the log file cannot be written back for now"),
        }
    }
}

/// Takes what waits, up to one group.
fn gather(first: Message, inbox: &mut mpsc::Receiver<Message>, group: &mut Vec<Box<dyn Write>>) {
    let mut next = Some(first);
    while let Some(message) = next {
        match message {
            Message::Write(write) => group.push(write),
            // What waits is still served; what comes later is refused.
            Message::Close => inbox.close(),
        }
        next = (group.len() < STORE_GROUP_WRITES_MAX)
            .then(|| inbox.try_recv().ok())
            .flatten();
    }
}

fn begin(conn: &Connection) -> rusqlite::Result<()> {
    conn.prepare_cached("BEGIN IMMEDIATE")?
        .execute(())
        .map(drop)
}

/// Frames that were in the log file.
fn run_checkpoint(conn: &Connection, mode: &str) -> rusqlite::Result<i64> {
    conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), (), |row| {
        row.get(1)
    })
}
