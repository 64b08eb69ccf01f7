//! One WebSocket connection, from the upgrade to the last close frame.
//!
//! One task holds the socket in two halves: what comes in drives a pure state machine ([`state`]), what goes out is drained from
//! the connection's outbox. Requests run beside them, so nothing that waits for a commit stops a ping. Whatever ends a
//! connection ends it alone.

mod upgrade;

mod hello;
mod task;
mod writer;

mod driver;
mod requests;

mod order;
mod pace;
mod state;

mod transport;

pub(crate) use upgrade::upgrade;

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// We close, for this reason.
    Close(parlour_protocol::CloseCode),
    /// The client broke the rules below the protocol, so nothing more can be read: we close, for this reason.
    Broken(parlour_protocol::CloseCode),
    /// The client closed.
    Closed,
    /// The connection is gone.
    Gone,
}
