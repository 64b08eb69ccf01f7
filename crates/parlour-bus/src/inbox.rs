//! What waits for a node: packets, and the word that some may be missing.
//!
//! Bounded by count and bytes. A full inbox drops the packet that comes, and the node hears of it once, before the
//! packets that were kept: missing the end of a chat is found by asking the store, missing the word would not be.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use parlour_model::limits;
use tokio::sync::Notify;

/// Most bytes waiting in an inbox.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Something for a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inbound {
    /// A packet, with the bytes it was published with.
    Packet(Bytes),
    /// Packets or routes may be missing: write all routes again and compare with the store.
    Resync(ResyncReason),
}

/// Why something may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResyncReason {
    /// The inbox was full.
    Overflow,
    /// The node's lease lapsed; it lives under a new incarnation.
    Lapsed,
    /// The connection to the bus was new or had been away.
    Reconnected,
    /// The numbers of the channel jumped or went back.
    Gap,
}

impl ResyncReason {
    /// One word for metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overflow => "overflow",
            Self::Lapsed => "lapsed",
            Self::Reconnected => "reconnected",
            Self::Gap => "gap",
        }
    }
}

/// An empty inbox, and the end where a bus puts things in.
#[must_use]
pub fn inbox() -> (InboxSender, Inbox) {
    let shared = Arc::new(Shared::default());
    let sender = InboxSender {
        shared: Arc::clone(&shared),
    };
    (sender, Inbox { shared })
}

/// The end of an inbox that a bus holds.
#[derive(Debug, Clone)]
pub struct InboxSender {
    shared: Arc<Shared>,
}

/// The end of an inbox that the node holds.
#[derive(Debug)]
pub struct Inbox {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    // queue: bus inbox
    packets: VecDeque<Bytes>,
    bytes: usize,
    resync: Option<ResyncReason>,
    closed: bool,
}

impl InboxSender {
    /// Puts a packet in. False if it was dropped because the inbox is full.
    pub fn deliver(&self, packet: Bytes) -> bool {
        let mut waiting = self.shared.lock();
        let fits = waiting.packets.len() < limits::BUS_INBOX_PACKETS_MAX
            && waiting.bytes + packet.len() <= BYTES_MAX;
        if fits {
            waiting.bytes += packet.len();
            waiting.packets.push_back(packet);
        } else {
            waiting.note(ResyncReason::Overflow);
            metrics::counter!("parlour_bus_inbox_dropped_total").increment(1);
        }
        drop(waiting);
        self.shared.arrived.notify_one();
        fits
    }

    /// Says that something may be missing. Several such words before the node listens are one: the last, or that the
    /// lease lapsed, which says the most.
    pub fn resync(&self, reason: ResyncReason) {
        self.shared.lock().note(reason);
        self.shared.arrived.notify_one();
    }

    /// Drops everything that waits, as if it had never fit.
    pub(crate) fn overflow(&self) {
        let mut waiting = self.shared.lock();
        waiting.packets = VecDeque::new();
        waiting.bytes = 0;
        drop(waiting);
        self.resync(ResyncReason::Overflow);
    }

    /// Ends the inbox once what waits in it has been read.
    pub fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.arrived.notify_one();
    }
}

impl Waiting {
    fn note(&mut self, reason: ResyncReason) {
        if self.resync != Some(ResyncReason::Lapsed) {
            self.resync = Some(reason);
        }
    }
}

impl Inbox {
    /// The next thing; `None` when the bus has closed. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Inbound> {
        loop {
            if let Some(next) = self.shared.take() {
                return next;
            }
            self.shared.arrived.notified().await;
        }
    }

    /// How many packets wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.lock().packets.len()
    }

    /// Whether no packet waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes next, if anything is there: a thing, or the end.
    fn take(&self) -> Option<Option<Inbound>> {
        let mut waiting = self.lock();
        if let Some(reason) = waiting.resync.take() {
            return Some(Some(Inbound::Resync(reason)));
        }
        let Some(packet) = waiting.packets.pop_front() else {
            return waiting.closed.then_some(None);
        };
        waiting.bytes -= packet.len();
        if waiting.packets.is_empty() {
            // A burst must not keep its memory.
            waiting.packets = VecDeque::new();
        }
        Some(Some(Inbound::Packet(packet)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_inbox_drops_what_comes_and_says_so_once() {
        let (sender, mut inbox) = inbox();
        for _ in 0..limits::BUS_INBOX_PACKETS_MAX {
            assert!(sender.deliver(Bytes::from_static(b"kept")));
        }
        assert!(!sender.deliver(Bytes::from_static(b"dropped")));
        assert!(!sender.deliver(Bytes::from_static(b"dropped")));
        let first = inbox.next().await;
        assert_eq!(first, Some(Inbound::Resync(ResyncReason::Overflow)));
        for _ in 0..limits::BUS_INBOX_PACKETS_MAX {
            let kept = Inbound::Packet(Bytes::from_static(b"kept"));
            assert_eq!(inbox.next().await, Some(kept));
        }
        sender.close();
        assert_eq!(inbox.next().await, None);
    }

    #[tokio::test]
    async fn a_lapse_is_not_hidden_by_what_comes_after_it() {
        let (sender, mut inbox) = inbox();
        for reason in [ResyncReason::Gap, ResyncReason::Lapsed, ResyncReason::Gap] {
            sender.resync(reason);
        }
        sender.close();
        let lapsed = Inbound::Resync(ResyncReason::Lapsed);
        assert_eq!(inbox.next().await, Some(lapsed));
        assert_eq!(inbox.next().await, None, "they are one");
    }

    #[tokio::test]
    async fn bytes_are_bounded_too() {
        let (sender, inbox) = inbox();
        let large = Bytes::from(vec![0; BYTES_MAX / 2 + 1]);
        assert!(sender.deliver(large.clone()));
        assert!(!sender.deliver(large));
        assert_eq!(inbox.len(), 1);
    }
}
