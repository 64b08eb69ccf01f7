//! Rights are checked in the commit: nobody posts after their right was taken, whatever a cache believed.

use parlour_model::{
    Body, Content, Draft, Emoji, Epoch, Event, EventKey, HistoryVisibility, KeyError, NewMember,
    Role, Seq, Timestamp, Title, limits,
};
use serde_json::json;
use tokio::task::JoinSet;

use super::Fixture;
use super::room::{Room, created, existing, message, new_chat_id, new_user};
use crate::{Lookup, NotStored, Outcome};

/// Posts of one author before a case gives up waiting for their removal to be seen.
const POSTS_MAX: u64 = 300;

/// An epoch raised between check and commit refuses the draft; checked again, it passes.
pub async fn a_draft_checked_at_an_older_epoch_is_refused(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 2).await;
    let mut draft = room
        .draft(room.others[1], message("checked too early"))
        .await;
    room.remove(room.others[0]).await;
    let before = room.log().await;
    assert_eq!(room.try_append(draft.clone()).await, Outcome::RightsChanged);
    assert_eq!(room.log().await, before);
    draft.epoch = room.authority(room.others[1]).await.epoch;
    created(room.try_append(draft).await);
}

/// An epoch that the chat has not reached is as wrong as an old one.
pub async fn a_draft_checked_at_a_later_epoch_is_refused(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let epoch = room.head().await.epoch.next();
    let draft = room.draft_at(epoch, room.owner, message("from tomorrow"));
    assert_eq!(room.try_append(draft).await, Outcome::RightsChanged);
    assert_eq!(room.log().await.len(), 1);
}

/// The epoch outlives a roll-over: it is carried into every new bucket.
pub async fn an_epoch_survives_a_roll_over(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let stale = room.draft(room.owner, message("stale")).await;
    room.remove(room.others[0]).await;
    for _ in 0..9 {
        room.fill(1).await;
        assert_eq!(room.head().await.epoch, Epoch::ZERO.next());
        assert_eq!(room.try_append(stale.clone()).await, Outcome::RightsChanged);
    }
    room.log().await;
}

/// Exactly the events that may take a right raise the epoch, each by one.
pub async fn only_events_that_take_a_right_raise_the_epoch(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let (target, user) = (room.say(room.owner, "hello").await.seq, room.others[0]);
    let emoji = Emoji::new("👍").expect("an emoji");
    let users = vec![NewMember {
        user: new_user(),
        role: Role::Member,
    }];
    let contents = [
        Content::ReactionChanged {
            target,
            emoji,
            on: true,
        },
        Content::MessageEdited {
            target,
            body: Body::text("hello there"),
        },
        Content::PinChanged { target, on: true },
        Content::MembersAdded { users },
        Content::RoleChanged {
            user,
            role: Role::Admin,
        },
        Content::ChatChanged {
            title: Some(Title::new("Title").expect("a title")),
            history: Some(HistoryVisibility::SinceJoin),
            data: None,
        },
        Content::Hidden {},
        Content::MessageDeleted { target },
        Content::MemberRemoved { user },
        message("goodbye"),
    ];
    for content in contents {
        let before = room.head().await.epoch;
        let raises = content.raises_epoch();
        room.post(room.owner, content).await;
        let expected = if raises { before.next() } else { before };
        assert_eq!(room.head().await.epoch, expected);
    }
    assert_eq!(room.head().await.epoch.get(), 3);
    room.log().await;
}

/// A removal ends what its call may commit at the old epoch, for the removed user and for all others.
pub async fn a_removal_refuses_what_follows_it_in_its_call(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 2).await;
    let (removed, bystander) = (room.others[0], room.others[1]);
    let drafts = vec![
        room.draft(removed, message("still a member")).await,
        room.draft(room.owner, Content::MemberRemoved { user: removed })
            .await,
        room.draft(removed, message("not a member any more")).await,
        room.draft(bystander, message("to be checked again")).await,
    ];
    let mut outcomes = room.append(drafts).await;
    let said = created(outcomes.remove(0));
    let removal = created(outcomes.remove(0));
    assert_eq!(outcomes, [Outcome::RightsChanged, Outcome::RightsChanged]);
    assert_eq!(room.log().await[1..], [said, removal]);
}

/// A removed author's message that is first in the call is stored, before the removal.
pub async fn a_message_before_its_authors_removal_is_stored(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let removed = room.others[0];
    room.fill(2).await;
    let drafts = vec![
        room.draft(removed, message("last words")).await,
        room.draft(room.owner, Content::MemberRemoved { user: removed })
            .await,
    ];
    let mut outcomes = room.append(drafts).await;
    let (said, removal) = (created(outcomes.remove(0)), created(outcomes.remove(0)));
    assert_eq!(removal.seq, said.seq.next());
}

/// A bad draft fails alone and for its own reason; the good ones around it keep their order.
pub async fn a_bad_draft_among_good_ones_fails_alone(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let old = room.draft(room.owner, message("old")).await;
    let old_event = created(room.try_append(old.clone()).await);
    let cancelled = room.draft(room.owner, message("cancelled")).await;
    let cancel = room
        .store
        .cancel(room.chat, room.owner, cancelled.key)
        .await;
    cancel.expect("cancel");
    let mut reused = room.draft(room.owner, message("reused")).await;
    reused.key = old.key;
    let mut too_old = room.draft(room.owner, message("too old")).await;
    too_old.key = EventKey::generate(Timestamp::from_millis(1));
    let stale = room.draft_at(room.head().await.epoch.next(), room.owner, message("stale"));
    let mut drafts = Vec::new();
    for (number, bad) in [reused, too_old, old, stale, cancelled]
        .into_iter()
        .enumerate()
    {
        drafts.push(
            room.draft(room.owner, message(&format!("good {number}")))
                .await,
        );
        drafts.push(bad);
    }
    drafts.push(room.draft(room.owner, message("good at the end")).await);
    let outcomes = room.append(drafts).await;
    let (good, bad): (Vec<_>, Vec<_>) = outcomes
        .into_iter()
        .enumerate()
        .partition(|(i, _)| i % 2 == 0);
    let bad: Vec<Outcome> = bad.into_iter().map(|(_, outcome)| outcome).collect();
    let expected = [
        Outcome::KeyReused(old_event.clone()),
        Outcome::NotStored(NotStored::KeyTime(KeyError::TooOld)),
        Outcome::Existing(old_event.clone()),
        Outcome::RightsChanged,
        Outcome::Cancelled,
    ];
    assert_eq!(bad, expected);
    let mut events = vec![old_event];
    events.extend(good.into_iter().map(|(_, outcome)| created(outcome)));
    assert_eq!(room.log().await[1..], events);
}

/// An event that is larger than a batch may be is refused for that, alone, and its key is as if never used.
pub async fn an_event_that_is_too_large_fails_alone(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let data = "x".repeat(limits::BATCH_BYTES_MAX);
    let body = json!({"type": "custom", "name": "large", "data": data});
    let body = Body::from_value(body).expect("a body");
    let reply_to = None;
    let large = Content::Message { body, reply_to };
    let large = room.draft(room.owner, large).await;
    let mut drafts = vec![room.draft(room.owner, message("before")).await];
    drafts.push(large.clone());
    drafts.push(room.draft(room.owner, message("after")).await);
    let mut outcomes = room.append(drafts).await;
    let refused = Outcome::NotStored(NotStored::TooLarge);
    assert_eq!(outcomes.remove(1), refused);
    let events: Vec<Event> = outcomes.into_iter().map(created).collect();
    assert_eq!(room.log().await[1..], events);
    assert_eq!(room.try_append(large.clone()).await, refused);
    let found = room.store.find(room.chat, room.owner, large.key, Seq::ZERO);
    assert_eq!(found.await.expect("find"), Lookup::Absent);
}

/// The checks of a draft come in their order: key time, key seen before, chat, epoch.
pub async fn the_first_failing_check_names_the_reason(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let wrong_epoch = Epoch::new(7);
    let mut draft = room.draft(room.owner, message("said")).await;
    let event = created(room.try_append(draft.clone()).await);
    draft.epoch = wrong_epoch;
    assert_eq!(existing(room.try_append(draft.clone()).await), event);
    let nowhere = new_chat_id();
    let outcomes = room
        .store
        .append(nowhere, vec![draft.clone()])
        .await
        .outcomes;
    assert_eq!(outcomes, [Outcome::NotStored(NotStored::ChatNotFound)]);
    room.clock
        .advance(limits::KEY_AGE_MAX + std::time::Duration::from_secs(1));
    let too_old = Outcome::NotStored(NotStored::KeyTime(KeyError::TooOld));
    assert_eq!(room.try_append(draft.clone()).await, too_old);
    assert_eq!(
        room.store.append(nowhere, vec![draft]).await.outcomes,
        [too_old]
    );
}

/// Whoever is removed while posting as fast as they can has nothing in the log after the removal.
pub async fn nobody_posts_after_a_removal_that_raced_them(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 4).await;
    let second = room.through_second_node(fixture).await;
    let epoch = room.head().await.epoch;
    let mut posting = JoinSet::new();
    for (number, author) in room.others.iter().copied().enumerate() {
        let node = if number % 2 == 0 { &room } else { &second }.clone();
        posting.spawn(async move { post_until_refused(&node, author, epoch).await });
    }
    let removed = room.others[0];
    let removal: Draft = room.draft_at(epoch, room.owner, Content::MemberRemoved { user: removed });
    while room.head().await.seq < Seq::new(20) {
        tokio::task::yield_now().await;
    }
    let removal = created(room.settle(removal).await);
    let acknowledged: u64 = posting.join_all().await.into_iter().sum();
    let log = room.log().await;
    assert_eq!(
        log.last(),
        Some(&removal),
        "an event of the old epoch lies after the removal"
    );
    assert_eq!(acknowledged + 2, log.len() as u64);
}

/// How many messages were stored before one was refused.
async fn post_until_refused(room: &Room, author: parlour_model::UserId, epoch: Epoch) -> u64 {
    for stored in 0..POSTS_MAX {
        let draft = room.draft_at(epoch, author, message("as fast as I can"));
        match room.settle(draft).await {
            Outcome::Created(_) | Outcome::Existing(_) => {}
            Outcome::RightsChanged => return stored,
            other => panic!("{other:?}"),
        }
    }
    panic!("{author} has posted {POSTS_MAX} times, and the removal is not seen")
}
