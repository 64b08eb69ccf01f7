//! O1 to O6: one order, the same for everybody.

use std::collections::{BTreeMap, HashMap};

use parlour_model::{ChatId, Seq};

use super::view::{Step, View};
use super::{Findings, Invariant};
use crate::history::{DeviceId, Seen};

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    log_is_dense_and_ids_rise(view, findings);
    observers_agree(view, findings);
    devices_step_by_one(view, findings);
    acknowledged_before_sent_stands_before(view, findings);
    one_device_keeps_its_order(view, findings);
}

fn log_is_dense_and_ids_rise(view: &View<'_>, findings: &mut Findings) {
    for (chat, state) in &view.truth.chats {
        let dense = (1..=state.head.get()).map(Seq::new);
        if !state.events.iter().map(|event| event.seq).eq(dense) {
            let count = state.events.len();
            findings.add(
                Invariant::O1,
                format!("{chat} has {count} events that are not 1 to {}", state.head),
            );
        }
        for pair in state.events.windows(2) {
            if pair[0].id >= pair[1].id {
                findings.add(
                    Invariant::O2,
                    format!(
                        "the id of {chat}/{} is not above the one before",
                        pair[1].seq
                    ),
                );
            }
        }
    }
}

/// Whoever comes after a deletion is told the event without what it said; until then all see the same.
fn observers_agree(view: &View<'_>, findings: &mut Findings) {
    let mut first: HashMap<(ChatId, Seq), &Seen> = HashMap::new();
    for (_, record, seen) in view.applications() {
        let logged = view.logged(seen.chat, seen.seq);
        let as_logged =
            logged.is_none_or(|logged| logged.id == seen.id && logged.author == seen.author);
        let says_as_logged = logged.is_none_or(|logged| logged.digest == seen.digest);
        let is_altered = logged.is_some_and(|logged| logged.altered);
        let agrees = if is_altered && says_as_logged {
            true
        } else {
            let earlier = first.entry((seen.chat, seen.seq)).or_insert(seen);
            let same = earlier.id == seen.id
                && earlier.author == seen.author
                && earlier.digest == seen.digest;
            same && (is_altered || says_as_logged)
        };
        if !agrees || !as_logged {
            let (chat, seq) = (seen.chat, seen.seq);
            findings.add(
                Invariant::O3,
                format!("{:?} saw another {chat}/{seq} than others", record.device),
            );
        }
    }
}

/// Who has no cursor in a chat begins with its first event, unless the server told where to go on.
fn devices_step_by_one(view: &View<'_>, findings: &mut Findings) {
    for ((device, chat), steps) in &view.steps {
        let mut cursor = Seq::ZERO;
        for step in steps {
            cursor = match step {
                Step::Set(seq) => *seq,
                Step::Applied(seen) => {
                    if seen.seq > cursor.next() {
                        findings.add(
                            Invariant::O4,
                            format!("{device:?} skipped to {chat}/{}", seen.seq),
                        );
                    }
                    seen.seq.max(cursor)
                }
            };
        }
    }
}

fn acknowledged_before_sent_stands_before(view: &View<'_>, findings: &mut Findings) {
    // Per chat: when was each seq acknowledged first, and when was it first sent?
    let mut sends: BTreeMap<ChatId, Vec<(usize, Seq)>> = BTreeMap::new();
    let mut acknowledgements: BTreeMap<ChatId, Vec<(usize, Seq)>> = BTreeMap::new();
    for ((chat, ..), story) in &view.keys {
        let (Some(first_call), Some((place, seq, _))) = (story.calls.first(), story.sent().next())
        else {
            continue;
        };
        sends.entry(*chat).or_default().push((*first_call, seq));
        acknowledgements
            .entry(*chat)
            .or_default()
            .push((place, seq));
    }
    for (chat, mut sends) in sends {
        let mut acknowledged = acknowledgements.remove(&chat).unwrap_or_default();
        sends.sort_unstable();
        acknowledged.sort_unstable();
        let mut acknowledged = acknowledged.into_iter().peekable();
        let mut highest = Seq::ZERO;
        for (called, seq) in sends {
            while let Some((_, earlier)) = acknowledged.next_if(|(place, _)| *place < called) {
                highest = highest.max(earlier);
            }
            if seq < highest {
                findings.add(
                    Invariant::O5,
                    format!("{chat}/{seq} was sent after {chat}/{highest} was acknowledged"),
                );
            }
        }
    }
}

fn one_device_keeps_its_order(view: &View<'_>, findings: &mut Findings) {
    let mut sends: BTreeMap<(DeviceId, ChatId), Vec<(usize, Seq)>> = BTreeMap::new();
    for ((chat, ..), story) in &view.keys {
        let (Some(device), Some(call), Some((_, seq, _))) =
            (story.device, story.calls.first(), story.sent().next())
        else {
            continue;
        };
        sends.entry((device, *chat)).or_default().push((*call, seq));
    }
    for ((device, chat), mut sends) in sends {
        sends.sort_unstable();
        for pair in sends.windows(2) {
            if pair[0].1 >= pair[1].1 {
                let (earlier, later) = (pair[0].1, pair[1].1);
                findings.add(
                    Invariant::O6,
                    format!("{device:?} sent {chat}/{earlier} before {chat}/{later}"),
                );
            }
        }
    }
}
