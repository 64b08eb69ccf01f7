//! Sessions: the list of devices, and the end of one everywhere.

use parlour_delivery::{Batch, Connection, NewConnection};
use parlour_model::{SessionId, limits};
use parlour_protocol::{CloseCode, Encoding};
use parlour_service::{Missing, ServiceError, SignedIn, TokenProblem};

use crate::world::{Node, PASSWORD, World};

const INVALID: ServiceError = ServiceError::Unauthenticated(TokenProblem::Invalid);

pub(crate) async fn connect(node: &Node, signed_in: &SignedIn) -> Connection {
    let connection = node.delivery.attach(NewConnection {
        user: signed_in.user.id,
        session: signed_in.session.id,
        device: "phone".to_owned(),
        encoding: Encoding::Json,
    });
    connection.await.unwrap()
}

/// Waits for the close of a connection; frames before it do not matter here.
async fn close_code(connection: &Connection) -> CloseCode {
    let mut outgoing = connection.take_outgoing().unwrap();
    loop {
        if let Batch::Close(code) = outgoing.next_batch(usize::MAX).await {
            return code;
        }
    }
}

#[tokio::test]
async fn a_user_sees_their_devices_and_when_each_was_last_active() {
    let world = World::new();
    let node = world.node().await;
    let phone = node.register("ann").await;
    node.register("bob").await;
    world.pass(10);
    let laptop = node.login("ann", PASSWORD).await.unwrap();
    let created = (phone.session.created_at, laptop.session.created_at);
    world.pass(120);
    let actor = node.actor(&phone).await;
    node.accounts.flush_activity().await;
    let sessions = node.accounts.sessions(&actor).await.unwrap();
    let seen: Vec<_> = sessions.iter().map(|s| (s.id, s.device.as_str())).collect();
    assert_eq!(
        seen,
        [(laptop.session.id, "laptop"), (phone.session.id, "phone")]
    );
    assert_eq!((sessions[1].created_at, sessions[0].created_at), created);
    let now = parlour_model::Clock::now(&*world.clock);
    assert_eq!(sessions[1].last_active_at, now);
    assert_eq!(sessions[0].last_active_at, created.1);
}

#[tokio::test]
async fn logging_out_ends_this_session_and_no_other() {
    let world = World::new();
    let node = world.node().await;
    let phone = node.register("ann").await;
    let laptop = node.login("ann", PASSWORD).await.unwrap();
    let actor = node.actor(&phone).await;
    node.accounts.logout(&actor).await.unwrap();
    node.accounts.logout(&actor).await.unwrap();
    assert_eq!(node.authenticate(&phone).await, Err(INVALID));
    assert_eq!(node.refresh(&phone).await.unwrap_err(), INVALID);
    assert_eq!(node.session_ids(&laptop).await, [laptop.session.id]);
}

#[tokio::test]
async fn a_session_of_somebody_else_cannot_be_revoked() {
    let world = World::new();
    let node = world.node().await;
    let (ann, bob) = (node.register("ann").await, node.register("bob").await);
    let actor = node.actor(&ann).await;
    let nobodys = SessionId::new(4711).unwrap();
    for session in [bob.session.id, nobodys] {
        assert_eq!(
            node.accounts.revoke(&actor, session).await,
            Err(ServiceError::NotFound(Missing::Session))
        );
    }
    assert!(node.authenticate(&bob).await.is_ok());
}

#[tokio::test]
async fn revoking_all_keeps_the_session_that_asks() {
    let world = World::new();
    let node = world.node().await;
    let phone = node.register("ann").await;
    let others = [
        node.login("ann", PASSWORD).await.unwrap(),
        node.login("ann", PASSWORD).await.unwrap(),
    ];
    let actor = node.actor(&phone).await;
    node.accounts.revoke_all(&actor).await.unwrap();
    for other in &others {
        assert_eq!(node.authenticate(other).await, Err(INVALID));
        assert_eq!(node.refresh(other).await.unwrap_err(), INVALID);
    }
    assert_eq!(node.session_ids(&phone).await, [phone.session.id]);
}

#[tokio::test]
async fn another_node_refuses_a_revoked_session_after_its_next_poll() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let (phone, laptop) = two_devices(&here).await;
    assert!(there.authenticate(&laptop).await.is_ok());
    revoke(&here, &phone, &laptop).await;
    there.accounts.poll_revocations().await.unwrap();
    assert_eq!(there.authenticate(&laptop).await, Err(INVALID));
    assert!(there.authenticate(&phone).await.is_ok());
}

#[tokio::test]
async fn another_node_whose_polls_fail_asks_the_store_after_five_seconds() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let (phone, laptop) = two_devices(&here).await;
    revoke(&here, &phone, &laptop).await;
    world.pass(6);
    assert_eq!(there.authenticate(&laptop).await, Err(INVALID));
    assert!(there.authenticate(&phone).await.is_ok());
}

#[tokio::test]
async fn a_node_that_starts_knows_the_sessions_revoked_before() {
    let world = World::new();
    let here = world.node().await;
    let (phone, laptop) = two_devices(&here).await;
    revoke(&here, &phone, &laptop).await;
    world.pass(300);
    let restarted = world.node().await;
    assert_eq!(restarted.authenticate(&laptop).await, Err(INVALID));
    assert!(restarted.authenticate(&phone).await.is_ok());
}

#[tokio::test]
async fn the_live_connections_of_a_revoked_session_are_closed_at_once_and_no_others() {
    let world = World::new();
    let node = world.node().await;
    let (phone, laptop) = two_devices(&node).await;
    let (kept, closed) = (connect(&node, &phone).await, connect(&node, &laptop).await);
    revoke(&node, &phone, &laptop).await;
    assert_eq!(close_code(&closed).await, CloseCode::SignedOut);
    assert!(!kept.outbox().is_closed());
}

#[tokio::test]
async fn a_poll_closes_connections_here_of_a_session_that_was_revoked_elsewhere() {
    let world = World::new();
    let node = world.node().await;
    let (phone, laptop) = two_devices(&node).await;
    let connection = connect(&node, &laptop).await;
    // Straight into the store: as if the bus had lost every word of it.
    let now = parlour_model::Clock::now(&*world.clock);
    let revoked = world
        .store
        .revoke_session(laptop.user.id, laptop.session.id, now)
        .await;
    assert!(revoked.unwrap());
    assert!(!connection.outbox().is_closed());
    node.accounts.poll_revocations().await.unwrap();
    assert_eq!(close_code(&connection).await, CloseCode::SignedOut);
    assert!(node.authenticate(&phone).await.is_ok());
}

#[tokio::test]
async fn a_reused_refresh_token_closes_the_live_connections_of_its_session() {
    let world = World::new();
    let node = world.node().await;
    let first = node.register("ann").await;
    let connection = connect(&node, &first).await;
    node.refresh(&first).await.unwrap();
    world.pass(61);
    assert_eq!(node.refresh(&first).await.unwrap_err(), INVALID);
    assert_eq!(close_code(&connection).await, CloseCode::SignedOut);
}

async fn two_devices(node: &Node) -> (SignedIn, SignedIn) {
    let phone = node.register("ann").await;
    let laptop = node.login("ann", PASSWORD).await.unwrap();
    (phone, laptop)
}

async fn revoke(node: &Node, by: &SignedIn, session: &SignedIn) {
    let actor = node.actor(by).await;
    node.accounts
        .revoke(&actor, session.session.id)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_user_has_so_many_sessions_and_a_new_one_ends_the_one_idle_for_longest() {
    let world = World::new();
    let node = world.node().await;
    let first = node.register("ann").await;
    let second = node.login("ann", PASSWORD).await.unwrap();
    let connection = connect(&node, &second).await;
    for _ in 2..limits::SESSIONS_PER_USER_MAX {
        world.pass(1);
        node.login("ann", PASSWORD).await.unwrap();
    }
    assert_eq!(node.session_ids(&first).await.len(), 100);
    // The first one is used, so the second is the one that was idle for longest.
    let first = node.refresh(&first).await.unwrap();
    world.pass(60);
    let newest = node.login("ann", PASSWORD).await.unwrap();
    let live = node.session_ids(&first).await;
    assert_eq!(live.len(), limits::SESSIONS_PER_USER_MAX);
    assert!(live.contains(&first.session.id) && live.contains(&newest.session.id));
    assert!(!live.contains(&second.session.id));
    assert_eq!(close_code(&connection).await, CloseCode::SignedOut);
    assert_eq!(node.refresh(&second).await.unwrap_err(), INVALID);
}

#[tokio::test]
async fn a_session_that_was_not_used_for_long_has_ended() {
    let world = World::new();
    let node = world.node().await;
    let (phone, laptop) = two_devices(&node).await;
    let almost = limits::SESSION_UNUSED_MAX.as_secs() - 1;
    world.pass(almost);
    node.accounts.maintain_keys().await.unwrap();
    let phone = node.refresh(&phone).await.unwrap();
    world.pass(1);
    assert_eq!(node.session_ids(&phone).await, [phone.session.id]);
    assert_eq!(node.refresh(&laptop).await.unwrap_err(), INVALID);
    let stored = world.store.session(laptop.session.id).await.unwrap();
    assert!(stored.unwrap().revoked_at.is_some());
    world.pass(almost - 1);
    node.accounts.maintain_keys().await.unwrap();
    node.refresh(&phone).await.unwrap();
}
