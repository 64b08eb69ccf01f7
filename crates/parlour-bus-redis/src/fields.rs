//! Hashes whose fields name nodes: writing them, who of them lives, and dropping what the dead left.

use std::collections::HashSet;

use parlour_bus::{BusError, NodeRef};

use crate::core::Core;
use crate::keys;
use crate::session::{self, Command, Session};

/// Writes a field without a value. Should only the first of these happen, the second comes with the next try or the next
/// renewal.
pub(crate) fn write(hash: String, field: String) -> [Command; 2] {
    let kept = keys::KEPT_S.to_string();
    [
        Command::new("HSET", [hash.clone(), field, String::new()]),
        Command::new("EXPIRE", [hash, kept]),
    ]
}

impl Core {
    /// The living nodes that the fields of each hash name, in the order of the hashes; each node once.
    pub(crate) async fn nodes_in(
        &self,
        session: &Session,
        hashes: &[String],
    ) -> Result<Vec<Vec<NodeRef>>, BusError> {
        let reads = hashes
            .iter()
            .map(|hash| Command::new("HKEYS", [hash.clone()]));
        let answers = session.all(reads.collect()).await?;
        let fields: Vec<Vec<String>> = answers
            .into_iter()
            .map(|answer| {
                session::list(answer)
                    .iter()
                    .filter_map(session::text)
                    .collect()
            })
            .collect();
        let seen = fields
            .iter()
            .flatten()
            .filter_map(|field| keys::node_of(field));
        let judged = self.nodes.judge(session, seen).await?;
        let dropped = hashes
            .iter()
            .zip(&fields)
            .filter_map(|(hash, fields)| drop_dead(hash, fields, &judged.dead));
        // What could not be dropped is dropped by the next reader.
        let _ = session.all(dropped.collect()).await;
        let alive = fields.iter().map(|fields| named(fields, &judged.alive));
        Ok(alive.collect())
    }
}

/// The living nodes that fields name, each once.
fn named(fields: &[String], alive: &HashSet<NodeRef>) -> Vec<NodeRef> {
    let mut nodes = Vec::new();
    for node in fields.iter().filter_map(|field| keys::node_of(field)) {
        if alive.contains(&node) && !nodes.contains(&node) {
            nodes.push(node);
        }
    }
    nodes
}

/// Drops the fields of dead nodes. Those never come back, so nothing can be dropped that somebody has just written.
fn drop_dead(hash: &str, fields: &[String], dead: &HashSet<NodeRef>) -> Option<Command> {
    let is_dead = |field: &&String| keys::node_of(field).is_some_and(|node| dead.contains(&node));
    let mut args: Vec<String> = fields.iter().filter(is_dead).cloned().collect();
    if args.is_empty() {
        return None;
    }
    args.insert(0, hash.to_owned());
    Some(Command::new("HDEL", args))
}
