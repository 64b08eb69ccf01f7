//! How nodes reach each other and who is where: traits, `LocalBus`, conformance suite.
//!
//! The hard choice here: **everything a bus knows is soft.** It may lose a packet, forget a route or start over
//! empty, and then a message is late, never lost: the store holds what is true. What a bus owes in return is
//! honesty. Whenever something may have been missed, it says [`Inbound::Resync`], and the node asks the store.
//!
//! A bus implements the raw traits ([`Channels`], [`Routes`], [`ChatRoutes`], [`PresenceCells`],
//! [`Quotas`]); callers take a [`SharedBus`].
//! Every implementation passes [`conformance`].

mod channels;
mod chats;
mod error;
mod inbox;
mod lasting;
mod node;
mod presence;
mod quotas;
mod routes;

mod local;

pub mod conformance;

use std::sync::Arc;

pub use channels::{Channels, Health, Receivers};
pub use chats::{ChatRoute, ChatRoutes};
pub use error::BusError;
pub use inbox::{Inbound, Inbox, InboxSender, ResyncReason, inbox};
pub use lasting::LastingTasks;
pub use local::{Fate, LinkFault, LocalBus, LocalNetwork};
pub use node::{ConnectionId, ConnectionRef, NodeRef};
pub use presence::{Chosen, PresenceCells, PresenceEdge};
pub use quotas::{Quota, Quotas, Taken};
pub use routes::{Arrival, Routes};

/// Everything a node asks of its bus.
pub trait Bus: Channels + Routes + ChatRoutes + PresenceCells + Quotas {}

impl<B: Channels + Routes + ChatRoutes + PresenceCells + Quotas> Bus for B {}

/// A bus as the layers above hold it.
pub type SharedBus = Arc<dyn Bus>;
