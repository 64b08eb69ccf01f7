//! E1 and E2: once in the log, once on each device.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use parlour_model::Seq;

use super::view::{KeyScope, View};
use super::{Findings, Invariant};

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seqs: BTreeMap<KeyScope, BTreeSet<Seq>> = BTreeMap::new();
    for (chat, state) in &view.truth.chats {
        for event in &state.events {
            if let Some(key) = event.key {
                seqs.entry((*chat, event.author, key))
                    .or_default()
                    .insert(event.seq);
            }
        }
    }
    for (scope, story) in &view.keys {
        seqs.entry(*scope)
            .or_default()
            .extend(story.sent().map(|(_, seq, _)| seq));
    }
    for ((chat, _, key), seqs) in seqs {
        if seqs.len() > 1 {
            findings.add(
                Invariant::E1,
                format!("{key} in {chat} has several seqs: {seqs:?}"),
            );
        }
    }

    let mut applied = HashSet::new();
    for (_, record, seen) in view.applications() {
        if !applied.insert((record.device, seen.chat, seen.id)) {
            let (chat, seq) = (seen.chat, seen.seq);
            findings.add(
                Invariant::E2,
                format!("{:?} applied {chat}/{seq} twice", record.device),
            );
        }
    }
}
