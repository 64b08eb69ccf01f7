//! The one task of a client: gives the machine its inputs, commits what follows, then does what follows.
//!
//! - A batch is committed before any of its actions is done; if that fails, the client stops.
//! - While the application has not taken its events, nothing is read from the sockets: nothing is lost, the server sees
//!   a slow client and at worst closes the connection (4008), and the client resumes where it was.

mod act;
mod events;
mod work;

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parlour_model::Timestamp;
use parlour_protocol::{Encoding, Secret};
use reqwest::Url;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::machine::{ConnectionId, Input, Machine, Output, RefreshFailure};
use crate::socket::{Incoming, OpenError, Socket};
use crate::{ClientConfig, LocalStore, Rest, SavedSession, Tap};

pub(crate) use events::EventSlot;
use events::Events;
pub(crate) use work::Work;

/// Frames taken from a socket before the batch is committed.
const FRAMES_PER_BATCH: usize = 64;
/// How long a closed connection may take to end.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// How long `close` waits for what is on its way.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);

/// What a task is made of.
pub(crate) struct Parts {
    pub(crate) machine: Machine,
    pub(crate) url: Url,
    pub(crate) rest: Rest,
    pub(crate) work: mpsc::Receiver<Work>,
    pub(crate) expired: mpsc::Receiver<Secret>,
    pub(crate) session: watch::Sender<Option<SavedSession>>,
    pub(crate) events: EventSlot,
    pub(crate) config: ClientConfig,
}

/// Everything the task owns.
pub(crate) struct Driver {
    machine: Machine,
    store: Arc<dyn LocalStore>,
    url: Url,
    encoding: Encoding,
    rest: Rest,
    time: Time,
    work: mpsc::Receiver<Work>,
    expired: mpsc::Receiver<Secret>,
    session: watch::Sender<Option<SavedSession>>,
    events: Events,
    shutdown: CancellationToken,
    tap: Option<Arc<dyn Tap>>,
    connections: Connections,
    closing: Option<Closing>,
    /// Answers that wait for the commit.
    replies: Vec<Box<dyn FnOnce() + Send>>,
    /// Whether the machine knows that nothing is read.
    is_paused: bool,
}

/// The time as the machine sees it: read once, then carried by the runtime's clock, which tests can pause.
#[derive(Debug, Clone, Copy)]
struct Time {
    start: Instant,
    started_at: Timestamp,
}

impl Time {
    fn now(&self) -> Timestamp {
        self.started_at.plus(self.start.elapsed())
    }

    fn instant(&self, at: Timestamp) -> Instant {
        self.start + at.since(self.started_at)
    }
}

/// Sockets, and calls under way.
#[derive(Default)]
struct Connections {
    open: Vec<Connection>,
    opening: Option<(ConnectionId, BoxFuture<'static, Result<Socket, OpenError>>)>,
    /// With the refresh token it is asked for with.
    refreshing: Option<BoxFuture<'static, (Secret, Result<SavedSession, RefreshFailure>)>>,
}

struct Connection {
    id: ConnectionId,
    socket: Socket,
    /// When a connection that is being closed is let go.
    until: Option<Instant>,
}

/// The application wants the end.
struct Closing {
    until: Instant,
    done: oneshot::Sender<()>,
}

/// What the task woke up for.
enum Step {
    Shutdown,
    Inputs(Vec<Input>),
    Work(Option<Work>),
    /// There is room for events, or the time has come: the next step sees to it.
    Again,
}

impl Driver {
    /// A task that has not begun.
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            machine: parts.machine,
            store: parts.config.store,
            url: parts.url,
            encoding: parts.config.encoding,
            rest: parts.rest,
            time: Time {
                start: Instant::now(),
                started_at: parts.config.clock.now(),
            },
            work: parts.work,
            expired: parts.expired,
            session: parts.session,
            events: Events::new(parts.events),
            shutdown: parts.config.shutdown,
            tap: parts.config.tap,
            connections: Connections::default(),
            closing: None,
            replies: Vec::new(),
            is_paused: false,
        }
    }

    /// Runs until the client is closed, the token is cancelled, or the store fails.
    pub(crate) async fn run(mut self) {
        while !self.is_done() {
            let step = self.next_step().await;
            let mut out = Output::default();
            let now = self.time.now();
            match step {
                Step::Shutdown | Step::Work(None) => break,
                Step::Again => {}
                Step::Inputs(inputs) => self.take(now, inputs, &mut out),
                Step::Work(Some(work)) => self.take_work(now, work, &mut out),
            }
            self.take_waiting_work(now, &mut out);
            if !self.commit_and_act(out).await {
                break;
            }
            self.events.pass_on();
        }
        self.end().await;
    }

    /// Work that waits already is taken with what came from the sockets, so that a busy socket cannot starve it.
    fn take_waiting_work(&mut self, now: Timestamp, out: &mut Output) {
        for _ in 0..FRAMES_PER_BATCH {
            if self.connections.are_full() {
                return;
            }
            match self.work.try_recv() {
                Ok(work) => self.take_work(now, work, out),
                Err(_) => return,
            }
        }
    }

    async fn next_step(&mut self) -> Step {
        let wake = self.next_wake();
        if wake.is_some_and(|wake| wake <= Instant::now()) {
            let mut inputs = self.connections.let_go_of_late_ones();
            inputs.push(Input::Wake);
            return Step::Inputs(inputs);
        }
        if self.events.are_waiting() != self.is_paused {
            self.is_paused = !self.is_paused;
            let input = if self.is_paused {
                Input::Paused
            } else {
                Input::Resumed
            };
            return Step::Inputs(vec![input]);
        }
        let reading = !self.events.are_waiting();
        let taking_work = !self.connections.are_full();
        let Connections {
            open,
            opening,
            refreshing,
        } = &mut self.connections;
        tokio::select! {
            biased;
            // The end comes before everything else.
            () = self.shutdown.cancelled() => Step::Shutdown,
            // Old events go out before new ones come in.
            () = self.events.room(), if !reading => Step::Again,
            // A token or a connection lets everything else go on; both are rare.
            (token, result) = pending_or(refreshing) => {
                *refreshing = None;
                Step::Inputs(vec![Input::Refreshed(token, result)])
            }
            result = opened(opening) => Step::Inputs(vec![register(open, opening, result)]),
            // What came from the server, before what the application wants next: answers make room.
            inputs = incoming(open, reading) => Step::Inputs(inputs),
            work = self.work.recv(), if taking_work => Step::Work(work),
            Some(token) = self.expired.recv() => Step::Work(Some(Work::TokenExpired(token))),
            () = sleep_until(wake) => Step::Again,
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        let machine = self.machine.next_wake().map(|at| self.time.instant(at));
        let late = self.connections.open.iter().filter_map(|open| open.until);
        let flush = self.closing.as_ref().map(|closing| closing.until);
        late.chain(machine).chain(flush).min()
    }

    fn is_done(&self) -> bool {
        self.closing
            .as_ref()
            .is_some_and(|closing| self.machine.is_quiet() || closing.until <= Instant::now())
    }

    /// Closes every connection properly, as far as the servers go along.
    async fn end(mut self) {
        self.show_end();
        self.events.end();
        let until = Instant::now() + CLOSE_WITHIN;
        for connection in &mut self.connections.open {
            if connection.until.is_none() {
                connection.socket.queue_close();
            }
        }
        while !self.connections.open.is_empty() {
            let ended = incoming(&mut self.connections.open, true);
            if tokio::time::timeout_at(until, ended).await.is_err() {
                break;
            }
        }
        if let Some(closing) = self.closing.take() {
            // Whoever asked may have gone.
            let _ = closing.done.send(());
        }
    }
}

impl Connections {
    fn are_full(&self) -> bool {
        self.open.iter().any(|open| open.socket.is_full())
    }

    /// Drops the connections that do not answer a close; each has ended then.
    fn let_go_of_late_ones(&mut self) -> Vec<Input> {
        let now = Instant::now();
        let is_late = |open: &mut Connection| open.until.is_some_and(|until| until <= now);
        let late = self.open.extract_if(.., is_late);
        late.map(|open| Input::Closed(open.id, None)).collect()
    }
}

async fn pending_or<T>(future: &mut Option<BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn opened(
    opening: &mut Option<(ConnectionId, BoxFuture<'static, Result<Socket, OpenError>>)>,
) -> Result<Socket, OpenError> {
    match opening {
        Some((_, future)) => future.await,
        None => std::future::pending().await,
    }
}

fn register(
    open: &mut Vec<Connection>,
    opening: &mut Option<(ConnectionId, BoxFuture<'static, Result<Socket, OpenError>>)>,
    result: Result<Socket, OpenError>,
) -> Input {
    let (id, _) = opening.take().expect("it has just answered");
    match result {
        Ok(socket) => {
            let until = None;
            open.push(Connection { id, socket, until });
            Input::Opened(id)
        }
        Err(error) => {
            tracing::debug!(reason = error.reason, "no connection");
            Input::OpenFailed(id, error.retry_after)
        }
    }
}

/// What came on any connection: waits for the first, takes what else is there already.
async fn incoming(open: &mut Vec<Connection>, reading: bool) -> Vec<Input> {
    let mut inputs = vec![next_incoming(open, reading).await];
    while inputs.len() < FRAMES_PER_BATCH {
        let Some(input) = next_incoming(open, reading).now_or_never() else {
            break;
        };
        inputs.push(input);
    }
    inputs
}

async fn next_incoming(open: &mut Vec<Connection>, reading: bool) -> Input {
    std::future::poll_fn(|cx| {
        for place in 0..open.len() {
            let connection = &mut open[place];
            let id = connection.id;
            match connection.socket.poll(cx, reading) {
                Poll::Pending => {}
                Poll::Ready(Incoming::Frame(frame)) => {
                    return Poll::Ready(Input::Frame(id, frame));
                }
                Poll::Ready(Incoming::Heard) => return Poll::Ready(Input::Heard(id)),
                Poll::Ready(Incoming::Closed(number)) => {
                    open.remove(place);
                    return Poll::Ready(Input::Closed(id, number));
                }
            }
        }
        Poll::Pending
    })
    .await
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}
