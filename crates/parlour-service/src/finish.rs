//! Work that goes on to its end when its caller goes away.
//!
//! A caller who hangs up must not cut a change in two: what was asked of the store may still be stored, and nobody else would
//! tell of it.

use std::future::Future;

use tokio_util::task::TaskTracker;

use crate::ServiceError;

/// Runs `work` to its end on the tracker, whether or not this future is polled any more.
///
/// # Errors
/// Those of `work`; [`ServiceError::OutcomeUnknown`] if it panicked.
pub(crate) async fn finish<T, F>(tracker: &TaskTracker, work: F) -> Result<T, ServiceError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ServiceError>> + Send + 'static,
{
    let panicked = ServiceError::OutcomeUnknown { applied: None };
    tracker.spawn(work).await.unwrap_or(Err(panicked))
}
