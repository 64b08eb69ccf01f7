//! What goes into the state machine of a connection, and what comes out.

use std::collections::BTreeMap;

use parlour_model::{ChatId, Seq, Timestamp};
use parlour_protocol::{
    ClientFrame, CloseCode, DecodeError, ErrorBody, HelloFrame, Reference, ServerFrame,
};

use super::super::order::{LogName, Verdict};
use super::SyncRequest;
use super::choices::Choice;

/// Something that happened to the connection.
#[derive(Debug)]
pub(crate) enum Input {
    /// A frame of the client.
    Frame(ClientFrame),
    /// A frame that cannot be read, or is wrong.
    Garbled(DecodeError),
    /// A text frame where binary was agreed, or the other way round.
    WrongKind,
    /// A ping or pong below the protocol.
    Control,
    /// The client is who it says, and `welcome` is written.
    Welcomed(Welcomed),
    /// The `hello` with this `ref` was refused.
    Rejected(Option<Reference>, ErrorBody),
    /// A started request ended; its answer is on its way.
    Finished(Ticket, Ending),
    /// The deadline has passed.
    Tick,
    /// The node drains: come back in so many milliseconds.
    Drain(u64),
    /// The node stops now.
    Stop,
}

/// What to do, in this order.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Send this.
    Send(ServerFrame),
    /// Find out who this is, and answer with [`Input::Welcomed`] or [`Input::Rejected`].
    Authenticate(HelloFrame),
    /// Serve this request, and answer with [`Input::Finished`].
    Start(Ticket, Work),
    /// Ask the client for a sign of life.
    Ping,
    /// Send what waits, then close.
    Close(CloseCode),
}

/// What is left of a `hello` when its client is known.
#[derive(Debug)]
pub(crate) struct Welcomed {
    /// The `ref` of the `hello`.
    pub(crate) reference: Option<Reference>,
    /// Its cursors.
    pub(crate) cursors: BTreeMap<ChatId, Seq>,
    /// Whether more cursors follow.
    pub(crate) more: bool,
    /// When the access token expires.
    pub(crate) token_expires_at: Timestamp,
}

/// Names a request while it is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ticket {
    /// It enters a log.
    Log(LogName),
    /// It catches up.
    Sync,
    /// It replaces the one before it.
    Choice(Choice),
    /// Anything else.
    Other,
}

/// A request to be served.
#[derive(Debug, PartialEq)]
pub(crate) enum Work {
    /// What this frame asks for.
    Frame(ClientFrame),
    /// Events after cursors.
    Sync(SyncRequest),
}

/// How a request ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    /// As far as the order of a log is concerned. A sync that is not `Settled` has failed.
    pub(crate) verdict: Verdict,
    /// When the new access token expires, if this brought one.
    pub(crate) token_expires_at: Option<Timestamp>,
}
