//! Which requests were served before: a packet may arrive twice.
//!
//! The numbers of a node's requests rise. Those far below the highest one seen count as seen: who asked has long given
//! up, and to a node that does not answer that is no more than silence. So do those of an earlier life of the node.

use dashmap::DashMap;
use parlour_bus::NodeRef;

/// How far below the highest number a request is still told from its double.
const WINDOW: u64 = 65_536;
const WORD_BITS: u64 = u64::BITS as u64;

/// The requests of every node that has asked this one. Of each node number only the newest life is remembered.
#[derive(Default)]
pub(super) struct Seen {
    by_number: DashMap<u16, Life>,
}

struct Life {
    incarnation: u64,
    highest: u64,
    /// One bit for each of the last [`WINDOW`] numbers, in a ring.
    bits: Vec<u64>,
}

impl Seen {
    /// Notes a request; false if it was noted before, is too old to tell, or of a life that is over.
    pub(super) fn is_new(&self, (node, request): (NodeRef, u64)) -> bool {
        let new = || Life::new(node.incarnation, request);
        let mut life = self.by_number.entry(node.number.get()).or_insert_with(new);
        if life.incarnation < node.incarnation {
            *life = new();
        }
        life.incarnation == node.incarnation && life.is_new(request)
    }
}

impl Life {
    fn new(incarnation: u64, first: u64) -> Self {
        let words = usize::try_from(WINDOW / WORD_BITS).expect("a small constant");
        Self {
            incarnation,
            highest: first,
            bits: vec![0; words],
        }
    }

    fn is_new(&mut self, request: u64) -> bool {
        if request.saturating_add(WINDOW) <= self.highest {
            return false;
        }
        // What lies between was not seen, and the places are those of numbers that have left the window.
        let skipped = request.saturating_sub(self.highest).min(WINDOW);
        for number in 0..skipped {
            self.mark(request - number, false);
        }
        self.highest = self.highest.max(request);
        !self.mark(request, true)
    }

    /// Sets a number's bit; answers what it was.
    fn mark(&mut self, number: u64, seen: bool) -> bool {
        let place = number % WINDOW;
        let word = usize::try_from(place / WORD_BITS).expect("within the ring");
        let bit = 1 << (place % WORD_BITS);
        let was = self.bits[word] & bit != 0;
        if seen {
            self.bits[word] |= bit;
        } else {
            self.bits[word] &= !bit;
        }
        was
    }
}

#[cfg(test)]
mod tests {
    use parlour_model::NodeNumber;

    use super::*;

    fn node(incarnation: u64) -> NodeRef {
        NodeRef {
            number: NodeNumber::new(3).unwrap(),
            incarnation,
        }
    }

    #[test]
    fn each_request_is_new_once_in_whatever_order_they_come() {
        let seen = Seen::default();
        for request in [5, 7, 6, 70_000, 69_999, 5_000, 200_000, 134_465] {
            assert!(seen.is_new((node(1), request)), "{request}");
            assert!(!seen.is_new((node(1), request)), "{request}");
        }
        assert!(!seen.is_new((node(1), 134_464)), "too old to tell");
        assert!(seen.is_new((node(1), 200_000 + WINDOW)), "the ring is free");
    }

    #[test]
    fn another_life_begins_anew() {
        let seen = Seen::default();
        assert!(seen.is_new((node(1), 9)));
        assert!(seen.is_new((node(2), 9)));
        assert!(!seen.is_new((node(2), 9)));
    }

    #[test]
    fn a_late_request_of_an_earlier_life_is_not_served_and_nothing_is_forgotten_for_it() {
        let seen = Seen::default();
        assert!(seen.is_new((node(2), 9)));
        assert!(!seen.is_new((node(1), 7)));
        assert!(!seen.is_new((node(2), 9)));
        assert!(seen.is_new((node(2), 10)));
    }
}
