//! Packets that this node does not understand, as those of another version while nodes are replaced one after the other.
//!
//! Nobody can say what was in them, so they mean a resync: one for all that come within a minute, and after the last of
//! them one more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::core::Core;

/// Between two resyncs for such packets.
const RESYNC_EVERY: Duration = Duration::from_secs(60);

/// What is known of the resyncs for such packets.
#[derive(Debug, Default)]
pub(crate) struct Misunderstood(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    resynced_at: Option<Instant>,
    is_due: bool,
}

impl Misunderstood {
    /// Notes a packet. Answers after which pause somebody has to resync; `None` if somebody will anyway.
    fn note(&self) -> Option<Duration> {
        self.with(|state| {
            let is_first = !std::mem::replace(&mut state.is_due, true);
            let next = state.resynced_at.map(|at| at + RESYNC_EVERY);
            is_first.then(|| next.map_or(Duration::ZERO, |at| at.duration_since(Instant::now())))
        })
    }

    /// The resync begins: it covers what was noted before.
    fn resyncs(&self) {
        self.with(|state| {
            *state = State {
                resynced_at: Some(Instant::now()),
                is_due: false,
            };
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Core {
    /// A packet came that means nothing to this node.
    pub(super) fn misunderstood(self: &Arc<Self>, error: impl std::error::Error) {
        metrics::counter!("parlour_packets_misunderstood_total").increment(1);
        let Some(pause) = self.misunderstood.note() else {
            return;
        };
        tracing::warn!(
            %error,
            resync_in_s = pause.as_secs(),
            "a packet of another node was not understood; further ones are not mentioned before the resync"
        );
        let core = Arc::clone(self);
        self.spawn(async move {
            tokio::time::sleep(pause).await;
            core.misunderstood.resyncs();
            core.resync("packet");
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_means_a_resync_at_once_and_more_of_them_one_a_minute() {
        let misunderstood = Misunderstood::default();
        assert_eq!(misunderstood.note(), Some(Duration::ZERO));
        assert_eq!(misunderstood.note(), None);
        misunderstood.resyncs();
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(misunderstood.note(), Some(Duration::from_secs(40)));
        assert_eq!(misunderstood.note(), None);
        tokio::time::advance(Duration::from_secs(40)).await;
        misunderstood.resyncs();
        tokio::time::advance(Duration::from_secs(100)).await;
        assert_eq!(misunderstood.note(), Some(Duration::ZERO));
    }
}
