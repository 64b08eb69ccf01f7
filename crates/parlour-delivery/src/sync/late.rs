//! Chats that were left for later, because the store did not tell of them in time.
//!
//! One task of the connection asks for them again until the store answers, and brings the connection up to date in each
//! as a sync would have. Meanwhile nobody tells the client of such a chat as a new one: it may have a cursor there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlour_model::{ChatId, Seq};
use tokio::time::Instant;

use super::{READ_WITHIN, SyncKind};
use crate::core::Core;
use crate::follow::{Entered, Followed};
use crate::link::Link;
use crate::turn::Turn;

/// Between two attempts to read what was left for later.
const LATE_PAUSE: Duration = Duration::from_secs(2);
/// How long an attempt may keep other work of the connection waiting for a store that does not answer.
const LATE_WITHIN: Duration = Duration::from_secs(1);

/// The chats of one connection that were left for later.
#[derive(Debug, Default)]
pub(crate) struct Late {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// With the client's cursor, if it has one.
    chats: BTreeMap<ChatId, Option<Seq>>,
    /// Whether a task sees to them.
    is_tended: bool,
}

impl Late {
    /// Whether a chat was left for later: the client may have a cursor in it.
    pub(crate) fn contains(&self, chat: ChatId) -> bool {
        self.state().chats.contains_key(&chat)
    }

    /// Adds chats; a cursor that is known stays known. Answers whether somebody has to begin to see to them.
    fn add(&self, chats: impl Iterator<Item = (ChatId, Option<Seq>)>) -> bool {
        let mut state = self.state();
        for (chat, cursor) in chats {
            let known = state.chats.entry(chat).or_default();
            *known = cursor.or(*known);
        }
        let has_to_begin = !state.is_tended && !state.chats.is_empty();
        state.is_tended |= has_to_begin;
        has_to_begin
    }

    /// The chats to be read now. With none, whoever sees to them is done.
    fn due(&self) -> Vec<ChatId> {
        let mut state = self.state();
        state.is_tended = !state.chats.is_empty();
        state.chats.keys().copied().collect()
    }

    /// Takes a chat out; answers the client's cursor if it has one.
    fn take(&self, chat: ChatId) -> Option<Option<Seq>> {
        self.state().chats.remove(&chat)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Takes chats up again by themselves, each from the client's cursor if it has one.
    pub(crate) fn leave_for_later(
        self: &Arc<Self>,
        link: &Arc<Link>,
        chats: impl ExactSizeIterator<Item = (ChatId, Option<Seq>)>,
    ) {
        metrics::counter!("parlour_chats_left_for_later_total").increment(chats.len() as u64);
        if link.late.add(chats) {
            let (core, link) = (Arc::clone(self), Arc::clone(link));
            self.spawn(async move { core.sync_late(&link).await });
        }
    }

    /// Leaves a chat for later in which the connection catches up; `cursor` is how far it was sent.
    pub(super) fn stop_catching_up(
        self: &Arc<Self>,
        turn: &Turn<'_>,
        chat: &Followed,
        cursor: Option<Seq>,
    ) {
        chat.entry.lock().unseat(turn.link.id);
        self.leave_for_later(turn.link, [(chat.entry.id, cursor)].into_iter());
    }

    async fn sync_late(self: &Arc<Self>, link: &Arc<Link>) {
        loop {
            tokio::time::sleep(LATE_PAUSE).await;
            let due = link.late.due();
            if due.is_empty() || link.outbox.is_closed() {
                return;
            }
            let wanted: Vec<(ChatId, Seq)> = due.iter().map(|chat| (*chat, Seq::ZERO)).collect();
            // Without the turn: whatever else the client asks for goes on.
            let until = Instant::now() + READ_WITHIN;
            let Entered { followed, unread } = self.follow_all(&wanted, link, until).await;
            for chat in due.iter().filter(|chat| !unread.contains(chat)) {
                if !followed.iter().any(|known| known.entry.id == *chat) {
                    link.late.take(*chat); // Damaged, or gone.
                }
            }
            self.sync_read(link, followed).await;
        }
    }

    /// Brings the connection up to date in chats that can be read now.
    async fn sync_read(self: &Arc<Self>, link: &Arc<Link>, chats: Vec<Followed>) {
        let turn = Turn::of(link, LATE_WITHIN).await;
        let (mut cursors, mut new) = (BTreeMap::new(), Vec::new());
        for chat in chats {
            let id = chat.entry.id;
            match link.late.take(id) {
                // Another sync of this connection was faster.
                _ if link.has_seat(id) => {}
                Some(Some(cursor)) => {
                    cursors.insert(id, cursor);
                }
                Some(None) => new.push(chat),
                None => {}
            }
        }
        if !cursors.is_empty() {
            self.sync_in_turn(&turn, cursors, SyncKind::Sync, true)
                .await;
        }
        self.tell_joined(&turn, new).await;
    }
}
