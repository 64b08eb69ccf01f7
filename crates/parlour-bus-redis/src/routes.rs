//! Which nodes hold connections of a user.

use async_trait::async_trait;
use bytes::Bytes;
use parlour_bus::{Arrival, BusError, ConnectionId, ConnectionRef, NodeRef, Routes};
use parlour_model::UserId;

use crate::RedisBus;
use crate::keys;
use crate::script::REGISTER;
use crate::session::{self, Command, Repeat};

/// Users asked about in one go.
const USERS_PER_READ: usize = 1_000;

#[async_trait]
impl Routes for RedisBus {
    async fn register(&self, user: UserId, connection: ConnectionRef) -> Result<Arrival, BusError> {
        let (session, node) = self.core().usable()?;
        self.core().written.register(user, connection.connection);
        let field = keys::route_field(node, connection.connection);
        let value = format!("{} {}", connection.session, connection.device);
        let args = [field, value, keys::KEPT_S.to_string()].map(Bytes::from);
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
            let hashes: Vec<String> = users.iter().map(|user| keys::routes(*user)).collect();
            routes.extend(self.core().nodes_in(&session, &hashes).await?);
        }
        Ok(routes)
    }
}
