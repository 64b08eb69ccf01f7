//! What can go wrong when a connection attaches.

/// Why a connection could not attach. The client tries again, here or on another node.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}
