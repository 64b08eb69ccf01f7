//! How often somebody may try a password or register: on one node, over all of them, and while they cannot be asked.

use std::time::Duration;

use parlour_service::{
    AccountSettings, Credentials, Origin, Rate, RateSettings, Registration, ServiceError,
    TokenProblem,
};

use crate::world::{Node, PASSWORD, World, credentials, settings, wanting};

const WRONG: ServiceError = ServiceError::Unauthenticated(TokenProblem::Credentials);
/// So slow that nothing comes back unless the clock is moved.
const PER_MINUTE: u32 = 6;

/// No rates but these.
fn limited(rates: RateSettings) -> AccountSettings {
    AccountSettings {
        rates,
        ..settings()
    }
}

fn none() -> RateSettings {
    settings().rates
}

fn from(address: &str, username: &str) -> Credentials {
    Credentials {
        origin: Origin::new(address),
        ..credentials(username, "a wrong guess")
    }
}

/// How long a guess by `credentials` would have to wait; `None` if it was made.
async fn guess(node: &Node, credentials: Credentials) -> Option<Duration> {
    match node.accounts.login(credentials).await {
        Err(ServiceError::Busy {
            retry_after,
            own_rate: true,
        }) => Some(retry_after),
        Err(error) if error == WRONG => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_name_is_tried_as_often_as_its_rates_allow_and_then_again_after_the_time_told() {
    let world = World::new();
    let node = world.node_with(limited(RateSettings {
        checks_per_username_and_origin: Some(Rate::new(3, PER_MINUTE)),
        checks_per_username: Some(Rate::new(6, PER_MINUTE)),
        ..none()
    }));
    let node = node.await;
    let ann = node.register("ann").await;
    for _ in 0..3 {
        assert_eq!(guess(&node, from("192.0.2.1", "ann")).await, None);
    }
    let wait = guess(&node, from("192.0.2.1", "ann")).await.unwrap();
    assert_eq!(wait, Duration::from_secs(10));
    assert_eq!(guess(&node, from("192.0.2.1", "bob")).await, None);
    // Whoever guesses there does not keep Ann out here, nor where she is signed in.
    for _ in 0..3 {
        assert_eq!(guess(&node, from("192.0.2.2", "ann")).await, None);
    }
    // But all together may not go on for ever.
    assert!(guess(&node, from("192.0.2.3", "ann")).await.is_some());
    let actor = node.actor(&ann).await;
    let changed = node
        .accounts
        .change_password(&actor, PASSWORD.into(), "a new password".into());
    assert_eq!(changed.await, Ok(()));
    world.clock.advance(wait);
    assert_eq!(guess(&node, from("192.0.2.1", "ann")).await, None);
}

#[tokio::test]
async fn logins_of_one_address_are_counted_over_all_nodes() {
    let world = World::new();
    let rates = RateSettings {
        logins_per_origin: Some(Rate::new(3, PER_MINUTE)),
        ..none()
    };
    let nodes = [
        world.node_with(limited(rates.clone())).await,
        world.node_with(limited(rates)).await,
    ];
    // Another name each time: it is the address that counts.
    for (node, name) in [(0, "ann"), (1, "bob"), (0, "cat")] {
        assert_eq!(guess(&nodes[node], from("192.0.2.1", name)).await, None);
    }
    for node in &nodes {
        let wait = guess(node, from("192.0.2.1", "dan")).await.unwrap();
        assert!(
            wait > Duration::ZERO && wait <= Duration::from_secs(10),
            "{wait:?}"
        );
        assert_eq!(guess(node, from("192.0.2.2", "dan")).await, None);
    }
    world.pass(10);
    assert_eq!(guess(&nodes[1], from("192.0.2.1", "ann")).await, None);
    assert!(guess(&nodes[0], from("192.0.2.1", "ann")).await.is_some());
}

#[tokio::test]
async fn guesses_at_one_name_are_counted_over_all_nodes() {
    let world = World::new();
    let rates = RateSettings {
        checks_per_username_and_origin: Some(Rate::new(2, PER_MINUTE)),
        checks_per_username: Some(Rate::new(3, PER_MINUTE)),
        ..none()
    };
    let nodes = [
        world.node_with(limited(rates.clone())).await,
        world.node_with(limited(rates)).await,
    ];
    for node in &nodes {
        assert_eq!(guess(node, from("192.0.2.1", "ann")).await, None);
    }
    assert!(guess(&nodes[0], from("192.0.2.1", "ann")).await.is_some());
    assert!(guess(&nodes[1], from("192.0.2.1", "ann")).await.is_some());
    // The refused ones have not used up what all addresses share.
    assert_eq!(guess(&nodes[0], from("192.0.2.2", "ann")).await, None);
    assert!(guess(&nodes[1], from("192.0.2.3", "ann")).await.is_some());
}

#[tokio::test]
async fn registrations_of_one_address_are_counted_over_all_nodes() {
    let world = World::new();
    let rates = RateSettings {
        registrations_per_origin: Some(Rate::new(2, PER_MINUTE)),
        ..none()
    };
    let nodes = [
        world.node_with(limited(rates.clone())).await,
        world.node_with(limited(rates)).await,
    ];
    nodes[0].register("ann").await;
    nodes[1].register("bob").await;
    for (node, name) in nodes.iter().zip(["cat", "dan"]) {
        let refused = node.accounts.register(wanting(name)).await.unwrap_err();
        assert!(
            matches!(refused, ServiceError::Busy { own_rate: true, .. }),
            "{refused}"
        );
    }
    let elsewhere = Registration {
        origin: Origin::new("192.0.2.2"),
        ..wanting("eve")
    };
    nodes[0].accounts.register(elsewhere).await.unwrap();
}

#[tokio::test]
async fn while_the_others_cannot_be_asked_each_node_holds_the_limit_alone() {
    let world = World::new();
    let rates = RateSettings {
        logins_per_origin: Some(Rate::new(2, PER_MINUTE)),
        ..none()
    };
    let nodes = [
        world.node_with(limited(rates.clone())).await,
        world.node_with(limited(rates)).await,
    ];
    for node in &nodes {
        world.network.cut_off(&node.bus);
    }
    for node in &nodes {
        for _ in 0..2 {
            assert_eq!(guess(node, from("192.0.2.1", "ann")).await, None);
        }
        assert!(guess(node, from("192.0.2.1", "ann")).await.is_some());
    }
    for node in &nodes {
        world.network.restore(&node.bus);
    }
    // One unit is back on each node, and all of them where nobody was asked meanwhile: what was taken alone is forgotten.
    world.pass(10);
    for node in &nodes {
        assert_eq!(guess(node, from("192.0.2.1", "ann")).await, None);
    }
    world.pass(10);
    assert_eq!(guess(&nodes[0], from("192.0.2.1", "ann")).await, None);
    assert!(guess(&nodes[1], from("192.0.2.1", "ann")).await.is_some());
}
