//! What this node has heard on its channel, and whether it can hear at all.
//!
//! Numbers of a channel rise by one. Whatever else they do means that something is missing. That the subscription works is
//! believed only while the node hears what it sends to itself.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::pack::{self, Load};

/// How long a canary may fly.
const CANARY_WITHIN: Duration = Duration::from_secs(2);
/// How long after one canary the next is sent.
const CANARY_PAUSE: Duration = Duration::from_secs(5);

/// This node's ear.
#[derive(Debug, Default)]
pub(crate) struct Hearing(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    channel: String,
    /// The number heard last.
    heard: u64,
    /// The counter and the number heard last, when they were last compared.
    compared: Option<(u64, u64)>,
    is_subscribed: bool,
    is_confirmed: bool,
    canary: Option<Canary>,
}

#[derive(Debug, Clone, Copy)]
struct Canary {
    name: u64,
    sent_at: Instant,
    heard_at: Option<Instant>,
}

/// What a message was.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// What it carried, if anything.
    pub(crate) packets: Vec<bytes::Bytes>,
    /// Whether something before it is missing, or it is unreadable.
    pub(crate) is_gap: bool,
    /// How long a canary flew, if it was the one awaited.
    pub(crate) lag: Option<Duration>,
}

/// What the canaries say has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Canaries {
    /// Nothing.
    Wait,
    /// Send the next one.
    Send,
    /// One was not heard: the subscription does not work.
    Lost,
}

impl Hearing {
    /// Starts over with another channel; answers the one before, if there was one.
    pub(crate) fn begin(&self, channel: String) -> Option<String> {
        let fresh = State {
            channel,
            ..State::default()
        };
        let before = std::mem::replace(&mut *self.lock(), fresh);
        (!before.channel.is_empty()).then_some(before.channel)
    }

    /// The channel, and whether it has to be subscribed to.
    pub(crate) fn channel(&self) -> (String, bool) {
        let state = self.lock();
        (state.channel.clone(), !state.is_subscribed)
    }

    pub(crate) fn subscribed(&self) {
        let mut state = self.lock();
        state.is_subscribed = true;
        state.is_confirmed = false;
        state.canary = None;
    }

    /// The subscription cannot be relied on.
    pub(crate) fn lost(&self) {
        let mut state = self.lock();
        state.is_subscribed = false;
        state.is_confirmed = false;
        state.canary = None;
    }

    /// Whether this node has proved that it hears.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.lock().is_confirmed
    }

    /// The number heard last.
    pub(crate) fn heard(&self) -> u64 {
        self.lock().heard
    }

    pub(crate) fn canaries(&self) -> Canaries {
        let Some(canary) = self.lock().canary else {
            return Canaries::Send;
        };
        let age = canary.sent_at.elapsed();
        match canary.heard_at {
            None if age >= CANARY_WITHIN => Canaries::Lost,
            Some(_) if age >= CANARY_PAUSE => Canaries::Send,
            _ => Canaries::Wait,
        }
    }

    /// A canary is about to be sent; answers its name.
    pub(crate) fn send_canary(&self) -> u64 {
        let name = rand::random();
        self.lock().canary = Some(Canary {
            name,
            sent_at: Instant::now(),
            heard_at: None,
        });
        name
    }

    /// A message came.
    pub(crate) fn hear(&self, channel: &str, message: &[u8]) -> Heard {
        let mut state = self.lock();
        if channel != state.channel {
            return Heard::default(); // Of an earlier life.
        }
        let Some((number, load)) = pack::decode(message) else {
            return Heard {
                is_gap: true,
                ..Heard::default()
            };
        };
        let is_gap = number != state.heard.saturating_add(1);
        state.heard = number;
        let (packets, lag) = match load {
            Load::Packets(packets) => (packets, None),
            Load::Canary(name) => (Vec::new(), state.hear_canary(name)),
        };
        Heard {
            packets,
            is_gap,
            lag,
        }
    }

    /// Compares what was heard with the counter; whether something is missing. `heard_before` is what was heard before the
    /// counter was asked for. While messages come, their numbers say what is missing; when none has come since the last
    /// comparison, all that was counted then should have been heard.
    pub(crate) fn compare(&self, channel: &str, heard_before: u64, counter: u64) -> bool {
        let mut state = self.lock();
        if channel != state.channel {
            return false;
        }
        let went_back = counter < heard_before;
        let quiet = |(due, heard): (u64, u64)| (heard == state.heard && due > heard).then_some(due);
        let missed = state.compared.and_then(quiet);
        if went_back {
            state.heard = counter;
        } else if let Some(due) = missed {
            state.heard = due;
        }
        state.compared = Some((counter, state.heard));
        went_back || missed.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hear_canary(&mut self, name: u64) -> Option<Duration> {
        let canary = self.canary.as_mut()?;
        if canary.name != name || canary.heard_at.is_some() {
            return None;
        }
        canary.heard_at = Some(Instant::now());
        self.is_confirmed = true;
        Some(canary.sent_at.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u64) -> Vec<u8> {
        let pack = pack::encode(&Load::Packets(Vec::new()));
        [number.to_string().as_bytes(), b":", &pack].concat()
    }

    fn ear() -> Hearing {
        let ear = Hearing::default();
        assert_eq!(ear.begin("mine".to_owned()), None);
        ear
    }

    #[test]
    fn a_number_that_jumps_or_goes_back_is_a_gap() {
        let ear = ear();
        let gaps = [
            (1, false),
            (2, false),
            (4, true),
            (5, false),
            (3, true),
            (4, false),
        ];
        for (number, is_gap) in gaps {
            assert_eq!(
                ear.hear("mine", &message(number)).is_gap,
                is_gap,
                "{number}"
            );
        }
        assert!(ear.hear("mine", b"what?").is_gap);
        assert!(!ear.hear("earlier", &message(77)).is_gap);
        assert_eq!(ear.heard(), 4);
    }

    #[test]
    fn large_numbers_are_exact() {
        let ear = ear();
        let large = 7_312_345_678_901_234_567;
        assert!(ear.hear("mine", &message(large)).is_gap);
        assert!(!ear.hear("mine", &message(large + 1)).is_gap);
    }

    #[test]
    fn a_counter_that_ran_ahead_is_given_one_round_to_be_heard() {
        let ear = ear();
        assert!(!ear.compare("mine", 0, 2), "on its way");
        ear.hear("mine", &message(1));
        assert!(!ear.compare("mine", 1, 2), "the first has come");
        assert!(ear.compare("mine", 1, 2), "the second was lost");
        assert!(!ear.compare("mine", 2, 2), "once is enough");
        assert!(ear.compare("mine", 2, 0), "it went back");
        assert!(!ear.compare("mine", 0, 0));
        assert!(
            !ear.hear("mine", &message(1)).is_gap,
            "it goes on from there"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_canary_that_was_sent_confirms() {
        let ear = ear();
        ear.subscribed();
        assert_eq!(ear.canaries(), Canaries::Send);
        let name = ear.send_canary();
        assert_eq!(ear.canaries(), Canaries::Wait);
        let canary = |name| [b"1:", &pack::encode(&Load::Canary(name))[..]].concat();
        ear.hear("mine", &canary(name.wrapping_add(1)));
        assert!(!ear.is_confirmed());
        tokio::time::advance(CANARY_WITHIN).await;
        assert_eq!(ear.canaries(), Canaries::Lost);
        let lag = ear.hear("mine", &canary(name)).lag;
        assert_eq!(lag, Some(CANARY_WITHIN), "late is heard all the same");
        assert!(ear.is_confirmed());
        assert_eq!(ear.canaries(), Canaries::Wait);
        tokio::time::advance(CANARY_PAUSE).await;
        assert_eq!(ear.canaries(), Canaries::Send);
        assert!(ear.is_confirmed(), "until the next one is lost");
    }
}
