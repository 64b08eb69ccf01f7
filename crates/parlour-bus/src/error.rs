//! What can go wrong on a bus, by what the caller can do about it.

/// Why the bus did not answer. Callers go on from the store; whether the call happened is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// It cannot be reached, or did not answer in time.
    #[error("the bus cannot be reached: {0}")]
    Unavailable(String),
    /// This bus has been closed; no call will succeed again.
    #[error("the bus is closed")]
    Closed,
}
