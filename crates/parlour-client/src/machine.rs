//! Every rule of the client, as a state machine without I/O: inputs and the time in, changes and actions out.
//!
//! - An [`Output`] is one batch for the local store and then actions: the driver commits the batch first,
//!   so nothing is sent, acknowledged or told that the store could still forget.
//! - Frames count by the connection they came on; those of a connection that is gone are ignored.
//! - Of one chat, events are applied in the order of their seqs, each once.

mod chat;
mod commands;
mod frames;
mod greeting;
mod link;
mod marks;
mod outbox;
mod pace;
mod posting;
mod requests;
mod settling;
mod syncing;
mod timers;
mod tokens;
mod watching;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use parlour_model::{ChatId, Timestamp, UserId};
use parlour_protocol::{ClientFrame, Secret, ServerFrame};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::{Batch, ClientEvent, Saved, SavedSession};

use chat::ChatState;
use link::Link;
use marks::MarksDue;
use outbox::Outbox;
use pace::Pace;
use requests::Requests;
use syncing::Syncing;
use watching::Watching;

pub(crate) use commands::{Command, Reply, ReplyTo};

/// Names one connection of one client; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// A session to connect with. Another user than before starts from an empty store.
    SignedIn(SavedSession),
    /// The user signed out here: everything kept goes.
    SignedOut,
    /// A connection asked for is open.
    Opened(ConnectionId),
    /// A connection asked for could not be opened; the server may have said how long to wait.
    OpenFailed(ConnectionId, Option<Duration>),
    /// A frame came.
    Frame(ConnectionId, Box<ServerFrame>),
    /// Something came that is not for this client to understand.
    Heard(ConnectionId),
    /// A connection ended, with the number of its close frame if there was one.
    Closed(ConnectionId, Option<u16>),
    /// A refresh asked for with this refresh token is done.
    Refreshed(Secret, Result<SavedSession, RefreshFailure>),
    /// A REST call was refused because this access token has expired.
    TokenExpired(Secret),
    /// The application wants something.
    Command(Command),
    /// The application is too slow: nothing is read from the connections for now.
    Paused,
    /// They are read again.
    Resumed,
    /// The time asked for with [`Machine::next_wake`] has come.
    Wake,
}

/// Why there is no new access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshFailure {
    /// The session has ended.
    Denied,
    /// It may work later, after a wait the server may have named.
    Later(Option<Duration>),
}

/// Something to do, in order, once the batch is committed.
#[derive(Debug)]
pub(crate) enum Action {
    /// Open a connection.
    Open(ConnectionId),
    /// Send a frame.
    Send(ConnectionId, Box<ClientFrame>),
    /// Close with a close frame; what still comes counts, and the end is reported.
    Close(ConnectionId),
    /// Let go of a connection; nothing more of it is reported.
    Abandon(ConnectionId),
    /// Ask for a new access token.
    Refresh(Secret),
    /// Tell the application.
    Emit(ClientEvent),
    /// Answer a command.
    Reply(Reply),
}

/// What follows from inputs.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// To be committed first.
    pub(crate) batch: Batch,
    /// To be done then.
    pub(crate) actions: Vec<Action>,
}

impl Output {
    fn emit(&mut self, event: ClientEvent) {
        self.actions.push(Action::Emit(event));
    }
}

/// What a machine is told once.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// What the user calls this device.
    pub(crate) device: Option<String>,
    /// The seed of all jitter.
    pub(crate) seed: u64,
}

/// The state of one client.
#[derive(Debug)]
pub(crate) struct Machine {
    device: Option<String>,
    jitter: StdRng,
    session: Option<SavedSession>,
    /// Server's time minus this device's, in milliseconds.
    server_ahead_ms: i64,
    link: Link,
    requests: Requests,
    chats: BTreeMap<ChatId, ChatState>,
    syncing: Syncing,
    outbox: Outbox,
    marks: MarksDue,
    pace: Pace,
    watching: Watching,
    /// Since when the server's silence counts against it; `None` while the application keeps us from reading.
    patient_since: Option<Timestamp>,
}

impl Machine {
    /// A machine that goes on from what was saved. It stays offline until [`Input::SignedIn`].
    pub(crate) fn new(saved: Saved, settings: Settings) -> Self {
        let chats = saved.chats.into_iter();
        Self {
            device: settings.device,
            jitter: StdRng::seed_from_u64(settings.seed),
            session: saved.session,
            server_ahead_ms: 0,
            link: Link::default(),
            requests: Requests::default(),
            chats: chats
                .map(|(chat, progress)| (chat, ChatState::known(progress)))
                .collect(),
            syncing: Syncing::default(),
            outbox: Outbox::new(saved.outbox),
            marks: MarksDue::default(),
            pace: Pace::default(),
            watching: Watching::default(),
            patient_since: Some(Timestamp::default()),
        }
    }

    /// The session of this device, if anybody is signed in.
    pub(crate) fn session(&self) -> Option<&SavedSession> {
        self.session.as_ref()
    }

    /// Takes one input at time `now`, which never goes backward.
    pub(crate) fn handle(&mut self, now: Timestamp, input: Input, out: &mut Output) {
        match input {
            Input::SignedIn(session) => self.signed_in(now, session, out),
            Input::SignedOut => self.signed_out(out),
            Input::Opened(connection) => self.opened(now, connection, out),
            Input::OpenFailed(connection, after) => self.open_failed(now, connection, after, out),
            Input::Frame(connection, frame) => self.frame(now, connection, *frame, out),
            Input::Heard(connection) => self.heard(now, connection),
            Input::Closed(connection, number) => self.closed(now, connection, number, out),
            Input::Refreshed(token, result) => self.refreshed(now, &token, result, out),
            Input::TokenExpired(token) => self.token_expired(&token, out),
            Input::Command(command) => self.command(now, command, out),
            Input::Paused => self.patient_since = None,
            Input::Resumed => self.patient_since = Some(now),
            Input::Wake => self.wake(now, out),
        }
        self.pump(now, out);
    }

    /// Sends whatever may be sent now.
    fn pump(&mut self, now: Timestamp, out: &mut Output) {
        self.pump_outbox(now, out);
        self.pump_sync(now, out);
        self.pump_marks(now, out);
        self.retire(out);
    }

    fn me(&self) -> Option<UserId> {
        self.session.as_ref().map(|session| session.user)
    }

    /// The server's time, as far as it is known.
    fn server_time(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_millis(now.as_millis().saturating_add_signed(self.server_ahead_ms))
    }

    fn learn_server_time(&mut self, now: Timestamp, server_time: Timestamp) {
        let (server, own) = (server_time.as_millis(), now.as_millis());
        self.server_ahead_ms = i64::try_from(server)
            .and_then(|server| i64::try_from(own).map(|own| server - own))
            .unwrap_or(0);
    }
}
