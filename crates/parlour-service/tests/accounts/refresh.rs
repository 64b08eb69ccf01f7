//! Refresh tokens: used once, forgiving of a lost answer, deadly to a stolen copy.

use parlour_service::{ServiceError, TokenProblem};
use secrecy::ExposeSecret;

use crate::world::{Node, World, access};

const INVALID: ServiceError = ServiceError::Unauthenticated(TokenProblem::Invalid);

fn text(signed_in: &parlour_service::SignedIn) -> &str {
    signed_in.refresh_token.expose_secret()
}

async fn assert_family_is_dead(node: &Node, tokens: &[&parlour_service::SignedIn]) {
    for signed_in in tokens {
        assert_eq!(node.authenticate(signed_in).await, Err(INVALID));
        assert_eq!(node.refresh(signed_in).await.unwrap_err(), INVALID);
    }
}

#[tokio::test]
async fn a_session_goes_on_from_token_to_token() {
    let world = World::new();
    let node = world.node().await;
    let mut last = node.register("ann").await;
    for _ in 0..5 {
        world.pass(3_600);
        let next = node.refresh(&last).await.unwrap();
        assert_ne!(text(&last), text(&next));
        assert_eq!((last.session.id, &last.user), (next.session.id, &next.user));
        assert!(node.authenticate(&next).await.is_ok());
        last = next;
    }
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again_for_a_minute() {
    let world = World::new();
    let (one, two) = (world.node().await, world.node().await);
    let first = one.register("ann").await;
    let second = one.refresh(&first).await.unwrap();
    world.pass(59);
    let again = two.refresh(&first).await.unwrap();
    assert_eq!(text(&second), text(&again));
    assert!(two.authenticate(&again).await.is_ok());
    let third = two.refresh(&second).await.unwrap();
    assert_ne!(text(&third), text(&second));
}

#[tokio::test]
async fn a_token_that_comes_back_late_ends_the_session() {
    let world = World::new();
    let node = world.node().await;
    let first = node.register("ann").await;
    let second = node.refresh(&first).await.unwrap();
    world.pass(61);
    assert_eq!(node.refresh(&first).await.unwrap_err(), INVALID);
    assert_family_is_dead(&node, &[&first, &second]).await;
}

#[tokio::test]
async fn a_token_that_comes_back_after_its_successor_was_used_ends_the_session() {
    let world = World::new();
    let node = world.node().await;
    let other_device = node.register("ann").await;
    let first = node.login("ann", crate::world::PASSWORD).await.unwrap();
    let second = node.refresh(&first).await.unwrap();
    let third = node.refresh(&second).await.unwrap();
    assert_eq!(node.refresh(&first).await.unwrap_err(), INVALID);
    assert_family_is_dead(&node, &[&first, &second, &third]).await;
    assert!(node.authenticate(&other_device).await.is_ok());
    assert!(node.refresh(&other_device).await.is_ok());
}

#[tokio::test]
async fn a_forged_token_is_refused_and_ends_nothing() {
    let world = World::new();
    let node = world.node().await;
    let ann = node.register("ann").await;
    let genuine = text(&ann).to_owned();
    for at in 0..genuine.len() {
        let mut forged = genuine.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        let answer = node.accounts.refresh(&forged).await;
        assert_eq!(answer.unwrap_err(), INVALID);
    }
    let stranger = World::new().node().await.register("ann").await;
    for wrong in ["", "x", text(&stranger), access(&ann)] {
        let answer = node.accounts.refresh(wrong).await;
        assert_eq!(answer.unwrap_err(), INVALID);
    }
    assert!(node.authenticate(&ann).await.is_ok());
    assert!(node.refresh(&ann).await.is_ok());
}

#[tokio::test]
async fn the_same_token_many_times_at_once_gives_one_successor() {
    let world = World::new();
    let node = world.node().await;
    let ann = node.register("ann").await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (node, ann) = (node.clone(), ann.clone());
        racing.spawn(async move { text(&node.refresh(&ann).await.unwrap()).to_owned() });
    }
    let mut successors = racing.join_all().await;
    successors.dedup();
    assert_eq!(successors.len(), 1);
}
