//! The bus of a cluster, over one Redis (7 or later) or a Redis Cluster.
//!
//! - **Lease.** A node is alive while its lease holds: an entry of one hash, renewed every three seconds, with the time at which it
//!   ends by Redis' clock. All leases lie in one hash so that one answer says who is alive. A lease that has ended never holds
//!   again; the node takes a new incarnation, and what names the old one counts as gone.
//! - **Channel.** Each life of a node has one sharded channel and one counter under the same name. Every pack of packets carries the
//!   counter's number, so the node sees what it missed: a jump, a number that went back, a counter that ran ahead.
//! - **Users.** Routes, presence and watchers of a user lie in one slot and are read together by scripts. Who is alive lies in
//!   another slot and is passed in: a node that was seen in a user's routes *before* it was missing among the living is dead for good,
//!   and only such nodes are judged dead (`nodes.rs`).
//! - **Large chats.** The nodes that are enlisted for a chat are fields of one hash, judged as those of users' routes are.
//! - **Births.** Every Redis server holds its "birth", the time from which it remembers. A birth that is new means that the server has
//!   forgotten everything, and is the lowest version that presence has from then on (`births.rs`).
//!
//! Everything Redis holds may vanish at any moment. Whatever may have been lost ends in [`parlour_bus::Inbound::Resync`].
//! No type of the Redis client leaves this crate.

mod births;
mod bus;
mod chats;
mod core;
mod denials;
mod error;
mod fields;
mod health;
mod hearing;
mod keeper;
mod keys;
mod lanes;
mod lease;
mod nodes;
mod options;
mod pack;
mod presence;
mod publish;
mod quotas;
mod reader;
mod refresh;
mod routes;
mod script;
mod session;
mod settings;

pub use bus::RedisBus;
pub use error::JoinError;
pub use options::{Credentials, Options, Topology};
