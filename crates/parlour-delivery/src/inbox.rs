//! What other nodes say.

mod misunderstood;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parlour_bus::{Inbound, ResyncReason};
use parlour_model::Event;

use crate::core::Core;
use crate::packet::{Packet, PacketEvent};
use crate::pump::Origin;
use crate::sampling::gauge;

pub(crate) use misunderstood::Misunderstood;

/// How often it is measured how much waits.
const SAMPLE_PAUSE: Duration = Duration::from_secs(5);

impl Core {
    /// Reads the inbox until the bus closes.
    pub(crate) async fn read_inbox(self: Arc<Self>) {
        let Some(mut inbox) = self.bus.take_inbox() else {
            tracing::error!("the inbox of the bus was taken before: other nodes will not be heard");
            return;
        };
        let mut samples = tokio::time::interval(SAMPLE_PAUSE);
        loop {
            let inbound = tokio::select! {
                biased;
                // Now and then, and also while packets never stop coming.
                _ = samples.tick() => {
                    gauge("parlour_bus_inbox_packets", inbox.len());
                    continue;
                }
                inbound = inbox.next() => inbound,
            };
            match inbound {
                Some(Inbound::Packet(packet)) => self.read_packet(&packet),
                Some(Inbound::Resync(reason)) => {
                    if matches!(reason, ResyncReason::Lapsed | ResyncReason::Reconnected) {
                        self.doubt.begin();
                    }
                    if reason == ResyncReason::Lapsed || self.gate.is_of_an_earlier_life() {
                        // What waits in the inbox waits for this.
                        self.live_again().await;
                    }
                    self.resync(reason.as_str());
                }
                None => return,
            }
        }
    }

    fn read_packet(self: &Arc<Self>, bytes: &Bytes) {
        metrics::counter!("parlour_packets_received_total").increment(1);
        match Packet::decode(bytes) {
            Ok(packet) => self.take_in(packet),
            Err(error) => self.misunderstood(error),
        }
    }

    fn take_in(self: &Arc<Self>, packet: Packet) {
        match packet {
            Packet::Events(events) => {
                if let Some(event) = events.first() {
                    self.pass_on(event.chat(), &events);
                }
                self.take_in_events(events);
            }
            Packet::Passed(events) => self.take_in_events(events),
            Packet::Doorbell { chat, head } => self.doorbell(chat, head),
            Packet::Receipt(receipt) => self.show_receipt(receipt),
            Packet::CountsDue { chat } => self.count_soon(chat, false),
            Packet::Typing { chat, user, on } => self.show_typing(chat, user, on),
            Packet::Presence {
                presence,
                last_seen,
            } => self.show_presence(presence, last_seen),
            Packet::Revoked(sessions) => self.close_sessions(&sessions),
            Packet::Home(words) => self.hear_home_words(words),
            Packet::Compare => self.resync("told"),
            Packet::Farewell {
                number,
                incarnation,
            } => self.heard_farewell(number, incarnation),
        }
    }

    fn take_in_events(self: &Arc<Self>, events: Vec<PacketEvent>) {
        for event in events {
            let event = Event::from(event);
            self.store.observe(&event);
            self.accept(&event, Origin::Remote);
        }
    }
}
