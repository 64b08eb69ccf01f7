//! Delivery between several nodes of one process, over a store in memory.

#![expect(
    clippy::unwrap_used,
    reason = "all of this is test code, its helpers too"
)]

mod support;

mod chaos;
mod farewell;
mod home;
mod joining;
mod lapses;
mod large;
mod lasting;
mod looking;
mod outage;
mod packing;
mod presence;
mod privacy;
mod receipts;
mod routing;
mod settling;
mod spreading;
mod stress;
mod syncing;
mod typing;
mod unreadable;
