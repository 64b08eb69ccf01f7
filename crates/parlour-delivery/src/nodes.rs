//! Which nodes are alive, and what is to be done about one that is not any more.
//!
//! A node that vanished may have committed something and told nobody. A node that said farewell has told everybody.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlour_bus::NodeRef;
use parlour_model::NodeNumber;

use crate::core::Core;

/// How often the list of nodes is looked at.
const NODES_PAUSE: Duration = Duration::from_secs(1);
/// How long after the end of a node its users may look connected.
const LAPSE_GRACE: Duration = Duration::from_secs(4);
/// Farewells remembered until the node is gone.
const FAREWELLS_MAX: usize = 1_024;

/// What was last known of the nodes.
#[derive(Debug, Default)]
pub(crate) struct Nodes(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    alive: Vec<NodeRef>,
    farewells: HashSet<NodeRef>,
}

impl Nodes {
    /// Takes in who is alive now; answers how many are gone, and whether one of them went without a word.
    fn learn(&self, own: NodeRef, alive: Vec<NodeRef>) -> (usize, bool) {
        let mut known = self.lock();
        let gone: Vec<NodeRef> = known
            .alive
            .iter()
            .copied()
            .filter(|node| node.number != own.number && !alive.contains(node))
            .collect();
        known.alive = alive;
        let mut vanished = false;
        for node in &gone {
            vanished |= !known.farewells.remove(node);
        }
        (gone.len(), vanished)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// How many nodes were alive at the last look.
    pub(crate) fn nodes_known(&self) -> usize {
        self.nodes.lock().alive.len()
    }

    /// Looks at the nodes that were alive at the last look, this one in its present life among them.
    pub(crate) fn alive_with<T>(&self, own: NodeRef, look: impl FnOnce(&[NodeRef]) -> T) -> T {
        let mut alive = self.nodes.lock().alive.clone();
        alive.retain(|node| node.number != own.number);
        alive.push(own);
        look(&alive)
    }

    /// Another node says that it leaves and has announced everything.
    pub(crate) fn heard_farewell(&self, number: u16, incarnation: u64) {
        let mut known = self.nodes.lock();
        if let Some(number) = NodeNumber::new(number)
            && known.farewells.len() < FAREWELLS_MAX
        {
            known.farewells.insert(NodeRef {
                number,
                incarnation,
            });
        }
    }

    /// Looks after what nodes leave behind, for ever.
    pub(crate) async fn watch_nodes(self: Arc<Self>) {
        loop {
            if let Ok(alive) = self.ask_bus(self.bus.nodes()).await {
                let (gone, vanished) = self.nodes.learn(self.bus.node(), alive);
                if gone > 0 {
                    let core = Arc::clone(&self);
                    self.spawn(async move { core.settle_after(vanished).await });
                }
            }
            tokio::time::sleep(NODES_PAUSE).await;
        }
    }

    /// Settles those who were on nodes that are gone, as far as somebody here looks at them, and shows what such a node
    /// settled and told nobody.
    async fn settle_after(self: &Arc<Self>, vanished: bool) {
        tokio::time::sleep(LAPSE_GRACE).await;
        if vanished {
            self.compare_everything("node_gone");
        }
        self.settle_those_gone().await;
        self.owe_looks();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: u16, incarnation: u64) -> NodeRef {
        NodeRef {
            number: NodeNumber::new(number).unwrap(),
            incarnation,
        }
    }

    #[test]
    fn only_who_goes_without_a_word_has_vanished() {
        let nodes = Nodes::default();
        let own = node(0, 1);
        assert_eq!(
            nodes.learn(own, vec![own, node(1, 2), node(2, 3)]),
            (0, false)
        );
        nodes.lock().farewells.insert(node(1, 2));
        assert_eq!(nodes.learn(own, vec![own, node(2, 3)]), (1, false));
        assert_eq!(nodes.learn(own, vec![own, node(2, 4)]), (1, true));
        let reborn = node(0, 5);
        assert_eq!(nodes.learn(reborn, vec![reborn, node(2, 4)]), (0, false));
    }
}
