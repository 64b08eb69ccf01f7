//! The face of this crate: what the service announces and the gateway attaches.

use std::sync::Arc;
use std::time::Duration;

use parlour_bus::{LastingTasks, SharedBus};
use parlour_model::{
    ChatId, ChosenStatus, Clock, Draft, Event, Marks, Presence, SessionId, Timestamp, UserId,
};
use parlour_store::SharedStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::core::Core;
use crate::packet::Packet;

use crate::pump::Origin;
use crate::{Connection, DeliveryError, HomeError, HomeHandler, HomeOutcome, NewConnection};

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
        core.spawn_lasting("inbox", Arc::clone(core).read_inbox());
        core.spawn_lasting("comparisons", Arc::clone(core).compare_as_due());
        core.spawn_lasting("debts", Arc::clone(core).pay_debts());
        core.spawn_lasting("owed presence", Arc::clone(core).pay_presences());
        core.spawn_lasting("outages", Arc::clone(core).show_outages());
        core.spawn_lasting("owed looks", Arc::clone(core).look_as_owed());
        core.spawn_lasting("looks", Arc::clone(core).look_regularly());
        core.spawn_lasting("typing", Arc::clone(core).end_typing());
        core.spawn_lasting("nodes", Arc::clone(core).watch_nodes());
        core.spawn_lasting("samples", Arc::clone(core).sample_regularly());
        core.tracker.spawn(Arc::clone(core).say_farewell());
    }

    /// Completes, with the reason, when one of these tasks, or of those that others run beside them, has failed: then this
    /// node must end.
    pub fn failure(&self) -> impl Future<Output = String> + Send + use<> {
        self.core.lasting.failure()
    }

    /// For tasks without which delivery must not go on either, because they tell it what it waits for.
    #[must_use]
    pub fn lasting(&self) -> &LastingTasks {
        &self.core.lasting
    }

    /// Tells everybody entitled to it of a committed event, whether this attempt created it or an earlier one. For
    /// the connections of this node that is done when the call returns, if every earlier event of the chat was announced.
    pub fn announce(&self, event: &Event) {
        self.core.accept(event, Origin::Own);
        self.core.announce_elsewhere(event);
    }

    /// Takes in an event that another node committed for this one, and announces itself: the connections of this node get
    /// it in its place, as if the announcement had come already.
    pub fn take_in(&self, event: &Event) {
        self.core.store.observe(event);
        self.core.accept(event, Origin::Own);
    }

    /// Tells of a user's watermarks that rose: their own devices always, everybody in chats of up to 64 members, and
    /// authors in larger ones by counts.
    pub fn receipt(&self, chat: ChatId, user: UserId, marks: Marks) {
        self.core.tell_receipt(chat, user, marks);
    }

    /// Tells the members who look at the chat that another one types, or stopped. Ends by itself after five seconds.
    pub fn typing(&self, chat: ChatId, user: UserId, on: bool) {
        self.core.show_typing(chat, user, on);
        self.core.tell_typing(chat, user, on);
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

    /// Says that every session revoked before `time` has been closed here, as its caller knows from the store. A node that
    /// comes back after a lapse asks the store for those after it before it delivers anything; while its lease does not
    /// hold or it hears nothing, as without the bus, it delivers for five seconds after `time`.
    pub fn revocations_known(&self, time: Timestamp) {
        self.core.know_revocations(time);
    }

    /// Lets this node append for others, as the home of chats. Once, before [`Delivery::start`] or soon after; without it
    /// other nodes are told that nobody serves here, and append themselves.
    pub fn serve_home(&self, handler: Arc<dyn HomeHandler>) {
        self.core.serve_home(handler);
    }

    /// Whether another node is the home of this chat, so that [`Delivery::ask_home`] would ask somebody. Costs no call.
    #[must_use]
    pub fn has_home_elsewhere(&self, chat: ChatId) -> bool {
        self.core.home_of(chat).is_some()
    }

    /// Says to the other nodes that this one is the home of a chat and that they are in its way.
    pub fn call_home(&self, chat: ChatId) {
        self.core.call_home(chat);
    }

    /// Asks the home of a chat to append drafts: one outcome for each, in their order. For a chat whose commits lose
    /// races against other nodes; where they do not, appending here is faster. The drafts carry the epoch at which
    /// their authors were authorized here. Requests that wait for the same node at the same moment share a packet.
    ///
    /// If the future is dropped, the home may append all the same.
    ///
    /// # Errors
    /// [`HomeError`]. After [`HomeError::Here`], [`HomeError::Nobody`] and [`HomeError::Full`] nothing came of the request:
    /// append here at once. After [`HomeError::Silent`] the drafts may be in the log or may still enter it: whoever appends
    /// them here uses the same keys, and answers nothing definite before a commit or a look for the keys.
    pub async fn ask_home(
        &self,
        chat: ChatId,
        drafts: Vec<Draft>,
        within: Duration,
    ) -> Result<Vec<HomeOutcome>, HomeError> {
        self.core.ask_home(chat, drafts, within).await
    }

    /// What `viewer` sees of these users now.
    pub async fn presence(&self, viewer: UserId, users: &[UserId]) -> Vec<Presence> {
        self.core.presence(viewer, users).await
    }

    /// Attaches a connection: its route stands when this returns, so that nothing committed later is missed. If the bus
    /// does not answer, the route is written when it does, and until then the store is asked instead. Call
    /// [`Connection::sync`] next.
    ///
    /// # Errors
    /// [`DeliveryError`]; the connection is not attached then.
    pub async fn attach(&self, new: NewConnection) -> Result<Connection, DeliveryError> {
        Connection::attach(&self.core, new).await
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}
