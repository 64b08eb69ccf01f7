//! Registering.

use std::collections::BTreeSet;

use parlour_model::DisplayName;
use parlour_service::{AccountSettings, Refusal, Registration, ServiceError};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::world::{PASSWORD, World, name, settings, wanting};

fn keyed(username: &str, key: Uuid) -> Registration {
    Registration {
        idempotency_key: Some(key),
        ..wanting(username)
    }
}

fn is_taken<T>(answer: &Result<T, ServiceError>) -> bool {
    matches!(answer, Err(ServiceError::Refused(Refusal::UsernameTaken)))
}

#[tokio::test]
async fn who_registers_is_signed_in_and_can_be_found() {
    let world = World::new();
    let node = world.node().await;
    let wanted = Registration {
        display_name: Some(DisplayName::new("Ann of Ghent").unwrap()),
        ..wanting("ann")
    };
    let ann = node.accounts.register(wanted).await.unwrap();
    assert_eq!(ann.session.device, "phone");
    let actor = node.actor(&ann).await;
    assert_eq!((actor.user, actor.session), (ann.user.id, ann.session.id));
    let found = node.accounts.user(&actor, ann.user.id).await.unwrap();
    assert_eq!(found, ann.user);
    assert_eq!(found.display_name.as_str(), "Ann of Ghent");
    assert!(is_taken(&node.accounts.register(wanting("ann")).await));
}

#[tokio::test]
async fn of_many_who_want_one_name_at_once_exactly_one_gets_it_for_good() {
    let world = World::new();
    let nodes = [world.node().await, world.node().await];
    let mut racing = JoinSet::new();
    for number in 0..24 {
        let node = nodes[number % 2].clone();
        racing.spawn(async move { node.accounts.register(wanting("ann")).await });
    }
    let (winners, losers): (Vec<_>, Vec<_>) =
        racing.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((winners.len(), losers.len()), (1, 23));
    assert!(losers.iter().all(is_taken));
    let winner = winners.into_iter().next().unwrap().unwrap().user.id;
    for node in &nodes {
        assert!(is_taken(&node.accounts.register(wanting("ann")).await));
        assert_eq!(node.login("ann", PASSWORD).await.unwrap().user.id, winner);
    }
    let owner = world.store.user_by_name(&name("ann")).await.unwrap();
    assert_eq!(owner.unwrap().id, winner);
}

#[tokio::test]
async fn a_repeated_registration_signs_in_to_the_account_of_the_first() {
    let world = World::new();
    let node = world.node().await;
    let key = Uuid::new_v4();
    let first = node.accounts.register(keyed("ann", key)).await.unwrap();
    let again = node.accounts.register(keyed("ann", key)).await.unwrap();
    assert_eq!(first.user, again.user);
    assert_ne!(first.session.id, again.session.id);
    assert_eq!(node.actor(&again).await.user, first.user.id);
}

#[tokio::test]
async fn the_same_registration_many_times_at_once_makes_one_account() {
    let world = World::new();
    let nodes = [world.node().await, world.node().await];
    let key = Uuid::new_v4();
    let mut racing = JoinSet::new();
    for number in 0..12 {
        let node = nodes[number % 2].clone();
        racing.spawn(async move { node.accounts.register(keyed("ann", key)).await });
    }
    let answers = racing.join_all().await;
    let users: BTreeSet<_> = answers
        .into_iter()
        .map(|answer| answer.unwrap().user.id)
        .collect();
    assert_eq!(users.len(), 1);
}

#[tokio::test]
async fn a_key_opens_nothing_without_the_password_and_gives_nobody_a_second_name() {
    let world = World::new();
    let node = world.node().await;
    let key = Uuid::new_v4();
    let ann = node.accounts.register(keyed("ann", key)).await.unwrap();
    let guess = Registration {
        password: "another password".into(),
        ..keyed("ann", key)
    };
    assert!(is_taken(&node.accounts.register(guess).await));
    let bob = node.accounts.register(keyed("bob", key)).await.unwrap();
    assert_ne!(ann.user.id, bob.user.id);
    let found = world.store.user_by_name(&name("ann")).await.unwrap();
    assert_eq!(found.unwrap(), ann.user);
}

#[tokio::test]
async fn the_loser_of_a_name_stays_the_loser_when_the_request_is_repeated() {
    let world = World::new();
    let node = world.node().await;
    node.register("ann").await;
    let key = Uuid::new_v4();
    for _ in 0..2 {
        assert!(is_taken(&node.accounts.register(keyed("ann", key)).await));
    }
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_by_the_name_of_its_field() {
    let world = World::new();
    let node = world.node().await;
    let refused = |wanted: Registration| {
        let accounts = node.accounts.clone();
        async move {
            match accounts.register(wanted).await {
                Err(ServiceError::Invalid { field, .. }) => field,
                other => panic!("{other:?}"),
            }
        }
    };
    for password in ["short", &"x".repeat(257), "ünïcödé"] {
        let wanted = Registration {
            password: password.into(),
            ..wanting("ann")
        };
        assert_eq!(refused(wanted).await, "password", "{password}");
    }
    for device in ["x".repeat(65), "a\u{7}b".to_owned()] {
        let wanted = Registration {
            device,
            ..wanting("ann")
        };
        assert_eq!(refused(wanted).await, "device");
    }
    assert_eq!(world.store.user_by_name(&name("ann")).await.unwrap(), None);
}

#[tokio::test]
async fn where_registration_is_closed_nobody_registers_and_users_still_log_in() {
    let world = World::new();
    world.node().await.register("ann").await;
    let closed = AccountSettings {
        registration_open: false,
        ..settings()
    };
    let node = world.node_with(closed).await;
    let refused = node.accounts.register(wanting("bob")).await;
    assert_eq!(refused.unwrap_err(), ServiceError::Forbidden);
    assert!(node.login("ann", PASSWORD).await.is_ok());
}
