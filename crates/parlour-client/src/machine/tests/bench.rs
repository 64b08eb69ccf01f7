//! A machine with hands on every input and eyes on every output.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::{
    AppData, Body, ChatId, ChatType, EventId, EventKey, Role, Seq, SessionId, Timestamp, UserId,
};
use parlour_protocol::{
    ChatBody, ClientFrame, ErrorCode, ErrorFrame, HistoryFrame, Outcome, PongFrame, ReadyFrame,
    Reference, Retry, Secret, SentFrame, ServerFrame, SyncedFrame, UserBody, WelcomeFrame,
    WireEvent, WireLimits,
};
use tokio::sync::oneshot;

use crate::machine::{
    Action, Command, ConnectionId, Input, Machine, Output, RefreshFailure, Settings,
};
use crate::{
    Batch, ClientError, ClientEvent, Operation, Progress, Saved, SavedSession, SendFailure, Sent,
};

pub(super) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
pub(super) const TOKEN_LASTS: Duration = Duration::from_secs(600);

pub(super) fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

pub(super) fn chat(number: u64) -> ChatId {
    ChatId::new(number).unwrap()
}

pub(super) fn seq(number: u64) -> Seq {
    Seq::new(number)
}

pub(super) const ME: u64 = 1;
pub(super) const OTHER: u64 = 2;

pub(super) fn session(access_token: &str, expires_at: Timestamp) -> SavedSession {
    SavedSession {
        user: user(ME),
        session: SessionId::new(77).unwrap(),
        access_token: Secret::new(access_token),
        expires_at,
        refresh_token: Secret::new(format!("refresh-{access_token}")),
    }
}

pub(super) fn event(chat_number: u64, number: u64, author: u64) -> WireEvent {
    WireEvent {
        chat: chat(chat_number),
        seq: seq(number),
        id: EventId::new(1_000 + number).unwrap(),
        author: user(author),
        key: None,
        kind: "message".into(),
        sent_at: START,
        body: Some(Body::text(format!("message {number}"))),
        reply_to: None,
        target: None,
        emoji: None,
        on: None,
        users: None,
        user: None,
        role: None,
        title: None,
        history: None,
        data: None,
        chat_type: None,
    }
}

pub(super) fn summary(chat_number: u64, head: u64) -> ChatBody {
    ChatBody {
        id: chat(chat_number),
        chat_type: ChatType::Group,
        title: None,
        data: AppData::default(),
        created_at: START,
        updated_at: START,
        role: Role::Member,
        head: seq(head),
        read: Seq::ZERO,
        delivered: Seq::ZERO,
        unread: 0,
        last_message: None,
        member_count: 2,
        members: None,
    }
}

pub(super) fn welcome(now: Timestamp) -> ServerFrame {
    ServerFrame::Welcome(Box::new(WelcomeFrame {
        reference: None,
        me: UserBody {
            id: user(ME),
            username: "ann".parse_name(),
            display_name: parlour_model::DisplayName::new("Ann").unwrap(),
            avatar_url: None,
            data: AppData::default(),
            created_at: START,
            updated_at: START,
        },
        session: SessionId::new(77).unwrap(),
        server_time: now,
        heartbeat_ms: 25_000,
        token_expires_at: now.plus(TOKEN_LASTS),
        limits: WireLimits::default(),
        features: Vec::new(),
    }))
}

trait ParseName {
    fn parse_name(&self) -> parlour_model::UserName;
}

impl ParseName for str {
    fn parse_name(&self) -> parlour_model::UserName {
        parlour_model::UserName::new(self).unwrap()
    }
}

pub(super) fn refusal(code: ErrorCode) -> ErrorFrame {
    ErrorFrame::new(
        None,
        parlour_protocol::ErrorBody::new(code, "no").of_append(),
    )
}

/// One send as its maker sees it.
pub(super) struct Post {
    pub(super) key: EventKey,
    pub(super) settled: oneshot::Receiver<Result<Sent, SendFailure>>,
}

/// What one input led to.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) batch: Batch,
    pub(super) sent: Vec<(ConnectionId, ClientFrame)>,
    pub(super) events: Vec<ClientEvent>,
    pub(super) opened: Vec<ConnectionId>,
    pub(super) closed: Vec<ConnectionId>,
    pub(super) abandoned: Vec<ConnectionId>,
    pub(super) refreshes: Vec<Secret>,
}

impl Seen {
    /// The frames, without what only keeps the connection alive.
    pub(super) fn frames(&self) -> Vec<&ClientFrame> {
        let frames = self.sent.iter().map(|(_, frame)| frame);
        frames
            .filter(|frame| !matches!(frame, ClientFrame::Ping(_)))
            .collect()
    }

    /// The only frame.
    pub(super) fn frame(&self) -> &ClientFrame {
        match self.frames()[..] {
            [frame] => frame,
            ref frames => panic!("not one frame: {frames:?}"),
        }
    }

    /// The seqs of applied events.
    pub(super) fn applied(&self) -> Vec<u64> {
        let events = self.events.iter().filter_map(|event| match event {
            ClientEvent::Event(event) => Some(event.seq.get()),
            _ => None,
        });
        events.collect()
    }

    pub(super) fn reference(&self) -> Reference {
        self.frame().reference().cloned().expect("a ref")
    }
}

/// A machine on a table.
pub(super) struct Bench {
    pub(super) machine: Machine,
    pub(super) now: Timestamp,
}

impl Bench {
    /// Offline, with these chats known up to these seqs.
    pub(super) fn with(saved: Saved) -> Self {
        let settings = Settings {
            device: None,
            seed: 7,
        };
        Self {
            machine: Machine::new(saved, settings),
            now: START,
        }
    }

    /// Signed in, connected and ready, with chats known up to these seqs and everything read and told.
    pub(super) fn ready(cursors: &[(u64, u64)]) -> (Self, ConnectionId) {
        let mut bench = Self::with(saved(cursors));
        let connection = bench.sign_in();
        bench.get_ready(connection);
        (bench, connection)
    }

    pub(super) fn input(&mut self, input: Input) -> Seen {
        let mut out = Output::default();
        self.machine.handle(self.now, input, &mut out);
        let mut seen = Seen {
            batch: out.batch,
            ..Seen::default()
        };
        for action in out.actions {
            match action {
                Action::Open(connection) => seen.opened.push(connection),
                Action::Send(connection, frame) => seen.sent.push((connection, *frame)),
                Action::Close(connection) => seen.closed.push(connection),
                Action::Abandon(connection) => seen.abandoned.push(connection),
                Action::Refresh(token) => seen.refreshes.push(token),
                Action::Emit(event) => seen.events.push(event),
                Action::Reply(reply) => reply.deliver(),
            }
        }
        seen
    }

    pub(super) fn frame(&mut self, connection: ConnectionId, frame: ServerFrame) -> Seen {
        self.input(Input::Frame(connection, Box::new(frame)))
    }

    pub(super) fn event(&mut self, connection: ConnectionId, event: WireEvent) -> Seen {
        self.frame(connection, ServerFrame::Event(Box::new(event)))
    }

    /// Signs in with a good token; the connection is being opened.
    pub(super) fn sign_in(&mut self) -> ConnectionId {
        let session = session("token", self.now.plus(TOKEN_LASTS));
        let seen = self.input(Input::SignedIn(session));
        seen.opened[0]
    }

    /// The refresh of the present session is done.
    pub(super) fn refreshed(&mut self, result: Result<SavedSession, RefreshFailure>) -> Seen {
        let session = self.machine.session().expect("a session");
        let asked_with = session.refresh_token.clone();
        self.input(Input::Refreshed(asked_with, result))
    }

    /// Takes a connection from being opened to ready; gives what followed `welcome` and `ready`.
    pub(super) fn get_ready(&mut self, connection: ConnectionId) -> (Seen, Seen) {
        let hello = self.input(Input::Opened(connection));
        let reference = Some(hello.reference());
        let welcomed = self.frame(connection, welcome(self.now));
        let ready = self.frame(connection, ServerFrame::Ready(ReadyFrame { reference }));
        (welcomed, ready)
    }

    /// Lets time pass to the next thing that is due.
    pub(super) fn wake(&mut self) -> Seen {
        let due = self.machine.next_wake().expect("something is due");
        self.now = self.now.max(due);
        self.input(Input::Wake)
    }

    pub(super) fn pass(&mut self, time: Duration) -> Seen {
        self.now = self.now.plus(time);
        self.input(Input::Wake)
    }

    /// Waits out the pause before the next attempt; gives the new connection.
    pub(super) fn reopen(&mut self) -> ConnectionId {
        for _ in 0..10 {
            if let Some(connection) = self.wake().opened.first() {
                return *connection;
            }
        }
        panic!("no new attempt");
    }

    pub(super) fn post(&mut self, chat_number: u64, text: &str) -> (Post, Seen) {
        let (queued, mut key) = oneshot::channel();
        let (settled, end) = oneshot::channel();
        let seen = self.input(Input::Command(Command::Post {
            chat: chat(chat_number),
            operation: Operation::Send {
                body: Body::text(text),
                reply_to: None,
            },
            queued,
            settled,
        }));
        let key = key.try_recv().unwrap().unwrap();
        (Post { key, settled: end }, seen)
    }

    pub(super) fn cancel(&mut self, key: EventKey) -> (Result<(), ClientError>, Seen) {
        let (reply, mut answer) = oneshot::channel();
        let seen = self.input(Input::Command(Command::Cancel(key, reply)));
        (answer.try_recv().unwrap(), seen)
    }

    /// Asks for a page, for nobody.
    pub(super) fn history(&mut self, chat_number: u64) -> Seen {
        let (reply, _) = oneshot::channel();
        let frame = HistoryFrame {
            reference: None,
            chat: chat(chat_number),
            before: None,
            after: None,
            around: None,
            limit: None,
        };
        self.input(Input::Command(Command::History(frame, reply)))
    }

    pub(super) fn refuse(
        &mut self,
        connection: ConnectionId,
        reference: Reference,
        error: ErrorFrame,
    ) -> Seen {
        let error = ErrorFrame {
            reference: Some(reference),
            ..error
        };
        self.frame(connection, ServerFrame::Error(Box::new(error)))
    }

    pub(super) fn sent(
        &mut self,
        connection: ConnectionId,
        reference: Reference,
        (chat_number, number): (u64, u64),
    ) -> Seen {
        let sent = SentFrame {
            reference: Some(reference),
            chat: chat(chat_number),
            seq: seq(number),
            id: EventId::new(1_000 + number).unwrap(),
            sent_at: self.now,
            duplicate: false,
        };
        self.frame(connection, ServerFrame::Sent(sent))
    }

    pub(super) fn synced(&mut self, connection: ConnectionId, reference: Reference) -> Seen {
        let synced = SyncedFrame {
            reference: Some(reference),
        };
        self.frame(connection, ServerFrame::Synced(synced))
    }

    pub(super) fn answer_pings(&mut self, connection: ConnectionId, seen: &Seen) {
        for (_, frame) in &seen.sent {
            if let ClientFrame::Ping(ping) = frame {
                let pong = PongFrame {
                    reference: ping.reference.clone(),
                    server_time: self.now,
                };
                self.frame(connection, ServerFrame::Pong(pong));
            }
        }
    }

    pub(super) fn closed(&mut self, connection: ConnectionId, number: Option<u16>) -> Seen {
        self.input(Input::Closed(connection, number))
    }
}

/// What a device has kept that knows these chats up to these seqs, everything read.
pub(super) fn saved(cursors: &[(u64, u64)]) -> Saved {
    let chats = cursors.iter().map(|(number, applied)| {
        let progress = Progress {
            applied: seq(*applied),
            ..Progress::default()
        };
        (chat(*number), progress)
    });
    Saved {
        session: Some(session("token", START.plus(TOKEN_LASTS))),
        chats: chats.collect(),
        outbox: Vec::new(),
    }
}

/// An attempt's answer: it may be tried again after a while, and is not stored.
pub(super) fn busy(after_ms: u64) -> ErrorFrame {
    ErrorFrame {
        retry: Retry::Later,
        retry_after_ms: Some(after_ms),
        outcome: Some(Outcome::NotStored),
        ..refusal(ErrorCode::Busy)
    }
}

pub(super) fn own(event: WireEvent, key: EventKey) -> WireEvent {
    WireEvent {
        author: user(ME),
        key: Some(key),
        ..event
    }
}

/// The events of a batch, by seq.
pub(super) fn stored(batch: &Batch) -> Vec<u64> {
    let events: &[Arc<WireEvent>] = &batch.events;
    events.iter().map(|event| event.seq.get()).collect()
}
