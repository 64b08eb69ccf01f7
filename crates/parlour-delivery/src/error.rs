//! What can go wrong when a connection attaches.

/// Why a connection could not attach. The client tries again, here or on another node.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Other nodes could not be told where the user is.
    #[error("the route could not be written: {0}")]
    Route(#[from] parlour_bus::BusError),
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}
