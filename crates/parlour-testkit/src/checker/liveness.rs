//! L1: at the quiet end of a test everybody who is connected has everything.

use std::collections::HashSet;

use parlour_model::{ChatId, Seq};

use super::view::{Step, View};
use super::{Findings, Invariant};
use crate::history::{DeviceId, What};
use crate::truth::ChatTruth;

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
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
    for (chat, state) in &view.truth.chats {
        let here = connected
            .iter()
            .filter(|device| is_member(view, state, **device));
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

fn is_member(view: &View<'_>, state: &ChatTruth, device: DeviceId) -> bool {
    let owner = view.owner.get(&device);
    owner.is_some_and(|user| state.members.contains_key(user))
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
