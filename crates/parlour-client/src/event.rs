//! What the client tells the application.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::{ChatId, EventId, EventKey, Presence, Seq, Timestamp};
use parlour_protocol::{
    ChatBody, CloseCode, ErrorBody, ReceiptCountsFrame, ReceiptFrame, TooLongFrame, TypingNotice,
    WireEvent,
};

/// Something happened. Of one chat, events come in the order of their seqs, without a hole and never twice
/// (but for what a [`ClientEvent::TooLong`] skipped).
#[derive(Debug, Clone, PartialEq)]
pub enum ClientEvent {
    /// The next event of a chat. It and the cursor that passed it are in the local store already.
    Event(Arc<WireEvent>),
    /// The user has this chat now, or this device did not know it: its events from `head` on follow, what
    /// came before is history.
    ChatJoined(Arc<ChatBody>),
    /// A chat's summary changed.
    ChatChanged(Arc<ChatBody>),
    /// A chat is no longer the user's.
    ChatLeft(ChatId),
    /// Events were skipped: drop what is known of the chat and load history from `head` downwards.
    TooLong(TooLongFrame),
    /// Somebody's marks rose; also one's own, raised by another device.
    Receipt(ReceiptFrame),
    /// How many members of a large chat have a message.
    ReceiptCounts(ReceiptCountsFrame),
    /// Somebody types, or stopped. Stopping is told in any case, at the latest after some seconds.
    Typing(TypingNotice),
    /// A watched user's presence changed.
    Presence(Presence),
    /// A send is settled. Comes for every send, also for those of an earlier run of the program.
    Settled {
        /// Where.
        chat: ChatId,
        /// The key [`crate::PendingMessage::key`] told.
        key: EventKey,
        /// How.
        result: Result<Sent, SendFailure>,
    },
    /// A send cannot go on by itself and holds up those behind it: an attempt may be stored, but the server
    /// refuses the others for good. The application may cancel it.
    Stalled {
        /// Where.
        chat: ChatId,
        /// The key [`crate::PendingMessage::key`] told.
        key: EventKey,
        /// What the server said; absent if it closed the connection because of the frame.
        error: Option<Box<ErrorBody>>,
    },
    /// The connection changed.
    Connection(ConnectionState),
    /// The client has stopped connecting until somebody signs in again.
    Stopped(StopReason),
}

/// How the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// A connection is being opened.
    Connecting,
    /// Connected; what was missed is being fetched.
    CatchingUp,
    /// Connected and everything is live.
    Ready,
    /// No connection; the next attempt starts after this time.
    Waiting(Duration),
}

/// Why the client stopped connecting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The session was signed out, revoked, or has ended: log in again.
    SignedOut,
    /// The account is disabled.
    AccountDisabled,
    /// Server and client do not speak the same protocol: one of them is too old.
    WrongProtocol,
    /// The server closed for good with a number this version does not know.
    Refused(u16),
    /// The local store failed.
    StoreFailed,
}

impl StopReason {
    /// Why a close with this number is for good; `None` if the client comes back by itself.
    #[must_use]
    pub fn from_close(number: u16) -> Option<Self> {
        if CloseCode::number_may_reconnect(number) {
            return None;
        }
        Some(match CloseCode::from_number(number) {
            Some(CloseCode::SignedOut | CloseCode::AuthenticationFailed) => Self::SignedOut,
            Some(CloseCode::AccountDisabled) => Self::AccountDisabled,
            Some(CloseCode::WrongProtocol) => Self::WrongProtocol,
            _ => Self::Refused(number),
        })
    }
}

/// A send is in the log, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its position.
    pub seq: Seq,
    /// Its public id.
    pub id: EventId,
    /// Its time.
    pub sent_at: Timestamp,
    /// The key it is stored under, which its event carries.
    pub key: EventKey,
}

/// A send that did not end in the log, as far as is known.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SendFailure {
    /// Every attempt was refused, the last with this: it is certainly not in the log.
    #[error("refused: {} ({})", .0.message, .0.code)]
    Refused(Box<ErrorBody>),
    /// The application gave it up in time: it is certainly not in the log.
    #[error("cancelled")]
    Cancelled,
    /// The application gave it up when the server could no longer tell what had become of it (its key was older than keys may
    /// be): an attempt may be in the log, and then its event shows it. Nothing more will be tried.
    #[error("given up; whether it is in the log is not known")]
    GivenUp,
    /// The client was closed or its store emptied; a store that is kept goes on with it next time.
    #[error("the client was closed before the send was settled")]
    Closed,
}
