//! Routes from chats to nodes in one process.

use async_trait::async_trait;
use dashmap::DashMap;
use parlour_model::ChatId;
use smallvec::SmallVec;

use crate::{BusError, ChatRoute, ChatRoutes, LocalBus, NodeRef};

/// Who is enlisted for which chat, and under which number.
#[derive(Debug, Default)]
pub(super) struct Chats(DashMap<ChatId, SmallVec<[(NodeRef, u64); 4]>>);

impl Chats {
    fn enlist(&self, node: NodeRef, route: &ChatRoute) {
        let mut enlisted = self.0.entry(route.chat).or_default();
        if !enlisted.contains(&(node, route.number)) {
            enlisted.push((node, route.number));
        }
    }

    fn withdraw(&self, node: NodeRef, route: &ChatRoute) {
        if let Some(mut enlisted) = self.0.get_mut(&route.chat) {
            enlisted.retain(|known| *known != (node, route.number));
        }
        self.drop_if_empty(route.chat);
    }

    fn nodes_of(&self, chat: ChatId, alive: impl Fn(&NodeRef) -> bool) -> Vec<NodeRef> {
        let mut nodes = Vec::new();
        if let Some(mut enlisted) = self.0.get_mut(&chat) {
            enlisted.retain(|(node, _)| alive(node));
            for (node, _) in &*enlisted {
                if !nodes.contains(node) {
                    nodes.push(*node);
                }
            }
        }
        self.drop_if_empty(chat);
        nodes
    }

    fn drop_if_empty(&self, chat: ChatId) {
        self.0.remove_if(&chat, |_, enlisted| enlisted.is_empty());
    }
}

#[async_trait]
impl ChatRoutes for LocalBus {
    async fn enlist(&self, routes: &[ChatRoute]) -> Result<(), BusError> {
        let node = self.check_alive()?;
        for route in routes {
            self.network.chats.enlist(node, route);
        }
        Ok(())
    }

    async fn withdraw(&self, routes: &[ChatRoute]) -> Result<(), BusError> {
        let node = self.check_alive()?;
        for route in routes {
            self.network.chats.withdraw(node, route);
        }
        Ok(())
    }

    async fn nodes_of(&self, chat: ChatId) -> Result<Vec<NodeRef>, BusError> {
        self.check_alive()?;
        let alive = |node: &NodeRef| self.network.alive.contains(node);
        Ok(self.network.chats.nodes_of(chat, alive))
    }
}
