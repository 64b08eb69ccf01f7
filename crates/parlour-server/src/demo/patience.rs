//! Asking a server again that limits the pace or is away for a moment.

use std::time::Duration;

use anyhow::bail;
use parlour_client::ClientError;
use parlour_protocol::{ErrorBody, Retry};

/// How often a call is made that gets no answer.
const UNANSWERED_MAX: u32 = 60;
/// The shortest wait before a call is made again.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The wait after a call that got no answer.
const UNANSWERED_PAUSE: Duration = Duration::from_secs(1);

/// Calls until there is an answer that is not "later". A server that limits the pace is obeyed for as long as it says.
pub(super) async fn patiently<T, F>(mut call: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let mut unanswered = 0;
    loop {
        match call().await {
            Ok(answer) => return Ok(answer),
            Err(ClientError::Refused(error)) if is_worth_repeating(&error) => {
                let wait = error
                    .retry_after_ms
                    .map_or(PAUSE_MIN, Duration::from_millis);
                tokio::time::sleep(wait.max(PAUSE_MIN)).await;
            }
            Err(ClientError::Unreachable(_) | ClientError::NotConnected)
                if unanswered < UNANSWERED_MAX =>
            {
                unanswered += 1;
                tokio::time::sleep(UNANSWERED_PAUSE).await;
            }
            Err(error) => bail!(error),
        }
    }
}

/// Whether the same call may succeed later.
pub(super) fn is_worth_repeating(error: &ErrorBody) -> bool {
    matches!(error.retry, Retry::Now | Retry::Later)
}
