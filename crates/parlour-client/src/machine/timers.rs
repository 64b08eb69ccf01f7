//! What happens because time passes.

use std::time::Duration;

use parlour_model::Timestamp;
use parlour_protocol::{ClientFrame, PingFrame};

use super::link::{Attempt, Refreshing};
use super::requests::Request;
use super::{Action, Machine, Output};
use crate::ClientEvent;

/// How long an answer may take on a connection that otherwise works, and a long one to go on. Longer means that it does not.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

impl Machine {
    /// When [`super::Input::Wake`] must come at the latest; `None`: not before another input.
    pub(crate) fn next_wake(&self) -> Option<Timestamp> {
        let link = &self.link;
        let attempt = link.attempt.and_then(|attempt| match attempt {
            Attempt::Waiting(at) | Attempt::Opening(_, at) | Attempt::Greeting(_, at) => Some(at),
            Attempt::NeedsToken => None,
        });
        let refresh = match link.refreshing {
            Refreshing::Idle => link.refresh_at.filter(|_| link.live.is_some()),
            Refreshing::Asked => None,
            Refreshing::Waiting(until) => Some(until),
        };
        let live = link.live.as_ref();
        let sends = live.and_then(|_| self.outbox.next());
        let sends = sends.map(|at| at.max(self.pace.next()));
        let sync = live.and_then(|_| self.syncing.next());
        [
            attempt,
            refresh,
            link.retiring.as_ref().map(|old| old.until),
            live.map(|live| live.ping_at),
            self.silent_at(),
            sends,
            sync,
            self.next_mark(),
            self.watching.next_end(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub(super) fn wake(&mut self, now: Timestamp, out: &mut Output) {
        if let Some(connection) = self.link.live()
            && self.silent_at().is_some_and(|at| at <= now)
        {
            self.give_up(now, connection, out);
        }
        match self.link.attempt {
            Some(Attempt::Waiting(at)) if at <= now => self.start_attempt(now, out),
            Some(Attempt::Opening(connection, at) | Attempt::Greeting(connection, at))
                if at <= now =>
            {
                self.give_up(now, connection, out);
            }
            _ => {}
        }
        if let Some(old) = &self.link.retiring
            && old.until <= now
        {
            self.let_go(old.connection, out);
        }
        self.wake_tokens(now, out);
        self.ping_if_due(now, out);
        for notice in self.watching.ended_typing(now) {
            out.emit(ClientEvent::Typing(notice));
        }
    }

    fn wake_tokens(&mut self, now: Timestamp, out: &mut Output) {
        if matches!(self.link.refreshing, Refreshing::Waiting(until) if until <= now) {
            self.link.refreshing = Refreshing::Idle;
        }
        let due = self.link.refresh_at.is_none_or(|at| at <= now);
        let wanted = self.link.live.is_some() || self.link.attempt == Some(Attempt::NeedsToken);
        if due && wanted {
            self.ask_token(out);
        }
    }

    fn ping_if_due(&mut self, now: Timestamp, out: &mut Output) {
        let due = self.link.live.as_ref().filter(|live| live.ping_at <= now);
        let Some(connection) = due.map(|live| live.connection) else {
            return;
        };
        self.plan_ping(now);
        let frame = ClientFrame::Ping(PingFrame {
            reference: Some(self.requests.open(now, connection, Request::Ping)),
        });
        out.actions.push(Action::Send(connection, Box::new(frame)));
    }

    /// When the live connection has been silent, or has owed an answer, for too long.
    fn silent_at(&self) -> Option<Timestamp> {
        let live = self.link.live.as_ref()?;
        let since = self.patient_since?;
        let silent = live.heard_at.max(since).plus(live.heartbeat * 2);
        let owed_since = self.requests.owed_since(live.connection, live.heard_at);
        let owed = owed_since.map(|owed_since| owed_since.max(since).plus(ANSWER_WITHIN));
        Some(owed.map_or(silent, |owed| owed.min(silent)))
    }
}
