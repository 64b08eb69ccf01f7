//! Why a node cannot join.

/// Why a node did not join the bus. That Redis is away is no such reason: the node joins when it comes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// This Redis serves another deployment. Nothing was changed.
    #[error(
        "this Redis belongs to deployment {owner}, and this node to deployment {own}. Give each deployment a Redis of its own; \
         if the other one is gone for good, empty Redis (FLUSHALL)"
    )]
    AnotherDeployment {
        /// Whose it is.
        owner: String,
        /// Who we are.
        own: String,
    },
    /// Another process holds the lease of this node number. Nothing was changed. A process that ended without leaving
    /// holds it for nine more seconds.
    #[error("another process is alive as node {0}; every node needs a number of its own")]
    DuplicateNode(u16),
    /// An address is not `host:port`. Nothing was asked of anybody.
    #[error("`{0}` is not an address of the form host:port")]
    Address(String),
    /// The client could not be made from these options.
    #[error("the options do not fit the Redis client: {0}")]
    Options(String),
}
