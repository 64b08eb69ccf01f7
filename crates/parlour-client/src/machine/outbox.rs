//! Unsettled sends: first in, first out per chat, one on its way per chat.
//!
//! - Every entry is in the store before its first attempt, and its `uncertain` is true in the store before any attempt.
//! - An entry leaves when it is certain how it ended: its event or `sent` was seen, every attempt was
//!   answered `not_stored` and the last one for good, or it was cancelled.
//! - One that its event settled stays as an echo, out of the store, until the connection that may hold later sends back
//!   for its sake has answered `sent` too.

use std::collections::{BTreeMap, VecDeque};

use parlour_model::{ChatId, EventKey, Timestamp, limits};
use tokio::sync::oneshot;

use super::ConnectionId;
use crate::{Outgoing, SendFailure, Sent};

/// Sends a client holds unsettled at most.
pub(super) const OUTBOX_MAX: usize = 1_000;

/// Sends on their way at once, all chats together: as many as the server serves of one connection.
const OPEN_MAX: usize = limits::REQUESTS_IN_FLIGHT_MAX;

/// An attempt or a `cancel` that is on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnItsWay {
    pub(super) connection: ConnectionId,
    /// A `cancel`, which stores nothing.
    pub(super) is_cancel: bool,
}

/// One unsettled send.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) saved: Outgoing,
    pub(super) open: Option<OnItsWay>,
    /// Whether an attempt ended without a definite answer.
    pub(super) lost: bool,
    /// Attempts answered in vain since the last change of connection and since any send was stored.
    pub(super) failures: u32,
    pub(super) not_before: Timestamp,
    /// Whether it was the server that named `not_before`.
    pub(super) told_to_wait: bool,
    /// The connection of the last attempt, which may hold later sends back until this one is settled there.
    pub(super) tried_on: Option<ConnectionId>,
    /// Was one of several on their way when a connection was closed because of a frame: goes alone from now on.
    pub(super) suspect: bool,
    /// Settled by its event, and sent again only so that the connection of its last attempt lets later ones pass.
    pub(super) is_echo: bool,
    /// Whether the server has refused a key of it for its time before.
    pub(super) key_replaced: bool,
    /// Whether the application knows that this cannot go on by itself.
    pub(super) stall_told: bool,
    /// Who waits for the end; nobody after a restart.
    pub(super) waiting: Option<oneshot::Sender<Result<Sent, SendFailure>>>,
}

impl Entry {
    pub(super) fn new(saved: Outgoing) -> Self {
        Self {
            // An attempt of an earlier run was not answered.
            lost: saved.uncertain,
            saved,
            open: None,
            failures: 0,
            not_before: Timestamp::default(),
            told_to_wait: false,
            tried_on: None,
            suspect: false,
            is_echo: false,
            key_replaced: false,
            stall_told: false,
            waiting: None,
        }
    }

    /// Whether no attempt of it is, or can come to be, in the log.
    pub(super) fn is_certainly_not_stored(&self) -> bool {
        !self.lost && self.open.is_none_or(|open| open.is_cancel)
    }

    /// Takes over into `saved` what is known of its attempts; tells whether that changed.
    pub(super) fn note_certainty(&mut self) -> bool {
        let uncertain = !self.is_certainly_not_stored();
        std::mem::replace(&mut self.saved.uncertain, uncertain) != uncertain
    }

    /// Stays only for the connection's sake: its event has settled it.
    pub(super) fn become_echo(&mut self) {
        self.is_echo = true;
        self.suspect = false;
        self.saved.cancelled = false;
        self.saved.held_back = false;
    }

    /// Whether it could be sent, leaving time and others aside.
    fn is_sendable(&self) -> bool {
        self.open.is_none() && (!self.saved.held_back || self.saved.cancelled)
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    // queue: sends waiting in a client's outbox
    chats: BTreeMap<ChatId, VecDeque<Entry>>,
    last_order: u64,
}

impl Outbox {
    /// The sends of an earlier run, in their order.
    pub(super) fn new(saved: Vec<Outgoing>) -> Self {
        let mut outbox = Self::default();
        for outgoing in saved {
            outbox.last_order = outbox.last_order.max(outgoing.order);
            let chat = outbox.chats.entry(outgoing.chat).or_default();
            chat.push_back(Entry::new(outgoing));
        }
        outbox
    }

    /// Takes all of them out.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Entry> + use<> {
        std::mem::take(&mut self.chats).into_values().flatten()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.chats.values().map(VecDeque::len).sum()
    }

    /// The order of the next send.
    pub(super) fn next_order(&mut self) -> u64 {
        self.last_order += 1;
        self.last_order
    }

    /// Puts a send behind the others of its chat.
    pub(super) fn push(&mut self, entry: Entry) {
        let chat = self.chats.entry(entry.saved.chat).or_default();
        chat.push_back(entry);
    }

    /// All of them, by chat.
    pub(super) fn entries(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.chats.values_mut().flatten()
    }

    /// The send with this order.
    pub(super) fn entry(&mut self, chat: ChatId, order: u64) -> Option<&mut Entry> {
        let mut entries = self.chats.get_mut(&chat)?.iter_mut();
        entries.find(|entry| entry.saved.order == order)
    }

    /// The oldest send of a chat.
    pub(super) fn head(&mut self, chat: ChatId) -> Option<&mut Entry> {
        self.chats.get_mut(&chat)?.front_mut()
    }

    /// Drops the echoes for a connection that ended.
    pub(super) fn drop_echoes_of(&mut self, connection: ConnectionId) {
        for queue in self.chats.values_mut() {
            queue.retain(|entry| !entry.is_echo || entry.tried_on != Some(connection));
        }
        self.chats.retain(|_, queue| !queue.is_empty());
    }

    /// Takes a settled send out.
    pub(super) fn remove(&mut self, chat: ChatId, order: u64) -> Option<Entry> {
        let queue = self.chats.get_mut(&chat)?;
        let place = queue.iter().position(|entry| entry.saved.order == order)?;
        let entry = queue.remove(place);
        if queue.is_empty() {
            self.chats.remove(&chat);
        }
        entry
    }

    /// Where the send with this key is; the key it was first known by counts too.
    pub(super) fn find(&self, key: EventKey) -> Option<(ChatId, u64)> {
        let named = |entry: &&Entry| {
            !entry.is_echo && (entry.saved.key == key || entry.saved.first_key == key)
        };
        let entry = self.chats.values().flatten().find(named)?;
        Some((entry.saved.chat, entry.saved.order))
    }

    /// The order of the send to `chat` whose attempts carry this key.
    pub(super) fn find_in(&self, chat: ChatId, key: EventKey) -> Option<u64> {
        let mut entries = self.chats.get(&chat)?.iter();
        let entry = entries.find(|entry| entry.saved.key == key && !entry.is_echo)?;
        Some(entry.saved.order)
    }

    /// The chats whose oldest send may go now. A suspect goes only when nothing else is on its way, and
    /// nothing else goes while it is.
    pub(super) fn due(&self, now: Timestamp) -> Vec<ChatId> {
        let due = self.candidates().filter(|head| head.not_before <= now);
        let (suspects, others): (Vec<_>, Vec<_>) = due.partition(|head| head.suspect);
        match suspects.first() {
            Some(suspect) => vec![suspect.saved.chat],
            None => others
                .iter()
                .map(|head| head.saved.chat)
                .take(self.room())
                .collect(),
        }
    }

    /// When the next one may go that only waits for its time.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.candidates().map(|head| head.not_before).min()
    }

    /// The oldest sends that could go but for their time.
    fn candidates(&self) -> impl Iterator<Item = &Entry> {
        let room = self.room();
        let heads = self.heads().filter(|head| head.is_sendable());
        heads.filter(move |head| room == OPEN_MAX || (room > 0 && !head.suspect))
    }

    /// How many more may be on their way.
    fn room(&self) -> usize {
        let open = self.heads().filter(|head| head.open.is_some());
        let (count, suspect) = open.fold((0, false), |(count, suspect), head| {
            (count + 1, suspect || head.suspect)
        });
        if suspect {
            0
        } else {
            OPEN_MAX.saturating_sub(count)
        }
    }

    /// Whether any send is on its way or waits for its turn or time; the held back ones stay where they are.
    pub(super) fn is_moving(&self) -> bool {
        self.heads()
            .any(|head| head.open.is_some() || head.is_sendable())
    }

    fn heads(&self) -> impl Iterator<Item = &Entry> {
        self.chats.values().filter_map(VecDeque::front)
    }
}
