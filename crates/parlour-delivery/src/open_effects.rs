//! Effects that a commit left open: the node that committed them was gone before it had written and announced them.
//!
//! Only the chat's log tells of them. A member who was added there is in no table, so neither their own node nor their
//! next connection would find the chat. Whoever compares the chat with its head has the store finish the projection, and
//! then says to the nodes of all members that there is something to look at.

use parlour_model::ChatId;
use parlour_store::{Head, StoreError};

use crate::core::Core;
use crate::packet::Packet;

/// Members whose nodes are asked for at once.
const MEMBERS_PER_CALL: usize = 500;

impl Core {
    /// Sees to it that the effects up to a head are in the tables, and that nodes with members hear of those that were not.
    pub(crate) async fn finish_effects(&self, chat: ChatId, head: &Head) -> Result<(), StoreError> {
        if !self.store.finish(chat, head.effect_seq).await? {
            return Ok(());
        }
        metrics::counter!("parlour_open_effects_total").increment(1);
        if self.bus.is_alone() || self.is_bus_away() {
            return Ok(()); // The others compare memberships themselves.
        }
        let members = self.all_members(chat).await?;
        let doorbell = Packet::Doorbell {
            chat,
            head: head.seq,
        };
        for part in members.chunks(MEMBERS_PER_CALL) {
            if let Ok(nodes) = self.other_nodes(part).await {
                self.publish_to(&nodes, &doorbell.encode()).await;
            }
        }
        Ok(())
    }
}
