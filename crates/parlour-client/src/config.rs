//! What a client is made of.

use std::sync::Arc;

use parlour_model::{Clock, SystemClock};
use parlour_protocol::Encoding;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{LocalStore, Tap};

/// Everything a [`crate::Client`] needs. [`ClientConfig::new`] fills in the usual; programs with many clients share
/// `http`, `tracker` and `shutdown` among them.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The server: `http://host:port` or `https://host`.
    pub url: String,
    /// What must survive the program.
    pub store: Arc<dyn LocalStore>,
    /// What the user calls this device.
    pub device: Option<String>,
    /// How frames are written.
    pub encoding: Encoding,
    /// For REST calls; made anew if absent.
    pub http: Option<reqwest::Client>,
    /// The time, read once; from then on the runtime's clock carries it.
    pub clock: Arc<dyn Clock>,
    /// Has the client's task.
    pub tracker: TaskTracker,
    /// Ends the client's task when cancelled. What is in the outbox waits for the next run.
    pub shutdown: CancellationToken,
    /// Sees every frame; for tests.
    pub tap: Option<Arc<dyn Tap>>,
}

impl ClientConfig {
    /// The usual: MessagePack, the system's clock, and a tracker and token of its own.
    #[must_use]
    pub fn new(url: impl Into<String>, store: Arc<dyn LocalStore>) -> Self {
        Self {
            url: url.into(),
            store,
            device: None,
            encoding: Encoding::MessagePack,
            http: None,
            clock: Arc::new(SystemClock::new()),
            tracker: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            tap: None,
        }
    }
}
