//! What a node needs to join.

use std::fmt;
use std::sync::Arc;

use parlour_model::{Clock, NodeNumber};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// How to reach Redis, and who joins.
pub struct Options {
    /// Where Redis is.
    pub topology: Topology,
    /// Who to sign in as; nobody if absent.
    pub credentials: Option<Credentials>,
    /// How to encrypt; not at all if absent.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// This node's number, which no other living node has.
    pub number: NodeNumber,
    /// The deployment that this node belongs to; Redis remembers the first one it meets.
    pub deployment: Uuid,
    /// Where versions and incarnations get their time from.
    pub clock: Arc<dyn Clock>,
    /// What the bus spawns its tasks on.
    pub tracker: TaskTracker,
    /// Ends the tasks: nothing is heard any more and the lease is no longer renewed. Calls are still answered until it ends.
    pub token: CancellationToken,
}

/// Where Redis is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topology {
    /// One server, as `host:port`.
    One(String),
    /// A Redis Cluster, as `host:port` of some of its servers; the others are found.
    Cluster(Vec<String>),
}

/// Who to sign in as.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Redis' default user if absent.
    pub username: Option<String>,
    /// The password.
    pub password: SecretString,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("topology", &self.topology)
            .field("tls", &self.tls.is_some())
            .field("number", &self.number)
            .field("deployment", &self.deployment)
            .finish_non_exhaustive()
    }
}
