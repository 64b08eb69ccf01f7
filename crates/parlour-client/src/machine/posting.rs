//! The way of a send into the outbox and, attempt after attempt, to the server.

use parlour_model::{ChatId, EventKey, Timestamp};
use parlour_protocol::{CancelFrame, ClientFrame};
use tokio::sync::oneshot;

use super::chat::ChatState;
use super::commands::{Reply, ReplyTo};
use super::outbox::{Entry, OUTBOX_MAX, OnItsWay};
use super::requests::Request;
use super::{Action, ConnectionId, Machine, Output};
use crate::{ClientError, Operation, Outgoing, SendFailure, Sent};

impl Machine {
    /// Puts a send into the outbox.
    pub(super) fn post(
        &mut self,
        now: Timestamp,
        (chat, operation): (ChatId, Operation),
        (queued, settled): (
            ReplyTo<EventKey>,
            oneshot::Sender<Result<Sent, SendFailure>>,
        ),
        out: &mut Output,
    ) {
        let refused = if self.session.is_none() {
            Some(ClientError::NotSignedIn)
        } else {
            (self.outbox.len() >= OUTBOX_MAX).then_some(ClientError::OutboxFull)
        };
        if let Some(error) = refused {
            return out
                .actions
                .push(Action::Reply(Reply::Queued(queued, Err(error))));
        }
        let key = EventKey::generate(self.server_time(now));
        let mut entry = Entry::new(Outgoing {
            order: self.outbox.next_order(),
            chat,
            key,
            first_key: key,
            operation,
            applied: None,
            uncertain: false,
            cancelled: false,
            held_back: false,
        });
        entry.waiting = Some(settled);
        keep(&entry, out);
        self.outbox.push(entry);
        out.actions
            .push(Action::Reply(Reply::Queued(queued, Ok(key))));
    }

    /// Gives a send up: at once if no attempt can be stored and no connection waits for it, else by `cancel`.
    pub(super) fn cancel(&mut self, key: EventKey, reply: ReplyTo<()>, out: &mut Output) {
        let Some((chat, order)) = self.outbox.find(key) else {
            let error = ClientError::Invalid(format!("no unsettled send has the key {key}"));
            return out
                .actions
                .push(Action::Reply(Reply::Done(reply, Err(error))));
        };
        if let Some(entry) = self.outbox.entry(chat, order) {
            entry.saved.cancelled = true;
            entry.not_before = Timestamp::default();
            keep(entry, out);
        }
        self.drop_if_cancelled(chat, order, out);
        out.actions.push(Action::Reply(Reply::Done(reply, Ok(()))));
    }

    /// Sends the oldest of every chat that may go.
    pub(super) fn pump_outbox(&mut self, now: Timestamp, out: &mut Output) {
        let Some(connection) = self.link.live() else {
            return;
        };
        for chat in self.outbox.due(now) {
            if !self.pace.take(now) {
                return;
            }
            self.send_head(now, connection, chat, out);
        }
    }

    fn send_head(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        chat: ChatId,
        out: &mut Output,
    ) {
        let applied = self
            .chats
            .get(&chat)
            .map(ChatState::applied)
            .unwrap_or_default();
        let server_time = self.server_time(now);
        let Some(entry) = self.outbox.head(chat) else {
            return;
        };
        let order = entry.saved.order;
        if entry.is_echo && entry.tried_on != Some(connection) {
            self.outbox.remove(chat, order);
            return self.send_head(now, connection, chat, out);
        }
        if entry.saved.cancelled {
            return self.send_cancel(now, connection, (chat, order), out);
        }
        if entry.saved.applied.is_none() {
            // Before its first attempt a key may be replaced freely, and one that waited too long must be.
            if entry.saved.key.check_time(server_time).is_err() {
                entry.saved.key = EventKey::generate(server_time);
            }
            entry.saved.applied = Some(applied);
        }
        let reference = self
            .requests
            .open(now, connection, Request::Attempt(chat, order));
        entry.open = Some(OnItsWay {
            connection,
            is_cancel: false,
        });
        entry.tried_on = Some(connection);
        if !entry.is_echo {
            entry.note_certainty();
            keep(entry, out);
        }
        let frame = entry.saved.frame(reference);
        out.actions.push(Action::Send(connection, Box::new(frame)));
    }

    fn send_cancel(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        (chat, order): (ChatId, u64),
        out: &mut Output,
    ) {
        if self.drop_if_cancelled(chat, order, out) {
            return;
        }
        let Some(entry) = self.outbox.entry(chat, order) else {
            return;
        };
        let reference = self
            .requests
            .open(now, connection, Request::Cancel(chat, order));
        entry.open = Some(OnItsWay {
            connection,
            is_cancel: true,
        });
        let frame = ClientFrame::Cancel(CancelFrame {
            reference: Some(reference),
            chat,
            key: entry.saved.key,
        });
        out.actions.push(Action::Send(connection, Box::new(frame)));
    }

    /// Settles a cancelled send that needs no `cancel` frame; tells whether it did.
    fn drop_if_cancelled(&mut self, chat: ChatId, order: u64, out: &mut Output) -> bool {
        let live = self.link.live();
        let Some(entry) = self.outbox.entry(chat, order) else {
            return true;
        };
        let held_on_the_server = live.is_some() && entry.tried_on == live;
        let done = entry.saved.cancelled
            && entry.open.is_none()
            && entry.is_certainly_not_stored()
            && !held_on_the_server;
        if done {
            self.settle(chat, order, Err(SendFailure::Cancelled), out);
        }
        done
    }
}

/// Puts the entry into the batch as it is now.
pub(super) fn keep(entry: &Entry, out: &mut Output) {
    let saved = Some(entry.saved.clone());
    out.batch.outbox.insert(entry.saved.order, saved);
}
