//! A look at every frame of a client, for tests that compare what was said with what is true.
//!
//! A tap only looks: it is called in the client's own task and must not wait.

use std::fmt::Debug;

use parlour_protocol::{ClientFrame, ServerFrame};

/// Sees the frames of one client. `connection` is the number of a connection and is never used again.
pub trait Tap: Send + Sync + Debug {
    /// A frame is going to be sent.
    fn sending(&self, connection: u64, frame: &ClientFrame);

    /// A frame came; the client has not acted on it yet.
    fn received(&self, connection: u64, frame: &ServerFrame);

    /// A connection is over: nothing more comes on it.
    fn ended(&self, connection: u64);
}
