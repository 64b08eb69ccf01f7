//! Names of nodes and of the connections they hold.

use std::fmt;

use parlour_model::{NodeNumber, SessionId};

/// One life of one node. A node whose lease lapsed comes back under a new incarnation, and everything that named
/// the old one counts as gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeRef {
    /// Which node.
    pub number: NodeNumber,
    /// Which of its lives; rises.
    pub incarnation: u64,
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number.get(), self.incarnation)
    }
}

/// Names a connection on its node, for as long as the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// The connection with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a route says about a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRef {
    /// Its name on the node.
    pub connection: ConnectionId,
    /// The sign-in it belongs to.
    pub session: SessionId,
    /// What the user calls the device.
    pub device: String,
}
