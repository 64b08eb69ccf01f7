//! What waits to be sent, by node.
//!
//! A lane exists while something waits or is on its way, and a moment longer. One task empties it: one pack at a time, so
//! order is kept, and what comes while a pack is on its way, or in that moment, leaves together in the next one. A pack
//! that may have been lost leaves a debt: the next pack skips a number, so that its receiver sees that something is
//! missing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use parlour_bus::{BusError, NodeRef, Receivers};
use tokio::sync::oneshot;

/// Most packets waiting for one node.
const WAITING_MAX: usize = 16_384;
/// Most bytes waiting for one node.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most packets in a pack.
const PACK_MAX: usize = 1_024;
/// A pack is closed when it has this many bytes; one large packet is a pack of its own.
const PACK_BYTES: usize = 256 * 1024;

/// The answer to one packet.
pub(crate) type Answer = Result<Receivers, BusError>;

#[derive(Debug, Default)]
pub(crate) struct Lanes(Mutex<HashMap<NodeRef, Lane>>);

#[derive(Debug, Default)]
struct Lane {
    // queue: packets to one node
    waiting: VecDeque<Waiting>,
    bytes: usize,
    owes_gap: bool,
}

#[derive(Debug)]
struct Waiting {
    packet: Bytes,
    answer: oneshot::Sender<Answer>,
}

/// A packet that was put into its lane.
#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) answer: oneshot::Receiver<Answer>,
    /// Whether the lane needs somebody to empty it.
    pub(crate) is_first: bool,
}

/// What a lane does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Send this, skipping a number if one is owed.
    Pack(Pack),
    /// Nothing waits, but a number is to be skipped.
    Gap,
    /// Nothing; the lane is gone.
    End,
}

/// Packets that leave together.
#[derive(Debug, Default)]
pub(crate) struct Pack {
    pub(crate) packets: Vec<Bytes>,
    pub(crate) answers: Vec<oneshot::Sender<Answer>>,
    pub(crate) skips: bool,
}

impl Lanes {
    /// Puts a packet in line. `None` if the line is full; the packet is dropped and its receiver will be told.
    pub(crate) fn put(&self, to: NodeRef, packet: Bytes) -> Option<Put> {
        let mut lanes = self.lock();
        let is_first = !lanes.contains_key(&to);
        let lane = lanes.entry(to).or_default();
        if lane.waiting.len() >= WAITING_MAX || lane.bytes + packet.len() > WAITING_BYTES_MAX {
            lane.owes_gap = true;
            return None;
        }
        let (sender, answer) = oneshot::channel();
        lane.bytes += packet.len();
        lane.waiting.push_back(Waiting {
            packet,
            answer: sender,
        });
        Some(Put { answer, is_first })
    }

    /// What comes next in a lane.
    pub(crate) fn next(&self, to: NodeRef) -> Next {
        let mut lanes = self.lock();
        let Some(lane) = lanes.get_mut(&to) else {
            return Next::End;
        };
        if !lane.waiting.is_empty() {
            return Next::Pack(lane.pack());
        }
        if lane.owes_gap {
            return Next::Gap;
        }
        lanes.remove(&to);
        Next::End
    }

    /// What was sent last may be lost.
    pub(crate) fn owe(&self, to: NodeRef) {
        if let Some(lane) = self.lock().get_mut(&to) {
            lane.owes_gap = true;
        }
    }

    /// The number was skipped, or nobody is there who could miss it.
    pub(crate) fn settle(&self, to: NodeRef) {
        if let Some(lane) = self.lock().get_mut(&to) {
            lane.owes_gap = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NodeRef, Lane>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn pack(&mut self) -> Pack {
        let mut pack = Pack {
            skips: std::mem::take(&mut self.owes_gap),
            ..Pack::default()
        };
        let mut bytes = 0;
        while pack.packets.len() < PACK_MAX
            && let Some(first) = self.waiting.front()
            && (pack.packets.is_empty() || bytes + first.packet.len() <= PACK_BYTES)
            && let Some(Waiting { packet, answer }) = self.waiting.pop_front()
        {
            bytes += packet.len();
            pack.packets.push(packet);
            pack.answers.push(answer);
        }
        self.bytes -= bytes;
        pack
    }
}

#[cfg(test)]
mod tests {
    use parlour_model::NodeNumber;

    use super::*;

    const TO: NodeRef = NodeRef {
        number: NodeNumber::ZERO,
        incarnation: 1,
    };

    fn pack(lanes: &Lanes) -> Pack {
        match lanes.next(TO) {
            Next::Pack(pack) => pack,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_waits_leaves_together_and_in_order() {
        let lanes = Lanes::default();
        let put = |byte: u8| lanes.put(TO, Bytes::from(vec![byte])).unwrap();
        assert!(put(0).is_first);
        assert_eq!(pack(&lanes).packets.len(), 1);
        for byte in 1..=100 {
            assert!(!put(byte).is_first, "somebody is at it");
        }
        let packets = pack(&lanes).packets;
        let expected: Vec<Bytes> = (1..=100).map(|byte| Bytes::from(vec![byte])).collect();
        assert_eq!(packets, expected);
        assert!(matches!(lanes.next(TO), Next::End));
        assert!(put(1).is_first);
    }

    #[test]
    fn a_large_packet_is_a_pack_of_its_own() {
        let lanes = Lanes::default();
        let large = Bytes::from(vec![0; 2 * PACK_BYTES]);
        let small = Bytes::from_static(b"small");
        for packet in [&small, &large, &small, &small] {
            lanes.put(TO, packet.clone()).unwrap();
        }
        let sizes = [(); 3].map(|()| pack(&lanes).packets.len());
        assert_eq!(sizes, [1, 1, 2]);
    }

    #[test]
    fn a_full_lane_drops_and_owes_a_gap() {
        let lanes = Lanes::default();
        for _ in 0..WAITING_MAX {
            assert!(lanes.put(TO, Bytes::new()).is_some());
        }
        assert!(lanes.put(TO, Bytes::new()).is_none());
        assert!(pack(&lanes).skips);
        assert!(!pack(&lanes).skips, "one gap is enough");
        while let Next::Pack(_) = lanes.next(TO) {}
        assert!(
            lanes
                .put(TO, Bytes::from(vec![0; WAITING_BYTES_MAX + 1]))
                .is_none()
        );
        assert!(matches!(lanes.next(TO), Next::Gap));
        lanes.settle(TO);
        assert!(matches!(lanes.next(TO), Next::End));
    }
}
