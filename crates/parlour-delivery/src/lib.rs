//! From a committed event to the connections that must see it.
//!
//! The store is the mailbox, everything here is the doorbell. An announced event goes to this node's own `pump` and
//! by one packet to each other node that holds a member's connection. The pump puts every chat in order, reading
//! from the store what never came; the `chat`'s state sends each event to the connections with a seat.
//!
//! - An event reaches a connection only while its user is a member by the log; nothing comes after their removal.
//! - A connection sees each chat's events by rising seq, without a hole, each once per sync.
//! - Nothing waits for a slow reader but that reader's own sync.
//! - Losing any packet, or all of them, makes messages late. So does a bus that is away: heads and memberships are read
//!   from the store meanwhile, and what other nodes should have been told is owed.
//! - A node that others may have believed dead delivers nothing before it knows which sessions ended meanwhile.

mod connection;
mod delivery;
mod error;

mod core;
mod hub;
mod link;
mod outbox;
mod reach;
mod registration;

mod chat;
mod enlisted;
mod follow;
mod pump;
mod summary;
mod sync;
mod turn;

mod home;
mod inbox;
mod packet;
mod router;

mod budget;
mod compare;
mod debts;
mod gate;
mod lapse;
mod nodes;
mod open_effects;
mod resync;
mod revocation;

mod presence;
mod quotas;
mod receipts;
mod sampling;
mod typing;

pub use connection::{Connection, NewConnection};
pub use delivery::{Delivery, DeliveryParts};
pub use error::DeliveryError;
pub use home::{HomeError, HomeHandler, HomeOutcome, HomeRefusal};
pub use outbox::{Batch, Outbox, Outgoing};
pub use parlour_bus::{ConnectionId, Quota, Taken};
pub use summary::chat_body;
pub use sync::SyncKind;
