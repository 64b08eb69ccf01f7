//! What accounts do on their own: look after keys, hear of revocations, write activity.
//!
//! Each is a task of its own, so that a slow write of one does not make another late. All end on the token;
//! activity is written once more at the end.

use std::time::Duration;

use parlour_model::limits;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Accounts, activity, signing_keys};
use crate::ServiceError;

/// The last write of activity may take this long.
const LAST_FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// Starts the tasks of `accounts`. Without them nobody learns of revocations, so the node ends with the first that fails.
pub(super) fn spawn(accounts: &Accounts, tracker: &TaskTracker, token: &CancellationToken) {
    let (lasting, life) = (accounts.inner.delivery.lasting(), (tracker, token));
    let keys = accounts.clone();
    let maintaining = every(signing_keys::KEYS_EVERY, token.clone(), move || {
        let keys = keys.clone();
        async move { log("signing keys", keys.maintain_keys().await) }
    });
    lasting.spawn("signing keys", life, maintaining);
    let revocations = accounts.clone();
    let polling = every(limits::REVOCATION_POLL, token.clone(), move || {
        let revocations = revocations.clone();
        async move { log("revocations", revocations.poll_revocations().await) }
    });
    lasting.spawn("revocations", life, polling);
    let activity = accounts.clone();
    let token = token.clone();
    lasting.spawn("activity of sessions", life, async move {
        let flushing = activity.clone();
        let flush = move || {
            let accounts = flushing.clone();
            async move { accounts.flush_activity().await }
        };
        every(activity::FLUSH_EVERY, token, flush).await;
        let last = tokio::time::timeout(LAST_FLUSH_WITHIN, activity.flush_activity()).await;
        if last.is_err() {
            tracing::warn!("the last activity of sessions was not written in time");
        }
    });
}

/// Runs `work` once every `period` until the token ends it, between two runs and not within one.
async fn every<F: Future<Output = ()>>(
    period: Duration,
    token: CancellationToken,
    work: impl Fn() -> F,
) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    loop {
        tokio::select! {
            biased;
            // The end first: nothing new is begun once it was called.
            () = token.cancelled() => return,
            _ = ticks.tick() => work().await,
        }
    }
}

fn log(what: &'static str, outcome: Result<(), ServiceError>) {
    if let Err(error) = outcome {
        tracing::warn!(what, %error, "a round of upkeep failed; the next one tries again");
    }
}

impl Accounts {
    /// Makes and drops signing keys as the calendar says. A task does this every minute.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`] and [`ServiceError::OutcomeUnknown`]: the next round tries again.
    pub async fn maintain_keys(&self) -> Result<(), ServiceError> {
        self.inner.access_tokens.keys().maintain().await
    }

    /// Asks the store which sessions were revoked anywhere, and closes their connections here. A task does
    /// this every [`limits::REVOCATION_POLL`].
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`]: until it works again, [`Accounts::authenticate`] asks the store about each session.
    pub async fn poll_revocations(&self) -> Result<(), ServiceError> {
        let inner = &self.inner;
        let asked_at = inner.clock.now();
        let since = inner.revocations.ask_since(asked_at);
        let revoked = inner.store.read(|s| s.revoked_since(since)).await?;
        let new = inner.revocations.learn_all(revoked, asked_at);
        if !new.is_empty() {
            inner.delivery.close_sessions(&new);
        }
        inner.delivery.revocations_known(asked_at);
        Ok(())
    }

    /// Writes when sessions were last active. A task does this every few seconds.
    pub async fn flush_activity(&self) {
        let inner = &self.inner;
        inner.activity.flush(&inner.store, inner.clock.now()).await;
    }
}
