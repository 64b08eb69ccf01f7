//! Keys: made once for all nodes, replaced without anybody noticing.

use std::collections::BTreeSet;
use std::time::Duration;

use parlour_model::Clock as _;
use parlour_service::{AccountSettings, ServiceError, TokenProblem};
use parlour_store::KeyPurpose;

use crate::world::{World, access, settings};

const WEEK: u64 = 7 * 24 * 3600;

fn key_of(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

/// The seconds from now to the end of the period that is now.
fn rest_of_period(world: &World) -> u64 {
    WEEK - world.clock.now().as_millis() / 1_000 % WEEK
}

#[tokio::test]
async fn sessions_outlive_any_number_of_keys() {
    let world = World::new();
    let node = world.node().await;
    let mut ann = node.register("ann").await;
    let mut keys = BTreeSet::from([key_of(access(&ann))]);
    for _ in 0..6 {
        world.pass(rest_of_period(&world) - 60);
        node.accounts.maintain_keys().await.unwrap();
        let before = node.refresh(&ann).await.unwrap();
        world.pass(120);
        node.accounts.maintain_keys().await.unwrap();
        assert!(
            node.authenticate(&before).await.is_ok(),
            "an old key verifies on"
        );
        ann = node.refresh(&before).await.unwrap();
        assert!(node.authenticate(&ann).await.is_ok());
        assert_ne!(key_of(access(&before)), key_of(access(&ann)));
        assert!(keys.insert(key_of(access(&ann))));
    }
    let kept = world.store.keys(KeyPurpose::AccessToken).await.unwrap();
    assert!(kept.len() <= 3, "old keys are forgotten: {}", kept.len());
}

#[tokio::test]
async fn the_next_key_is_stored_before_it_signs() {
    let world = World::new();
    let node = world.node().await;
    world.pass(rest_of_period(&world) - 300);
    node.accounts.maintain_keys().await.unwrap();
    let stored = world.store.keys(KeyPurpose::AccessToken).await.unwrap();
    assert_eq!(stored.len(), 2);
    let ann = node.register("ann").await;
    assert_eq!(key_of(access(&ann)), stored[0].id);
    world.pass(300);
    let bob = node.register("bob").await;
    assert_eq!(key_of(access(&bob)), stored[1].id);
}

#[tokio::test]
async fn a_node_finds_a_key_that_another_made_late() {
    let world = World::new();
    let (early, late) = (world.node().await, world.node().await);
    world.pass(rest_of_period(&world) + 60);
    early.accounts.maintain_keys().await.unwrap();
    let ann = early.register("ann").await;
    let bob = late.register("bob").await;
    assert_ne!(key_of(access(&ann)), key_of(access(&bob)));
    assert!(late.authenticate(&ann).await.is_ok());
    assert!(early.authenticate(&bob).await.is_ok());
}

#[tokio::test]
async fn a_token_whose_key_is_long_gone_asks_to_be_refreshed_and_the_session_lives() {
    let world = World::new();
    let node = world.node().await;
    let ann = node.register("ann").await;
    world.pass(5 * WEEK);
    node.accounts.maintain_keys().await.unwrap();
    let kept = world.store.keys(KeyPurpose::AccessToken).await.unwrap();
    assert!(kept.iter().all(|key| key.id != key_of(access(&ann))));
    assert_eq!(
        node.authenticate(&ann).await,
        Err(ServiceError::Unauthenticated(TokenProblem::Expired))
    );
    let refreshed = node.refresh(&ann).await.unwrap();
    assert!(node.authenticate(&refreshed).await.is_ok());
}

#[tokio::test]
async fn nodes_that_start_at_once_on_an_empty_store_share_their_keys() {
    let world = World::new();
    let (one, two) = tokio::join!(world.node(), world.node());
    let ann = one.register("ann").await;
    let bob = two.register("bob").await;
    assert!(two.authenticate(&ann).await.is_ok());
    assert!(one.authenticate(&bob).await.is_ok());
    assert!(two.refresh(&ann).await.is_ok());
    assert!(one.refresh(&bob).await.is_ok());
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_the_start() {
    let world = World::new();
    let wrong = [
        AccountSettings {
            issuer: String::new(),
            ..settings()
        },
        AccountSettings {
            access_token_lifetime: Duration::from_secs(1),
            ..settings()
        },
        AccountSettings {
            key_rotation: Duration::from_secs(60),
            ..settings()
        },
    ];
    for settings in wrong {
        let answer = world.try_node(settings).await.map(drop);
        assert!(matches!(answer, Err(ServiceError::Invalid { .. })));
    }
}
