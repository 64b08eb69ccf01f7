//! What other nodes say.

use std::sync::Arc;

use bytes::Bytes;
use parlour_bus::Inbound;
use parlour_model::Event;

use crate::core::Core;
use crate::packet::Packet;
use crate::pump::Origin;

impl Core {
    /// Reads the inbox until the bus closes.
    pub(crate) async fn read_inbox(self: Arc<Self>) {
        let Some(mut inbox) = self.bus.take_inbox() else {
            tracing::error!("the inbox of the bus was taken before: other nodes will not be heard");
            return;
        };
        while let Some(inbound) = inbox.next().await {
            match inbound {
                Inbound::Packet(packet) => self.read_packet(&packet),
                Inbound::Resync(reason) => self.resync(reason.as_str()),
            }
        }
    }

    /// Something may have been missed.
    fn resync(&self, reason: &'static str) {
        tracing::info!(
            reason,
            "resync: routes are written again and heads compared"
        );
        metrics::counter!("parlour_resyncs_total", "reason" => reason).increment(1);
        self.resync_due.notify_one();
    }

    fn read_packet(self: &Arc<Self>, bytes: &Bytes) {
        metrics::counter!("parlour_packets_received_total").increment(1);
        match Packet::decode(bytes) {
            Ok(packet) => self.take_in(packet),
            Err(error) => {
                tracing::warn!(%error, "a packet of another node was not understood");
                self.resync("packet");
            }
        }
    }

    fn take_in(self: &Arc<Self>, packet: Packet) {
        match packet {
            Packet::Events(events) => {
                for event in events {
                    let event = Event::from(event);
                    self.store.observe(&event);
                    self.accept(&event, Origin::Remote);
                }
            }
            Packet::Doorbell { chat, head } => self.doorbell(chat, head),
            Packet::Receipt(receipt) => self.show_receipt(receipt),
            Packet::CountsDue { chat } => self.count_soon(chat, false),
            Packet::Typing { chat, user, on } => self.show_typing(chat, user, on),
            Packet::Presence(presence) => self.show_presence(presence),
            Packet::Revoked(sessions) => self.close_sessions(&sessions),
        }
    }
}
