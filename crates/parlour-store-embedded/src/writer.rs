//! The handle of the writer: how a write gets into its queue, and how its answer comes back.
//!
//! A write that is in the queue is run, also when its caller has gone. What its group came to decides what its
//! caller is told: its own result only if the group is durable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use parlour_model::limits::STORE_WRITES_WAITING_MAX;
use parlour_store::StoreError;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use crate::Options;
use crate::failure::{Failure, Reach, reach};
use crate::health::Fate;
use crate::open::Folder;
use crate::writer_thread::{CHECKPOINT_ROWS, WriterThread};
use crate::writing::Writing;

/// How a transaction is committed.
type Commit = Box<dyn FnMut(&Connection) -> rusqlite::Result<()> + Send>;

/// What tests change about a writer.
pub(crate) struct Tuning {
    /// Commits the transaction.
    pub(crate) commit: Commit,
    /// Rows changed between two checkpoints.
    pub(crate) checkpoint_rows: u64,
    /// Largest size of the file in pages.
    pub(crate) pages_max: Option<u32>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            commit: Box::new(|conn| conn.prepare_cached("COMMIT")?.execute(()).map(drop)),
            checkpoint_rows: CHECKPOINT_ROWS,
            pages_max: None,
        }
    }
}

/// The handle of the writer.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Message>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the queue holds.
pub(crate) enum Message {
    /// A write.
    Write(Box<dyn Write>),
    /// Finish what waits, and end.
    Close,
}

/// A write that waits for its group.
pub(crate) trait Write: Send {
    /// Does its part. An error means that the whole transaction is lost.
    fn run(&mut self, writing: &mut Writing<'_>) -> rusqlite::Result<()>;

    /// Tells the caller what became of it.
    fn answer(self: Box<Self>, fate: &Fate);
}

/// A write as a closure.
struct Job<T, W> {
    work: Option<W>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Write for Job<T, W>
where
    T: Send,
    W: FnOnce(&mut Writing<'_>) -> Result<T, Failure> + Send,
{
    fn run(&mut self, writing: &mut Writing<'_>) -> rusqlite::Result<()> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        self.result = Some(match writing.apart(work) {
            Err(Failure::Sqlite(error)) if reach(&error) != Reach::Work => return Err(error),
            result => result.map_err(Failure::into_store_error),
        });
        Ok(())
    }

    fn answer(self: Box<Self>, fate: &Fate) {
        let Self { result, reply, .. } = *self;
        let not_run = || Err(StoreError::Unavailable("the write was not run".to_owned()));
        let answer = fate.check().and_then(|()| result.unwrap_or_else(not_run));
        // The caller may have gone; the write stands anyway.
        reply.send(answer).ok();
    }
}

impl Writer {
    /// Starts the thread, which owns the folder until it ends.
    pub(crate) fn start(
        folder: Folder,
        options: Options,
        tuning: Tuning,
        report: watch::Sender<Option<String>>,
    ) -> std::io::Result<Self> {
        // When it is full, callers wait in their own futures.
        // queue: store writer
        let (queue, inbox) = mpsc::channel(STORE_WRITES_WAITING_MAX);
        let mut thread = WriterThread::new(folder, options, tuning, report);
        let thread = std::thread::Builder::new()
            .name("parlour-store-writer".to_owned())
            .spawn(move || {
                // A panic is a bug of ours with an unknown state behind it: stop acknowledging, say so.
                if catch_unwind(AssertUnwindSafe(|| thread.run(inbox))).is_err() {
                    thread.fail("the writer of the store panicked");
                }
            })?;
        Ok(Self {
            queue: Some(queue),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs `work` in the next group; answers when the group is durable.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Writing<'_>) -> Result<T, Failure> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            work: Some(work),
            result: None,
            reply,
        };
        let closed = || StoreError::Unavailable("the store is closed".to_owned());
        let queue = self.queue.as_ref().ok_or_else(closed)?;
        let sent = queue.send(Message::Write(Box::new(job))).await;
        sent.map_err(|_| closed())?;
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Unknown("the writer ended".to_owned())))
    }

    /// Writes that wait for their group.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        let waiting = |queue: &mpsc::Sender<_>| queue.max_capacity() - queue.capacity();
        self.queue.as_ref().map_or(0, waiting)
    }

    /// Lets the thread finish what waits and waits for its end.
    pub(crate) async fn close(&self) {
        if let Some(queue) = &self.queue {
            // An error means that the thread has ended already.
            queue.send(Message::Close).await.ok();
        }
        let thread = self.take_thread();
        let joined = tokio::task::spawn_blocking(move || thread.map(JoinHandle::join));
        // The thread catches its panics; there is no other way to fail.
        joined.await.ok();
    }

    fn take_thread(&self) -> Option<JoinHandle<()>> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.take()
    }
}

impl Drop for Writer {
    /// Waits for the group under way, so that the folder is free when the store is gone.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.take_thread() {
            thread.join().ok();
        }
    }
}
