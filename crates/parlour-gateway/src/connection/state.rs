//! What a connection does next: a pure function of what came in and of the time.
//!
//! No I/O, no clock, no task: [`ConnectionState::step`] takes an input and answers effects, and whoever drives it carries them
//! out in their order. Invariants: nothing but `hello` is served before `welcome`; at most 32 requests are under
//! way or waiting, and beyond that nothing is read; of what enters a log one request per chat is under way, in
//! the order of [`super::order`]; after [`Effect::Close`] nothing follows.

mod steps;

mod choices;
mod live;
mod refusals;
mod syncs;

use std::time::Duration;

use parlour_model::{Timestamp, limits};
use parlour_protocol::{
    ClientFrame, CloseCode, DecodeError, ErrorBody, ErrorCode, ErrorFrame, ReconnectFrame,
    Reference, ServerFrame,
};

use super::pace::{Pace, Paced};
use crate::settings::GatewayLimits;
use live::Live;
use refusals::{draining, hello_first, rate_limited, refuse, send_error, too_many, wrong_kind};

pub(crate) use steps::{Effect, Ending, Input, Ticket, Welcomed, Work};
pub(crate) use syncs::SyncRequest;

/// One connection, as a pure state machine.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    heartbeat: Duration,
    pace: Pace,
    phase: Phase,
    /// When anything last came from the client.
    heard_at: Timestamp,
    /// When the client was last asked for a sign of life.
    pinged_at: Timestamp,
}

#[derive(Debug)]
enum Phase {
    /// No `hello` yet; it must come until then.
    Silent {
        until: Timestamp,
    },
    /// A `hello` is being looked at.
    Authenticating {
        until: Timestamp,
    },
    Live(Box<Live>),
    Closed,
}

impl ConnectionState {
    /// A connection that opened at `now`.
    pub(crate) fn new(limits: &GatewayLimits, now: Timestamp) -> Self {
        Self {
            heartbeat: limits.heartbeat,
            pace: Pace::new(limits.frames_per_second, limits.frames_burst),
            phase: Phase::Silent {
                until: now.plus(limits::HELLO_WITHIN),
            },
            heard_at: now,
            pinged_at: now,
        }
    }

    /// Takes one input.
    pub(crate) fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        let mut effects = match input {
            Input::Frame(frame) => self.frame(frame, now),
            Input::Garbled(error) => self.garbled(&error, now),
            Input::WrongKind => wrong_kind(),
            Input::Control => self.control(now),
            Input::Welcomed(welcomed) => self.welcomed(welcomed, now),
            Input::Rejected(reference, error) => self.rejected(reference, error),
            Input::Finished(ticket, ending) => self.finished(ticket, ending, now),
            Input::Tick => self.tick(now),
            Input::Drain(after_ms) => self.drain(after_ms),
            Input::Stop => self.stop(),
        };
        if matches!(self.phase, Phase::Closed) {
            effects.clear();
        }
        if let Some(end) = effects.iter().position(|e| matches!(e, Effect::Close(_))) {
            effects.truncate(end + 1);
            self.phase = Phase::Closed;
        }
        effects
    }

    /// Whether the next frame may be read now. Otherwise the client waits, and nobody else.
    pub(crate) fn wants_input(&self) -> bool {
        match &self.phase {
            Phase::Silent { .. } => true,
            Phase::Authenticating { .. } | Phase::Closed => false,
            Phase::Live(live) => live.wants_input(),
        }
    }

    /// When [`Input::Tick`] is due.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Silent { until } => Some(*until),
            Phase::Authenticating { .. } | Phase::Closed => None,
            Phase::Live(live) => Some(
                live.token_deadline()
                    .min(self.silent_until())
                    .min(self.ping_due()),
            ),
        }
    }

    fn frame(&mut self, frame: ClientFrame, now: Timestamp) -> Vec<Effect> {
        let too_fast = match self.take(now) {
            Ok(too_fast) => too_fast,
            Err(close) => return close,
        };
        match (&mut self.phase, too_fast) {
            (Phase::Live(live), too_fast) => live.frame(frame, too_fast, now),
            (_, Some(error)) => vec![refuse(&frame, error)],
            (_, None) => self.frame_before_welcome(frame),
        }
    }

    fn frame_before_welcome(&mut self, frame: ClientFrame) -> Vec<Effect> {
        match (&self.phase, frame) {
            (Phase::Silent { until }, ClientFrame::Hello(hello)) => {
                self.phase = Phase::Authenticating { until: *until };
                vec![Effect::Authenticate(hello)]
            }
            (_, frame) => vec![refuse(&frame, hello_first())],
        }
    }

    fn garbled(&mut self, error: &DecodeError, now: Timestamp) -> Vec<Effect> {
        let too_fast = match self.take(now) {
            Ok(too_fast) => too_fast,
            Err(close) => return close,
        };
        if let Some(code) = error.close_code() {
            let last = ErrorFrame::new(None, error.to_body());
            return vec![send_error(last), Effect::Close(code)];
        }
        let answer = match too_fast {
            Some(slower) => ErrorFrame::new(error.reference().cloned(), slower.of_append()),
            None => error.to_frame(),
        };
        vec![send_error(answer)]
    }

    fn control(&mut self, now: Timestamp) -> Vec<Effect> {
        self.take(now).err().unwrap_or_default()
    }

    /// Counts one frame: within the pace, or too fast with an error, or (`Err`) too fast for too long.
    fn take(&mut self, now: Timestamp) -> Result<Option<ErrorBody>, Vec<Effect>> {
        self.heard_at = now;
        match self.pace.take(now) {
            Paced::InTime => Ok(None),
            Paced::TooFast(wait) => Ok(Some(rate_limited().after(wait))),
            Paced::Incorrigible(wait) => Err(too_many(rate_limited().after(wait))),
        }
    }

    fn welcomed(&mut self, welcomed: Welcomed, now: Timestamp) -> Vec<Effect> {
        if !matches!(self.phase, Phase::Authenticating { .. }) {
            return Vec::new();
        }
        self.heard_at = now;
        let (live, effects) = Live::begin(welcomed);
        self.phase = Phase::Live(Box::new(live));
        effects
    }

    fn rejected(&mut self, reference: Option<Reference>, error: ErrorBody) -> Vec<Effect> {
        let Phase::Authenticating { until } = self.phase else {
            return Vec::new();
        };
        let code = match error.code {
            ErrorCode::TokenExpired => Some(CloseCode::TokenExpired),
            ErrorCode::TokenInvalid => Some(CloseCode::AuthenticationFailed),
            ErrorCode::Draining => Some(CloseCode::Draining),
            // A wrong field: the client may correct it while its time lasts.
            ErrorCode::Invalid => None,
            // Whatever is overloaded will not be better for a client that asks again at once.
            _ => Some(CloseCode::TooManyRequests),
        };
        self.phase = Phase::Silent { until };
        let answer = send_error(ErrorFrame::new(reference, error));
        std::iter::once(answer)
            .chain(code.map(Effect::Close))
            .collect()
    }

    fn finished(&mut self, ticket: Ticket, ending: Ending, now: Timestamp) -> Vec<Effect> {
        let Phase::Live(live) = &mut self.phase else {
            return Vec::new();
        };
        if !live.wants_input() {
            // While we did not read, silence was ours.
            self.heard_at = now;
        }
        live.finished(ticket, ending)
    }

    fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        match &self.phase {
            Phase::Silent { until } if *until <= now => {
                let late = ErrorBody::new(ErrorCode::TokenInvalid, "no `hello` came in time");
                let close = Effect::Close(CloseCode::AuthenticationFailed);
                vec![send_error(ErrorFrame::new(None, late)), close]
            }
            Phase::Live(live) if live.token_deadline() <= now => {
                let expired = ErrorBody::new(
                    ErrorCode::TokenExpired,
                    "the access token has expired: refresh it and connect again",
                );
                let close = Effect::Close(CloseCode::TokenExpired);
                vec![send_error(ErrorFrame::new(None, expired)), close]
            }
            Phase::Live(live) => {
                let reading = live.wants_input();
                self.listen(reading, now)
            }
            Phase::Silent { .. } | Phase::Authenticating { .. } | Phase::Closed => Vec::new(),
        }
    }

    /// Looks after a client that may be gone.
    fn listen(&mut self, reading: bool, now: Timestamp) -> Vec<Effect> {
        if !reading {
            self.heard_at = now;
        }
        if self.silent_until() <= now {
            return vec![Effect::Close(CloseCode::Normal)];
        }
        if self.ping_due() <= now {
            self.pinged_at = now;
            return vec![Effect::Ping];
        }
        Vec::new()
    }

    fn drain(&mut self, after_ms: u64) -> Vec<Effect> {
        match &self.phase {
            Phase::Live(_) => vec![Effect::Send(ServerFrame::Reconnect(ReconnectFrame {
                after_ms,
            }))],
            Phase::Silent { .. } | Phase::Authenticating { .. } => draining(),
            Phase::Closed => Vec::new(),
        }
    }

    fn stop(&mut self) -> Vec<Effect> {
        match &mut self.phase {
            Phase::Live(live) => live.stop(),
            Phase::Silent { .. } | Phase::Authenticating { .. } => draining(),
            Phase::Closed => Vec::new(),
        }
    }

    fn silent_until(&self) -> Timestamp {
        self.heard_at.plus(self.heartbeat * 2)
    }

    fn ping_due(&self) -> Timestamp {
        self.heard_at.max(self.pinged_at).plus(self.heartbeat)
    }
}

#[cfg(test)]
mod tests;
