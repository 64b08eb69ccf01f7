//! Logging in, and changing the password.

use std::time::Duration;

use parlour_service::{
    AccountSettings, PasswordSettings, Rate, RateSettings, ServiceError, TokenProblem,
};

use crate::world::{PASSWORD, World, credentials, settings};

const WRONG: ServiceError = ServiceError::Unauthenticated(TokenProblem::Credentials);
const SIGNED_OUT: ServiceError = ServiceError::Unauthenticated(TokenProblem::Invalid);

#[tokio::test]
async fn each_login_is_a_session_of_its_own() {
    let world = World::new();
    let node = world.node().await;
    let phone = node.register("ann").await;
    world.pass(1);
    let laptop = node.login("ann", PASSWORD).await.unwrap();
    assert_eq!(laptop.user, phone.user);
    assert_eq!(
        node.session_ids(&phone).await,
        [laptop.session.id, phone.session.id]
    );
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_refused_in_the_same_words() {
    let world = World::new();
    let node = world.node().await;
    node.register("ann").await;
    let wrong_password = node.login("ann", "wrong password").await.unwrap_err();
    let unknown_name = node.login("nobody", PASSWORD).await.unwrap_err();
    assert_eq!(wrong_password, WRONG);
    assert_eq!(unknown_name, WRONG);
}

#[tokio::test]
async fn a_login_brings_the_stored_hash_to_the_configured_cost() {
    let world = World::new();
    let ann = world.node().await.register("ann").await;
    let dearer = AccountSettings {
        passwords: PasswordSettings {
            passes: 3,
            ..settings().passwords
        },
        ..settings()
    };
    let node = world.node_with(dearer).await;
    for _ in 0..2 {
        node.login("ann", PASSWORD).await.unwrap();
        let hash = world.store.password_hash(ann.user.id).await.unwrap();
        assert!(hash.unwrap().contains("$m=8,t=3,p=1$"));
    }
}

#[tokio::test]
async fn guesses_are_limited_per_name_and_per_origin_and_both_open_again() {
    let world = World::new();
    let limited = AccountSettings {
        rates: RateSettings {
            checks_per_username_and_origin: Some(Rate::new(2, 60)),
            checks_per_username: None,
            logins_per_origin: Some(Rate::new(4, 60)),
            registrations_per_origin: None,
        },
        ..settings()
    };
    let node = world.node_with(limited).await;
    node.register("ann").await;
    let limited = |answer| match answer {
        Err(ServiceError::Busy {
            retry_after,
            own_rate: true,
        }) => retry_after > Duration::ZERO,
        _ => false,
    };
    for _ in 0..2 {
        assert_eq!(
            node.login("ann", "wrong password").await.unwrap_err(),
            WRONG
        );
    }
    assert!(limited(node.login("ann", PASSWORD).await));
    assert_eq!(node.login("bob", PASSWORD).await.unwrap_err(), WRONG);
    assert!(limited(node.login("bob", PASSWORD).await));
    let elsewhere = parlour_service::Credentials {
        origin: parlour_service::Origin::new("192.0.2.2"),
        ..credentials("bob", PASSWORD)
    };
    assert_eq!(node.accounts.login(elsewhere).await.unwrap_err(), WRONG);
    world.pass(2);
    assert!(node.login("ann", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_changed_password_replaces_the_old_one_and_ends_all_other_sessions() {
    let world = World::new();
    let node = world.node().await;
    let phone = node.register("ann").await;
    let laptop = node.login("ann", PASSWORD).await.unwrap();
    let actor = node.actor(&phone).await;
    let change = |current: &'static str, new: &'static str| {
        node.accounts
            .change_password(&actor, current.into(), new.into())
    };
    let not_mine = ServiceError::Invalid {
        field: "current_password",
        reason: "is not your password".to_owned(),
    };
    let refused = change("wrong password", "a new password").await;
    assert_eq!(refused, Err(not_mine));
    assert!(node.authenticate(&laptop).await.is_ok());
    change(PASSWORD, "a new password").await.unwrap();
    assert_eq!(node.authenticate(&laptop).await, Err(SIGNED_OUT));
    assert_eq!(node.refresh(&laptop).await.unwrap_err(), SIGNED_OUT);
    assert!(node.authenticate(&phone).await.is_ok());
    assert_eq!(node.login("ann", PASSWORD).await.unwrap_err(), WRONG);
    assert!(node.login("ann", "a new password").await.is_ok());
}

#[tokio::test]
async fn a_password_change_whose_answer_was_lost_can_be_asked_for_again() {
    let world = World::new();
    let node = world.node().await;
    let phone = node.register("ann").await;
    let actor = node.actor(&phone).await;
    let change = || {
        node.accounts
            .change_password(&actor, PASSWORD.into(), "a new password".into())
    };
    change().await.unwrap();
    let laptop = node.login("ann", "a new password").await.unwrap();
    change().await.unwrap();
    assert_eq!(node.authenticate(&laptop).await, Err(SIGNED_OUT));
}

#[tokio::test]
async fn a_new_password_out_of_bounds_changes_nothing() {
    let world = World::new();
    let node = world.node().await;
    let phone = node.register("ann").await;
    let actor = node.actor(&phone).await;
    let refused = node
        .accounts
        .change_password(&actor, PASSWORD.into(), "short".into())
        .await;
    assert!(matches!(
        refused,
        Err(ServiceError::Invalid { field: "new", .. })
    ));
    assert!(node.login("ann", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn who_guesses_elsewhere_does_not_lock_a_user_out() {
    let world = World::new();
    let limited = AccountSettings {
        rates: RateSettings::default(),
        ..settings()
    };
    let node = world.node_with(limited).await;
    let ann = node.register("ann").await;
    let guess = || parlour_service::Credentials {
        origin: parlour_service::Origin::new("192.0.2.66"),
        ..credentials("ann", "a wrong guess")
    };
    let mut guesses = 0;
    while node.accounts.login(guess()).await.unwrap_err() == WRONG {
        guesses += 1;
    }
    assert_eq!(guesses, 20);
    assert!(node.login("ann", PASSWORD).await.is_ok());
    let actor = node.actor(&ann).await;
    let changed = node
        .accounts
        .change_password(&actor, PASSWORD.into(), "a new password".into());
    assert_eq!(changed.await, Ok(()));
}
