//! Who is alive.
//!
//! The list of living nodes is remembered for a second. That is long enough to be wrong about a node that joined or died
//! meanwhile, and the two are not alike: to hold a dead node for alive makes something late, to hold a living one for dead
//! would lose its users. So a node is judged dead only by a list that was read *after* the node was seen somewhere. Whoever
//! writes its name anywhere holds a lease by then, and a lease that has ended never comes back: that judgement is final.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlour_bus::{BusError, NodeRef};
use tokio::time::Instant;

use crate::keys;
use crate::script::LIVE_NODES;
use crate::session::{self, Repeat, Session};

/// How long the list is remembered.
const REMEMBERED: Duration = Duration::from_secs(1);
/// How many dead nodes are remembered; beyond, they are looked up again.
const DEAD_MAX: usize = 1_024;
/// How long Redis keeps a lease that has ended, for whoever looks into it.
const ENDED_KEPT_MS: &str = "3600000";

/// What is known about the life of nodes.
#[derive(Debug, Default)]
pub(crate) struct Nodes(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    read_at: Option<Instant>,
    alive: HashSet<NodeRef>,
    dead: HashSet<NodeRef>,
}

/// Who is alive and who is dead among the nodes somebody asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) alive: HashSet<NodeRef>,
    pub(crate) dead: HashSet<NodeRef>,
}

impl Nodes {
    /// Reads the list of the living.
    pub(crate) async fn read(&self, session: &Session) -> Result<Vec<NodeRef>, BusError> {
        let asked_at = Instant::now();
        let args = vec![ENDED_KEPT_MS.into()];
        let answer = session.run(&LIVE_NODES, &[keys::LEASES], args, Repeat::Yes);
        let answer = session::list(answer.await?);
        let texts = answer.iter().filter_map(session::text);
        let alive: Vec<NodeRef> = texts.filter_map(|text| keys::node_of(&text)).collect();
        let mut known = self.lock();
        // An older list that comes later knows less.
        if known.read_at.is_none_or(|read_at| read_at <= asked_at) {
            known.read_at = Some(asked_at);
            known.alive = alive.iter().copied().collect();
        }
        Ok(alive)
    }

    /// Judges nodes that were seen somewhere before this call.
    pub(crate) async fn judge(
        &self,
        session: &Session,
        seen: impl IntoIterator<Item = NodeRef>,
    ) -> Result<Judged, BusError> {
        let seen: HashSet<NodeRef> = seen.into_iter().collect();
        if let Some(judged) = self.lock().judge(&seen) {
            return Ok(judged);
        }
        let alive: HashSet<NodeRef> = self.read(session).await?.into_iter().collect();
        let (alive, dead) = seen.into_iter().partition(|node| alive.contains(node));
        let judged = Judged { alive, dead };
        self.lock().bury(&judged.dead);
        Ok(judged)
    }

    /// Everybody who was alive a moment ago.
    pub(crate) async fn recent(&self, session: &Session) -> Result<HashSet<NodeRef>, BusError> {
        if let Some(alive) = self.lock().recent() {
            return Ok(alive.clone());
        }
        Ok(self.read(session).await?.into_iter().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn recent(&self) -> Option<&HashSet<NodeRef>> {
        let is_recent = |read_at: Instant| read_at.elapsed() < REMEMBERED;
        self.read_at.is_some_and(is_recent).then_some(&self.alive)
    }

    /// The judgement, if what is remembered suffices for it.
    fn judge(&self, seen: &HashSet<NodeRef>) -> Option<Judged> {
        let recent = self.recent()?;
        let mut judged = Judged::default();
        for node in seen {
            if recent.contains(node) {
                judged.alive.insert(*node);
            } else if self.dead.contains(node) {
                judged.dead.insert(*node);
            } else {
                return None;
            }
        }
        Some(judged)
    }

    fn bury(&mut self, dead: &HashSet<NodeRef>) {
        if self.dead.len() + dead.len() > DEAD_MAX {
            self.dead.clear();
        }
        self.dead.extend(dead);
    }
}
