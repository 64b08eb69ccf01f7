//! Why a WebSocket was closed, and whether the client may come back.

use std::fmt;

/// A close code the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// The other side closed and this is the echo, or the client is done.
    Normal,
    /// The peer broke the WebSocket protocol.
    ProtocolError,
    /// A kind of frame that cannot be accepted.
    Unacceptable,
    /// The bytes of a frame are not what its encoding allows.
    Unreadable,
    /// A frame above the limit.
    TooLarge,
    /// The node drains.
    Draining,
    /// The client reads more slowly than its chats speak; nothing is lost, it resumes.
    SlowConsumer,
    /// The access token has expired.
    TokenExpired,
    /// The node lost touch with the others and starts over.
    NodeLapsed,
    /// Too many requests.
    TooManyRequests,
    /// The session was signed out or revoked.
    SignedOut,
    /// The account is disabled.
    AccountDisabled,
    /// The token of `hello` is no good, or no `hello` came.
    AuthenticationFailed,
    /// Not a protocol this server speaks, or the other kind of frame than agreed.
    WrongProtocol,
}

impl CloseCode {
    /// Every code.
    pub const ALL: [Self; 14] = [
        Self::Normal,
        Self::ProtocolError,
        Self::Unacceptable,
        Self::Unreadable,
        Self::TooLarge,
        Self::Draining,
        Self::SlowConsumer,
        Self::TokenExpired,
        Self::NodeLapsed,
        Self::TooManyRequests,
        Self::SignedOut,
        Self::AccountDisabled,
        Self::AuthenticationFailed,
        Self::WrongProtocol,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::ProtocolError => 1002,
            Self::Unacceptable => 1003,
            Self::Unreadable => 1007,
            Self::TooLarge => 1009,
            Self::Draining => 1012,
            Self::SlowConsumer => 4008,
            Self::TokenExpired => 4009,
            Self::NodeLapsed => 4012,
            Self::TooManyRequests => 4013,
            Self::SignedOut => 4500,
            Self::AccountDisabled => 4501,
            Self::AuthenticationFailed => 4502,
            Self::WrongProtocol => 4540,
        }
    }

    /// The code with this number; `None` if it is none of ours.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// What it means, in a few words for the close frame.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Normal => "closed",
            Self::ProtocolError => "not a valid WebSocket frame",
            Self::Unacceptable => "this kind of frame is not accepted",
            Self::Unreadable => "the frame cannot be read",
            Self::TooLarge => "the frame is too large",
            Self::Draining => "the node is going away; reconnect",
            Self::SlowConsumer => "read too slowly; reconnect and resume",
            Self::TokenExpired => "the access token has expired; refresh it",
            Self::NodeLapsed => "the node starts over; reconnect",
            Self::TooManyRequests => "too many requests; wait, then reconnect",
            Self::SignedOut => "signed out",
            Self::AccountDisabled => "the account is disabled",
            Self::AuthenticationFailed => "not signed in; log in again",
            Self::WrongProtocol => "not the agreed protocol",
        }
    }

    /// Whether the client may come back by itself.
    #[must_use]
    pub const fn may_reconnect(self) -> bool {
        self.number() < 4500
    }

    /// Whether a client that sees this number may come back: yes, unless it is from 4500 on.
    /// Numbers this version does not know follow the same line.
    #[must_use]
    pub const fn number_may_reconnect(number: u16) -> bool {
        number < 4500
    }

    /// Whether the last frame must not be sent again as it was.
    #[must_use]
    pub const fn blames_the_frame(self) -> bool {
        matches!(
            self,
            Self::ProtocolError | Self::Unacceptable | Self::Unreadable | Self::TooLarge
        )
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.meaning())
    }
}
