//! A store that fails when it is told to: what a network, a full disk and a slow peer do, held by a test.
//!
//! [`FaultyStore`] wraps any store. Its [`Faults`] handle makes calls fail in the four ways that there are
//! ([`Fault`]), one by one, all of a kind, or at random from a seed ([`Plan`]). Without faults the wrapper is
//! transparent: it passes the conformance suite of what it wraps.
//!
//! What holds:
//! - A fault never lies about its outcome: `Before` is definite and nothing was applied, all others are not.
//! - No task is spawned and no time passes: a late call is applied by whoever releases it.

mod accounts;
mod handle;
mod log;
mod operation;
mod plan;

pub use handle::Faults;
pub use operation::Operation;
pub use plan::Plan;

use crate::{SharedStore, StoreError};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails before anything happened: `Unavailable`, definite.
    Before,
    /// It is applied and its answer is lost: `Unknown`.
    After,
    /// It times out with `Unknown`, and is applied later, when [`Faults::release`] is called.
    Late,
    /// It neither fails nor answers until [`Faults::release`] is called; then it happens as if without a fault.
    /// A caller that gives up first has cancelled it: nothing happens.
    Hang,
}

/// A store around another one, which fails as its [`Faults`] say.
///
/// A failing `append` answers `NotStored(Unavailable)` or `Unknown` for each draft; every other call answers
/// [`StoreError::Unavailable`] or [`StoreError::Unknown`], reads too.
pub struct FaultyStore {
    inner: SharedStore,
    faults: Faults,
}

impl FaultyStore {
    /// A wrapper of `inner` without faults.
    #[must_use]
    pub fn new(inner: SharedStore) -> Self {
        Self {
            inner,
            faults: Faults::default(),
        }
    }

    /// The handle that says how calls fail.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// Makes one call of the inner store, or fails as the faults say. The call owns what it needs, because it
    /// may outlive its caller.
    async fn call<T, F>(
        &self,
        operation: Operation,
        call: impl FnOnce(SharedStore) -> F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let call = call(SharedStore::clone(&self.inner));
        self.faults.run(operation, call).await?
    }
}
