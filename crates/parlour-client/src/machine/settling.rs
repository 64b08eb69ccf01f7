//! How a send ends, and what keeps it from ending.
//!
//! A send may be called failed only when every attempt was answered `not_stored`, or after `cancelled`; otherwise the
//! same key is sent again. One that the user gave up ends in any case: with `cancelled`, or where the server refuses even
//! that for good, without its outcome being known.

use std::time::Duration;

use parlour_model::{ChatId, EventKey, Timestamp};
use parlour_protocol::{ErrorCode, ErrorFrame, Outcome, Retry, SentFrame, WireEvent};

use super::commands::Reply;
use super::outbox::Entry;
use super::posting::keep;
use super::{Action, ConnectionId, Machine, Output};
use crate::{ClientEvent, SendFailure, Sent};

/// The longest pause between two attempts on a connection that stands, unless the server says more: whatever waits goes soon after
/// an outage.
const PAUSE_MAX: Duration = Duration::from_secs(5);

impl Machine {
    /// `sent` came for the send with this order.
    pub(super) fn sent(&mut self, now: Timestamp, order: u64, frame: &SentFrame, out: &mut Output) {
        let chat = frame.chat;
        self.hasten_sends(now);
        let Some(entry) = self.outbox.entry(chat, order) else {
            return;
        };
        let sent = Sent {
            seq: frame.seq,
            id: frame.id,
            sent_at: frame.sent_at,
            key: entry.saved.key,
        };
        self.settle(chat, order, Ok(sent), out);
    }

    /// The server stores again: what waited longer because of many refusals waits as after the first one.
    fn hasten_sends(&mut self, now: Timestamp) {
        let soon = now.plus(self.jittered(0, PAUSE_MAX));
        for entry in self.outbox.entries().filter(|entry| entry.failures > 0) {
            entry.failures = 0;
            if !entry.told_to_wait {
                entry.not_before = entry.not_before.min(soon);
            }
        }
    }

    /// An event came: if it is a send of ours, that is settled, whatever became of the answer.
    pub(super) fn settle_by_event(&mut self, event: &WireEvent, out: &mut Output) {
        let (Some(key), true) = (event.key, Some(event.author) == self.me()) else {
            return;
        };
        let Some(order) = self.outbox.find_in(event.chat, key) else {
            return;
        };
        let sent = Sent {
            seq: event.seq,
            id: event.id,
            sent_at: event.sent_at,
            key,
        };
        let live = self.link.live();
        let Some(entry) = self.outbox.entry(event.chat, order) else {
            return;
        };
        if live.is_some() && entry.tried_on == live {
            // The connection's last word on this key may have been an error: then it refuses later sends until it
            // has said `sent`.
            announce(entry, Ok(sent), out);
            entry.become_echo();
        } else {
            self.settle(event.chat, order, Ok(sent), out);
        }
    }

    /// `cancelled` came for the send with this order.
    pub(super) fn cancelled(&mut self, chat: ChatId, order: u64, out: &mut Output) {
        self.settle(chat, order, Err(SendFailure::Cancelled), out);
    }

    /// An attempt or a `cancel` was answered with an error.
    pub(super) fn send_refused(
        &mut self,
        now: Timestamp,
        (chat, order): (ChatId, u64),
        error: ErrorFrame,
        out: &mut Output,
    ) {
        let failures = self.failures_of(chat, order);
        let wait = self.pause_after(&error, failures);
        let Some(entry) = self.outbox.entry(chat, order) else {
            return;
        };
        let was_cancel = entry.open.take().is_some_and(|open| open.is_cancel);
        entry.failures = entry.failures.saturating_add(1);
        entry.not_before = now.plus(wait);
        entry.told_to_wait = error.retry_after_ms.is_some();
        if entry.is_echo {
            return self.echo_refused((chat, order), error.retry, out);
        }
        let not_stored = error.outcome.unwrap_or(error.code.outcome()) == Outcome::NotStored;
        if !was_cancel {
            entry.lost |= !not_stored;
            entry.saved.applied = error.applied.or(entry.saved.applied);
        }
        if entry.note_certainty() || error.applied.is_some() {
            keep(entry, out);
        }
        self.heed(chat, error.retry, out);
        match (error.retry, was_cancel) {
            (Retry::Never, true) => self.cancel_refused_for_good((chat, order), out),
            (Retry::Never, false) => self.refused_for_good(now, (chat, order), error, out),
            _ => {}
        }
    }

    fn echo_refused(&mut self, (chat, order): (ChatId, u64), retry: Retry, out: &mut Output) {
        if retry == Retry::Never {
            self.outbox.remove(chat, order);
        } else {
            self.heed(chat, retry, out);
        }
    }

    /// The server refuses for good: that settles the send if no attempt of it can be stored.
    fn refused_for_good(
        &mut self,
        now: Timestamp,
        (chat, order): (ChatId, u64),
        error: ErrorFrame,
        out: &mut Output,
    ) {
        let server_time = self.server_time(now);
        let Some(entry) = self.outbox.entry(chat, order) else {
            return;
        };
        if !entry.is_certainly_not_stored() {
            return stall(entry, Some(error), out);
        }
        if entry.saved.cancelled {
            return self.settle(chat, order, Err(SendFailure::Cancelled), out);
        }
        if error.code == ErrorCode::KeyTime && !std::mem::replace(&mut entry.key_replaced, true) {
            // The next attempt is the first one of a new key.
            entry.saved.key = EventKey::generate(server_time);
            entry.saved.applied = None;
            entry.not_before = now;
            return keep(entry, out);
        }
        let failure = SendFailure::Refused(Box::new(error.into()));
        self.settle(chat, order, Err(failure), out);
    }

    /// The server will never tell what became of a send that was given up: its key is too old, for example, so that no
    /// attempt of it can come to be stored any more. Asking again would hold up those behind it for ever.
    fn cancel_refused_for_good(&mut self, (chat, order): (ChatId, u64), out: &mut Output) {
        let entry = self.outbox.entry(chat, order);
        let not_stored = entry.is_some_and(|entry| entry.is_certainly_not_stored());
        let end = if not_stored {
            SendFailure::Cancelled
        } else {
            SendFailure::GivenUp
        };
        self.settle(chat, order, Err(end), out);
    }

    /// A connection ended: what was on its way there may be stored. With `blamed`, it was closed because of a frame.
    pub(super) fn sends_lost(&mut self, connection: ConnectionId, blamed: bool, out: &mut Output) {
        self.outbox.drop_echoes_of(connection);
        let on_it =
            |entry: &&mut Entry| entry.open.is_some_and(|open| open.connection == connection);
        let count = self.outbox.entries().filter(on_it).count();
        for entry in self.outbox.entries().filter(on_it) {
            let was_cancel = entry.open.take().is_some_and(|open| open.is_cancel);
            entry.lost |= !was_cancel;
            entry.failures = 0;
            entry.not_before = Timestamp::default();
            if blamed && !was_cancel {
                entry.suspect = true;
                entry.saved.held_back |= count == 1;
            }
            entry.note_certainty();
            keep(entry, out);
            if entry.saved.held_back {
                stall(entry, None, out);
            }
        }
    }

    /// Takes a send out and tells how it ended.
    pub(super) fn settle(
        &mut self,
        chat: ChatId,
        order: u64,
        result: Result<Sent, SendFailure>,
        out: &mut Output,
    ) {
        if let Some(mut entry) = self.outbox.remove(chat, order)
            && !entry.is_echo
        {
            announce(&mut entry, result, out);
        }
    }

    fn failures_of(&mut self, chat: ChatId, order: u64) -> u32 {
        let entry = self.outbox.entry(chat, order);
        entry.map_or(0, |entry| entry.failures)
    }

    /// How long to wait after `error`, which came after `failures` others.
    pub(super) fn pause_after(&mut self, error: &ErrorFrame, failures: u32) -> Duration {
        if let Some(after) = error.retry_after_ms {
            return Duration::from_millis(after);
        }
        if error.retry == Retry::Now && failures == 0 {
            return Duration::ZERO;
        }
        self.jittered(failures, PAUSE_MAX)
    }
}

/// Tells how a send ended, and takes it out of the store.
fn announce(entry: &mut Entry, result: Result<Sent, SendFailure>, out: &mut Output) {
    out.batch.outbox.insert(entry.saved.order, None);
    out.emit(ClientEvent::Settled {
        chat: entry.saved.chat,
        key: entry.saved.first_key,
        result: result.clone(),
    });
    if let Some(waiting) = entry.waiting.take() {
        let reply = Reply::Settled(waiting, result);
        out.actions.push(Action::Reply(reply));
    }
}

/// Tells the application, once, that the entry cannot go on by itself.
fn stall(entry: &mut Entry, error: Option<ErrorFrame>, out: &mut Output) {
    if !std::mem::replace(&mut entry.stall_told, true) {
        out.emit(ClientEvent::Stalled {
            chat: entry.saved.chat,
            key: entry.saved.first_key,
            error: error.map(|error| Box::new(error.into())),
        });
    }
}
