//! Which nodes want the events of a large chat.

use async_trait::async_trait;
use parlour_bus::{BusError, ChatRoute, ChatRoutes, NodeRef};
use parlour_model::ChatId;

use crate::RedisBus;
use crate::fields;
use crate::keys;
use crate::session::Command;

/// Chats written about in one go.
const CHATS_PER_WRITE: usize = 1_000;

#[async_trait]
impl ChatRoutes for RedisBus {
    async fn enlist(&self, routes: &[ChatRoute]) -> Result<(), BusError> {
        let (session, node) = self.core().usable()?;
        self.core().written.enlist(routes);
        for routes in routes.chunks(CHATS_PER_WRITE) {
            let writes = routes.iter().flat_map(|route| writes(node, route));
            session.all(writes.collect()).await?;
        }
        Ok(())
    }

    async fn withdraw(&self, routes: &[ChatRoute]) -> Result<(), BusError> {
        self.core().written.withdraw(routes);
        let (session, node) = self.core().usable()?;
        for routes in routes.chunks(CHATS_PER_WRITE) {
            let removals = routes.iter().map(|route| removal(node, route));
            session.all(removals.collect()).await?;
        }
        Ok(())
    }

    async fn nodes_of(&self, chat: ChatId) -> Result<Vec<NodeRef>, BusError> {
        let (session, _) = self.core().usable()?;
        let hash = keys::chat_routes(chat);
        let nodes = self.core().nodes_in(&session, &[hash]).await?;
        Ok(nodes.into_iter().flatten().collect())
    }
}

fn writes(node: NodeRef, route: &ChatRoute) -> [Command; 2] {
    let field = keys::chat_route_field(node, route.number);
    fields::write(keys::chat_routes(route.chat), field)
}

fn removal(node: NodeRef, route: &ChatRoute) -> Command {
    let field = keys::chat_route_field(node, route.number);
    Command::new("HDEL", [keys::chat_routes(route.chat), field])
}
