//! The names of everything in Redis.
//!
//! What one script touches has one part in braces, which puts it into one slot of a Redis Cluster. Routes, presence and watchers
//! of users spread over all slots, and so do the routes of chats and the channels of nodes.

use parlour_bus::{ConnectionId, NodeRef};
use parlour_model::{ChatId, NodeNumber, UserId};

/// A hash: node number → incarnation, holder, end.
pub(crate) const LEASES: &str = "leases:{nodes}";
/// Whose Redis this is.
pub(crate) const DEPLOYMENT: &str = "deployment:{nodes}";
/// A hash: node number → its last incarnation.
pub(crate) const INCARNATIONS: &str = "incarnations:{nodes}";

/// How long anything of a user or a chat is kept without being written again.
pub(crate) const KEPT_S: u64 = 2 * 24 * 3600;

/// A node's channel, and the counter of its packs.
pub(crate) fn channel_of(node: NodeRef) -> String {
    format!("n:{{{node}}}")
}

/// A hash: [`route_field`] → session and device.
pub(crate) fn routes(user: UserId) -> String {
    format!("routes:{{{user}}}")
}

/// A hash whose fields are the nodes that are enlisted for a chat: [`chat_route_field`].
pub(crate) fn chat_routes(chat: ChatId) -> String {
    format!("chat:{{{chat}}}")
}

/// A hash with what others see of a user.
pub(crate) fn presence(user: UserId) -> String {
    format!("presence:{{{user}}}")
}

/// A hash whose fields are the nodes that look at a user.
pub(crate) fn watchers(user: UserId) -> String {
    format!("watchers:{{{user}}}")
}

/// When a quota is full again. Every byte of the key that is in braces decides its slot, and any slot will do.
pub(crate) fn quota(key: &str) -> String {
    format!("quota:{key}")
}

/// The time from which on a server remembers. The tag makes it lie on that server.
pub(crate) fn birth(tag: &str) -> String {
    format!("birth:{{{tag}}}")
}

/// The field of a route.
pub(crate) fn route_field(node: NodeRef, connection: ConnectionId) -> String {
    format!("{node}:{connection}")
}

/// The field of a route from a chat.
pub(crate) fn chat_route_field(node: NodeRef, number: u64) -> String {
    format!("{node}:{number}")
}

/// The node that a field names, which begins with `number:incarnation`.
pub(crate) fn node_of(field: &str) -> Option<NodeRef> {
    let mut parts = field.split(':');
    let number = NodeNumber::new(parts.next()?.parse().ok()?)?;
    let incarnation = parts.next()?.parse().ok()?;
    Some(NodeRef {
        number,
        incarnation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_name_their_node() {
        let node = NodeRef {
            number: NodeNumber::new(7).unwrap(),
            incarnation: 1_800_000_000_123,
        };
        let field = route_field(node, ConnectionId::new(5));
        assert_eq!(field, "7:1800000000123:5");
        assert_eq!(node_of(&field), Some(node));
        assert_eq!(node_of(&chat_route_field(node, 9)), Some(node));
        assert_eq!(node_of(&node.to_string()), Some(node));
        assert_eq!(channel_of(node), "n:{7:1800000000123}");
        for field in ["", "7", "x:1", "9999:1", "7:-1"] {
            assert_eq!(node_of(field), None, "{field}");
        }
    }
}
