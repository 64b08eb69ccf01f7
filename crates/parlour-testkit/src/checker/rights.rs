//! A1 to A3: who is out is out.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use parlour_model::{ChatId, Seq, UserId};

use super::view::View;
use super::{Findings, Invariant};
use crate::history::What;
use crate::truth::{ChatTruth, LoggedRole};

/// How long a revoked session may still see something.
const REVOKED_WITHIN: Duration = Duration::from_secs(5);

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    for (chat, state) in &view.truth.chats {
        nobody_posts_after_removal(*chat, state, findings);
    }
    nothing_reaches_the_removed(view, findings);
    revoked_sessions_are_dead(view, findings);
}

fn nobody_posts_after_removal(chat: ChatId, state: &ChatTruth, findings: &mut Findings) {
    let mut members: HashSet<UserId> = HashSet::new();
    for event in &state.events {
        let founding = event.seq == Seq::FIRST;
        if !founding && !members.contains(&event.author) {
            findings.add(
                Invariant::A1,
                format!(
                    "{} wrote {chat}/{} without being a member",
                    event.author, event.seq
                ),
            );
        }
        match &event.role {
            LoggedRole::Joins(users) => members.extend(users),
            LoggedRole::Leaves(user) => {
                members.remove(user);
            }
            LoggedRole::Message | LoggedRole::Other => {}
        }
    }
}

/// The event by which a user left for good, if they did.
fn left_for_good(state: &ChatTruth, user: UserId) -> Option<Seq> {
    state
        .events
        .iter()
        .fold(None, |left, event| match &event.role {
            LoggedRole::Leaves(who) if *who == user => Some(event.seq),
            LoggedRole::Joins(users) if users.contains(&user) => None,
            _ => left,
        })
}

fn nothing_reaches_the_removed(view: &View<'_>, findings: &mut Findings) {
    let mut cache: HashMap<(ChatId, UserId), Option<Seq>> = HashMap::new();
    for record in view.records {
        let (chat, seq) = match &record.what {
            What::Applied(seen) => (seen.chat, seen.seq),
            What::HistoryRead { chat, at } => (*chat, *at),
            _ => continue,
        };
        let Some(state) = view.chat(chat) else {
            continue;
        };
        let left = cache
            .entry((chat, record.user))
            .or_insert_with(|| left_for_good(state, record.user));
        if left.is_some_and(|left| seq > left) {
            findings.add(
                Invariant::A2,
                format!("{} got {chat}/{seq} after having been removed", record.user),
            );
        }
    }
}

fn revoked_sessions_are_dead(view: &View<'_>, findings: &mut Findings) {
    let mut revoked_at = HashMap::new();
    for record in view.records {
        match (&record.what, revoked_at.get(&record.device)) {
            (What::Revoked, _) => {
                revoked_at.insert(record.device, record.at);
            }
            (What::Applied(_) | What::HistoryRead { .. } | What::MarkOk { .. }, Some(at))
                if record.at > *at + REVOKED_WITHIN =>
            {
                let late = record.at.saturating_sub(*at);
                findings.add(
                    Invariant::A3,
                    format!(
                        "{:?} still lived {late:?} after its revocation",
                        record.device
                    ),
                );
            }
            _ => {}
        }
    }
}
