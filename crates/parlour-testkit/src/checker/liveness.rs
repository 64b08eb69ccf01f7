//! L1: at the quiet end of a test everybody who is connected has everything.

use std::collections::HashSet;

use super::view::{Step, View};
use super::{Findings, Invariant};
use crate::history::What;

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
    for ((device, chat), steps) in &view.steps {
        let Some(state) = view.chat(*chat) else {
            continue;
        };
        let member = view
            .owner
            .get(device)
            .is_some_and(|user| state.members.contains_key(user));
        let cursor = steps
            .iter()
            .fold(parlour_model::Seq::ZERO, |at, step| match step {
                Step::Set(seq) => *seq,
                Step::Applied(seen) => seen.seq.max(at),
            });
        if member && connected.contains(device) && cursor < state.head {
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
