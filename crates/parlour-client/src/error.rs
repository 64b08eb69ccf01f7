//! What can go wrong for the application that uses the client, named by what it can do about it.

use parlour_protocol::{DecodeError, ErrorBody, ErrorFrame};

use crate::StoreError;

/// Why a call of the client did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server answered with an error; its `retry` says whether trying again can help.
    #[error("the server refused: {} ({})", .0.message, .0.code)]
    Refused(Box<ErrorBody>),
    /// The server could not be reached, or the answer did not arrive. Whether the call was done is unknown.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// There is no live connection now, or it ended before the answer came. Asking again later helps.
    #[error("not connected")]
    NotConnected,
    /// Nobody is signed in: register, log in or restore first.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// Something in the call is wrong and will stay wrong.
    #[error("{0}")]
    Invalid(String),
    /// More sends wait than the outbox holds: wait for some of them to settle.
    #[error("the outbox is full")]
    OutboxFull,
    /// The local store failed. The client has stopped, because it must not go on from what it could not keep.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server answered with something that is not this protocol.
    #[error("the server's answer cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}

impl From<ErrorBody> for ClientError {
    fn from(error: ErrorBody) -> Self {
        Self::Refused(Box::new(error))
    }
}

impl ClientError {
    pub(crate) fn from_frame(frame: ErrorFrame) -> Self {
        ErrorBody::from(frame).into()
    }

    /// The server's error, if that is what it is.
    #[must_use]
    pub fn refused(&self) -> Option<&ErrorBody> {
        match self {
            Self::Refused(error) => Some(error),
            _ => None,
        }
    }
}
