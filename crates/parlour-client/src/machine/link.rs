//! The life of connections: pauses, opening, greeting, live, retiring, and their ends.
//!
//! - At most one connection is live, one is being opened, and one (drained by its node) is retiring.
//! - A connection is live from `welcome` on; the one before retires then and closes once its answers are in.
//! - Every end leads to another attempt after full jitter, unless the close number says that it is for good. That a draining node
//!   had named a later moment changes nothing once it has gone.

use std::time::Duration;

use parlour_model::{ChatId, Timestamp};
use parlour_protocol::CloseCode;
use rand::RngExt;

use super::commands::Reply;
use super::requests::Request;
use super::{Action, ConnectionId, Machine, Output};
use crate::{ClientError, ClientEvent, ConnectionState, StopReason};

/// How long opening a connection may take, and `welcome` after it.
pub(super) const OPEN_WITHIN: Duration = Duration::from_secs(15);
/// The shortest pause between two attempts.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// The longest pause between two attempts.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The next connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Starts at this time.
    Waiting(Timestamp),
    /// Starts when there is a good access token.
    NeedsToken,
    /// Is being opened.
    Opening(ConnectionId, Timestamp),
    /// `hello` was sent.
    Greeting(ConnectionId, Timestamp),
}

impl Attempt {
    pub(super) fn connection(self) -> Option<ConnectionId> {
        match self {
            Self::Waiting(_) | Self::NeedsToken => None,
            Self::Opening(connection, _) | Self::Greeting(connection, _) => Some(connection),
        }
    }
}

/// The connection that counts.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) connection: ConnectionId,
    pub(super) heard_at: Timestamp,
    pub(super) heartbeat: Duration,
    pub(super) ping_at: Timestamp,
    pub(super) ready: bool,
}

/// A connection that only brings answers any more.
#[derive(Debug)]
pub(super) struct Retiring {
    pub(super) connection: ConnectionId,
    pub(super) until: Timestamp,
    pub(super) closing: bool,
}

/// Asking for access tokens.
#[derive(Debug, Default)]
pub(super) enum Refreshing {
    #[default]
    Idle,
    Asked,
    Waiting(Timestamp),
}

/// All connections of a client.
#[derive(Debug, Default)]
pub(super) struct Link {
    last: u64,
    pub(super) attempt: Option<Attempt>,
    pub(super) live: Option<Live>,
    pub(super) retiring: Option<Retiring>,
    pub(super) refreshing: Refreshing,
    /// When the access token is to be replaced, well before it ends.
    pub(super) refresh_at: Option<Timestamp>,
    /// Attempts in a row that did not become ready.
    pub(super) failures: u32,
    pub(super) refresh_failures: u32,
    /// The wait the last error asked for.
    pub(super) asked_wait: Duration,
    /// Chats whose cursors found no room in the last `hello`.
    pub(super) further: Vec<ChatId>,
}

impl Link {
    /// The live connection.
    pub(super) fn live(&self) -> Option<ConnectionId> {
        self.live.as_ref().map(|live| live.connection)
    }

    /// The live connection, once it has caught up.
    pub(super) fn ready(&self) -> Option<ConnectionId> {
        let live = self.live.as_ref().filter(|live| live.ready)?;
        Some(live.connection)
    }

    /// Whether frames of this connection count.
    pub(super) fn knows(&self, connection: ConnectionId) -> bool {
        let attempt = self.attempt.and_then(Attempt::connection);
        let retiring = self.retiring.as_ref().map(|old| old.connection);
        [attempt, self.live(), retiring].contains(&Some(connection))
    }
}

impl Machine {
    /// Starts the next connection now.
    pub(super) fn start_attempt(&mut self, now: Timestamp, out: &mut Output) {
        if self.session.is_none() {
            return;
        }
        if self.link.live.is_none() {
            out.emit(ClientEvent::Connection(ConnectionState::Connecting));
        }
        if self.link.refresh_at.is_none_or(|at| at <= now) {
            self.link.attempt = Some(Attempt::NeedsToken);
            return self.ask_token(out);
        }
        self.link.last += 1;
        let connection = ConnectionId(self.link.last);
        self.link.attempt = Some(Attempt::Opening(connection, now.plus(OPEN_WITHIN)));
        out.actions.push(Action::Open(connection));
    }

    /// The node drains: another connection is opened after a while, beside this one.
    pub(super) fn reconnect_after(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        after: Duration,
    ) {
        if self.link.live() == Some(connection) && self.link.attempt.is_none() {
            self.link.attempt = Some(Attempt::Waiting(now.plus(after)));
        }
    }

    pub(super) fn open_failed(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        after: Option<Duration>,
        out: &mut Output,
    ) {
        if self.link.attempt.and_then(Attempt::connection) == Some(connection) {
            self.requests.lose(connection);
            self.try_again(now, after.unwrap_or_default(), out);
        }
    }

    pub(super) fn closed(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        number: Option<u16>,
        out: &mut Output,
    ) {
        if !self.link.knows(connection) {
            return;
        }
        let code = number.and_then(CloseCode::from_number);
        let blamed = code.is_some_and(CloseCode::blames_the_frame);
        let was_live = self.link.live() == Some(connection);
        let was_attempt = self.link.attempt.and_then(Attempt::connection) == Some(connection);
        self.detach(connection, blamed, out);
        if !was_live && !was_attempt {
            return;
        }
        if let Some(reason) = number.and_then(StopReason::from_close) {
            return self.stop(reason, out);
        }
        if code == Some(CloseCode::TokenExpired) {
            self.link.refresh_at = None;
        }
        let asked_wait = std::mem::take(&mut self.link.asked_wait);
        let asked = code == Some(CloseCode::TooManyRequests);
        let at_least = if asked { asked_wait } else { Duration::ZERO };
        match self.link.attempt {
            None => self.try_again(now, at_least, out),
            // The node named a later moment for its end, and has come to it before.
            Some(Attempt::Waiting(planned)) if was_live => {
                let pause = self.jittered(self.link.failures, PAUSE_MAX).max(at_least);
                self.wait(now, pause.min(planned.since(now)), out);
            }
            Some(_) => {}
        }
    }

    /// Plans the next attempt, after full jitter and not before `at_least`.
    fn try_again(&mut self, now: Timestamp, at_least: Duration, out: &mut Output) {
        let pause = self.jittered(self.link.failures, PAUSE_MAX).max(at_least);
        self.link.failures = self.link.failures.saturating_add(1);
        self.wait(now, pause, out);
    }

    fn wait(&mut self, now: Timestamp, pause: Duration, out: &mut Output) {
        self.link.attempt = Some(Attempt::Waiting(now.plus(pause)));
        if self.link.live.is_none() {
            out.emit(ClientEvent::Connection(ConnectionState::Waiting(pause)));
        }
    }

    /// Gives up on a connection that says nothing more; goes on as if it had ended.
    pub(super) fn give_up(&mut self, now: Timestamp, connection: ConnectionId, out: &mut Output) {
        out.actions.push(Action::Abandon(connection));
        self.closed(now, connection, None, out);
    }

    /// Drops a connection of which nothing more is wanted.
    pub(super) fn let_go(&mut self, connection: ConnectionId, out: &mut Output) {
        out.actions.push(Action::Abandon(connection));
        self.detach(connection, false, out);
    }

    /// Takes a connection out, with everything that was on its way there.
    fn detach(&mut self, connection: ConnectionId, blamed: bool, out: &mut Output) {
        let link = &mut self.link;
        if link.attempt.and_then(Attempt::connection) == Some(connection) {
            link.attempt = None;
        }
        link.live.take_if(|live| live.connection == connection);
        link.retiring.take_if(|old| old.connection == connection);
        self.sends_lost(connection, blamed, out);
        for request in self.requests.lose(connection) {
            self.request_lost(request, out);
        }
    }

    pub(super) fn disconnect(&mut self, out: &mut Output) {
        let attempt = self.link.attempt.and_then(Attempt::connection);
        let retiring = self.link.retiring.as_ref().map(|old| old.connection);
        for connection in [attempt, self.link.live(), retiring].into_iter().flatten() {
            out.actions.push(Action::Close(connection));
            self.detach(connection, false, out);
        }
        self.link.attempt = None;
        self.syncing.reset();
    }

    /// Ends all connections until somebody signs in again.
    pub(super) fn stop(&mut self, reason: StopReason, out: &mut Output) {
        self.disconnect(out);
        self.link.refreshing = Refreshing::Idle;
        out.emit(ClientEvent::Stopped(reason));
    }

    pub(super) fn ping_pause(&mut self) -> Duration {
        Duration::from_millis(self.jitter.random_range(20_000..=25_000))
    }

    pub(super) fn plan_ping(&mut self, now: Timestamp) {
        let pause = self.ping_pause();
        if let Some(live) = &mut self.link.live {
            live.ping_at = now.plus(pause);
        }
    }

    /// Full jitter: anything between the shortest pause and a bound that doubles with each failure.
    pub(super) fn jittered(&mut self, failures: u32, max: Duration) -> Duration {
        let bound = Duration::from_secs(1 << failures.min(16)).min(max);
        self.jitter.random_range(PAUSE_MIN..=bound)
    }

    /// What nobody will answer any more.
    fn request_lost(&mut self, request: Request, out: &mut Output) {
        let reply = match request {
            Request::Watch(Some(reply)) | Request::Status(reply) => {
                Reply::Done(reply, Err(ClientError::NotConnected))
            }
            Request::History(reply) => Reply::Page(reply, Box::new(Err(ClientError::NotConnected))),
            Request::Mark(chat, _) => return self.mark_lost(chat),
            _ => return,
        };
        out.actions.push(Action::Reply(reply));
    }
}
