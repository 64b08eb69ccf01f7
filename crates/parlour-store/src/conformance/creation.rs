//! A chat comes into being once, as seq 1 of its log.

use parlour_model::{Clock, Content, Epoch, HistoryVisibility, NewMember, Role, Seq};
use tokio::task::JoinSet;

use super::Fixture;
use super::room::{Room, existing, group, message, new_chat_id, new_user, random_number};
use crate::{Anchor, Creation, Lookup, NewChat, NotStored, Outcome, StoreError};

/// Seq 1 is the creation, with the key, the author and the content that were given.
pub async fn a_new_chat_starts_with_its_creation(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 2).await;
    let log = room.log().await;
    let first = &log[0];
    assert_eq!(log.len(), 1);
    assert_eq!((first.seq, first.author), (Seq::FIRST, room.owner));
    assert_eq!(
        first.content,
        group(room.owner, &room.others, HistoryVisibility::All)
    );
    assert_eq!(first.sent_at, room.clock.now());
    assert_eq!(room.head().await.epoch, Epoch::ZERO);
}

/// Whoever creates an existing chat gets its seq 1, and nothing changes, whatever they wanted.
pub async fn creating_a_chat_again_finds_it(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    room.fill(9).await;
    let before = room.log().await;
    let stranger = new_user();
    let again = NewChat {
        id: room.chat,
        creator: room.owner,
        key: before[0].key,
        content: before[0].content.clone(),
    };
    let differently = NewChat {
        id: room.chat,
        creator: stranger,
        key: room.key(),
        content: group(stranger, &[], HistoryVisibility::SinceJoin),
    };
    for new in [again, differently] {
        let creation = room.store.create(new).await.expect("create");
        assert_eq!(creation, Creation::Existing(before[0].clone()));
    }
    assert_eq!(room.log().await, before);
    assert_eq!(room.authority(stranger).await.member, None);
}

/// When many create one chat at once, all get the same seq 1 and at most one is told that it is new.
pub async fn a_chat_raced_by_two_creators_is_created_once(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let second = room.through_second_node(fixture).await;
    for _ in 0..6 {
        let (chat, pair) = (new_chat_id(), [new_user(), new_user()]);
        let mut racers = JoinSet::new();
        for racer in 0..6 {
            let node = if racer % 2 == 0 { &room } else { &second };
            let new = NewChat {
                id: chat,
                creator: pair[racer % 2],
                key: node.key(),
                content: group(pair[0], &pair[1..], HistoryVisibility::All),
            };
            let store = node.store.clone();
            racers.spawn(async move { create_surely(&store, new).await });
        }
        let creations = racers.join_all().await;
        let new = creations
            .iter()
            .filter(|c| matches!(c, Creation::Created(_)))
            .count();
        assert!(new <= 1, "created {new} times");
        let events = room
            .store
            .events(chat, Seq::ZERO, Seq::LIMIT, 10)
            .await
            .expect("events");
        assert_eq!(events.len(), 1);
        for creation in creations {
            let (Creation::Created(event) | Creation::Existing(event)) = creation;
            assert_eq!(event, events[0]);
        }
    }
}

async fn create_surely(store: &crate::SharedStore, new: NewChat) -> Creation {
    for _ in 0..200 {
        match store.create(new.clone()).await {
            Ok(creation) => return creation,
            Err(StoreError::Unknown(_) | StoreError::Unavailable(_)) => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("create: {error}"),
        }
    }
    panic!("the creation of {} was never settled", new.id);
}

/// The key of a creation is used like any other key.
pub async fn the_key_of_a_creation_is_used(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let first = room.log().await.remove(0);
    let lookup = room
        .store
        .find(room.chat, room.owner, first.key, Seq::ZERO)
        .await;
    assert_eq!(lookup.expect("find"), Lookup::Found(first.clone()));
    let mut draft = room.draft(room.owner, message("not a creation")).await;
    draft.key = first.key;
    assert_eq!(
        room.try_append(draft).await,
        Outcome::KeyReused(first.clone())
    );
    let mut again = room.draft(room.owner, first.content.clone()).await;
    again.key = first.key;
    assert_eq!(existing(room.try_append(again).await), first);
}

/// Nothing can be said of, or into, a chat that does not exist.
pub async fn a_chat_that_does_not_exist_has_nothing(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let (nowhere, store) = (new_chat_id(), &room.store);
    assert_eq!(store.head(nowhere, Seq::ZERO).await.expect("head"), None);
    assert_eq!(
        store
            .authority(nowhere, room.owner)
            .await
            .expect("authority"),
        None
    );
    let users = vec![NewMember {
        user: room.owner,
        role: Role::Owner,
    }];
    let draft = room.draft_at(Epoch::ZERO, room.owner, Content::MembersAdded { users });
    let outcomes = store.append(nowhere, vec![draft]).await.outcomes;
    assert_eq!(outcomes, [Outcome::NotStored(NotStored::ChatNotFound)]);
    assert_eq!(store.head(nowhere, Seq::ZERO).await.expect("head"), None);
    let memberships = store.memberships(room.owner).await.expect("memberships");
    assert_eq!(memberships.len(), 1);
    let visible = parlour_model::Visible {
        after: Seq::ZERO,
        through: Seq::LIMIT,
    };
    if let Ok(page) = store.page(nowhere, Anchor::Latest, 10, visible).await {
        assert!(page.messages.is_empty() && !page.has_before && !page.has_after);
    }
    let id = parlour_model::EventId::new(random_number()).expect("odd and below 2^63");
    assert_eq!(store.seq_of(nowhere, id).await.expect("seq_of"), None);
}
