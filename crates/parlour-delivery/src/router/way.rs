//! Which way leads to the nodes of a chat.
//!
//! By its members: the routes of each of them. By the chat: the nodes that are enlisted for it, in one read, however many
//! members it has.
//!
//! - Only large chats go by the chat, and nodes enlist for them from half that size on (see `enlisted`).
//! - Who has just become a member, or is none any more, is found by their own route. So what names users goes by the
//!   members, and so does everything for some seconds after the members changed: until then the nodes where they
//!   are have heard of it.

use std::sync::Arc;
use std::time::Duration;

use parlour_bus::{BusError, NodeRef};
use parlour_model::{ChatId, UserId};

use super::Audience;
use crate::core::Core;

/// Chats of up to this many members always go by their members.
pub(crate) const BY_MEMBERS_MAX: usize = 64;
/// How long the members must have been the same for a chat to be found by itself.
const SETTLED_AFTER: Duration = Duration::from_secs(5);

/// How the nodes of a chat are found.
pub(super) enum Way {
    Users(Arc<Vec<UserId>>),
    Chat,
}

impl Way {
    /// The way to a chat's members and to these others.
    pub(super) fn to(audience: Audience, named: &[UserId]) -> Self {
        let is_large = audience.members.len() > BY_MEMBERS_MAX;
        if !named.is_empty() {
            Self::Users(Arc::new(with(&audience.members, named)))
        } else if is_large && audience.known_since.elapsed() >= SETTLED_AFTER {
            Self::Chat
        } else {
            Self::Users(audience.members)
        }
    }

    fn as_str(&self) -> &'static str {
        match self {
            Self::Users(_) => "users",
            Self::Chat => "chat",
        }
    }
}

/// Members and others, each once.
fn with(members: &[UserId], others: &[UserId]) -> Vec<UserId> {
    let mut users = [members, others].concat();
    users.sort_unstable();
    users.dedup();
    users
}

impl Core {
    /// The other nodes that a chat's events go to, read now.
    pub(super) async fn nodes_by(&self, way: &Way, chat: ChatId) -> Result<Vec<NodeRef>, BusError> {
        metrics::counter!("parlour_route_reads_total", "way" => way.as_str()).increment(1);
        match way {
            Way::Users(users) => self.other_nodes(users).await,
            Way::Chat => {
                let mut nodes = self.ask_bus(self.bus.nodes_of(chat)).await?;
                let own = self.bus.node();
                nodes.retain(|node| *node != own);
                Ok(nodes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use parlour_model::Seq;
    use tokio::time::Instant;

    use super::*;

    fn audience(members: u64) -> Audience {
        let members = (1..=members).map(|number| UserId::new(number).unwrap());
        Audience {
            members: Arc::new(members.collect()),
            as_of: Seq::FIRST,
            known_since: Instant::now(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_large_chats_whose_members_have_settled_go_by_the_chat() {
        let (small, large) = (audience(64), audience(65));
        assert!(matches!(Way::to(large.clone(), &[]), Way::Users(users) if users.len() == 65));
        tokio::time::advance(SETTLED_AFTER).await;
        assert!(matches!(Way::to(large.clone(), &[]), Way::Chat));
        assert!(matches!(Way::to(small, &[]), Way::Users(_)));
        let named = [1, 70].map(|number| UserId::new(number).unwrap());
        assert!(matches!(Way::to(large, &named), Way::Users(users) if users.len() == 66));
    }
}
