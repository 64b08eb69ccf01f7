//! The readers: a small pool of read-only connections, used on blocking threads.
//!
//! Every piece of work sees one snapshot, however many statements it has. A connection goes back to the pool
//! also when the work panics.

use std::sync::{Arc, Mutex, PoisonError};

use parlour_store::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::Failure;

/// The pool.
#[derive(Debug)]
pub(crate) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    /// One permit per connection.
    permits: Arc<Semaphore>,
    count: u32,
}

impl Readers {
    /// A pool of these connections.
    pub(crate) fn new(connections: Vec<Connection>) -> Self {
        // When every connection is busy, callers wait in their own futures.
        // queue: store readers
        let permits = Arc::new(Semaphore::new(connections.len()));
        Self {
            permits,
            count: u32::try_from(connections.len()).unwrap_or(u32::MAX),
            idle: Arc::new(Mutex::new(connections)),
        }
    }

    /// Runs `work` on the next free connection, in one snapshot.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| StoreError::Unavailable("the store is closed".into()))?;
        let idle = Arc::clone(&self.idle);
        let reading = tokio::task::spawn_blocking(move || {
            Lease::take(idle, permit)
                .snapshot(work)
                .map_err(Failure::into_store_error)
        });
        reading
            .await
            .unwrap_or_else(|error| Err(StoreError::Unavailable(format!("a read ended: {error}"))))
    }

    /// Waits for the reads under way and closes the connections; later reads are refused.
    pub(crate) async fn close(&self) {
        let all = self.permits.acquire_many(self.count).await;
        self.permits.close();
        drop(all);
        lock(&self.idle).clear();
    }
}

/// A connection in use.
struct Lease {
    conn: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    fn take(idle: Arc<Mutex<Vec<Connection>>>, permit: OwnedSemaphorePermit) -> Self {
        let conn = lock(&idle).pop();
        Self {
            conn,
            idle,
            _permit: permit,
        }
    }

    fn snapshot<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let conn = self
            .conn
            .as_mut()
            .expect("there are as many connections as permits");
        // Dropped without a commit: there is nothing to keep.
        let snapshot = conn.transaction_with_behavior(TransactionBehavior::Deferred)?;
        work(&snapshot)
    }
}

impl Drop for Lease {
    /// Before the permit, which is a field and so dropped after this.
    fn drop(&mut self) {
        lock(&self.idle).extend(self.conn.take());
    }
}

/// The idle connections. A panic while the lock is held can leave no wrong list behind.
fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
