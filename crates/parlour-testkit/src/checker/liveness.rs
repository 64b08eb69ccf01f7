//! L1, L3 and L4: at the quiet end of a test whoever is connected has everything, nothing that was sent is still open, and
//! nobody still waits to be brought up to date. What began shortly before the end may go on.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use parlour_model::{ChatId, Seq};

use super::view::{KeyScope, KeyStory, Step, View};
use super::{Findings, Invariant};
use crate::history::{Answer, DeviceId, What};

/// What is open for so long at the end is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// A device that asked so lately has not given up.
const STILL_TRYING: Duration = Duration::from_secs(30);

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let connected = connected_at_the_end(view);
    everything_arrives(view, &connected, findings);
    nothing_sent_is_stuck(view, &connected, findings);
    syncs_end(view, findings);
}

fn connected_at_the_end(view: &View<'_>) -> HashSet<DeviceId> {
    let mut connected = HashSet::new();
    for record in view.records {
        match record.what {
            What::Connected => {
                connected.insert(record.device);
            }
            What::Disconnected | What::Revoked => {
                connected.remove(&record.device);
            }
            _ => {}
        }
    }
    connected
}

fn everything_arrives(view: &View<'_>, connected: &HashSet<DeviceId>, findings: &mut Findings) {
    for (chat, state) in &view.truth.chats {
        let members = state.members_by_log();
        let here = connected.iter().filter(|device| {
            let owner = view.owner.get(device);
            owner.is_some_and(|user| members.contains_key(user))
        });
        for device in here {
            let cursor = cursor(view, *device, *chat);
            if cursor < state.head {
                findings.add(
                    Invariant::L1,
                    format!(
                        "{device:?} stands at {chat}/{cursor}, the head is {}",
                        state.head
                    ),
                );
            }
        }
    }
}

/// How far a device got; zero if it was never even told of the chat.
fn cursor(view: &View<'_>, device: DeviceId, chat: ChatId) -> Seq {
    let steps = view.steps.get(&(device, chat));
    steps.map_or(Seq::ZERO, |steps| {
        steps.iter().fold(Seq::ZERO, |at, step| match step {
            Step::Set(seq) => *seq,
            Step::Applied(seen) => seen.seq.max(at),
        })
    })
}

/// L3. A client tries again until a send is settled, by an answer or by seeing it in the log, so what is not settled is
/// held up by something.
fn nothing_sent_is_stuck(view: &View<'_>, connected: &HashSet<DeviceId>, findings: &mut Findings) {
    for (scope @ (chat, _, key), story) in &view.keys {
        let is_here = story
            .device
            .is_some_and(|device| connected.contains(&device));
        let moved_last = story.last_move().map(|place| view.records[place].at);
        let is_old = moved_last.is_some_and(|at| at + STUCK_AFTER < view.quiet_at);
        if is_here && is_old && !story.is_settled() && !is_logged(view, *scope) {
            findings.add(
                Invariant::L3,
                format!("{key} in {chat} was sent and is still not settled"),
            );
        }
    }
}

fn is_logged(view: &View<'_>, (chat, author, key): KeyScope) -> bool {
    let state = view.chat(chat);
    state.is_some_and(|state| {
        let mut events = state.events.iter();
        events.any(|event| event.author == author && event.key == Some(key))
    })
}

impl KeyStory {
    /// Where the last attempt or answer stands.
    fn last_move(&self) -> Option<usize> {
        let answered = self.answers.last().map(|(place, _)| *place);
        self.calls.last().copied().max(answered)
    }

    /// Whether every attempt was answered, and the last answer leaves nothing open.
    fn is_settled(&self) -> bool {
        let last = self.answers.last().map(|(_, answer)| *answer);
        self.answers.len() >= self.calls.len() && last.is_some_and(|last| last != Answer::Unknown)
    }
}

/// What a device misses and has asked for.
#[derive(Debug, Default)]
struct Missing {
    /// Since when it has asked without having been answered to the end.
    since: Option<Duration>,
    asked_last: Duration,
    open: usize,
}

/// L4. A sync that breaks off is asked for again, so what counts is how long a device has gone without an answer.
fn syncs_end(view: &View<'_>, findings: &mut Findings) {
    let mut missing: HashMap<DeviceId, Missing> = HashMap::new();
    for record in view.records {
        let of_device = missing.entry(record.device).or_default();
        match record.what {
            What::SyncBegan => {
                of_device.since.get_or_insert(record.at);
                of_device.asked_last = record.at;
                of_device.open += 1;
            }
            What::SyncEnded { complete } => {
                of_device.open = of_device.open.saturating_sub(1);
                if complete && of_device.open == 0 {
                    of_device.since = None;
                }
            }
            _ => {}
        }
    }
    for (device, missing) in missing {
        let is_trying = missing.open > 0 || missing.asked_last + STILL_TRYING > view.quiet_at;
        let is_stuck = |since: &Duration| *since + STUCK_AFTER < view.quiet_at;
        if let Some(since) = missing.since.filter(is_stuck).filter(|_| is_trying) {
            let waited = view.quiet_at.saturating_sub(since);
            findings.add(
                Invariant::L4,
                format!("{device:?} has waited {waited:?} to be brought up to date"),
            );
        }
    }
}
