//! Routes and presence of all users of a local network.
//!
//! A user's routes and cell lie in one entry, so that whether somebody is connected and what others see of them
//! are decided together. An entry that says nothing (no routes, nobody looks, offline) is dropped; the highest
//! dropped version stays, so that versions keep rising.

use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use parlour_model::{ChosenStatus, Presence, PresenceStatus, Timestamp, UserId};
use smallvec::SmallVec;

use crate::{Arrival, Chosen, ConnectionId, ConnectionRef, NodeRef, PresenceEdge};

#[derive(Debug, Default)]
pub(super) struct Users {
    entries: DashMap<UserId, Entry>,
    version_floor: AtomicU64,
}

#[derive(Debug, Default)]
struct Entry {
    routes: SmallVec<[Route; 1]>,
    watchers: SmallVec<[NodeRef; 1]>,
    chosen: Option<ChosenStatus>,
    shown: Option<Presence>,
}

#[derive(Debug)]
struct Route {
    node: NodeRef,
    connection: ConnectionRef,
}

/// The two times of a change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// When the user was last there, should they be gone.
    pub(super) seen: Timestamp,
    /// Now.
    pub(super) now: Timestamp,
}

impl Users {
    pub(super) fn register(
        &self,
        user: UserId,
        node: NodeRef,
        connection: ConnectionRef,
    ) -> Arrival {
        let mut entry = self.entries.entry(user).or_default();
        entry
            .routes
            .retain(|route| !route.is(node, connection.connection));
        entry.routes.push(Route { node, connection });
        match entry.status() {
            PresenceStatus::Offline | PresenceStatus::Unknown => Arrival::New,
            _ => Arrival::Seen,
        }
    }

    pub(super) fn unregister(&self, user: UserId, node: NodeRef, connection: ConnectionId) {
        if let Some(mut entry) = self.entries.get_mut(&user) {
            entry.routes.retain(|route| !route.is(node, connection));
        }
        self.drop_if_idle(user);
    }

    pub(super) fn routes(&self, user: UserId, alive: impl Fn(&NodeRef) -> bool) -> Vec<NodeRef> {
        let mut nodes = Vec::new();
        if let Some(mut entry) = self.entries.get_mut(&user) {
            entry.routes.retain(|route| alive(&route.node));
            for route in &entry.routes {
                if !nodes.contains(&route.node) {
                    nodes.push(route.node);
                }
            }
        }
        nodes
    }

    pub(super) fn settle(
        &self,
        user: UserId,
        chosen: Chosen,
        times: Times,
        alive: impl Fn(&NodeRef) -> bool,
    ) -> Option<PresenceEdge> {
        let edge = {
            let mut entry = self.entries.entry(user).or_default();
            entry.routes.retain(|route| alive(&route.node));
            entry.watchers.retain(|node| alive(node));
            entry.choose(chosen);
            entry.edge(user, times, self.version_floor.load(Ordering::SeqCst))
        };
        self.drop_if_idle(user);
        edge
    }

    /// Versions go on from here. Whoever remembers what an earlier process said of a user takes "offline" from this
    /// one as news.
    pub(super) fn begin_at(&self, now: Timestamp) {
        self.version_floor
            .fetch_max(now.as_millis(), Ordering::SeqCst);
    }

    pub(super) fn presence(&self, user: UserId) -> Presence {
        let shown = self.entries.get(&user).and_then(|entry| entry.shown);
        shown.unwrap_or_else(|| Presence {
            user,
            status: PresenceStatus::Offline,
            last_seen: None,
            version: self.version_floor.load(Ordering::SeqCst),
        })
    }

    pub(super) fn watch(&self, user: UserId, node: NodeRef) {
        let mut entry = self.entries.entry(user).or_default();
        // An earlier life of the node no longer looks.
        entry
            .watchers
            .retain(|watcher| watcher.number != node.number);
        entry.watchers.push(node);
    }

    pub(super) fn unwatch(&self, user: UserId, node: NodeRef) {
        if let Some(mut entry) = self.entries.get_mut(&user) {
            entry.watchers.retain(|watcher| *watcher != node);
        }
        self.drop_if_idle(user);
    }

    /// Forgets everybody. Versions go on from the highest all the same.
    pub(super) fn forget(&self) {
        self.entries.retain(|_, entry| {
            let version = entry.shown.map_or(0, |shown| shown.version);
            self.version_floor.fetch_max(version, Ordering::SeqCst);
            false
        });
    }

    fn drop_if_idle(&self, user: UserId) {
        self.entries.remove_if(&user, |_, entry| {
            let idle = entry.is_idle();
            if let Some(shown) = entry.shown.filter(|_| idle) {
                self.version_floor
                    .fetch_max(shown.version, Ordering::SeqCst);
            }
            idle
        });
    }
}

impl Route {
    fn is(&self, node: NodeRef, connection: ConnectionId) -> bool {
        self.node == node && self.connection.connection == connection
    }
}

impl Entry {
    fn status(&self) -> PresenceStatus {
        self.shown
            .map_or(PresenceStatus::Offline, |shown| shown.status)
    }

    fn is_idle(&self) -> bool {
        self.routes.is_empty()
            && self.watchers.is_empty()
            && self.status() == PresenceStatus::Offline
    }

    fn choose(&mut self, chosen: Chosen) {
        match chosen {
            Chosen::Now(status) => self.chosen = Some(status),
            Chosen::AsStored(status) => {
                self.chosen.get_or_insert(status);
            }
            Chosen::Unknown => {}
        }
    }

    /// Brings what is shown up to what is so; answers the change.
    fn edge(&mut self, user: UserId, times: Times, floor: u64) -> Option<PresenceEdge> {
        let status = match self.chosen {
            _ if self.routes.is_empty() => PresenceStatus::Offline,
            Some(chosen) => chosen.shown(),
            // Somebody who may have chosen to be invisible is not shown before that is known.
            None => return None,
        };
        if status == self.status() {
            return None;
        }
        let known = self.shown.map_or(floor, |shown| shown.version);
        let presence = Presence {
            user,
            status,
            last_seen: (status == PresenceStatus::Offline).then_some(times.seen),
            version: times.now.as_millis().max(known + 1),
        };
        self.shown = Some(presence);
        Some(PresenceEdge {
            presence,
            watchers: self.watchers.to_vec(),
        })
    }
}
