//! A server for one client that can do everything wrong that a server, a network and a restart can do, and
//! keeps the books: the logs as they really are, and what the client must have made of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures_util::FutureExt;
use parlour_model::{Body, EventId, EventKey, Seq};
use parlour_protocol::{
    CancelledFrame, ChatNotice, ClientFrame, ErrorCode, ErrorFrame, MarksFrame, OkFrame, PongFrame,
    ReadyFrame, Reference, SendFrame, SentFrame, ServerFrame, SyncedFrame, TooLongFrame,
    TooLongReason, WireEvent,
};

use super::bench::{
    Bench, ME, OTHER, Post, Seen, busy, chat, event, own, refusal, summary, welcome,
};
use crate::machine::{ConnectionId, Input};
use crate::{ClientEvent, LocalStore, MemoryStore, SendFailure, Sent};

/// More events missing than this: `too_long`.
const SYNC_MAX: u64 = 12;

/// What the server makes of one frame that enters a log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fate {
    Stored,
    StoredAnswerLost,
    NotStoredAnswerLost,
    UnknownStored,
    UnknownLate,
    Busy,
    TooFast,
    Forbidden,
    KeyTime,
}

/// How an event reaches the client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Push {
    Once,
    Twice,
    Never,
    Late,
}

/// Client, server, and the books.
pub(super) struct World {
    pub(super) bench: Bench,
    store: MemoryStore,
    pub(super) logs: BTreeMap<u64, Vec<WireEvent>>,
    cancelled: BTreeSet<EventKey>,
    late_sends: Vec<SendFrame>,
    late_events: Vec<WireEvent>,
    opening: Option<ConnectionId>,
    pub(super) connections: BTreeSet<ConnectionId>,
    greeted: BTreeSet<ConnectionId>,
    to_server: VecDeque<(ConnectionId, ClientFrame)>,
    /// By connection and chat, the key that later sends have to wait for, and whether an attempt of it is unknown.
    held: BTreeMap<(ConnectionId, u64), (EventKey, bool)>,
    /// By chat, the last seq the application was told; `None` before the chat.
    pub(super) told: BTreeMap<u64, Seq>,
    pub(super) texts: BTreeMap<EventKey, String>,
    pub(super) ends: BTreeMap<EventKey, Result<Sent, SendFailure>>,
    posts: Vec<Post>,
}

impl World {
    pub(super) fn new() -> Self {
        let mut world = Self {
            bench: Bench::with(super::bench::saved(&[])),
            store: MemoryStore::default(),
            logs: [(8, Vec::new()), (9, Vec::new())].into(),
            cancelled: BTreeSet::new(),
            late_sends: Vec::new(),
            late_events: Vec::new(),
            opening: None,
            connections: BTreeSet::new(),
            greeted: BTreeSet::new(),
            to_server: VecDeque::new(),
            held: BTreeMap::new(),
            told: BTreeMap::new(),
            texts: BTreeMap::new(),
            ends: BTreeMap::new(),
            posts: Vec::new(),
        };
        world.sign_in();
        world
    }

    fn sign_in(&mut self) {
        let expires_at = self.bench.now.plus(super::bench::TOKEN_LASTS);
        let session = super::bench::session("token", expires_at);
        self.input(Input::SignedIn(session));
    }

    pub(super) fn input(&mut self, input: Input) {
        let seen = self.bench.input(input);
        self.absorb(seen);
    }

    /// The program ends and starts again on what it has kept.
    pub(super) fn restart(&mut self) {
        let now = self.bench.now;
        let saved = self.store.load().now_or_never().unwrap().unwrap();
        self.bench = Bench::with(saved);
        self.bench.now = now;
        self.opening = None;
        self.connections.clear();
        self.greeted.clear();
        self.held.clear();
        self.to_server.clear();
        self.sign_in();
    }

    fn absorb(&mut self, seen: Seen) {
        self.store
            .commit(seen.batch)
            .now_or_never()
            .unwrap()
            .unwrap();
        for event in seen.events {
            self.keep_books(event);
        }
        for connection in seen.abandoned.iter().chain(&seen.closed) {
            self.forget(*connection);
        }
        self.opening = seen.opened.last().copied().or(self.opening);
        let connections = &self.connections;
        let sent = seen.sent.into_iter();
        self.to_server
            .extend(sent.filter(|(connection, _)| connections.contains(connection)));
        for connection in seen.closed {
            self.input(Input::Closed(connection, Some(1000)));
        }
        for asked_with in seen.refreshes {
            let expires_at = self.bench.now.plus(super::bench::TOKEN_LASTS);
            let fresh = super::bench::session("token", expires_at);
            self.input(Input::Refreshed(asked_with, Ok(fresh)));
        }
    }

    /// The rule that everything is about: the next event, and as the log has it.
    fn keep_books(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::ChatJoined(chat) => {
                self.told.entry(chat.id.get()).or_insert(chat.head);
            }
            ClientEvent::TooLong(frame) => {
                self.told.insert(frame.chat.get(), frame.head);
            }
            ClientEvent::Event(event) => {
                let told = self.told.get_mut(&event.chat.get()).expect("a cursor");
                assert_eq!(event.seq, told.next(), "the next one");
                *told = event.seq;
                let log = &self.logs[&event.chat.get()];
                let place = usize::try_from(event.seq.get()).unwrap() - 1;
                assert_eq!(*event, log[place], "as it is in the log");
            }
            ClientEvent::Settled { key, result, .. } => {
                let before = self.ends.insert(key, result);
                assert_eq!(before, None, "settled twice");
            }
            ClientEvent::Stopped(reason) => panic!("stopped: {reason:?}"),
            _ => {}
        }
    }

    pub(super) fn post(&mut self, chat_number: u64) {
        let text = format!("send {}", self.texts.len());
        let (post, seen) = self.bench.post(chat_number, &text);
        self.texts.insert(post.key, text);
        self.posts.push(post);
        self.absorb(seen);
    }

    pub(super) fn cancel(&mut self, which: usize) {
        let keys: Vec<_> = self.texts.keys().copied().collect();
        if let Some(key) = keys.get(which % keys.len().max(1)) {
            let (_, seen) = self.bench.cancel(*key);
            self.absorb(seen);
        }
    }

    pub(super) fn say(&mut self, chat_number: u64, kind: &str, push: Push) {
        let number = self.logs[&chat_number].len() as u64 + 1;
        let said = WireEvent {
            kind: kind.to_owned(),
            ..event(chat_number, number, OTHER)
        };
        self.append(said, push);
    }

    fn append(&mut self, event: WireEvent, push: Push) {
        let log = self.logs.get_mut(&event.chat.get()).unwrap();
        log.push(event.clone());
        match push {
            Push::Never => {}
            Push::Late => self.late_events.push(event),
            Push::Once => self.push(&event),
            Push::Twice => {
                self.push(&event);
                self.push(&event);
            }
        }
    }

    fn push(&mut self, event: &WireEvent) {
        for connection in self.greeted.clone() {
            self.tell(connection, ServerFrame::Event(Box::new(event.clone())));
        }
    }

    pub(super) fn push_late(&mut self, which: usize) {
        if !self.late_events.is_empty() {
            let which = which % self.late_events.len();
            let event = self.late_events.swap_remove(which);
            self.push(&event);
        }
    }

    pub(super) fn tell(&mut self, connection: ConnectionId, frame: ServerFrame) {
        if self.connections.contains(&connection) {
            self.input(Input::Frame(connection, Box::new(frame)));
        }
    }

    pub(super) fn tell_all(&mut self, frame: &ServerFrame) {
        for connection in self.greeted.clone() {
            self.tell(connection, frame.clone());
        }
    }

    pub(super) fn close(&mut self, number: Option<u16>) {
        if let Some(connection) = self.connections.last().copied() {
            self.forget(connection);
            self.input(Input::Closed(connection, number));
        }
    }

    fn forget(&mut self, connection: ConnectionId) {
        self.connections.remove(&connection);
        self.greeted.remove(&connection);
        self.to_server.retain(|(of, _)| *of != connection);
        self.opening.take_if(|opening| *opening == connection);
        self.held.retain(|(of, _), _| *of != connection);
    }

    /// An attempt whose outcome nobody knew comes to be stored after all.
    pub(super) fn store_late(&mut self) {
        if let Some(frame) = self.late_sends.pop()
            && !self.cancelled.contains(&frame.key)
        {
            self.store(&frame, Push::Once);
        }
    }

    /// Takes one thing the client wants; tells whether there was one.
    pub(super) fn serve(&mut self, fate: Fate) -> bool {
        if let Some(connection) = self.opening.take() {
            self.connections.insert(connection);
            self.input(Input::Opened(connection));
            return true;
        }
        let Some((connection, frame)) = self.to_server.pop_front() else {
            return false;
        };
        let reference = frame.reference().cloned();
        match frame {
            ClientFrame::Hello(hello) => {
                self.greet(connection, reference, &hello.cursors);
            }
            ClientFrame::Sync(sync) => {
                self.stream(connection, &sync.cursors);
                self.tell(connection, ServerFrame::Synced(SyncedFrame { reference }));
            }
            ClientFrame::Send(send) => self.take_send(connection, &send, fate),
            ClientFrame::Cancel(cancel) => {
                self.take_cancel(connection, (cancel.chat.get(), cancel.key), reference);
            }
            ClientFrame::Delivered(_) | ClientFrame::Read(_) => {
                let ok = OkFrame {
                    reference,
                    ..OkFrame::default()
                };
                self.tell(connection, ServerFrame::Ok(ok));
            }
            ClientFrame::Ping(_) => {
                let server_time = self.bench.now;
                let pong = PongFrame {
                    reference,
                    server_time,
                };
                self.tell(connection, ServerFrame::Pong(pong));
            }
            _ => {}
        }
        true
    }

    fn greet(
        &mut self,
        connection: ConnectionId,
        reference: Option<Reference>,
        cursors: &BTreeMap<parlour_model::ChatId, Seq>,
    ) {
        let now = self.bench.now;
        self.tell(connection, welcome(now));
        let marks = MarksFrame {
            chats: BTreeMap::new(),
        };
        self.tell(connection, ServerFrame::Marks(marks));
        self.greeted.insert(connection);
        self.stream(connection, cursors);
        let heads: Vec<_> = self.logs.iter().map(|(id, log)| (*id, log.len())).collect();
        for (id, head) in heads {
            if !cursors.contains_key(&chat(id)) {
                let joined = ChatNotice::Joined(summary(id, head as u64));
                self.tell(connection, ServerFrame::Chat(Box::new(joined)));
            }
        }
        self.tell(connection, ServerFrame::Ready(ReadyFrame { reference }));
    }

    fn stream(&mut self, connection: ConnectionId, cursors: &BTreeMap<parlour_model::ChatId, Seq>) {
        for (chat, cursor) in cursors {
            let log = self.logs[&chat.get()].clone();
            let head = log.len() as u64;
            if head.saturating_sub(cursor.get()) > SYNC_MAX {
                let too_long = TooLongFrame {
                    chat: *chat,
                    head: Seq::new(head),
                    oldest: Seq::FIRST,
                    reason: TooLongReason::Behind,
                };
                self.tell(connection, ServerFrame::TooLong(too_long));
                continue;
            }
            for event in log.into_iter().filter(|event| event.seq > *cursor) {
                self.tell(connection, ServerFrame::Event(Box::new(event)));
            }
        }
    }

    fn take_send(&mut self, connection: ConnectionId, send: &SendFrame, fate: Fate) {
        let place = (connection, send.chat.get());
        let waits_for = self.held.get(&place);
        assert!(
            waits_for.is_none_or(|(key, _)| *key == send.key),
            "a send overtook the one that must be settled first"
        );
        if self.cancelled.contains(&send.key) {
            return self.refuse_for_good(connection, send, ErrorCode::Forbidden);
        }
        if let Some(stored) = self.find(send.chat.get(), send.key) {
            return self.confirm(connection, send.reference.clone(), &stored);
        }
        match fate {
            Fate::Stored => {
                let stored = self.store(send, Push::Once);
                self.held.remove(&place);
                self.confirm(connection, send.reference.clone(), &stored);
            }
            Fate::StoredAnswerLost => {
                self.held.remove(&place);
                self.store(send, Push::Never);
            }
            Fate::NotStoredAnswerLost => {}
            Fate::UnknownStored => {
                self.store(send, Push::Late);
                self.hold(connection, send, refusal(ErrorCode::OutcomeUnknown));
            }
            Fate::UnknownLate => {
                self.late_sends.push(send.clone());
                self.hold(connection, send, refusal(ErrorCode::OutcomeUnknown));
            }
            Fate::Busy => self.hold(connection, send, busy(50)),
            Fate::TooFast => self.hold(connection, send, refusal(ErrorCode::RateLimited)),
            Fate::Forbidden => self.refuse_for_good(connection, send, ErrorCode::Forbidden),
            Fate::KeyTime => self.refuse_for_good(connection, send, ErrorCode::KeyTime),
        }
    }

    fn hold(&mut self, connection: ConnectionId, send: &SendFrame, error: ErrorFrame) {
        let unknown = error.code == ErrorCode::OutcomeUnknown;
        let place = (connection, send.chat.get());
        let held = self.held.entry(place).or_insert((send.key, false));
        held.1 |= unknown;
        self.refuse(connection, send, error);
    }

    /// Refused for good, a key holds others up only if an attempt of it is unknown.
    fn refuse_for_good(&mut self, connection: ConnectionId, send: &SendFrame, code: ErrorCode) {
        let place = (connection, send.chat.get());
        if self.held.get(&place).is_some_and(|(_, unknown)| !unknown) {
            self.held.remove(&place);
        }
        self.refuse(connection, send, refusal(code));
    }

    fn refuse(&mut self, connection: ConnectionId, send: &SendFrame, error: ErrorFrame) {
        let error = ErrorFrame {
            reference: send.reference.clone(),
            ..error
        };
        self.tell(connection, ServerFrame::Error(Box::new(error)));
    }

    fn take_cancel(
        &mut self,
        connection: ConnectionId,
        (chat_number, key): (u64, EventKey),
        reference: Option<Reference>,
    ) {
        self.held.remove(&(connection, chat_number));
        if let Some(stored) = self.find(chat_number, key) {
            return self.confirm(connection, reference, &stored);
        }
        self.cancelled.insert(key);
        let cancelled = CancelledFrame { reference };
        self.tell(connection, ServerFrame::Cancelled(cancelled));
    }

    fn store(&mut self, send: &SendFrame, push: Push) -> WireEvent {
        let chat_number = send.chat.get();
        if let Some(stored) = self.find(chat_number, send.key) {
            return stored;
        }
        let number = self.logs[&chat_number].len() as u64 + 1;
        let body: Option<Body> = Some(send.body.clone());
        let said = WireEvent {
            body,
            ..own(event(chat_number, number, ME), send.key)
        };
        self.append(said.clone(), push);
        said
    }

    fn find(&self, chat_number: u64, key: EventKey) -> Option<WireEvent> {
        let mut log = self.logs[&chat_number].iter();
        log.find(|event| event.key == Some(key)).cloned()
    }

    fn confirm(
        &mut self,
        connection: ConnectionId,
        reference: Option<Reference>,
        stored: &WireEvent,
    ) {
        self.held.remove(&(connection, stored.chat.get()));
        let sent = SentFrame {
            reference,
            chat: stored.chat,
            seq: stored.seq,
            id: EventId::new(stored.id.get()).unwrap(),
            sent_at: stored.sent_at,
            duplicate: false,
        };
        self.tell(connection, ServerFrame::Sent(sent));
    }

    /// What the device has kept: cursors by chat.
    pub(super) fn kept(&self) -> BTreeMap<u64, Seq> {
        let saved = self.store.load().now_or_never().unwrap().unwrap();
        let chats = saved.chats.into_iter();
        chats
            .map(|(chat, progress)| (chat.get(), progress.applied))
            .collect()
    }

    /// The newest events the device has kept of a chat.
    pub(super) fn cached(&self, chat_number: u64) -> Vec<u64> {
        let events = self.store.events(chat(chat_number), None, 10_000);
        let events = events.now_or_never().unwrap().unwrap();
        events.iter().map(|event| event.seq.get()).collect()
    }
}
