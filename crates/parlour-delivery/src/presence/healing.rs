//! Cells that contradict the routes, and what is done about them.
//!
//! A node may have died without anybody noticing those who were on it, or before it settled those who had come to it; and
//! what a node owes is bounded. So whoever reads cells reads the routes too, and settles whom they say different things of.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use parlour_bus::{Chosen, NodeRef};
use parlour_model::{ChosenStatus, Presence, PresenceStatus, UserId};

use crate::core::Core;

const CALLS_AT_ONCE: usize = 16;

/// Of whom cells and routes say different things.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contradictions {
    /// Shown, and without a route.
    pub(super) gone: Vec<UserId>,
    /// With a route, and not shown. They may have chosen that.
    pub(super) unseen: Vec<UserId>,
}

impl Contradictions {
    /// Those between cells and the routes of the same users.
    pub(super) fn between(presence: &[Presence], routes: &[Vec<NodeRef>]) -> Self {
        let mut found = Self::default();
        for (presence, routes) in presence.iter().zip(routes) {
            match (presence.status, routes.is_empty()) {
                (PresenceStatus::Unknown, _) | (PresenceStatus::Offline, true) => {}
                (PresenceStatus::Offline, false) => found.unseen.push(presence.user),
                (_, true) => found.gone.push(presence.user),
                (_, false) => {}
            }
        }
        found
    }
}

impl Core {
    /// Settles them in the background; who may be gone has a while to come back.
    pub(super) fn heal(self: &Arc<Self>, found: Contradictions) {
        for user in found.gone {
            self.departed(user, self.clock.now());
        }
        // While the bus is in doubt other nodes are still telling it.
        if !found.unseen.is_empty() && !self.doubt.lasts() {
            let core = Arc::clone(self);
            self.spawn(async move { core.settle_unseen(found.unseen).await });
        }
    }

    /// Settles those who are connected and not shown, unless they chose that.
    async fn settle_unseen(self: &Arc<Self>, users: Vec<UserId>) {
        let known = self.known(&users).await;
        let choices = users.into_iter().zip(known);
        let seen = choices.filter(|(_, known)| known.status != ChosenStatus::Invisible);
        let settled = stream::iter(seen).for_each_concurrent(CALLS_AT_ONCE, |(user, known)| {
            self.settle(user, Chosen::AsStored(known.status), self.clock.now())
        });
        settled.await;
    }
}

#[cfg(test)]
mod tests {
    use parlour_model::NodeNumber;

    use super::*;

    #[test]
    fn whom_cells_and_routes_agree_on_is_left_alone() {
        let node = NodeRef {
            number: NodeNumber::new(0).unwrap(),
            incarnation: 1,
        };
        let statuses = [
            PresenceStatus::Busy,
            PresenceStatus::Busy,
            PresenceStatus::Offline,
            PresenceStatus::Offline,
            PresenceStatus::Unknown,
            PresenceStatus::Unknown,
        ];
        let users = (1..).map(|number| UserId::new(number).unwrap());
        let presence = users.zip(statuses).map(|(user, status)| Presence {
            status,
            ..Presence::unknown(user)
        });
        let presence: Vec<Presence> = presence.collect();
        let routes: Vec<Vec<NodeRef>> = [1, 0, 1, 0, 1, 0].map(|some| vec![node; some]).into();
        let expected = Contradictions {
            gone: vec![presence[1].user],
            unseen: vec![presence[2].user],
        };
        assert_eq!(Contradictions::between(&presence, &routes), expected);
    }
}
