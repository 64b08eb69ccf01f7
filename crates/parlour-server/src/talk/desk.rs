//! The desk: the one owner of everything a talk knows, and its loop.
//!
//! - Events are shown as they come, whatever else goes on: answers of the server wait while events are not read.
//! - One job at a time; the next line is read when it is done, so lines are obeyed in their order.

mod arrivals;
mod orders;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream, StreamExt};
use parlour_client::{Client, ClientEvent, EventStream, StopReason};
use parlour_model::{ChatId, Presence, UserId, UserName};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::directory::Directory;
use super::jobs::{Jobs, Outcome};
use super::keyboard::{Keyboard, Typed};
use super::room::Room;
use super::screen::Screen;
use super::sending::Sending;
use super::shelf::Shelf;

/// How often a user who is not there yet is looked for.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// How long the last lines may take to be printed.
const LAST_LINES_WITHIN: Duration = Duration::from_secs(1);

/// What a desk is set up with.
pub(super) struct Parts {
    pub(super) client: Client,
    pub(super) events: EventStream,
    pub(super) me: UserId,
    pub(super) directory: Directory,
    pub(super) keyboard: Keyboard,
    pub(super) screen: Screen,
    pub(super) sending: Sending,
    /// Whether unsent messages survive the program.
    pub(super) keeps_state: bool,
}

/// One talk.
pub(super) struct Desk {
    client: Client,
    directory: Directory,
    jobs: Jobs,
    me: UserId,
    events: Pin<Box<dyn Stream<Item = ClientEvent> + Send>>,
    keyboard: Keyboard,
    strokes: watch::Receiver<u64>,
    screen: Screen,
    job: Option<BoxFuture<'static, anyhow::Result<Outcome>>>,
    room: Option<Room>,
    awaited: Option<Awaited>,
    shelf: Shelf,
    sending: Sending,
    link: Link,
    /// New messages in other chats that came while the connection was catching up.
    missed: BTreeMap<ChatId, u64>,
    presence: BTreeMap<UserId, Presence>,
    typists: BTreeSet<UserId>,
    typing_told: Option<Instant>,
    end: End,
    stopped: Option<StopReason>,
    keeps_state: bool,
}

/// Somebody whose chat is to be opened as soon as it can be.
#[derive(Debug)]
struct Awaited {
    name: UserName,
    is_told: bool,
}

/// The connection, as the user was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Starting,
    Live,
    CatchingUp,
    Down,
}

/// Whether it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It goes on.
    Open,
    /// Nothing more is typed; what was sent is being settled.
    NoMoreLines,
    /// It is over.
    Now,
}

enum Step {
    Printed(io::Result<()>),
    Event(ClientEvent),
    Done(anyhow::Result<Outcome>),
    Typed(Typed),
    Stroke,
    LookAgain,
    Quit,
}

/// What ends a talk from outside.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Desk {
    /// A desk that has not begun.
    pub(super) fn new(parts: Parts) -> Self {
        let directory = parts.directory;
        let names = directory.clone();
        let meet = move |event: ClientEvent| {
            let names = names.clone();
            async move {
                names.meet(&event).await;
                event
            }
        };
        Self {
            jobs: Jobs {
                client: parts.client.clone(),
                directory: directory.clone(),
            },
            client: parts.client,
            directory,
            me: parts.me,
            events: Box::pin(parts.events.then(meet)),
            strokes: parts.keyboard.strokes(),
            keyboard: parts.keyboard,
            screen: parts.screen,
            job: None,
            room: None,
            awaited: None,
            shelf: Shelf::default(),
            sending: parts.sending,
            link: Link::Starting,
            missed: BTreeMap::new(),
            presence: BTreeMap::new(),
            typists: BTreeSet::new(),
            typing_told: None,
            end: End::Open,
            stopped: None,
            keeps_state: parts.keeps_state,
        }
    }

    /// Opens the chat with `with`, and talks until the user quits or the client stops for good.
    pub(super) async fn run(mut self, with: Option<UserName>) -> anyhow::Result<()> {
        let mut signals = Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        };
        let mut look_again = tokio::time::interval(LOOK_AGAIN_AFTER);
        look_again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        match self.sending.count() {
            0 => {}
            count => self.screen.notice(format!(
                "{count} not sent the last time, and on their way now"
            ))?,
        }
        if let Some(name) = with {
            self.with(&name);
        }
        while !self.is_over() {
            match self.next_step(&mut signals, &mut look_again).await {
                Step::Printed(printed) => printed?,
                Step::Event(event) => self.arrive(event).await?,
                Step::Done(outcome) => self.finish_job(outcome).await?,
                Step::Typed(typed) => self.take_typed(typed).await?,
                Step::Stroke => self.tell_typing().await,
                Step::LookAgain => self.look_for_awaited(),
                Step::Quit => self.end = End::Now,
            }
        }
        self.close().await
    }

    async fn next_step(&mut self, signals: &mut Signals, look_again: &mut Interval) -> Step {
        let prompt = self.prompt();
        let (has_to_print, is_full) = (self.screen.is_waiting(), self.screen.is_full());
        let is_listening = self.is_listening();
        let is_awaiting = self.awaited.is_some() && self.job.is_none();
        tokio::select! {
            biased;
            // Whoever wants to leave does not wait.
            _ = signals.interrupt.recv() => Step::Quit,
            _ = signals.terminate.recv() => Step::Quit,
            // What waits is shown before more comes.
            printed = self.screen.print(), if has_to_print => Step::Printed(printed),
            // Events before everything that may depend on what they tell.
            Some(event) = self.events.next(), if !is_full => Step::Event(event),
            outcome = pending_or(&mut self.job) => {
                self.job = None;
                Step::Done(outcome)
            }
            // The order of the rest does not matter.
            typed = self.keyboard.next(&prompt), if is_listening => Step::Typed(typed),
            Ok(()) = self.strokes.changed() => Step::Stroke,
            _ = look_again.tick(), if is_awaiting => Step::LookAgain,
        }
    }

    /// Whether the next line is wanted. Lines of a pipe wait for the chat they are meant for.
    fn is_listening(&self) -> bool {
        let waits = self.awaited.is_some() && !self.keyboard.is_terminal();
        self.job.is_none() && !waits && self.end != End::NoMoreLines
    }

    fn is_over(&self) -> bool {
        match (self.end, self.stopped) {
            (End::Now, _) => true,
            // While a line is edited the terminal is not in its usual mode: the user has to end it.
            (_, Some(_)) => !self.keyboard.is_terminal(),
            (End::Open, None) => false,
            (End::NoMoreLines, None) => {
                let is_settled = self.sending.count() == 0 || self.link == Link::Down;
                is_settled && self.job.is_none()
            }
        }
    }

    fn prompt(&self) -> String {
        match &self.room {
            Some(room) => format!("{}> ", self.directory.chat(room.chat)),
            None => "> ".to_owned(),
        }
    }

    async fn take_typed(&mut self, typed: Typed) -> io::Result<()> {
        match typed {
            Typed::Line(line) if self.stopped.is_none() => self.obey(&line).await?,
            Typed::End if !self.keyboard.is_terminal() => self.end = End::NoMoreLines,
            Typed::Line(_) | Typed::End => self.end = End::Now,
        }
        Ok(())
    }

    /// Says goodbye properly: what can still be sent is sent, and what comes of it is shown.
    async fn close(mut self) -> anyhow::Result<()> {
        let mut closing = pin!(self.client.clone().close());
        loop {
            tokio::select! {
                biased;
                // The end comes after the last events, and each is shown before the next.
                printed = self.screen.print(), if self.screen.is_waiting() => printed?,
                Some(event) = self.events.next() => self.arrive(event).await?,
                () = &mut closing => break,
            }
        }
        while let Some(event) = self.events.next().now_or_never().flatten() {
            self.arrive(event).await?;
        }
        match (self.sending.count(), self.keeps_state) {
            (0, _) => {}
            (count, true) => self
                .screen
                .notice(format!("{count} not sent yet; kept for the next time"))?,
            (count, false) => self.screen.notice(format!("{count} not sent"))?,
        }
        // A line that is being edited still, or an editor that is gone, must not hold up the end.
        let _ = tokio::time::timeout(LAST_LINES_WITHIN, self.screen.flush()).await;
        match self.stopped {
            Some(reason) => Err(anyhow::anyhow!(arrivals::why_stopped(reason))),
            None => Ok(()),
        }
    }
}

async fn pending_or<T>(future: &mut Option<BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
