//! Who may use which route, as data.
//!
//! A route without a row does not start and fails a test; a row says at least who must be refused. Being signed in is checked
//! here, before anything of a request is read; what members, authors, admins and owners may do is decided by the
//! service and once more in the commit, and tests hold every row against what it answers to others.

use axum::http::Method;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody: the route is how one signs in, or authenticates by itself.
    Anybody,
    /// Whoever has a good access token.
    SignedIn,
    /// Members of the chat in the path. To others the chat does not exist.
    Member,
    /// The author of the message in the path, and for deleting also admins; a member of its chat in any case.
    Author,
    /// Admins and owners of the chat in the path; a member may do some of it to themselves.
    Admin,
    /// The owner of the chat in the path.
    Owner,
}

/// One route and who may use it.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Its method.
    pub method: Method,
    /// Its path, with names in braces.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
}

const fn row(method: Method, path: &'static str, who: Who) -> Row {
    Row { method, path, who }
}

/// Every route of a node.
pub static ACCESS: [Row; 41] = [
    // Authenticates in its first frame.
    row(Method::GET, "/v1/ws", Who::Anybody),
    // What clients may rely on is no secret.
    row(Method::GET, "/openapi.json", Who::Anybody),
    row(Method::GET, "/asyncapi.json", Who::Anybody),
    row(Method::GET, "/docs", Who::Anybody),
    row(Method::GET, "/docs/style.css", Who::Anybody),
    row(Method::POST, "/api/v1/auth/register", Who::Anybody),
    row(Method::POST, "/api/v1/auth/login", Who::Anybody),
    // The refresh token in the body is the proof.
    row(Method::POST, "/api/v1/auth/refresh", Who::Anybody),
    row(Method::POST, "/api/v1/auth/logout", Who::SignedIn),
    row(Method::POST, "/api/v1/auth/password", Who::SignedIn),
    row(Method::GET, "/api/v1/sessions", Who::SignedIn),
    row(Method::DELETE, "/api/v1/sessions", Who::SignedIn),
    row(Method::DELETE, "/api/v1/sessions/{session}", Who::SignedIn),
    row(Method::GET, "/api/v1/users", Who::SignedIn),
    row(Method::GET, "/api/v1/users/{user}", Who::SignedIn),
    row(Method::GET, "/api/v1/users/{user}/status", Who::SignedIn),
    row(Method::GET, "/api/v1/users/{user}/block", Who::SignedIn),
    row(Method::POST, "/api/v1/users/{user}/block", Who::SignedIn),
    row(Method::DELETE, "/api/v1/users/{user}/block", Who::SignedIn),
    row(Method::POST, "/api/v1/presence", Who::SignedIn),
    row(Method::PATCH, "/api/v1/me", Who::SignedIn),
    row(Method::PUT, "/api/v1/me/status", Who::SignedIn),
    row(Method::GET, "/api/v1/me/privacy", Who::SignedIn),
    row(Method::PATCH, "/api/v1/me/privacy", Who::SignedIn),
    // What it names, the actor must see: the service looks.
    row(Method::POST, "/api/v1/reports", Who::SignedIn),
    row(Method::POST, "/api/v1/chats", Who::SignedIn),
    row(Method::GET, "/api/v1/chats", Who::SignedIn),
    row(Method::GET, "/api/v1/chats/{chat}", Who::Member),
    row(Method::PATCH, "/api/v1/chats/{chat}", Who::Admin),
    row(Method::POST, "/api/v1/chats/{chat}/leave", Who::Member),
    row(Method::GET, "/api/v1/chats/{chat}/members", Who::Member),
    row(Method::POST, "/api/v1/chats/{chat}/members", Who::Admin),
    row(
        Method::PATCH,
        "/api/v1/chats/{chat}/members/{user}",
        Who::Owner,
    ),
    row(
        Method::DELETE,
        "/api/v1/chats/{chat}/members/{user}",
        Who::Admin,
    ),
    row(Method::GET, "/api/v1/chats/{chat}/messages", Who::Member),
    row(Method::POST, "/api/v1/chats/{chat}/messages", Who::Member),
    row(
        Method::GET,
        "/api/v1/chats/{chat}/messages/{message}",
        Who::Member,
    ),
    row(
        Method::PATCH,
        "/api/v1/chats/{chat}/messages/{message}",
        Who::Author,
    ),
    row(
        Method::DELETE,
        "/api/v1/chats/{chat}/messages/{message}",
        Who::Author,
    ),
    row(
        Method::PUT,
        "/api/v1/chats/{chat}/messages/{message}/status",
        Who::Member,
    ),
    row(
        Method::GET,
        "/api/v1/chats/{chat}/messages/{message}/receipts",
        Who::Member,
    ),
];

/// The row of a route.
pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Row> {
    ACCESS
        .iter()
        .find(|row| row.method == *method && row.path == path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::router;

    #[test]
    fn every_route_has_one_row_and_every_row_its_route() {
        let routes = router::routes();
        let served: BTreeSet<(String, &str)> = routes
            .iter()
            .map(|route| (route.method.to_string(), route.path))
            .collect();
        let rows: BTreeSet<(String, &str)> = ACCESS
            .iter()
            .map(|row| (row.method.to_string(), row.path))
            .collect();
        assert_eq!(served, rows);
        assert_eq!((routes.len(), ACCESS.len()), (served.len(), rows.len()));
    }

    #[test]
    fn what_lies_under_a_chat_is_for_its_members_at_most() {
        for row in &ACCESS {
            let under_a_chat = row.path.contains("{chat}");
            let open = matches!(row.who, Who::Anybody | Who::SignedIn);
            assert_ne!(under_a_chat, open, "{row:?}");
        }
    }
}
