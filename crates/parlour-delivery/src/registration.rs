//! The routes of this node's connections, written as soon as the bus takes them.
//!
//! A connection never waits for its route: without one it hears of other nodes' events late, from the store. So a write
//! or a removal that failed is owed, and once a late write is done, whatever was missed before it is looked for. The
//! last wish for a connection counts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt, stream};
use parlour_bus::ConnectionId;
use parlour_model::{Timestamp, UserId};

use crate::core::Core;
use crate::link::Link;

/// Routes written at once.
const WRITES_AT_ONCE: usize = 16;
/// Removals that are owed at once. Those beyond end with this life of the node.
const REMOVALS_MAX: usize = 65_536;

/// What the bus has not been told of connections.
#[derive(Debug, Default)]
pub(crate) struct Registrations {
    owed: Mutex<HashMap<ConnectionId, Owed>>,
}

#[derive(Debug, Clone)]
enum Owed {
    Write(Arc<Link>),
    /// Of a connection that ended at this time.
    Removal(UserId, Timestamp),
}

impl Registrations {
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn owe(&self, id: ConnectionId, owed: Owed) {
        let mut all = self.lock();
        if matches!(owed, Owed::Write(_)) || all.len() < REMOVALS_MAX || all.contains_key(&id) {
            all.insert(id, owed);
        }
    }

    fn settle(&self, id: ConnectionId) {
        self.lock().remove(&id);
    }

    fn all(&self) -> Vec<(ConnectionId, Owed)> {
        let all = self.lock();
        all.iter().map(|(id, owed)| (*id, owed.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, Owed>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Writes the route of a connection, now or as soon as the bus takes it. Answers whether it stands.
    pub(crate) async fn register(self: &Arc<Self>, link: &Arc<Link>) -> bool {
        // Owed first: this future may be dropped half way.
        self.registrations
            .owe(link.id, Owed::Write(Arc::clone(link)));
        match self
            .ask_bus(self.bus.register(link.user, link.route()))
            .await
        {
            Ok(arrival) => {
                self.registrations.settle(link.id);
                self.arrived(link.user, arrival);
                true
            }
            Err(error) => {
                metrics::counter!("parlour_route_errors_total").increment(1);
                tracing::debug!(%error, "a route could not be written; it is owed");
                false
            }
        }
    }

    /// Takes the route of a connection away, now or as soon as the bus answers. Answers whether it is gone.
    pub(crate) async fn unregister(&self, link: &Link, ended_at: Timestamp) -> bool {
        let owed = Owed::Removal(link.user, ended_at);
        self.registrations.owe(link.id, owed);
        self.take_route_away(link.id, link.user).await
    }

    async fn take_route_away(&self, id: ConnectionId, user: UserId) -> bool {
        match self.ask_bus(self.bus.unregister(user, id)).await {
            Ok(()) => {
                self.registrations.settle(id);
                true
            }
            Err(error) => {
                tracing::debug!(%error, "a route could not be taken away; that is owed");
                false
            }
        }
    }

    /// Writes every route of users and chats again, and settles what is owed.
    pub(crate) async fn rewrite_routes(self: &Arc<Self>) {
        let writes =
            stream::iter(self.hub.links()).for_each_concurrent(WRITES_AT_ONCE, |link| async move {
                self.write_route(&link).await;
            });
        writes.await;
        self.enlist_again().await;
        self.settle_registrations().await;
    }

    /// Tells the bus what it has not been told.
    pub(crate) async fn settle_registrations(self: &Arc<Self>) {
        let owed = stream::iter(self.registrations.all());
        let settled = owed.for_each_concurrent(WRITES_AT_ONCE, |(id, owed)| async move {
            match owed {
                Owed::Write(link) => {
                    if self.write_route(&link).await {
                        self.look_for_missed(&link);
                    }
                }
                Owed::Removal(user, ended_at) => {
                    if self.take_route_away(id, user).await && !self.hub.is_local(user) {
                        self.departed(user, ended_at);
                    }
                }
            }
        });
        settled.await;
    }

    async fn write_route(self: &Arc<Self>, link: &Arc<Link>) -> bool {
        let stands = self.register(link).await;
        // It may have been detached meanwhile, and then nobody else takes the route away.
        if link.is_detached() {
            self.unregister(link, self.clock.now()).await;
        }
        stands
    }
}
