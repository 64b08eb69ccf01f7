//! From an open connection to a live one: `hello`, `welcome`, `ready`; and how the one before retires.

use std::collections::BTreeMap;
use std::time::Duration;

use parlour_model::{ChatId, Seq, Timestamp};
use parlour_protocol::{ClientFrame, HelloFrame, SyncFrame, WelcomeFrame};

use super::link::{Attempt, Live, OPEN_WITHIN, Retiring};
use super::requests::Request;
use super::syncing::CURSORS_PER_FRAME;
use super::{Action, ConnectionId, Machine, Output};
use crate::{ClientEvent, ConnectionState};

/// How long a retiring connection may still bring answers.
const RETIRE_WITHIN: Duration = Duration::from_secs(5);

impl Machine {
    pub(super) fn opened(&mut self, now: Timestamp, connection: ConnectionId, out: &mut Output) {
        let expected =
            matches!(self.link.attempt, Some(Attempt::Opening(id, _)) if id == connection);
        let (true, Some(session)) = (expected, &self.session) else {
            return out.actions.push(Action::Abandon(connection));
        };
        let token = session.access_token.clone();
        self.link.attempt = Some(Attempt::Greeting(connection, now.plus(OPEN_WITHIN)));
        let known = self
            .chats
            .iter()
            .filter(|(_, state)| state.progress.is_some());
        let mut chats: Vec<_> = known.map(|(chat, _)| *chat).collect();
        let first = chats.len().min(CURSORS_PER_FRAME);
        self.link.further = chats.split_off(first);
        let frame = ClientFrame::Hello(HelloFrame {
            reference: Some(self.requests.open(now, connection, Request::Hello)),
            token,
            device: self.device.clone(),
            features: Vec::new(),
            cursors: self.cursors(&chats),
            more: !self.link.further.is_empty(),
        });
        out.actions.push(Action::Send(connection, Box::new(frame)));
    }

    /// The cursors of those of `chats` that have one.
    pub(super) fn cursors(&self, chats: &[ChatId]) -> BTreeMap<ChatId, Seq> {
        let cursor = |chat: &ChatId| Some((*chat, self.chats.get(chat)?.progress?.applied));
        chats.iter().filter_map(cursor).collect()
    }

    pub(super) fn welcome(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        frame: &WelcomeFrame,
        out: &mut Output,
    ) {
        if self.link.attempt.and_then(Attempt::connection) != Some(connection) {
            return;
        }
        self.link.attempt = None;
        self.learn_server_time(now, frame.server_time);
        self.learn_token_end(now, frame.token_expires_at);
        let live = Live {
            connection,
            heard_at: now,
            heartbeat: Duration::from_millis(frame.heartbeat_ms.max(1_000)),
            ping_at: now.plus(self.ping_pause()),
            ready: false,
        };
        if let Some(old) = self.link.live.replace(live) {
            self.retire_later(now, old.connection, out);
        }
        self.syncing.reset();
        self.send_further_cursors(now, connection, out);
        out.emit(ClientEvent::Connection(ConnectionState::CatchingUp));
        self.send_watch(now, None, out);
    }

    /// The rest of `hello`'s cursors, as they are now.
    fn send_further_cursors(&mut self, now: Timestamp, connection: ConnectionId, out: &mut Output) {
        let further = std::mem::take(&mut self.link.further);
        let mut parts = further.chunks(CURSORS_PER_FRAME).peekable();
        while let Some(part) = parts.next() {
            let request = Request::Sync(part.to_vec());
            let frame = ClientFrame::Sync(SyncFrame {
                reference: Some(self.requests.open(now, connection, request)),
                cursors: self.cursors(part),
                more: parts.peek().is_some(),
            });
            out.actions.push(Action::Send(connection, Box::new(frame)));
        }
    }

    fn retire_later(&mut self, now: Timestamp, connection: ConnectionId, out: &mut Output) {
        let retiring = Retiring {
            connection,
            until: now.plus(RETIRE_WITHIN),
            closing: false,
        };
        if let Some(older) = self.link.retiring.replace(retiring) {
            self.let_go(older.connection, out);
        }
    }

    /// Closes the retiring connection once every answer on it is in.
    pub(super) fn retire(&mut self, out: &mut Output) {
        if let Some(old) = &mut self.link.retiring
            && !old.closing
            && !self.requests.awaits(old.connection)
        {
            old.closing = true;
            out.actions.push(Action::Close(old.connection));
        }
    }

    /// Everything of the first connection is here: it counts as a success.
    pub(super) fn ready(&mut self, connection: ConnectionId, out: &mut Output) {
        if let Some(live) = &mut self.link.live
            && live.connection == connection
            && !live.ready
        {
            live.ready = true;
            self.link.failures = 0;
            // Every chat of the user's has had its summary by now.
            self.chats.retain(|_, state| state.progress.is_some());
            let chats: Vec<_> = self.chats.keys().copied().collect();
            self.want_holes(&chats);
            self.all_marks_due();
            out.emit(ClientEvent::Connection(ConnectionState::Ready));
        }
    }
}
