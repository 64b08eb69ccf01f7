//! Asking for missing events: one `sync` at a time, again with growing pauses while a hole stays.

use std::collections::BTreeSet;
use std::time::Duration;

use parlour_model::{ChatId, Timestamp};
use parlour_protocol::{ClientFrame, SyncFrame};

use super::chat::ChatState;
use super::requests::Request;
use super::{Action, Machine, Output};

/// Cursors in one frame. Fewer than the protocol allows: with the longest ids and seqs as JSON, this many
/// and a token still fit into the largest frame.
pub(super) const CURSORS_PER_FRAME: usize = 1_500;
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Which chats want a `sync`.
#[derive(Debug, Default)]
pub(super) struct Syncing {
    wanted: BTreeSet<ChatId>,
    /// The chats of the `sync` on its way; empty without one.
    open: BTreeSet<ChatId>,
    not_before: Timestamp,
    /// How many in a row brought nothing.
    failures: u32,
}

impl Syncing {
    /// Asks for a chat's missing events.
    pub(super) fn want(&mut self, chat: ChatId) {
        self.wanted.insert(chat);
    }

    /// Asks for a chat's missing events, unless they are on their way: then the answer is looked at first.
    pub(super) fn want_hole(&mut self, chat: ChatId) {
        if !self.open.contains(&chat) {
            self.wanted.insert(chat);
        }
    }

    /// The connection changed: the new `hello` asks for everything.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// When the next `sync` may go, if one is wanted.
    pub(super) fn next(&self) -> Option<Timestamp> {
        (self.open.is_empty() && !self.wanted.is_empty()).then_some(self.not_before)
    }

    fn pause(&mut self, now: Timestamp, at_least: Duration) {
        let pause = PAUSE_MIN
            .saturating_mul(1 << self.failures.min(10))
            .min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.plus(pause.max(at_least));
    }
}

impl Machine {
    /// Asks for every chat's missing events.
    pub(super) fn want_sync_of_all(&mut self) {
        for (chat, state) in &self.chats {
            if state.progress.is_some() {
                self.syncing.want(*chat);
            }
        }
    }

    pub(super) fn pump_sync(&mut self, now: Timestamp, out: &mut Output) {
        let due = self.syncing.next().is_some_and(|next| next <= now);
        let (true, Some(connection)) = (due, self.link.live()) else {
            return;
        };
        let chats: Vec<_> = self
            .syncing
            .wanted
            .iter()
            .copied()
            .take(CURSORS_PER_FRAME)
            .collect();
        let cursors = self.cursors(&chats);
        for chat in &chats {
            self.syncing.wanted.remove(chat);
        }
        if cursors.is_empty() {
            return;
        }
        self.syncing.open = cursors.keys().copied().collect();
        let request = Request::Sync(cursors.keys().copied().collect());
        let frame = ClientFrame::Sync(SyncFrame {
            reference: Some(self.requests.open(now, connection, request)),
            cursors,
            more: false,
        });
        out.actions.push(Action::Send(connection, Box::new(frame)));
    }

    /// A `sync` was answered: chats that still have a hole ask again, after a pause.
    pub(super) fn synced(&mut self, now: Timestamp, chats: &[ChatId]) {
        self.syncing.open.clear();
        if self.want_holes(chats) {
            self.syncing.pause(now, Duration::ZERO);
        } else {
            self.syncing.failures = 0;
        }
    }

    /// A `sync` was refused, and may be tried again after `wait`.
    pub(super) fn sync_refused(&mut self, now: Timestamp, chats: Vec<ChatId>, wait: Duration) {
        self.syncing.open.clear();
        self.syncing.wanted.extend(chats);
        self.syncing.pause(now, wait);
    }

    /// Asks for those of `chats` that have a hole; tells whether there are any.
    pub(super) fn want_holes(&mut self, chats: &[ChatId]) -> bool {
        let has_hole = |chat: &&ChatId| self.chats.get(chat).is_some_and(ChatState::has_hole);
        let holes: Vec<_> = chats.iter().filter(has_hole).copied().collect();
        self.syncing.wanted.extend(&holes);
        !holes.is_empty()
    }
}
