//! What the client hands out: the stream of events, a pending send, a place in the history.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use parlour_model::{ChatId, EventKey, Seq};
use parlour_protocol::HistoryFrame;
use tokio::sync::{mpsc, oneshot};

use crate::{ClientEvent, SendFailure, Sent};

/// Events as they happen. Ends when the client does, or when another stream takes its place.
#[derive(Debug)]
pub struct EventStream {
    receiver: mpsc::Receiver<ClientEvent>,
}

impl EventStream {
    pub(super) fn new(receiver: mpsc::Receiver<ClientEvent>) -> Self {
        Self { receiver }
    }

    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<ClientEvent> {
        self.receiver.recv().await
    }
}

impl Stream for EventStream {
    type Item = ClientEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ClientEvent>> {
        self.receiver.poll_recv(cx)
    }
}

/// A send that is durable in the outbox and will be settled, here or in a later run of the program.
#[derive(Debug)]
pub struct PendingMessage {
    chat: ChatId,
    key: EventKey,
    settled: oneshot::Receiver<Result<Sent, SendFailure>>,
}

impl PendingMessage {
    pub(super) fn new(
        chat: ChatId,
        key: EventKey,
        settled: oneshot::Receiver<Result<Sent, SendFailure>>,
    ) -> Self {
        Self { chat, key, settled }
    }

    /// Where.
    #[must_use]
    pub fn chat(&self) -> ChatId {
        self.chat
    }

    /// Its name: [`crate::Client::cancel`] takes it, [`ClientEvent::Settled`] carries it.
    #[must_use]
    pub fn key(&self) -> EventKey {
        self.key
    }

    /// Waits until it is certain how the send ended. That may take as long as there is no connection.
    ///
    /// # Errors
    /// [`SendFailure`]: it is certainly not in the log, or that is not known ([`SendFailure::GivenUp`]), or the client ended
    /// first ([`SendFailure::Closed`]).
    pub async fn settled(self) -> Result<Sent, SendFailure> {
        self.settled.await.unwrap_or(Err(SendFailure::Closed))
    }
}

/// Which part of a chat's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryAt {
    /// The newest messages.
    End,
    /// The newest below a seq.
    Before(Seq),
    /// The oldest above a seq.
    After(Seq),
    /// Those on both sides of a seq, and its own.
    Around(Seq),
}

impl HistoryAt {
    pub(super) fn frame(self, chat: ChatId, limit: usize) -> HistoryFrame {
        let frame = HistoryFrame {
            reference: None,
            chat,
            before: None,
            after: None,
            around: None,
            limit: Some(limit as u64),
        };
        match self {
            Self::End => frame,
            Self::Before(seq) => HistoryFrame {
                before: Some(seq),
                ..frame
            },
            Self::After(seq) => HistoryFrame {
                after: Some(seq),
                ..frame
            },
            Self::Around(seq) => HistoryFrame {
                around: Some(seq),
                ..frame
            },
        }
    }
}
