//! Which node is the home of a chat: rendezvous hashing. Pure.
//!
//! Each node scores each chat, and the highest score wins. So all who know the same nodes agree, and when a node comes or
//! goes only the chats that it wins or held move.

use parlour_bus::NodeRef;
use parlour_model::ChatId;

/// The home of `chat` among `nodes`; `None` if there are none. Their order does not matter.
pub(super) fn home(chat: ChatId, nodes: &[NodeRef]) -> Option<NodeRef> {
    let score = |node: &&NodeRef| (score(chat, node), node.number.get(), node.incarnation);
    nodes.iter().max_by_key(score).copied()
}

fn score(chat: ChatId, node: &NodeRef) -> u64 {
    let node = mix(mix(u64::from(node.number.get())) ^ node.incarnation);
    mix(node ^ chat.get())
}

/// Spreads numbers that lie close together over all 64 bits (the finalizer of SplitMix64). It is part of what nodes of
/// different versions agree on.
pub(crate) const fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use parlour_model::NodeNumber;

    use super::*;

    const CHATS: u64 = 10_000;

    fn nodes(count: u16) -> Vec<NodeRef> {
        let node = |number| NodeRef {
            number: NodeNumber::new(number).unwrap(),
            incarnation: 1_000 + u64::from(number),
        };
        (0..count).map(node).collect()
    }

    fn homes(nodes: &[NodeRef]) -> Vec<NodeRef> {
        let chats = (1..=CHATS).map(|chat| ChatId::new(chat).unwrap());
        chats.map(|chat| home(chat, nodes).unwrap()).collect()
    }

    #[test]
    fn all_agree_whatever_order_they_know_the_nodes_in() {
        let mut reversed = nodes(7);
        reversed.reverse();
        assert_eq!(homes(&nodes(7)), homes(&reversed));
        assert_eq!(home(ChatId::new(1).unwrap(), &[]), None);
    }

    #[test]
    fn chats_are_spread_evenly() {
        let mut counts: HashMap<NodeRef, u64> = HashMap::new();
        for home in homes(&nodes(10)) {
            *counts.entry(home).or_default() += 1;
        }
        assert_eq!(counts.len(), 10);
        assert!(
            counts.values().all(|count| (850..1_150).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn when_a_node_goes_only_its_chats_move() {
        let all = nodes(10);
        let left = &all[..9];
        let moved = homes(&all).into_iter().zip(homes(left));
        for (before, after) in moved {
            assert!(before == after || before == all[9]);
        }
    }
}
