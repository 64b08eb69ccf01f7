//! Several whole nodes in one process, with room for a bug between a node and what it stands on.
//!
//! A checker that never found anything proves nothing. Here a test plants the bugs that a distributed chat server
//! is known to grow, each at a seam ([`StoreBug`], [`BusBug`]) and none in the product, and demands that the
//! checker names the promise that the bug breaks.
//!
//! What holds:
//! - Without a bug the wrappers change nothing: every call goes to what is wrapped, once.
//! - With tokio's time paused the whole runs as fast as it can: loopback sockets and the store's threads count as
//!   work, so time only moves on while everybody waits for it.

mod bus;
mod clock;
mod rest;
mod stack;
mod store;

pub use bus::{BusBug, BusUnderTest};
pub use clock::{RuntimeClock, time_passes};
pub use stack::{Stack, StackParts};
pub use store::{StoreBug, StoreUnderTest};

/// No bug: what a control run is made of.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBug;

impl StoreBug for NoBug {}
impl BusBug for NoBug {}
