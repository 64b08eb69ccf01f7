//! The large chats for which this node is enlisted, so that others find it by the chat and need not ask where each member
//! is.
//!
//! - The node enlists before it reads the head from which it follows a chat: what is committed later is announced here, what
//!   was committed earlier is read. For a chat that grows it does so at half the size from which others count on it.
//! - Such a chat stays in the index. When nobody here has needed it for a minute, it leaves the index and the node withdraws
//!   from it in one step, so that whoever needs it next makes the node enlist anew, under another number.
//! - What the bus did not take is owed. Once a late route stands, whatever was missed before it is looked for.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlour_bus::{BusError, ChatRoute};
use parlour_model::ChatId;
use tokio::time::Instant;

use crate::chat::Stage;
use crate::core::Core;
use crate::hub::{Entry, Hub};
use crate::router::BY_MEMBERS_MAX;

/// Members from which on a node enlists for a chat.
const ENLISTED_FROM: usize = BY_MEMBERS_MAX / 2;
/// How long after nobody here needed a chat any more the node withdraws from it.
const WITHDRAWN_AFTER: Duration = Duration::from_secs(60);
/// Routes written or taken away in one call.
const ROUTES_PER_CALL: usize = 1_000;
/// Routes still to be taken away. Those beyond end with this life of the node.
const WITHDRAWN_MAX: usize = 65_536;

#[derive(Debug, Default)]
pub(crate) struct Enlisted(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    chats: HashMap<ChatId, Enlistment>,
    /// Routes that the bus may still have.
    withdrawn: HashSet<ChatRoute>,
    /// Routes numbered so far.
    numbers: u64,
}

#[derive(Debug)]
struct Enlistment {
    /// Held, so that the chat stays in the index.
    entry: Arc<Entry>,
    route: ChatRoute,
    needed_at: Instant,
    /// Whether the bus has taken the route.
    stands: bool,
}

impl Enlisted {
    pub(crate) fn len(&self) -> usize {
        self.lock().chats.len()
    }

    /// Notes a chat of the index. Answers its route if the bus has yet to take it.
    fn add(&self, hub: &Hub, entry: &Arc<Entry>) -> Option<ChatRoute> {
        let mut state = self.lock();
        if let Some(enlistment) = state.chats.get(&entry.id) {
            return (!enlistment.stands).then_some(enlistment.route);
        }
        if !hub.hold_also(entry) {
            return None; // Nobody needs it any more.
        }
        state.numbers += 1;
        let route = ChatRoute {
            chat: entry.id,
            number: state.numbers,
        };
        let enlistment = Enlistment {
            entry: Arc::clone(entry),
            route,
            needed_at: Instant::now(),
            stands: false,
        };
        state.chats.insert(entry.id, enlistment);
        Some(route)
    }

    fn stand(&self, routes: &[ChatRoute]) {
        let mut state = self.lock();
        for route in routes {
            if let Some(enlistment) = state.chats.get_mut(&route.chat) {
                enlistment.stands |= enlistment.route == *route;
            }
        }
    }

    /// The bus may have lost every route.
    fn doubt(&self) {
        for enlistment in self.lock().chats.values_mut() {
            enlistment.stands = false;
        }
    }

    /// Routes that the bus has yet to take.
    fn owed(&self) -> Vec<ChatRoute> {
        let state = self.lock();
        let owed = state.chats.values().filter(|chat| !chat.stands);
        owed.map(|chat| chat.route).collect()
    }

    /// Takes out the chats that nobody has needed for long enough; they have left the index.
    fn withdraw(&self, hub: &Hub) -> Vec<ChatId> {
        let now = Instant::now();
        let State {
            chats, withdrawn, ..
        } = &mut *self.lock();
        let over = chats.extract_if(|_, chat| {
            // Somebody may have come just now.
            chat.is_over(now) && hub.release_only_hold(&chat.entry)
        });
        let over: Vec<ChatRoute> = over.map(|(_, chat)| chat.route).collect();
        let room = WITHDRAWN_MAX.saturating_sub(withdrawn.len());
        withdrawn.extend(over.iter().take(room));
        over.iter().map(|route| route.chat).collect()
    }

    fn withdrawn(&self) -> Vec<ChatRoute> {
        self.lock().withdrawn.iter().copied().collect()
    }

    fn forget_withdrawn(&self, gone: &[ChatRoute]) {
        let mut state = self.lock();
        for route in gone {
            state.withdrawn.remove(route);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Enlistment {
    /// Whether nobody else has needed the chat for long enough, or whoever began to follow it gave up.
    fn is_over(&mut self, now: Instant) -> bool {
        let state = self.entry.lock();
        if state.is_needed_beyond(1) {
            self.needed_at = now;
            return false;
        }
        state.stage() == Stage::Entering || now.duration_since(self.needed_at) >= WITHDRAWN_AFTER
    }
}

impl Core {
    /// Enlists for those of these chats of the index that are large, by their numbers of members.
    pub(crate) async fn enlist_if_large(&self, chats: &[(ChatId, usize)]) {
        let large = chats
            .iter()
            .filter(|(_, members)| *members >= ENLISTED_FROM);
        let owed =
            large.filter_map(|(chat, _)| self.enlisted.add(&self.hub, &self.hub.chat(*chat)?));
        let owed: Vec<ChatRoute> = owed.collect();
        self.enlist(&owed).await;
    }

    /// Enlists for a chat that this node follows already, if it has become large.
    pub(crate) fn enlist_if_grown(self: &Arc<Self>, entry: &Arc<Entry>) {
        let members = entry.lock().members().len();
        if members >= ENLISTED_FROM && self.enlisted.add(&self.hub, entry).is_some() {
            let core = Arc::clone(self);
            self.spawn(async move { core.settle_enlisted().await });
        }
    }

    /// Writes every route again.
    pub(crate) async fn enlist_again(&self) {
        self.enlisted.doubt();
        self.enlist(&self.enlisted.owed()).await;
    }

    /// Withdraws from what nobody needs, and tells the bus what it has not been told.
    pub(crate) async fn settle_enlisted(self: &Arc<Self>) {
        for chat in self.enlisted.withdraw(&self.hub) {
            self.ask_nothing_for_now(chat);
        }
        let late = self.enlisted.owed();
        if !late.is_empty() && self.enlist(&late).await {
            self.compare_now(late.iter().map(|route| route.chat));
        }
        for routes in self.enlisted.withdrawn().chunks(ROUTES_PER_CALL) {
            match self.ask_bus(self.bus.withdraw(routes)).await {
                Ok(()) => self.enlisted.forget_withdrawn(routes),
                Err(error) => return route_error(&error),
            }
        }
    }

    /// Answers whether all these routes stand.
    async fn enlist(&self, routes: &[ChatRoute]) -> bool {
        for routes in routes.chunks(ROUTES_PER_CALL) {
            if let Err(error) = self.ask_bus(self.bus.enlist(routes)).await {
                route_error(&error);
                return false;
            }
            self.enlisted.stand(routes);
        }
        true
    }
}

fn route_error(error: &BusError) {
    metrics::counter!("parlour_route_errors_total").increment(1);
    tracing::debug!(%error, "routes of chats could not be written or taken away; that is owed");
}
