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
    words: VecDeque<HomeWord>,
}

impl Lines {
    /// Puts a word in line; answers whether the line was empty, so that somebody has to start it. `None` if it is full.
    fn put(&self, node: NodeRef, word: HomeWord) -> Option<bool> {
        let mut is_first = false;
        let mut line = self.by_node.entry(node).or_insert_with(|| {
            is_first = true;
            Line::default()
        });
        if line.words.len() >= WORDS_MAX {
            return None;
        }
        line.words.push_back(word);
        Some(is_first)
    }

    /// The words of the next packet; `None` ends the line.
    fn take(&self, node: NodeRef) -> Option<Vec<HomeWord>> {
        self.by_node
            .remove_if(&node, |_, line| line.words.is_empty());
        let mut line = self.by_node.get_mut(&node)?;
        let mut bytes = 0;
        let fits = line.words.iter().take(PACKET_WORDS_MAX).take_while(|word| {
            bytes += word.bytes();
            bytes <= PACKET_BYTES_MAX
        });
        let count = fits.count().max(1);
        Some(line.words.drain(..count).collect())
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
