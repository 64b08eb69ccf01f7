//! Rust client of Parlour: connection, outbox, gap repair, cursors.
//!
//! [`Client`] is what applications use: it signs in, keeps one live WebSocket connection, applies every event of
//! every chat once and in order, and sends what the outbox holds until it is settled. What it must not
//! forget is in a [`LocalStore`]. The rules of all this are a state machine without I/O (`machine`);
//! `driver` is the one task that gives it sockets, a store and the time.

mod client;
mod config;
mod error;
mod event;
mod tap;

mod rest;
mod store;

mod driver;
mod machine;
mod socket;

pub use client::{Client, EventStream, HistoryAt, PendingMessage};
pub use config::ClientConfig;
pub use error::ClientError;
pub use event::{ClientEvent, ConnectionState, SendFailure, Sent, StopReason};
pub use rest::Rest;
pub use store::{
    Batch, LocalStore, MemoryStore, Operation, Outgoing, Progress, Saved, SavedSession,
    SqliteStore, StoreError,
};
pub use tap::Tap;
