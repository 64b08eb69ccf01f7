//! What waits to be sent to one node as a home, or to one that asked: all of it leaves together.
//!
//! While one packet is on its way, what comes waits for the next, so the busier two nodes are, the more words share one.

use std::collections::VecDeque;
use std::sync::Arc;

use dashmap::DashMap;
use parlour_bus::{NodeRef, Receivers};

use super::{HomeError, HomeWord};
use crate::core::Core;
use crate::packet::Packet;

/// Words waiting for one node.
const WORDS_MAX: usize = 4_096;
/// Most of what one packet holds; a single word may be larger.
const PACKET_WORDS_MAX: usize = 256;
const PACKET_BYTES_MAX: usize = 256 * 1024;

#[derive(Default)]
pub(super) struct Lines {
    by_node: DashMap<NodeRef, Line>,
}

#[derive(Default)]
struct Line {
    // queue: words between a home and another node
    words: VecDeque<Waiting>,
}

/// A word, and how large it is.
struct Waiting {
    word: HomeWord,
    bytes: usize,
}

impl Lines {
    /// Puts a word in line; answers whether the line was empty, so that somebody has to start it. `None` if it is full.
    fn put(&self, node: NodeRef, word: HomeWord) -> Option<bool> {
        let bytes = word.bytes();
        let mut is_first = false;
        let mut line = self.by_node.entry(node).or_insert_with(|| {
            is_first = true;
            Line::default()
        });
        if line.words.len() >= WORDS_MAX {
            return None;
        }
        line.words.push_back(Waiting { word, bytes });
        Some(is_first)
    }

    /// The words of the next packet; `None` ends the line.
    fn take(&self, node: NodeRef) -> Option<Vec<HomeWord>> {
        self.by_node
            .remove_if(&node, |_, line| line.words.is_empty());
        let mut line = self.by_node.get_mut(&node)?;
        let mut bytes = 0;
        let next = line.words.iter().take(PACKET_WORDS_MAX);
        let fits = next.take_while(|waiting| {
            bytes += waiting.bytes;
            bytes <= PACKET_BYTES_MAX
        });
        let count = fits.count().max(1);
        let words = line.words.drain(..count);
        Some(words.map(|waiting| waiting.word).collect())
    }
}

impl Core {
    /// Sends a word to a node. False if too many wait for it.
    pub(super) fn send_home_word(self: &Arc<Self>, node: NodeRef, word: HomeWord) -> bool {
        let Some(is_first) = self.homes.lines.put(node, word) else {
            metrics::counter!("parlour_home_words_refused_total").increment(1);
            return false;
        };
        if is_first {
            let core = Arc::clone(self);
            // What this node has appended for others is answered, also when it stops meanwhile.
            self.see_through(async move {
                while let Some(words) = core.homes.lines.take(node) {
                    core.send_home_words(node, words).await;
                }
            });
        }
        true
    }

    async fn send_home_words(self: &Arc<Self>, node: NodeRef, words: Vec<HomeWord>) {
        let asked: Vec<u64> = words
            .iter()
            .filter_map(|word| match word {
                HomeWord::Append { request, .. } => Some(*request),
                HomeWord::Appended { .. } | HomeWord::Come { .. } => None,
            })
            .collect();
        metrics::counter!("parlour_home_packets_total").increment(1);
        metrics::counter!("parlour_home_words_total").increment(words.len() as u64);
        let packet = Packet::Home(words).encode();
        let failed = if self.is_bus_away() {
            // Nothing is sent then.
            Some(HomeError::Nobody)
        } else {
            match self.ask_bus(self.bus.publish(&node, packet)).await {
                Ok(Receivers(0)) => Some(HomeError::Nobody),
                Ok(_) => None,
                Err(_) => Some(HomeError::Silent),
            }
        };
        if let Some(error) = failed {
            for request in asked {
                self.homes.answer(request, Err(error));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use parlour_model::{
        Body, ChatId, Content, Countable, Event, EventId, EventKey, NodeNumber, Seq, Timestamp,
        UserId, limits,
    };

    use super::super::words::WireOutcome;
    use super::*;

    fn node() -> NodeRef {
        NodeRef {
            number: NodeNumber::ZERO,
            incarnation: 1,
        }
    }

    /// An answer with the longest message that there is.
    fn answer(request: u64) -> HomeWord {
        let event = Event {
            chat: ChatId::new(1).unwrap(),
            seq: Seq::new(request),
            id: EventId::new(request).unwrap(),
            author: UserId::new(1).unwrap(),
            key: EventKey::generate(Timestamp::from_millis(1_800_000_000_000)),
            content: Content::Message {
                body: Body::text("x".repeat(limits::TEXT_BYTES_MAX)),
                reply_to: None,
            },
            sent_at: Timestamp::from_millis(1),
            countable: Countable::new(2),
            prev_effect: Seq::FIRST,
            erased: false,
        };
        let outcomes = Some(vec![WireOutcome::Existing(event.into())]);
        HomeWord::Appended { request, outcomes }
    }

    #[test]
    fn long_answers_share_packets_of_bounded_size_in_their_order() {
        let lines = Lines::default();
        let answers: Vec<_> = (1..=100).map(answer).collect();
        for (number, answer) in answers.iter().enumerate() {
            assert_eq!(lines.put(node(), answer.clone()), Some(number == 0));
        }
        let (mut taken, mut packets) = (Vec::new(), 0);
        while let Some(words) = lines.take(node()) {
            let bytes = Packet::Home(words.clone()).encode().len();
            // Beside its words a packet has a few bytes of its own.
            assert!(bytes <= PACKET_BYTES_MAX + 64, "{bytes}");
            taken.extend(words);
            packets += 1;
        }
        assert_eq!(taken, answers);
        assert!(packets <= 8, "{packets}");
    }
}
