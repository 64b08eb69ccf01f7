//! Which chats and users are compared with the store now. Pure.
//!
//! Where the bus tells of everything, comparing only finds what was lost without a trace, so it is slow. Without the bus
//! it is how events of other nodes are found at all, so it is as fast as the store's budget allows. After a fault
//! everything is due at once. The newest chats come first, and a quarter of the room is kept for those that have waited
//! longest, so that none waits for ever.

use std::cmp::Reverse;
use std::time::Duration;

use parlour_model::EventId;
use tokio::time::Instant;

/// A chat is active for this long after an event, and lately active for longer.
const ACTIVE_FOR: Duration = Duration::from_secs(60);
const LATELY_ACTIVE_FOR: Duration = Duration::from_secs(600);
/// How often is compared what is lost without a trace only: as a rule, and what is too much for that at the least.
const OFTEN: Duration = Duration::from_secs(50);
const SELDOM: Duration = Duration::from_secs(600);

/// How often what is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    active: Duration,
    lately_active: Duration,
    quiet: Duration,
    /// How often a user's memberships are.
    pub(crate) user: Duration,
}

impl Pace {
    /// While the bus works: a message lost without a trace is found within a minute. In a quiet chat, too, and so is a
    /// chat that a user was added to, as long as there are so few of them that this asks for no more of each in a second
    /// than given here; of more, each within ten minutes.
    pub(crate) fn with_bus(quiet_chats: AtMost, users: AtMost) -> Self {
        Self {
            active: OFTEN,
            lately_active: OFTEN,
            quiet: quiet_chats.pause(),
            user: users.pause(),
        }
    }

    /// While the bus is away.
    pub(crate) const fn without_bus() -> Self {
        Self {
            active: Duration::from_secs(1),
            lately_active: Duration::from_secs(5),
            quiet: Duration::from_secs(30),
            user: Duration::from_secs(5),
        }
    }

    /// On the only node: everything committed is announced here.
    pub(crate) const fn alone() -> Self {
        Self {
            active: OFTEN,
            lately_active: OFTEN,
            quiet: SELDOM,
            user: SELDOM,
        }
    }

    fn of_chat(&self, active_at: Instant, now: Instant) -> Duration {
        match now.saturating_duration_since(active_at) {
            quiet_for if quiet_for < ACTIVE_FOR => self.active,
            quiet_for if quiet_for < LATELY_ACTIVE_FOR => self.lately_active,
            _ => self.quiet,
        }
    }
}

/// So many things, of which at most so many are compared in a second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AtMost {
    things: usize,
    per_second: u32,
}

impl AtMost {
    pub(crate) fn new(things: usize, per_second: u32) -> Self {
        Self { things, per_second }
    }

    /// How long after one comparison the next of the same thing comes.
    fn pause(self) -> Duration {
        let things = u32::try_from(self.things).unwrap_or(u32::MAX);
        let all = Duration::from_secs(1) * things / self.per_second;
        all.clamp(OFTEN, SELDOM)
    }
}

/// Something that may be due.
#[derive(Debug, Clone)]
pub(crate) struct Candidate<T> {
    pub(crate) item: T,
    /// When it was compared last; `None` if that was before something may have been lost.
    pub(crate) compared_at: Option<Instant>,
    pub(crate) active_at: Instant,
    /// Its last event: newer ones have greater ids.
    pub(crate) newest: Option<EventId>,
}

/// What is due at `now`, at most `most` of it, the newest first.
pub(crate) fn due<T>(
    candidates: Vec<Candidate<T>>,
    pace: &Pace,
    now: Instant,
    most: usize,
) -> Vec<Candidate<T>> {
    let is_due = |candidate: &Candidate<T>| {
        let pause = pace.of_chat(candidate.active_at, now);
        candidate.compared_at.is_none_or(|at| at + pause <= now)
    };
    let mut due: Vec<Candidate<T>> = candidates.into_iter().filter(is_due).collect();
    due.sort_by_key(|candidate| Reverse(candidate.newest));
    if due.len() > most {
        let mut rest = due.split_off(most - most / 4);
        rest.sort_by_key(|candidate| candidate.compared_at);
        rest.truncate(most / 4);
        due.append(&mut rest);
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: u64, compared_at: Option<Instant>, active_at: Instant) -> Candidate<u64> {
        Candidate {
            item: id,
            compared_at,
            active_at,
            newest: EventId::new(id).ok(),
        }
    }

    fn items(due: &[Candidate<u64>]) -> Vec<u64> {
        due.iter().map(|candidate| candidate.item).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn without_the_bus_active_chats_are_asked_often_and_quiet_ones_seldom() {
        let begun = Instant::now();
        let quiet_since = begun;
        tokio::time::advance(Duration::from_secs(3_600)).await;
        let now = Instant::now();
        let ago = |seconds| now - Duration::from_secs(seconds);
        let candidates = vec![
            candidate(1, Some(ago(2)), ago(10)),
            candidate(2, Some(ago(2)), ago(100)),
            candidate(3, Some(ago(6)), ago(100)),
            candidate(4, Some(ago(6)), quiet_since),
            candidate(5, Some(ago(31)), quiet_since),
            candidate(6, None, quiet_since),
        ];
        let due = due(candidates, &Pace::without_bus(), now, 100);
        assert_eq!(items(&due), [6, 5, 3, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn of_too_many_the_newest_come_first_and_none_waits_for_ever() {
        let begun = Instant::now();
        tokio::time::advance(Duration::from_secs(10)).await;
        let mut compared: Vec<Option<Instant>> = vec![Some(begun); 100];
        let mut rounds = 0;
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < 100 {
            let now = Instant::now();
            let all = compared.iter().zip(1..);
            let candidates = all.map(|(at, id)| candidate(id, *at, now)).collect();
            let due = due(candidates, &Pace::without_bus(), now, 20);
            assert_eq!(items(&due)[..15], (86..=100).rev().collect::<Vec<_>>());
            for id in items(&due) {
                compared[id as usize - 1] = Some(now);
                seen.insert(id);
            }
            rounds += 1;
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(rounds, 17, "85 others, five a round");
    }

    #[test]
    fn few_quiet_chats_and_users_are_compared_every_minute_and_many_more_seldom() {
        let pauses = |chats, users| {
            let pace = Pace::with_bus(AtMost::new(chats, 200), AtMost::new(users, 100));
            (pace.quiet.as_secs(), pace.user.as_secs())
        };
        assert_eq!(pauses(0, 0), (50, 50));
        assert_eq!(pauses(10_000, 5_000), (50, 50));
        assert_eq!(pauses(40_000, 30_000), (200, 300));
        assert_eq!(pauses(10_000_000, 10_000_000), (600, 600));
    }
}
