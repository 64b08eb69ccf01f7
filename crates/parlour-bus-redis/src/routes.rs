//! Which nodes hold connections of a user.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parlour_bus::{Arrival, BusError, ConnectionId, ConnectionRef, NodeRef, Routes};
use parlour_model::UserId;

use crate::RedisBus;
use crate::core::Core;
use crate::keys;
use crate::script::REGISTER;
use crate::session::{self, Command, Repeat, Session};

/// Users asked about in one go.
const USERS_PER_READ: usize = 1_000;

#[async_trait]
impl Routes for RedisBus {
    async fn register(&self, user: UserId, connection: ConnectionRef) -> Result<Arrival, BusError> {
        let (session, node) = self.core().usable()?;
        self.core().written.register(user, connection.connection);
        let field = keys::route_field(node, connection.connection);
        let value = format!("{} {}", connection.session, connection.device);
        let args = [field, value, keys::USER_KEYS_KEPT_S.to_string()].map(Bytes::from);
        let (routes, presence) = (keys::routes(user), keys::presence(user));
        let keys = [routes.as_str(), presence.as_str()];
        let answer = session.run(&REGISTER, &keys, args.into(), Repeat::Yes);
        Ok(match session::text(&answer.await?).as_deref() {
            None | Some("offline") => Arrival::New,
            Some(_) => Arrival::Seen,
        })
    }

    async fn unregister(&self, user: UserId, connection: ConnectionId) -> Result<(), BusError> {
        self.core().written.unregister(user, connection);
        let (session, node) = self.core().usable()?;
        let field = keys::route_field(node, connection);
        let command = Command::new("HDEL", [keys::routes(user), field]);
        session.all(vec![command]).await.map(drop)
    }

    async fn routes(&self, users: &[UserId]) -> Result<Vec<Vec<NodeRef>>, BusError> {
        let (session, _) = self.core().usable()?;
        let mut routes = Vec::with_capacity(users.len());
        for users in users.chunks(USERS_PER_READ) {
            routes.extend(self.core().routes(&session, users).await?);
        }
        Ok(routes)
    }
}

impl Core {
    async fn routes(
        &self,
        session: &Arc<Session>,
        users: &[UserId],
    ) -> Result<Vec<Vec<NodeRef>>, BusError> {
        let reads = users
            .iter()
            .map(|user| Command::new("HKEYS", [keys::routes(*user)]));
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
        let dropped = users
            .iter()
            .zip(&fields)
            .filter_map(|(user, fields)| drop_dead(*user, fields, &judged.dead));
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
fn drop_dead(user: UserId, fields: &[String], dead: &HashSet<NodeRef>) -> Option<Command> {
    let is_dead = |field: &&String| keys::node_of(field).is_some_and(|node| dead.contains(&node));
    let mut args: Vec<String> = fields.iter().filter(is_dead).cloned().collect();
    if args.is_empty() {
        return None;
    }
    args.insert(0, keys::routes(user));
    Some(Command::new("HDEL", args))
}
