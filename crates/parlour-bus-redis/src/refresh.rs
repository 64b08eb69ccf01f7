//! Keeping alive what this node wrote about users and chats.
//!
//! Keys of users and chats are forgotten after two days, so that what nobody takes away does not stay for ever. A connection may
//! last longer: what this node wrote and still stands for is renewed piece by piece, everything once in six hours.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

use parlour_bus::{ChatRoute, ConnectionId};
use parlour_model::UserId;
use smallvec::SmallVec;

use crate::keys;
use crate::session::Command;

/// Rounds, of one a second, in which everything is renewed.
const ROUNDS: usize = 6 * 3600;

/// The users and chats about which this node wrote something.
#[derive(Debug, Default)]
pub(crate) struct Written(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    connections: BTreeMap<UserId, SmallVec<[ConnectionId; 1]>>,
    watched: BTreeSet<UserId>,
    enlisted: BTreeSet<ChatRoute>,
    /// What was renewed last.
    last_connected: Option<UserId>,
    last_watched: Option<UserId>,
    last_enlisted: Option<ChatRoute>,
}

impl Written {
    pub(crate) fn register(&self, user: UserId, connection: ConnectionId) {
        self.with(|state| {
            let connections = state.connections.entry(user).or_default();
            if !connections.contains(&connection) {
                connections.push(connection);
            }
        });
    }

    pub(crate) fn unregister(&self, user: UserId, connection: ConnectionId) {
        self.with(|state| {
            if let Some(connections) = state.connections.get_mut(&user) {
                connections.retain(|known| *known != connection);
                if connections.is_empty() {
                    state.connections.remove(&user);
                }
            }
        });
    }

    pub(crate) fn watch(&self, users: &[UserId]) {
        self.with(|state| state.watched.extend(users));
    }

    pub(crate) fn unwatch(&self, users: &[UserId]) {
        self.with(|state| {
            for user in users {
                state.watched.remove(user);
            }
        });
    }

    pub(crate) fn enlist(&self, routes: &[ChatRoute]) {
        self.with(|state| state.enlisted.extend(routes));
    }

    pub(crate) fn withdraw(&self, routes: &[ChatRoute]) {
        self.with(|state| {
            for route in routes {
                state.enlisted.remove(route);
            }
        });
    }

    /// What is to be renewed in this round.
    pub(crate) fn round(&self) -> Vec<Command> {
        self.with(|state| {
            let share = state.connections.len().div_ceil(ROUNDS);
            let connected = state.connections.range(after(state.last_connected));
            let connected: Vec<UserId> = connected.map(|(user, _)| *user).take(share).collect();
            let watched = share_of(&state.watched, state.last_watched);
            let enlisted = share_of(&state.enlisted, state.last_enlisted);
            // At the end it is nobody, and everything starts over.
            state.last_connected = connected.last().copied();
            state.last_watched = watched.last().copied();
            state.last_enlisted = enlisted.last().copied();
            renewals(&connected, &watched, &enlisted)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A round's share of those that come after `last`.
fn share_of<T: Ord + Copy>(all: &BTreeSet<T>, last: Option<T>) -> Vec<T> {
    let share = all.len().div_ceil(ROUNDS);
    all.range(after(last)).copied().take(share).collect()
}

fn after<T>(last: Option<T>) -> (Bound<T>, Bound<T>) {
    (
        last.map_or(Bound::Unbounded, Bound::Excluded),
        Bound::Unbounded,
    )
}

fn renewals(connected: &[UserId], watched: &[UserId], enlisted: &[ChatRoute]) -> Vec<Command> {
    let kept = keys::KEPT_S.to_string();
    let of_connected = connected
        .iter()
        .flat_map(|user| [keys::routes(*user), keys::presence(*user)]);
    let of_watched = watched.iter().map(|user| keys::watchers(*user));
    let of_enlisted = enlisted.iter().map(|route| keys::chat_routes(route.chat));
    of_connected
        .chain(of_watched)
        .chain(of_enlisted)
        .map(|key| Command::new("EXPIRE", [key, kept.clone()]))
        .collect()
}
