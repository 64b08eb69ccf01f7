//! A connection whose client is known: its requests, and when its token ends.

use parlour_model::{Timestamp, limits};
use parlour_protocol::{
    ClientFrame, CloseCode, ErrorBody, ErrorCode, ErrorFrame, PongFrame, ServerFrame, SyncFrame,
};

use super::super::order::{LogName, LogRequest, Order, Turn, Verdict};
use super::choices::{Choice, Choices};
use super::refusals::{refuse, second_hello, send_error, too_many};
use super::syncs::Syncs;
use super::{Effect, Ending, Ticket, Welcomed, Work};
use crate::settings::{TOKEN_GRACE, UNSETTLED_KEYS_MAX};

#[derive(Debug)]
pub(super) struct Live {
    token_expires_at: Timestamp,
    order: Order,
    syncs: Syncs,
    choices: Choices,
    /// Requests under way that have no order among themselves.
    others: usize,
    stopping: bool,
}

impl Live {
    /// A client that was just welcomed, and the sync of its `hello`.
    pub(super) fn begin(welcomed: Welcomed) -> (Self, Vec<Effect>) {
        let mut live = Self {
            token_expires_at: welcomed.token_expires_at,
            order: Order::default(),
            syncs: Syncs::default(),
            choices: Choices::default(),
            others: 0,
            stopping: false,
        };
        let sync = live
            .syncs
            .hello(welcomed.reference, welcomed.cursors, welcomed.more);
        (live, vec![Effect::Start(Ticket::Sync, Work::Sync(sync))])
    }

    pub(super) fn wants_input(&self) -> bool {
        !self.stopping && self.in_flight() < limits::REQUESTS_IN_FLIGHT_MAX
    }

    /// When a connection ends whose token was not refreshed.
    pub(super) fn token_deadline(&self) -> Timestamp {
        self.token_expires_at.plus(TOKEN_GRACE)
    }

    /// A frame, and the error to answer if it came too fast.
    pub(super) fn frame(
        &mut self,
        frame: ClientFrame,
        too_fast: Option<ErrorBody>,
        now: Timestamp,
    ) -> Vec<Effect> {
        if let Some(name) = LogName::of(&frame) {
            let doomed = too_fast;
            return self.log(LogRequest {
                name,
                frame,
                doomed,
            });
        }
        if let Some(error) = too_fast {
            return vec![refuse(&frame, error)];
        }
        match frame {
            ClientFrame::Hello(_) => vec![refuse(&frame, second_hello())],
            // Answered here, so that it waits for nothing but the reader.
            ClientFrame::Ping(ping) => vec![Effect::Send(ServerFrame::Pong(PongFrame {
                reference: ping.reference,
                server_time: now,
            }))],
            ClientFrame::Sync(sync) => self.sync(sync),
            other => self.unlogged(other),
        }
    }

    /// Starts what neither enters a log nor is answered here, or lets it wait for what it replaces.
    fn unlogged(&mut self, frame: ClientFrame) -> Vec<Effect> {
        let Some(choice) = Choice::of(&frame) else {
            self.others += 1;
            return vec![Effect::Start(Ticket::Other, Work::Frame(frame))];
        };
        let start = self.choices.arrive(choice, frame);
        start
            .map(|frame| choose(choice, frame))
            .into_iter()
            .collect()
    }

    pub(super) fn finished(&mut self, ticket: Ticket, ending: Ending) -> Vec<Effect> {
        if let Some(expires_at) = ending.token_expires_at {
            self.token_expires_at = self.token_expires_at.max(expires_at);
        }
        let mut effects = match ticket {
            Ticket::Log(name) => {
                let turns = self.order.finish(name, ending.verdict);
                self.take_turns(turns)
            }
            // Nothing else would bring what it owes, `ready` among it: the client catches up on a new connection.
            Ticket::Sync if ending.verdict != Verdict::Settled => {
                return vec![Effect::Close(CloseCode::NodeLapsed)];
            }
            Ticket::Sync => {
                let next = self.syncs.finish();
                let start = |sync| Effect::Start(Ticket::Sync, Work::Sync(sync));
                next.map(start).into_iter().collect()
            }
            Ticket::Choice(choice) => {
                let next = self.choices.finish(choice);
                next.map(|frame| choose(choice, frame))
                    .into_iter()
                    .collect()
            }
            Ticket::Other => {
                self.others = self.others.saturating_sub(1);
                Vec::new()
            }
        };
        effects.extend(self.stopped());
        effects
    }

    /// Reads no more, and closes once what was read is answered.
    pub(super) fn stop(&mut self) -> Vec<Effect> {
        self.stopping = true;
        self.stopped().into_iter().collect()
    }

    /// The end of a stopping connection. A sync is no reason to stay: the client resumes elsewhere.
    fn stopped(&self) -> Option<Effect> {
        let idle = self.in_flight() == self.syncs.count();
        (self.stopping && idle).then_some(Effect::Close(CloseCode::Draining))
    }

    fn in_flight(&self) -> usize {
        let logged = self.order.running() + self.order.waiting();
        logged + self.syncs.count() + self.choices.count() + self.others
    }

    fn log(&mut self, request: LogRequest) -> Vec<Effect> {
        let turn = self.order.arrive(request);
        self.take_turns(turn)
    }

    fn take_turns(&self, turns: impl IntoIterator<Item = Turn>) -> Vec<Effect> {
        let mut effects: Vec<Effect> = turns.into_iter().map(effect).collect();
        if self.order.unsettled() > UNSETTLED_KEYS_MAX {
            effects.extend(too_many(ErrorBody::new(
                ErrorCode::RateLimited,
                "too many keys are not settled; send the oldest first",
            )));
        }
        effects
    }

    fn sync(&mut self, frame: SyncFrame) -> Vec<Effect> {
        let reference = frame.reference.clone();
        match self.syncs.arrive(frame) {
            Ok(Some(sync)) => vec![Effect::Start(Ticket::Sync, Work::Sync(sync))],
            Ok(None) => Vec::new(),
            Err(error) => {
                vec![send_error(ErrorFrame::new(reference, error))]
            }
        }
    }
}

fn choose(choice: Choice, frame: ClientFrame) -> Effect {
    Effect::Start(Ticket::Choice(choice), Work::Frame(frame))
}

fn effect(turn: Turn) -> Effect {
    match turn {
        Turn::Start(request) => {
            Effect::Start(Ticket::Log(request.name), Work::Frame(request.frame))
        }
        Turn::Refuse(request, error) => refuse(&request.frame, error),
    }
}
