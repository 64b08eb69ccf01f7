//! Chats that a sync left for later, because the store did not tell of them.
//!
//! One task of the connection asks for them again until the store answers, and brings the connection up to date in each
//! as the sync would have. Meanwhile nobody tells the client of such a chat as a new one: it may have a cursor there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parlour_model::{ChatId, Seq};
use tokio::time::Instant;

use super::{READ_WITHIN, SyncKind};
use crate::core::Core;
use crate::follow::{Entered, Followed};
use crate::link::Link;

/// Between two attempts to read what was left for later.
const LATE_PAUSE: Duration = Duration::from_secs(2);

impl Core {
    /// Takes chats up again by themselves.
    pub(super) fn leave_for_later(
        self: &Arc<Self>,
        link: &Arc<Link>,
        chats: &[ChatId],
        cursors: &BTreeMap<ChatId, Seq>,
    ) {
        let late = chats.iter().map(|chat| (*chat, cursors.get(chat).copied()));
        if link.add_late(late.collect()) {
            let (core, link) = (Arc::clone(self), Arc::clone(link));
            self.spawn(async move { core.sync_late(&link).await });
        }
    }

    async fn sync_late(self: &Arc<Self>, link: &Arc<Link>) {
        loop {
            tokio::time::sleep(LATE_PAUSE).await;
            let late: Vec<ChatId> = link.late_now().into_keys().collect();
            if late.is_empty() || link.outbox.is_closed() {
                return;
            }
            let wanted: Vec<(ChatId, Seq)> = late.iter().map(|chat| (*chat, Seq::ZERO)).collect();
            // Without the turn: whatever else the client asks for goes on.
            let until = Instant::now() + READ_WITHIN;
            let Entered { followed, unread } = self.follow_all(&wanted, link, until).await;
            for chat in late.iter().filter(|chat| !unread.contains(chat)) {
                if !followed.iter().any(|known| known.entry.id == *chat) {
                    link.take_late(*chat); // Damaged, or gone.
                }
            }
            self.sync_read(link, followed).await;
        }
    }

    /// Brings the connection up to date in chats that can be read now.
    async fn sync_read(self: &Arc<Self>, link: &Arc<Link>, chats: Vec<Followed>) {
        let _turn = link.turn.lock().await;
        let (mut cursors, mut new) = (BTreeMap::new(), Vec::new());
        for chat in chats {
            let id = chat.entry.id;
            match link.take_late(id) {
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
            // What cannot be read after all is left for later again.
            self.sync_in_turn(link, cursors, SyncKind::Sync, true).await;
        }
        self.tell_joined(link, new).await;
    }
}
