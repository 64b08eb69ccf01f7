//! When sessions were last active, written at most once a minute each.
//!
//! Noting is cheap and never waits; a task writes what was noted. The memory is bounded by the number of
//! sessions it follows; one that finds no room is noted at its next request. Nothing depends on this being exact.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use parlour_model::{SessionId, Timestamp};

use crate::patience::PatientStore;

/// How often what was noted is written.
pub(super) const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// One session is written at most so often.
const TOUCH_EVERY: Duration = Duration::from_secs(60);
/// Sessions followed at most.
const FOLLOWED_MAX: usize = 65_536;
/// Writes under way at once.
const WRITES_AT_ONCE: usize = 16;

/// What is known of each session's activity.
#[derive(Default)]
pub(super) struct Activity {
    followed: Mutex<HashMap<SessionId, Noted>>,
}

#[derive(Clone, Copy)]
struct Noted {
    at: Timestamp,
    written: bool,
}

impl Activity {
    /// Notes that `session` is active.
    pub(super) fn note(&self, session: SessionId, now: Timestamp) {
        let mut followed = self.followed();
        let lately = followed
            .get(&session)
            .is_some_and(|noted| now.since(noted.at) < TOUCH_EVERY);
        if !lately && (followed.len() < FOLLOWED_MAX || followed.contains_key(&session)) {
            let noted = Noted {
                at: now,
                written: false,
            };
            followed.insert(session, noted);
        }
    }

    /// Writes what was noted since the last time. A write that fails is left: the next minute brings another.
    pub(super) async fn flush(&self, store: &PatientStore, now: Timestamp) {
        let failed = futures_util::stream::iter(self.take_unwritten(now))
            .map(|(id, at)| async move { store.write(|s| s.touch_session(id, at)).await.is_err() })
            .buffer_unordered(WRITES_AT_ONCE)
            .filter(|failed| std::future::ready(*failed))
            .count()
            .await;
        if failed > 0 {
            tracing::warn!(failed, "the last activity of sessions could not be written");
        }
    }

    /// What is to be written now. Forgets sessions that may be noted anew anyway.
    fn take_unwritten(&self, now: Timestamp) -> Vec<(SessionId, Timestamp)> {
        let mut followed = self.followed();
        followed.retain(|_, noted| !noted.written || now.since(noted.at) < TOUCH_EVERY);
        metrics::gauge!("parlour_sessions_active").set(gauged(followed.len()));
        let unwritten = followed.iter_mut().filter(|(_, noted)| !noted.written);
        unwritten
            .map(|(id, noted)| {
                noted.written = true;
                (*id, noted.at)
            })
            .collect()
    }

    fn followed(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Noted>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number of sessions as a gauge shows it.
fn gauged(sessions: usize) -> f64 {
    f64::from(u32::try_from(sessions).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn a_session_is_written_at_most_once_a_minute() {
        let activity = Activity::default();
        let session = SessionId::new(1).unwrap();
        let at = |seconds| START.plus(Duration::from_secs(seconds));
        let mut written = Vec::new();
        for second in 0..=120 {
            activity.note(session, at(second));
            written.extend(activity.take_unwritten(at(second)));
        }
        assert_eq!(
            written,
            [(session, at(0)), (session, at(60)), (session, at(120))]
        );
    }

    #[test]
    fn idle_sessions_are_forgotten_and_a_full_memory_takes_nobody_in() {
        let activity = Activity::default();
        for number in 1..=FOLLOWED_MAX as u64 + 10 {
            activity.note(SessionId::new(number).unwrap(), START);
        }
        assert_eq!(activity.take_unwritten(START).len(), FOLLOWED_MAX);
        let later = START.plus(TOUCH_EVERY);
        assert!(activity.take_unwritten(later).is_empty());
        assert!(activity.followed().is_empty());
    }
}
