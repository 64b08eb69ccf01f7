//! Accounts on a store that fails, answers late or not at all.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use parlour_model::{ChosenStatus, PresenceStatus};
use parlour_service::{
    AccountSettings, Actor, PasswordSettings, Refusal, Registration, ServiceError, TokenProblem,
};
use parlour_store::faults::{Fault, Faults, FaultyStore, Operation, Plan};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::sessions::connect;
use crate::world::{Node, PASSWORD, World, name, settings, wanting};

const INVALID: ServiceError = ServiceError::Unauthenticated(TokenProblem::Invalid);
const WRONG: ServiceError = ServiceError::Unauthenticated(TokenProblem::Credentials);
const UNKNOWN: ServiceError = ServiceError::OutcomeUnknown { applied: None };

pub(crate) async fn faulty_world() -> (World, Faults, Node) {
    let handle = Arc::new(Mutex::new(None));
    let world = World::around(|store| {
        let faulty = FaultyStore::new(store);
        *handle.lock().unwrap() = Some(faulty.faults());
        Arc::new(faulty)
    });
    let faults = handle.lock().unwrap().take().unwrap();
    let node = world.node().await;
    (world, faults, node)
}

fn keyed(username: &str, key: Uuid) -> Registration {
    Registration {
        idempotency_key: Some(key),
        ..wanting(username)
    }
}

/// The writes of a registration, each with how many calls of its kind come before it.
const STEPS: [(Operation, usize); 4] = [
    (Operation::PutUser, 0),
    (Operation::Claim, 0),
    (Operation::Claim, 1),
    (Operation::OpenSession, 0),
];

fn arm(faults: &Faults, (operation, after): (Operation, usize), fault: Fault) {
    for _ in 0..after {
        faults.pass(operation);
    }
    faults.next(operation, fault);
}

#[tokio::test]
async fn a_registration_goes_through_whichever_of_its_writes_is_not_answered() {
    for step in STEPS {
        for fault in [Fault::After, Fault::Late] {
            let (world, faults, node) = faulty_world().await;
            arm(&faults, step, fault);
            let wanted = keyed("ann", Uuid::new_v4());
            let ann = node.accounts.register(wanted).await.unwrap();
            assert_eq!(faults.count(), 1, "{step:?} {fault:?} struck");
            faults.release().await;
            let found = world.store.user_by_name(&name("ann")).await.unwrap();
            assert_eq!(found.as_ref(), Some(&ann.user), "{step:?} {fault:?}");
            assert_eq!(node.session_ids(&ann).await, [ann.session.id]);
            assert!(node.refresh(&ann).await.is_ok());
        }
    }
}

#[tokio::test]
async fn a_registration_that_failed_anywhere_can_be_repeated_and_makes_one_account() {
    for step in STEPS {
        let (_world, faults, node) = faulty_world().await;
        let key = Uuid::new_v4();
        arm(&faults, step, Fault::Before);
        let failed = node.accounts.register(keyed("ann", key)).await;
        // Once the name is claimed there is an account, and only its session is missing.
        match (step.0, failed.unwrap_err()) {
            (Operation::OpenSession, failed) => assert_eq!(failed, UNKNOWN),
            (_, ServiceError::Unavailable(_)) => {}
            (_, other) => panic!("{step:?}: {other}"),
        }
        let first = node.accounts.register(keyed("ann", key)).await.unwrap();
        let second = node.accounts.register(keyed("ann", key)).await.unwrap();
        assert_eq!(first.user, second.user, "{step:?}");
        assert!(node.login("ann", PASSWORD).await.is_ok());
    }
}

#[tokio::test]
async fn a_registration_of_unknown_outcome_says_so_and_can_be_repeated() {
    for operation in [Operation::PutUser, Operation::Claim, Operation::OpenSession] {
        for fault in [Fault::After, Fault::Late] {
            let (_world, faults, node) = faulty_world().await;
            let key = Uuid::new_v4();
            faults.always(operation, fault);
            let unknown = node.accounts.register(keyed("ann", key)).await;
            assert_eq!(unknown.unwrap_err(), UNKNOWN, "{operation:?} {fault:?}");
            faults.clear();
            let first = node.accounts.register(keyed("ann", key)).await.unwrap();
            faults.release().await;
            let second = node.accounts.register(keyed("ann", key)).await.unwrap();
            assert_eq!(first.user, second.user, "{operation:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_claim_that_is_applied_late_does_not_take_a_name_from_its_owner() {
    let (world, faults, node) = faulty_world().await;
    faults.always(Operation::Claim, Fault::Late);
    let unknown = node.accounts.register(wanting("ann")).await;
    assert_eq!(unknown.unwrap_err(), UNKNOWN);
    faults.clear();
    let owner = node.register("ann").await;
    assert!(faults.release().await > 0);
    let found = world.store.user_by_name(&name("ann")).await.unwrap();
    assert_eq!(found, Some(owner.user));
    let again = node.accounts.register(wanting("ann")).await;
    assert_eq!(again.unwrap_err(), Refusal::UsernameTaken.into());
}

#[tokio::test]
async fn a_rotation_that_was_not_answered_still_gives_the_successor() {
    for fault in [Fault::After, Fault::Late] {
        let (_world, faults, node) = faulty_world().await;
        let first = node.register("ann").await;
        faults.next(Operation::Rotate, fault);
        let second = node.refresh(&first).await.unwrap();
        faults.release().await;
        let again = node.refresh(&first).await.unwrap();
        assert_eq!(
            second.refresh_token.expose_secret(),
            again.refresh_token.expose_secret()
        );
        let third = node.refresh(&second).await.unwrap();
        assert!(node.authenticate(&third).await.is_ok());
    }
}

#[tokio::test]
async fn a_rotation_of_unknown_outcome_is_asked_for_again_with_the_same_token() {
    let (_world, faults, node) = faulty_world().await;
    let first = node.register("ann").await;
    faults.always(Operation::Rotate, Fault::After);
    assert_eq!(node.refresh(&first).await.unwrap_err(), UNKNOWN);
    faults.clear();
    let second = node.refresh(&first).await.unwrap();
    assert!(node.refresh(&second).await.is_ok());
}

#[tokio::test]
async fn refreshing_on_a_store_that_fails_at_random_signs_nobody_out() {
    let (_world, faults, node) = faulty_world().await;
    let mut last = node.register("ann").await;
    // A rotation applied after its successor was used is a reuse, whoever sent it: none is late here.
    let plan = Plan {
        late: 0.0,
        ..Plan::from_entropy()
    };
    faults.at_random(plan);
    for _ in 0..100 {
        last = loop {
            match node.refresh(&last).await {
                Ok(next) => break next,
                Err(ServiceError::Unavailable(_) | ServiceError::OutcomeUnknown { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        };
    }
    assert!(faults.count() > 0);
    faults.clear();
    assert!(node.authenticate(&last).await.is_ok());
}

#[tokio::test]
async fn a_revocation_that_was_not_answered_is_known_here_at_once() {
    let (_world, faults, node) = faulty_world().await;
    let phone = node.register("ann").await;
    let laptop = node.login("ann", PASSWORD).await.unwrap();
    let actor = node.actor(&phone).await;
    faults.next(Operation::RevokeSession, Fault::After);
    let revoked = node.accounts.revoke(&actor, laptop.session.id).await;
    revoked.unwrap();
    assert_eq!(node.authenticate(&laptop).await, Err(INVALID));
}

#[tokio::test]
async fn without_the_store_a_session_counts_as_live_for_five_seconds_and_then_as_neither() {
    let (world, faults, node) = faulty_world().await;
    let ann = node.register("ann").await;
    faults.everywhere(Fault::Before);
    assert!(node.accounts.poll_revocations().await.is_err());
    world.pass(5);
    assert!(node.authenticate(&ann).await.is_ok());
    world.pass(1);
    let untold = node.authenticate(&ann).await;
    assert!(matches!(untold, Err(ServiceError::Unavailable(_))));
    faults.clear();
    node.accounts.poll_revocations().await.unwrap();
    assert!(node.authenticate(&ann).await.is_ok());
}

#[tokio::test]
async fn a_node_does_not_start_without_its_store() {
    let (world, faults, _node) = faulty_world().await;
    faults.everywhere(Fault::Before);
    let started = world.try_node(settings()).await.map(drop);
    assert!(matches!(started, Err(ServiceError::Unavailable(_))));
}

#[tokio::test]
async fn no_call_waits_for_ever() {
    let (world, faults, _) = faulty_world().await;
    let impatient = AccountSettings {
        store_within: Duration::from_millis(500),
        ..settings()
    };
    let node = world.node_with(impatient).await;
    let ann = node.register("ann").await;
    faults.next(Operation::UserByName, Fault::Hang);
    let untold = node.login("ann", PASSWORD).await;
    assert!(matches!(untold, Err(ServiceError::Unavailable(_))));
    faults.next(Operation::Rotate, Fault::Hang);
    assert!(node.refresh(&ann).await.is_ok(), "a write is asked again");
}

#[tokio::test]
async fn a_login_by_a_password_that_is_changed_meanwhile_is_refused_and_leaves_no_session() {
    let (_world, faults, node) = faulty_world().await;
    let ann = node.register("ann").await;
    let actor = node.actor(&ann).await;
    faults.next(Operation::OpenSession, Fault::Hang);
    let mut logins = tokio::task::JoinSet::new();
    let other = node.clone();
    logins.spawn(async move { other.login("ann", PASSWORD).await });
    faults.struck(Operation::OpenSession, 1).await;
    let changed = node
        .accounts
        .change_password(&actor, PASSWORD.into(), "a new password".into())
        .await;
    changed.unwrap();
    faults.release().await;
    let refused = logins.join_next().await.unwrap().unwrap();
    assert_eq!(refused.unwrap_err(), WRONG);
    assert_eq!(node.session_ids(&ann).await, [ann.session.id]);
}

#[tokio::test]
async fn a_hash_brought_up_to_date_late_does_not_undo_a_change_of_the_password() {
    let (world, faults, cheap) = faulty_world().await;
    let ann = cheap.register("ann").await;
    let actor = cheap.actor(&ann).await;
    let passwords = PasswordSettings {
        passes: 2,
        ..settings().passwords
    };
    let dearer = world.node_with(AccountSettings {
        passwords,
        ..settings()
    });
    let dearer = dearer.await;
    faults.always(Operation::ReplacePasswordHash, Fault::Late);
    dearer.login("ann", PASSWORD).await.unwrap();
    let changed = dearer
        .accounts
        .change_password(&actor, PASSWORD.into(), "a new password".into())
        .await;
    changed.unwrap();
    assert!(faults.release().await > 0);
    assert_eq!(dearer.login("ann", PASSWORD).await.unwrap_err(), WRONG);
    assert!(dearer.login("ann", "a new password").await.is_ok());
}

#[tokio::test]
async fn a_change_of_the_password_whose_caller_goes_away_still_ends_the_other_sessions() {
    let (_world, faults, node) = faulty_world().await;
    let ann = node.register("ann").await;
    let stolen = node.login("ann", PASSWORD).await.unwrap();
    assert_eq!(node.session_ids(&ann).await.len(), 2);
    let actor = node.actor(&ann).await;
    faults.next(Operation::SetPasswordHash, Fault::Hang);
    let mut changes = tokio::task::JoinSet::new();
    let changing = node.clone();
    changes.spawn(async move {
        let (old, new) = (PASSWORD.into(), "a new password".into());
        changing.accounts.change_password(&actor, old, new).await
    });
    faults.struck(Operation::SetPasswordHash, 1).await;
    changes.shutdown().await;
    faults.release().await;
    let ended = async {
        while node.session_ids(&ann).await != [ann.session.id] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended)
        .await
        .expect("the other session ends");
    assert!(node.refresh(&stolen).await.is_err());
}

/// Waits until others see that `ann` is this.
async fn is_seen_as(node: &Node, ann: &Actor, status: PresenceStatus) {
    let seen = async {
        while node.accounts.presence(ann, &[ann.user]).await.unwrap()[0].status != status {
            tokio::task::yield_now().await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), seen).await;
    seen.unwrap_or_else(|_| panic!("is not seen as {status:?}"));
}

#[tokio::test]
async fn of_two_statuses_chosen_at_once_the_one_that_is_stored_is_shown() {
    let (world, faults, node) = faulty_world().await;
    let signed_in = node.register("ann").await;
    let ann = node.actor(&signed_in).await;
    let _connection = connect(&node, &signed_in).await;
    is_seen_as(&node, &ann, PresenceStatus::Online).await;
    faults.next(Operation::LastKnown, Fault::Hang);
    let (choosing, mut choices) = (node.clone(), tokio::task::JoinSet::new());
    choices.spawn(async move { choosing.accounts.set_status(&ann, ChosenStatus::Away).await });
    is_seen_as(&node, &ann, PresenceStatus::Away).await;
    faults.struck(Operation::LastKnown, 1).await;
    // Another device's choice: written after that of this one, and told before it.
    let busy = world.store.set_status(ann.user, ChosenStatus::Busy);
    busy.await.unwrap();
    faults.release().await;
    is_seen_as(&node, &ann, PresenceStatus::Busy).await;
    choices.join_next().await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_status_whose_caller_goes_away_is_shown_once_it_is_stored() {
    let (_world, faults, node) = faulty_world().await;
    let signed_in = node.register("ann").await;
    let ann = node.actor(&signed_in).await;
    let _connection = connect(&node, &signed_in).await;
    is_seen_as(&node, &ann, PresenceStatus::Online).await;
    faults.next(Operation::SetStatus, Fault::Hang);
    let (choosing, mut choices) = (node.clone(), tokio::task::JoinSet::new());
    choices.spawn(async move { choosing.accounts.set_status(&ann, ChosenStatus::Away).await });
    faults.struck(Operation::SetStatus, 1).await;
    choices.shutdown().await;
    faults.release().await;
    is_seen_as(&node, &ann, PresenceStatus::Away).await;
}
