//! Closing the connections of sessions that are no longer good.

use std::collections::HashSet;
use std::sync::Arc;

use parlour_model::SessionId;
use parlour_protocol::CloseCode;

use crate::core::Core;
use crate::packet::Packet;

impl Core {
    /// Closes the connections of these sessions on this node, at once: what waits for them is not sent.
    pub(crate) fn close_sessions(&self, sessions: &[SessionId]) {
        if sessions.is_empty() {
            return;
        }
        let sessions: HashSet<&SessionId> = sessions.iter().collect();
        for link in self.hub.links() {
            if sessions.contains(&link.session) {
                metrics::counter!("parlour_revoked_connections_total").increment(1);
                link.outbox.cut(CloseCode::SignedOut);
            }
        }
    }

    /// Tells every other node.
    pub(crate) fn broadcast(self: &Arc<Self>, packet: Packet) {
        if self.bus.is_alone() {
            return;
        }
        let core = Arc::clone(self);
        self.spawn(async move {
            if let Err(error) = core.ask_bus(core.bus.broadcast(packet.encode())).await {
                tracing::warn!(%error, "some nodes could not be told; they will ask the store");
            }
        });
    }
}
