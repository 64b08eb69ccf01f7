//! What is told where an account, a session or a password is stored already and what comes after it fails.

use parlour_service::ServiceError;
use parlour_store::faults::{Fault, Operation};

use crate::faults::faulty_world;
use crate::world::{PASSWORD, wanting};

const UNKNOWN: ServiceError = ServiceError::OutcomeUnknown { applied: None };

#[tokio::test]
async fn an_account_without_a_session_is_an_account() {
    let (_world, faults, node) = faulty_world().await;
    faults.next(Operation::OpenSession, Fault::Before);
    let made = node.accounts.register(wanting("ann")).await;
    assert_eq!(made.unwrap_err(), UNKNOWN);
    assert!(node.login("ann", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_session_that_cannot_be_confirmed_may_stay() {
    let (_world, faults, node) = faulty_world().await;
    let ann = node.register("ann").await;
    faults.pass(Operation::PasswordHash);
    faults.next(Operation::PasswordHash, Fault::Before);
    let opened = node.login("ann", PASSWORD).await;
    assert_eq!(opened.unwrap_err(), UNKNOWN);
    assert_eq!(node.session_ids(&ann).await.len(), 2);
}

#[tokio::test]
async fn a_token_that_is_rotated_stays_so_whatever_is_read_afterwards() {
    let (_world, faults, node) = faulty_world().await;
    let ann = node.register("ann").await;
    faults.next(Operation::Users, Fault::Before);
    assert_eq!(node.refresh(&ann).await.unwrap_err(), UNKNOWN);
    assert!(node.refresh(&ann).await.is_ok(), "the same token again");
}

#[tokio::test]
async fn a_password_that_is_changed_stays_so_though_the_other_sessions_live_on() {
    let (_world, faults, node) = faulty_world().await;
    let ann = node.register("ann").await;
    let other = node.login("ann", PASSWORD).await.unwrap();
    let actor = node.actor(&ann).await;
    let change = || {
        let (old, new) = (PASSWORD.into(), "a new password".into());
        node.accounts.change_password(&actor, old, new)
    };
    faults.next(Operation::SetPasswordHash, Fault::Before);
    assert!(matches!(change().await, Err(ServiceError::Unavailable(_))));
    faults.next(Operation::RevokeSessions, Fault::Before);
    assert_eq!(change().await, Err(UNKNOWN));
    assert!(node.login("ann", PASSWORD).await.is_err());
    change().await.unwrap();
    assert!(node.refresh(&other).await.is_err());
}
