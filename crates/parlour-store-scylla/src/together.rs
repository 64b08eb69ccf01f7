//! Several calls at once, as one: enough to hide the way to the store, too few to flood it.

use futures_util::{StreamExt, TryStreamExt, stream};

/// Calls of one request that are under way at once.
const AT_ONCE: usize = 16;

/// Runs the calls, at most [`AT_ONCE`] at a time, and answers in their order; ends at the first error.
pub(crate) async fn together<T, E, F>(calls: Vec<F>) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>>,
{
    stream::iter(calls).buffered(AT_ONCE).try_collect().await
}
