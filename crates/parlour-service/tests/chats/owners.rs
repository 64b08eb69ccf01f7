//! A group has one owner: never two, and none only when nobody is left.

use parlour_model::{ChatId, Role, UserId};
use parlour_service::{Actor, Missing, ServiceError};
use parlour_store::faults::{Fault, Operation};
use tokio::task::JoinSet;

use crate::world::World;

async fn owners(world: &World, chat: ChatId) -> Vec<UserId> {
    let roles = world.roles(chat).await.into_iter();
    roles
        .filter(|(_, role)| *role == Role::Owner)
        .map(|(user, _)| user)
        .collect()
}

#[tokio::test]
async fn handing_over_is_one_event_that_makes_one_owner_and_one_admin() {
    let world = World::new();
    let users = world.users(2).await;
    let [ann, bob] = [users[0], users[1]];
    let chat = world.group(&users).await;
    world
        .chats
        .set_role(&ann, chat, bob.user, Role::Owner)
        .await
        .unwrap();
    assert_eq!(world.log(chat).await.len(), 2);
    assert_eq!(
        world.roles(chat).await,
        [(ann.user, Role::Admin), (bob.user, Role::Owner)]
    );
    // What was remembered of both is not used any more.
    let back = world
        .chats
        .set_role(&ann, chat, ann.user, Role::Owner)
        .await;
    assert_eq!(back, Err(ServiceError::Forbidden));
    world
        .chats
        .set_role(&bob, chat, ann.user, Role::Member)
        .await
        .unwrap();
}

#[tokio::test]
async fn only_the_owner_gives_roles_and_nobody_takes_the_owners() {
    let world = World::new();
    let users = world.users(4).await;
    let [ann, bob, cem, dan] = [users[0], users[1], users[2], users[3]];
    let chat = world.group(&users[..3]).await;
    world
        .chats
        .set_role(&ann, chat, bob.user, Role::Admin)
        .await
        .unwrap();
    let forbidden = Err(ServiceError::Forbidden);
    let cases = [
        (&bob, &cem, Role::Admin, forbidden.clone()),
        (&bob, &bob, Role::Owner, forbidden.clone()),
        (&cem, &bob, Role::Member, forbidden.clone()),
        (&ann, &ann, Role::Member, forbidden),
        (
            &ann,
            &dan,
            Role::Admin,
            Err(ServiceError::NotFound(Missing::User)),
        ),
        (
            &ann,
            &dan,
            Role::Owner,
            Err(ServiceError::NotFound(Missing::User)),
        ),
        (&ann, &bob, Role::Admin, Ok(())),
        (&ann, &ann, Role::Owner, Ok(())),
    ];
    for (gives, gets, role, expected) in cases {
        let answer = world.chats.set_role(gives, chat, gets.user, role).await;
        assert_eq!(answer, expected, "{role:?}");
    }
    assert_eq!(world.log(chat).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_handings_over_at_once_one_succeeds() {
    let world = World::new();
    let users = world.users(5).await;
    let chat = world.group(&users).await;
    let mut handing = JoinSet::new();
    for heir in &users[1..] {
        let (chats, owner, heir) = (world.chats.clone(), users[0], heir.user);
        handing.spawn(async move { (heir, chats.set_role(&owner, chat, heir, Role::Owner).await) });
    }
    let answers = handing.join_all().await;
    let won: Vec<UserId> = answers
        .iter()
        .filter(|(_, answer)| answer.is_ok())
        .map(|(heir, _)| *heir)
        .collect();
    assert_eq!(won.len(), 1);
    assert_eq!(owners(&world, chat).await, won);
}

#[tokio::test]
async fn an_owner_hands_over_before_leaving_unless_alone() {
    let world = World::new();
    let users = world.users(2).await;
    let [ann, bob] = [users[0], users[1]];
    let chat = world.group(&users).await;
    let early = world.chats.leave(&ann, chat).await;
    assert!(matches!(
        early,
        Err(ServiceError::Invalid { field: "role", .. })
    ));
    world
        .chats
        .set_role(&ann, chat, bob.user, Role::Owner)
        .await
        .unwrap();
    world.chats.leave(&ann, chat).await.unwrap();
    assert_eq!(world.roles(chat).await, [(bob.user, Role::Owner)]);
    world.chats.leave(&bob, chat).await.unwrap();
    assert!(world.roles(chat).await.is_empty());
    let twice = world.chats.leave(&bob, chat).await;
    assert_eq!(twice, Err(ServiceError::NotFound(Missing::Chat)));
    let direct = world.direct(&ann, &bob).await;
    assert_eq!(
        world.chats.leave(&ann, direct).await,
        Err(ServiceError::Forbidden)
    );
}

/// The owner's two devices: one leaves alone, the other adds somebody at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_who_leaves_alone_never_leaves_somebody_behind() {
    let world = World::new();
    for _ in 0..20 {
        let users = world.users(2).await;
        let [ann, bob] = [users[0], users[1]];
        let chat = world.group(&users[..1]).await;
        let (adds, leaves) = (world.chats.clone(), world.chats.clone());
        let mut both = JoinSet::new();
        both.spawn(async move { adds.add_members(&ann, chat, vec![bob.user]).await });
        both.spawn(async move { leaves.leave(&ann, chat).await });
        let answers = both.join_all().await;
        assert_eq!(
            answers.iter().filter(|answer| answer.is_ok()).count(),
            1,
            "{answers:?}"
        );
        let members = world.roles(chat).await.len();
        assert_eq!(owners(&world, chat).await.len(), members.min(1));
    }
}

#[tokio::test]
async fn a_handing_over_whose_answer_was_lost_happens_once() {
    let world = World::new();
    let users: Vec<Actor> = world.users(2).await;
    let chat = world.group(&users).await;
    world.faults.next(Operation::Append, Fault::After);
    let handing = world
        .chats
        .set_role(&users[0], chat, users[1].user, Role::Owner);
    handing.await.unwrap();
    assert_eq!(world.log(chat).await.len(), 2);
    assert_eq!(owners(&world, chat).await, [users[1].user]);
}
