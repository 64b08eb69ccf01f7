//! What comes in: the client's frames, the ends of its requests, the deadlines, the node's plans.
//!
//! Turns each into an input of the state machine, in a fixed order of precedence. Nothing that came in is lost when the future of
//! [`Driver::next_input`] is dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use parlour_model::{Clock, Timestamp};
use parlour_protocol::{Encoding, decode_client};
use rand::RngExt;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use super::End;
use super::state::{ConnectionState, Effect, Ending, Input, Ticket};
use super::transport::{Incoming, Reader};
use crate::node::{Node, Phase};

/// A request under way: ends with what it was called and how it ended.
pub(super) type Job = Pin<Box<dyn Future<Output = (Ticket, Ending)> + Send>>;

/// Everything that drives one connection's state.
pub(super) struct Driver {
    clock: Arc<dyn Clock>,
    pub(super) encoding: Encoding,
    pub(super) reader: Reader,
    state: ConnectionState,
    phase: watch::Receiver<Phase>,
    // queue: requests in flight per connection
    pub(super) jobs: FuturesUnordered<Job>,
    alarm: Alarm,
}

impl Driver {
    /// The driver of a connection that has just opened.
    pub(super) fn new(node: &Node, reader: Reader, encoding: Encoding) -> Self {
        let mut phase = node.phase.subscribe();
        if *phase.borrow() != Phase::Serving {
            // The plan changed after this connection was let in: it is news to it all the same.
            phase.mark_changed();
        }
        Self {
            clock: Arc::clone(&node.clock),
            encoding,
            reader,
            state: ConnectionState::new(&node.limits, node.clock.now()),
            phase,
            jobs: FuturesUnordered::new(),
            alarm: Alarm::new(),
        }
    }

    /// Takes one input at the present time.
    pub(super) fn step(&mut self, input: Input) -> Vec<Effect> {
        self.state.step(input, self.clock.now())
    }

    /// Waits for the next input; `Err` if nothing more can come.
    pub(super) async fn next_input(&mut self) -> Result<Input, End> {
        let deadline = self.state.deadline();
        let reading = self.state.wants_input();
        tokio::select! {
            biased;
            // The node's plans come first: they are rare, and a busy client must not hold them up.
            Ok(()) = self.phase.changed() => Ok(plan(&self.phase.borrow_and_update())),
            // A request that ended frees a slot, and starts what waited for it, before more is read.
            Some((ticket, ending)) = self.jobs.next(), if !self.jobs.is_empty() => {
                Ok(Input::Finished(ticket, ending))
            }
            // Deadlines come before frames, or a client that never stops sending would outlive them.
            () = self.alarm.ring(deadline, &*self.clock) => Ok(Input::Tick),
            // Frames last, and none while the client has as much under way as it may.
            incoming = self.reader.recv(), if reading => self.read(incoming),
        }
    }

    fn read(&self, incoming: Incoming) -> Result<Input, End> {
        match incoming {
            Incoming::Frame(bytes) => Ok(match decode_client(self.encoding, &bytes) {
                Ok(frame) => Input::Frame(frame),
                Err(error) => Input::Garbled(error),
            }),
            Incoming::WrongKind => Ok(Input::WrongKind),
            Incoming::Control => Ok(Input::Control),
            Incoming::Closed => Err(End::Closed),
            Incoming::Broken(code) => Err(End::Broken(code)),
            Incoming::Gone => Err(End::Gone),
        }
    }
}

/// What the node's plan means for one connection: where in the window it moves is its own chance.
fn plan(phase: &Phase) -> Input {
    match phase {
        Phase::Serving => Input::Tick,
        Phase::Draining { window } => {
            let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
            Input::Drain(rand::rng().random_range(0..=window_ms))
        }
        Phase::Stopping => Input::Stop,
    }
}

/// One timer per connection.
struct Alarm {
    sleep: Pin<Box<Sleep>>,
    /// What it is set for. A deadline that moves away leaves it alone: that it rings too early once costs less than
    /// setting it anew for every frame.
    set_for: Option<Timestamp>,
}

impl Alarm {
    fn new() -> Self {
        Self {
            sleep: Box::pin(tokio::time::sleep_until(Instant::now())),
            set_for: None,
        }
    }

    /// Waits until `deadline`, or rings too early.
    async fn ring(&mut self, deadline: Option<Timestamp>, clock: &dyn Clock) {
        let Some(deadline) = deadline else {
            return std::future::pending().await;
        };
        if self.set_for.is_none_or(|set_for| deadline < set_for) {
            let wait = deadline.since(clock.now());
            self.sleep.as_mut().reset(Instant::now() + wait);
            self.set_for = Some(deadline);
        }
        self.sleep.as_mut().await;
        self.set_for = None;
    }
}
