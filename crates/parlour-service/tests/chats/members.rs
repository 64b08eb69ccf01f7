//! Adding and removing members, and the limit of a group.

use parlour_model::{Content, HistoryVisibility, Role, Title, UserId, limits};
use parlour_service::{Actor, ChatChange, Missing, Refusal, ServiceError};
use tokio::task::JoinSet;

use crate::world::{World, message};

fn ids(actors: &[Actor]) -> Vec<UserId> {
    actors.iter().map(|actor| actor.user).collect()
}

#[tokio::test]
async fn several_are_added_by_one_event_and_members_are_passed_over() {
    let world = World::new();
    let users = world.users(5).await;
    let chat = world.group(&users[..2]).await;
    // What is remembered of somebody must not outlive their joining.
    assert!(world.post(&users[4], chat, message("early")).await.is_err());
    let adding = world.chats.add_members(&users[0], chat, ids(&users[1..]));
    adding.await.unwrap();
    let log = world.log(chat).await;
    assert_eq!(log.len(), 2);
    let Content::MembersAdded { users: added } = &log[1].content else {
        panic!("{:?}", log[1].content)
    };
    let added: Vec<UserId> = added.iter().map(|new| new.user).collect();
    assert_eq!(added, ids(&users[2..]));
    world.say(&users[4], chat, "here").await;
    let again = world.chats.add_members(&users[0], chat, ids(&users));
    assert_eq!(again.await, Ok(()));
    assert_eq!(world.log(chat).await.len(), 3);
}

#[tokio::test]
async fn adding_needs_a_role_and_users_that_exist() {
    let world = World::new();
    let users = world.users(3).await;
    let chat = world.group(&users[..2]).await;
    let by_member = world.chats.add_members(&users[1], chat, ids(&users[2..]));
    assert_eq!(by_member.await, Err(ServiceError::Forbidden));
    let nobody = vec![users[2].user, UserId::new(12_345).unwrap()];
    let unknown = world.chats.add_members(&users[0], chat, nobody).await;
    assert_eq!(unknown, Err(ServiceError::NotFound(Missing::User)));
    let direct = world.direct(&users[0], &users[1]).await;
    let third = world.chats.add_members(&users[0], direct, ids(&users[2..]));
    assert_eq!(third.await, Err(ServiceError::Forbidden));
    assert_eq!(
        (world.log(chat).await.len(), world.log(direct).await.len()),
        (1, 1)
    );
}

/// Adding raises no epoch, so the limit holds because a node changes one chat's members one at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_never_exceeds_its_limit_however_many_are_added_at_once() {
    let world = World::new();
    let users = world.users(limits::GROUP_MEMBERS_MAX + 20).await;
    let first = limits::GROUP_MEMBERS_MAX - 10;
    let chat = world.group(&users[..first]).await;
    let mut adding = JoinSet::new();
    for new in users[first..].chunks(3) {
        let (chats, owner, new) = (world.chats.clone(), users[0], ids(new));
        adding.spawn(async move { chats.add_members(&owner, chat, new).await });
    }
    let answers = adding.join_all().await;
    let is_full = |answer: &Result<(), ServiceError>| {
        matches!(answer, Err(ServiceError::Refused(Refusal::LimitReached(_))))
    };
    assert!(
        answers
            .iter()
            .all(|answer| answer.is_ok() || is_full(answer))
    );
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    assert_eq!(world.roles(chat).await.len(), limits::GROUP_MEMBERS_MAX - 1);
    let last = users[limits::GROUP_MEMBERS_MAX + 19].user;
    world
        .chats
        .add_members(&users[0], chat, vec![last])
        .await
        .unwrap();
    let standing = world
        .store
        .authority(chat, users[0].user)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(standing.member_count, limits::GROUP_MEMBERS_MAX as u64);
}

#[tokio::test]
async fn who_is_added_twice_at_once_joins_once() {
    let world = World::new();
    let users = world.users(2).await;
    let chat = world.group(&users[..1]).await;
    let mut adding = JoinSet::new();
    for _ in 0..6 {
        let (chats, owner, new) = (world.chats.clone(), users[0], users[1].user);
        adding.spawn(async move { chats.add_members(&owner, chat, vec![new]).await });
    }
    assert_eq!(adding.join_all().await, vec![Ok(()); 6]);
    assert_eq!(world.log(chat).await.len(), 2);
}

#[tokio::test]
async fn admins_remove_members_and_the_owner_everybody_else() {
    let world = World::new();
    let users = world.users(5).await;
    let [ann, bob, cem, dan, eve] = [users[0], users[1], users[2], users[3], users[4]];
    let chat = world.group(&users).await;
    for admin in [bob, cem] {
        world
            .chats
            .set_role(&ann, chat, admin.user, Role::Admin)
            .await
            .unwrap();
    }
    let removals = [
        (&dan, &eve, Err(ServiceError::Forbidden)),
        (&bob, &ann, Err(ServiceError::Forbidden)),
        (&bob, &cem, Err(ServiceError::Forbidden)),
        (&bob, &dan, Ok(())),
        (&bob, &dan, Err(ServiceError::NotFound(Missing::User))),
        (&ann, &cem, Ok(())),
        (&dan, &eve, Err(ServiceError::NotFound(Missing::Chat))),
    ];
    for (remover, removed, expected) in removals {
        let answer = world.chats.remove_member(remover, chat, removed.user).await;
        assert_eq!(answer, expected);
    }
    assert_eq!(
        world.roles(chat).await,
        [
            (ann.user, Role::Owner),
            (bob.user, Role::Admin),
            (eve.user, Role::Member)
        ]
    );
}

#[tokio::test]
async fn who_was_removed_and_added_again_starts_anew() {
    let world = World::new();
    let users = world.users(2).await;
    let [ann, bob] = [users[0], users[1]];
    let chat = world.group_with(&users, HistoryVisibility::SinceJoin).await;
    world
        .chats
        .set_role(&ann, chat, bob.user, Role::Admin)
        .await
        .unwrap();
    world.say(&ann, chat, "first").await;
    world
        .chats
        .remove_member(&ann, chat, bob.user)
        .await
        .unwrap();
    world.say(&ann, chat, "while away").await;
    assert_eq!(
        world.chats.get(&bob, chat).await.map(drop),
        Err(ServiceError::NotFound(Missing::Chat))
    );
    world
        .chats
        .add_members(&ann, chat, vec![bob.user])
        .await
        .unwrap();
    let summary = world.chats.get(&bob, chat).await.unwrap();
    assert_eq!((summary.member.role, summary.unread), (Role::Member, 0));
    world.say(&ann, chat, "again").await;
    assert_eq!(world.chats.get(&bob, chat).await.unwrap().unread, 1);
}

#[tokio::test]
async fn title_and_history_change_by_role_and_nothing_writes_nothing() {
    let world = World::new();
    let users = world.users(3).await;
    let [ann, bob, cem] = [users[0], users[1], users[2]];
    let chat = world.group(&users).await;
    world
        .chats
        .set_role(&ann, chat, bob.user, Role::Admin)
        .await
        .unwrap();
    let title = Title::new("Another title").unwrap();
    let rename = ChatChange {
        title: Some(title.clone()),
        ..ChatChange::default()
    };
    let hide = ChatChange {
        history: Some(HistoryVisibility::SinceJoin),
        ..ChatChange::default()
    };
    let refused = world.chats.update(&cem, chat, rename.clone()).await;
    assert_eq!(refused.map(drop), Err(ServiceError::Forbidden));
    let refused = world.chats.update(&bob, chat, hide.clone()).await;
    assert_eq!(refused.map(drop), Err(ServiceError::Forbidden));
    let renamed = world
        .chats
        .update(&bob, chat, rename.clone())
        .await
        .unwrap();
    assert_eq!(renamed.chat.title, Some(title));
    let hidden = world.chats.update(&ann, chat, hide).await.unwrap();
    assert_eq!(hidden.chat.history, HistoryVisibility::SinceJoin);
    let before = world.log(chat).await.len();
    let nothing = ChatChange::default();
    let refused = world.chats.update(&cem, chat, nothing.clone()).await;
    assert_eq!(refused.map(drop), Err(ServiceError::Forbidden));
    world.chats.update(&bob, chat, nothing).await.unwrap();
    assert_eq!(world.log(chat).await.len(), before);
    let direct = world.direct(&ann, &bob).await;
    let refused = world.chats.update(&ann, direct, rename).await;
    assert_eq!(refused.map(drop), Err(ServiceError::Forbidden));
}
