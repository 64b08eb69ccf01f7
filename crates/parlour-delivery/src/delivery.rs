//! The face of this crate: what the service announces and the gateway attaches.

use std::sync::Arc;

use parlour_bus::SharedBus;
use parlour_model::{ChatId, ChosenStatus, Clock, Event, Marks, Presence, SessionId, UserId};
use parlour_store::SharedStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::core::Core;
use crate::packet::Packet;
use crate::pump::Origin;
use crate::{Connection, DeliveryError, NewConnection};

/// What delivery is made of.
pub struct DeliveryParts {
    /// Holds what is true.
    pub store: SharedStore,
    /// Reaches the other nodes.
    pub bus: SharedBus,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Where its tasks live.
    pub tracker: TaskTracker,
    /// When they end.
    pub token: CancellationToken,
}

/// Brings what was committed to the connections that must see it. Cheap to clone.
///
/// Nothing that is announced can fail the caller: the store has it, and whoever is not told now is told late.
#[derive(Clone)]
pub struct Delivery {
    core: Arc<Core>,
}

impl Delivery {
    /// Delivery of one node. Nothing runs before [`Delivery::start`].
    #[must_use]
    pub fn new(parts: DeliveryParts) -> Self {
        Self {
            core: Arc::new(Core::new(parts)),
        }
    }

    /// Starts its tasks: the inbox, timers, comparisons with the store. Once.
    pub fn start(&self) {
        let core = &self.core;
        core.spawn(Arc::clone(core).read_inbox());
        core.spawn(Arc::clone(core).resync_when_due());
        core.spawn(Arc::clone(core).compare_regularly());
        core.spawn(Arc::clone(core).end_typing());
        core.spawn(Arc::clone(core).watch_nodes());
        core.spawn(Arc::clone(core).sample_regularly());
    }

    /// Tells everybody entitled to it of a committed event, whether this attempt created it or an earlier one. For
    /// the connections of this node that is done when the call returns, if every earlier event of the chat was announced.
    pub fn announce(&self, event: &Event) {
        self.core.accept(event, Origin::Own);
        self.core.announce_elsewhere(event);
    }

    /// Tells of a user's watermarks that rose: their own devices always, everybody in chats of up to 64 members, and
    /// authors in larger ones by counts.
    pub fn receipt(&self, chat: ChatId, user: UserId, marks: Marks) {
        self.core.tell_receipt(chat, user, marks);
    }

    /// Tells the members who look at the chat that another one types, or stopped. Ends by itself after five seconds.
    pub fn typing(&self, chat: ChatId, user: UserId, on: bool) {
        self.core.show_typing(chat, user, on);
        let packet = Packet::Typing { chat, user, on };
        self.core.tell_members_nodes(chat, packet);
    }

    /// Tells those who look at the user of the status they chose. The store has it already.
    pub fn status_chosen(&self, user: UserId, status: ChosenStatus) {
        self.core.chose(user, status);
    }

    /// Closes the connections of revoked sessions on every node.
    pub fn revoked(&self, sessions: &[SessionId]) {
        self.core.close_sessions(sessions);
        self.core.broadcast(Packet::Revoked(sessions.to_vec()));
    }

    /// Closes the connections of revoked sessions on this node: for whoever learns of them from the store, as every
    /// node does for itself.
    pub fn close_sessions(&self, sessions: &[SessionId]) {
        self.core.close_sessions(sessions);
    }

    /// What others see of these users now.
    pub async fn presence(&self, users: &[UserId]) -> Vec<Presence> {
        self.core.presence(users).await
    }

    /// Attaches a connection: its route stands when this returns, so that nothing committed later is missed. Call
    /// [`Connection::sync`] next.
    ///
    /// # Errors
    /// [`DeliveryError`]; the connection is not attached then.
    pub async fn attach(&self, new: NewConnection) -> Result<Connection, DeliveryError> {
        Connection::attach(&self.core, new).await
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}
