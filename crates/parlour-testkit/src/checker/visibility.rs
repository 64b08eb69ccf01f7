//! V1 and V2: nothing is seen too early, and nothing seen disappears.

use std::collections::HashMap;

use parlour_model::{ChatId, Seq};

use super::view::View;
use super::{Findings, Invariant};
use crate::history::{Answer, DeviceId, What};

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    for (_, record, seen) in view.applications() {
        let is_durable = view
            .logged(seen.chat, seen.seq)
            .is_some_and(|logged| logged.id == seen.id);
        // A hole in the log is another promise's matter.
        let is_hole = view
            .chat(seen.chat)
            .is_some_and(|state| seen.seq <= state.head)
            && view.logged(seen.chat, seen.seq).is_none();
        if !is_durable && !is_hole {
            let (chat, seq) = (seen.chat, seen.seq);
            findings.add(
                Invariant::V1,
                format!(
                    "{:?} saw {chat}/{seq}, which was never durable",
                    record.device
                ),
            );
        }
    }
    reads_never_go_back(view, findings);
}

/// Each device's reads include what it was told before: its own acknowledged sends, and earlier reads.
fn reads_never_go_back(view: &View<'_>, findings: &mut Findings) {
    let mut known: HashMap<(DeviceId, ChatId), Seq> = HashMap::new();
    for record in view.records {
        let (chat, seq) = match &record.what {
            What::Answered {
                chat,
                answer: Answer::Sent { seq, .. },
                ..
            } => (*chat, *seq),
            What::HistoryRead { chat, at } => (*chat, *at),
            _ => continue,
        };
        let known = known.entry((record.device, chat)).or_default();
        if matches!(record.what, What::HistoryRead { .. }) && seq < *known {
            let device = record.device;
            findings.add(
                Invariant::V2,
                format!("{device:?} knew {chat} up to {known} and read it as of {seq}"),
            );
        }
        *known = (*known).max(seq);
    }
}
