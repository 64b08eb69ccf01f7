//! W1, W2 and U1: ticks and unread numbers are what people really did.

use std::collections::HashMap;

use parlour_model::{ChatId, Seq, UserId};

use super::view::View;
use super::{Findings, Invariant};
use crate::history::{Watermark, What};
use crate::truth::{ChatTruth, LoggedRole, MemberTruth};

/// The highest delivered and read marks of a user in a chat.
type Highest = HashMap<(ChatId, UserId), (Seq, Seq)>;

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let acknowledged = ticks_follow_acknowledgements(view, findings);
    for (chat, state) in &view.truth.chats {
        for (user, member) in &state.members {
            let durable = acknowledged
                .get(&(*chat, *user))
                .copied()
                .unwrap_or_default();
            marks_stand(*chat, *user, (member, state.head), durable, findings);
            unread_is_derived(*chat, *user, member, state, findings);
        }
    }
}

/// W2, and what each user was told is durable.
fn ticks_follow_acknowledgements(view: &View<'_>, findings: &mut Findings) -> Highest {
    let (mut called, mut durable) = (Highest::new(), Highest::new());
    for record in view.records {
        match &record.what {
            What::MarkCalled { chat, watermark } => {
                raise(&mut called, *chat, record.user, *watermark);
            }
            What::MarkOk { chat, watermark } => raise(&mut durable, *chat, record.user, *watermark),
            What::ReceiptSeen {
                chat,
                of,
                delivered,
                read,
            } => {
                let (most_delivered, most_read) =
                    called.get(&(*chat, *of)).copied().unwrap_or_default();
                if *delivered > most_delivered || *read > most_read {
                    let what = format!(
                        "{of} shows {delivered}/{read} in {chat}, acknowledged {most_delivered}/{most_read}"
                    );
                    findings.add(Invariant::W2, what);
                }
            }
            _ => {}
        }
    }
    durable
}

fn raise(marks: &mut Highest, chat: ChatId, user: UserId, watermark: Watermark) {
    let (delivered, read) = marks.entry((chat, user)).or_default();
    match watermark {
        Watermark::Delivered(seq) => *delivered = seq.max(*delivered),
        Watermark::Read(seq) => {
            *read = seq.max(*read);
            *delivered = seq.max(*delivered);
        }
    }
}

/// W1: nothing that was acknowledged has fallen, and the marks are in order.
fn marks_stand(
    chat: ChatId,
    user: UserId,
    (member, head): (&MemberTruth, Seq),
    durable: (Seq, Seq),
    findings: &mut Findings,
) {
    let (delivered, read) = (member.delivered, member.read);
    if delivered < durable.0 || read < durable.1 {
        let what = format!(
            "{user} in {chat} stands at {delivered}/{read}, was told {}/{}",
            durable.0, durable.1
        );
        findings.add(Invariant::W1, what);
    }
    if read > delivered || delivered > head {
        findings.add(
            Invariant::W1,
            format!("{user} in {chat}: not read {read} ≤ delivered {delivered} ≤ head {head}"),
        );
    }
}

/// U1: the number shown is the number of messages after the later of reading and joining.
fn unread_is_derived(
    chat: ChatId,
    user: UserId,
    member: &MemberTruth,
    state: &ChatTruth,
    findings: &mut Findings,
) {
    let from = member.read.max(member.joined);
    let messages = state
        .events
        .iter()
        .filter(|event| event.role == LoggedRole::Message && event.seq > from);
    let expected = messages.count() as u64;
    if member.unread != expected {
        findings.add(
            Invariant::U1,
            format!(
                "{user} is shown {} unread in {chat}, the log says {expected}",
                member.unread
            ),
        );
    }
}
