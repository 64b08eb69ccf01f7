//! What the application asks for, and how it is answered.

use parlour_model::{ChatId, ChosenStatus, EventKey, Seq, Timestamp};
use parlour_protocol::{
    ClientFrame, HistoryFrame, PageFrame, SetStatusFrame, TypingFrame, WatchFrame,
};
use tokio::sync::oneshot;

use super::requests::Request;
use super::{Action, Machine, Output};
use crate::{ClientError, Operation, SendFailure, Sent};

/// Where an answer goes.
pub(crate) type ReplyTo<T> = oneshot::Sender<Result<T, ClientError>>;

/// Something the application wants.
#[derive(Debug)]
pub(crate) enum Command {
    /// Put something into a chat's log.
    Post {
        chat: ChatId,
        operation: Operation,
        /// Told the key once the send is durable in the outbox.
        queued: ReplyTo<EventKey>,
        /// Told how it ended.
        settled: oneshot::Sender<Result<Sent, SendFailure>>,
    },
    /// Give a send up.
    Cancel(EventKey, ReplyTo<()>),
    /// The user has read a chat up to a seq.
    Read(ChatId, Seq),
    /// The user types, or stopped.
    Typing(ChatId, bool),
    /// What the screen shows.
    Watch(WatchFrame, ReplyTo<()>),
    /// The status the user chose.
    Status(ChosenStatus, ReplyTo<()>),
    /// A page of messages.
    History(HistoryFrame, ReplyTo<PageFrame>),
    /// Send what waits without further pacing: the client is about to close.
    Flush,
}

/// An answer on its way to the application.
#[derive(Debug)]
pub(crate) enum Reply {
    /// To [`Command::Post`]: durable in the outbox.
    Queued(ReplyTo<EventKey>, Result<EventKey, ClientError>),
    /// To [`Command::Post`]: settled.
    Settled(
        oneshot::Sender<Result<Sent, SendFailure>>,
        Result<Sent, SendFailure>,
    ),
    /// Done, or not.
    Done(ReplyTo<()>, Result<(), ClientError>),
    /// To [`Command::History`].
    Page(ReplyTo<PageFrame>, Box<Result<PageFrame, ClientError>>),
}

impl Reply {
    /// Hands it over. Who no longer waits does not get it.
    pub(crate) fn deliver(self) {
        match self {
            Self::Queued(to, result) => drop(to.send(result)),
            Self::Settled(to, result) => drop(to.send(result)),
            Self::Done(to, result) => drop(to.send(result)),
            Self::Page(to, result) => drop(to.send(*result)),
        }
    }
}

impl Machine {
    pub(super) fn command(&mut self, now: Timestamp, command: Command, out: &mut Output) {
        match command {
            Command::Post {
                chat,
                operation,
                queued,
                settled,
            } => self.post(now, (chat, operation), (queued, settled), out),
            Command::Cancel(key, reply) => self.cancel(key, reply, out),
            Command::Read(chat, seq) => self.read(chat, seq, out),
            Command::Typing(chat, on) => self.type_in(chat, on, out),
            Command::Watch(frame, reply) => self.watch(now, frame, reply, out),
            Command::Status(status, reply) => self.choose_status(now, status, reply, out),
            Command::History(frame, reply) => self.history(now, &frame, reply, out),
            Command::Flush => self.marks.flush(),
        }
    }

    fn type_in(&mut self, chat: ChatId, on: bool, out: &mut Output) {
        // Typing is worth nothing later: without a connection it is forgotten.
        if let Some(connection) = self.link.live() {
            let frame = ClientFrame::Typing(TypingFrame {
                reference: None,
                chat,
                on,
            });
            out.actions.push(Action::Send(connection, Box::new(frame)));
        }
    }

    fn choose_status(
        &mut self,
        now: Timestamp,
        status: ChosenStatus,
        reply: ReplyTo<()>,
        out: &mut Output,
    ) {
        let Some(connection) = self.link.live() else {
            let refused = Reply::Done(reply, Err(ClientError::NotConnected));
            return out.actions.push(Action::Reply(refused));
        };
        let reference = self.requests.open(now, connection, Request::Status(reply));
        let frame = ClientFrame::SetStatus(SetStatusFrame {
            reference: Some(reference),
            status,
        });
        out.actions.push(Action::Send(connection, Box::new(frame)));
    }

    fn history(
        &mut self,
        now: Timestamp,
        frame: &HistoryFrame,
        reply: ReplyTo<PageFrame>,
        out: &mut Output,
    ) {
        let Some(connection) = self.link.live() else {
            let refused = Reply::Page(reply, Box::new(Err(ClientError::NotConnected)));
            return out.actions.push(Action::Reply(refused));
        };
        let reference = self.requests.open(now, connection, Request::History(reply));
        let frame = ClientFrame::History(HistoryFrame {
            reference: Some(reference),
            ..frame.clone()
        });
        out.actions.push(Action::Send(connection, Box::new(frame)));
    }

    pub(super) fn watch(
        &mut self,
        now: Timestamp,
        frame: WatchFrame,
        reply: ReplyTo<()>,
        out: &mut Output,
    ) {
        self.watching.set(frame);
        if self.link.live().is_some() {
            self.send_watch(now, Some(reply), out);
        } else {
            // It is sent with the next `welcome`.
            let done = Reply::Done(reply, Ok(()));
            out.actions.push(Action::Reply(done));
        }
    }

    /// Tells the live connection what is on the screen.
    pub(super) fn send_watch(
        &mut self,
        now: Timestamp,
        reply: Option<ReplyTo<()>>,
        out: &mut Output,
    ) {
        let (Some(connection), Some(frame)) = (self.link.live(), self.watching.frame()) else {
            return;
        };
        let reference = self.requests.open(now, connection, Request::Watch(reply));
        let frame = ClientFrame::Watch(WatchFrame {
            reference: Some(reference),
            ..frame
        });
        out.actions.push(Action::Send(connection, Box::new(frame)));
    }

    /// Whether nothing more can be sent or answered now: what `close` waits for.
    pub(crate) fn is_quiet(&self) -> bool {
        let Some(connection) = self.link.live() else {
            return true;
        };
        !self.requests.awaits(connection) && !self.outbox.is_moving() && self.marks.is_empty()
    }
}
