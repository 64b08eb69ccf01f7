//! Asking again what a server could not answer now.

use std::sync::Once;
use std::time::{Duration, Instant};

use anyhow::bail;
use parlour_client::ClientError;
use parlour_protocol::Retry;

use crate::report::complain;

/// How long a call is asked again: the default limits let in 30 registrations a minute.
const PATIENCE: Duration = Duration::from_secs(3_600);
const PAUSE: Duration = Duration::from_millis(250);

/// Calls until there is an answer that is not "later".
pub(crate) async fn patiently<T, F>(mut call: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let given_up = Instant::now() + PATIENCE;
    loop {
        let error = match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let pause = pause_after(&error);
        match pause {
            Some(pause) if Instant::now() < given_up => tokio::time::sleep(pause).await,
            _ => bail!(error),
        }
    }
}

/// How long to wait before asking again; `None` if that cannot help.
fn pause_after(error: &ClientError) -> Option<Duration> {
    static TELL: Once = Once::new();
    match error {
        ClientError::NotConnected | ClientError::Unreachable(_) => Some(PAUSE),
        ClientError::Refused(refused) => {
            let helps = matches!(refused.retry, Retry::Now | Retry::Later);
            if helps {
                TELL.call_once(|| {
                    complain(
                        "the server limits the pace (raise PARLOUR_LIMITS__REGISTRATIONS_PER_MINUTE, \
                         PARLOUR_LIMITS__REQUESTS_PER_SECOND and …_BURST there); waiting",
                    );
                });
            }
            let wait = refused.retry_after_ms.map_or(PAUSE, Duration::from_millis);
            helps.then_some(wait.max(PAUSE))
        }
        _ => None,
    }
}
