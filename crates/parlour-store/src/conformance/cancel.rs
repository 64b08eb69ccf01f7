//! `find` and `cancel`: what became of a key, and how to make sure that nothing ever will.

use parlour_model::{ChatId, EventKey, Seq, UserId};
use tokio::task::JoinSet;

use super::Fixture;
use super::room::{Room, created, existing, message, new_user};
use crate::{Cancellation, Lookup, Outcome, SharedStore};

/// `find` tells an unused key, an event and a cancelled key apart, also many buckets later.
pub async fn find_tells_what_became_of_a_key(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let draft = room.draft(room.owner, message("looked for")).await;
    let (chat, owner, key) = (room.chat, room.owner, draft.key);
    let find = async |author, key| {
        room.store
            .find(chat, author, key, Seq::ZERO)
            .await
            .expect("find")
    };
    assert_eq!(find(owner, key).await, Lookup::Absent);
    let event = created(room.try_append(draft).await);
    let cancelled = room.key();
    assert_eq!(
        cancel(&room.store, chat, owner, cancelled).await,
        Cancellation::Cancelled
    );
    for _ in 0..2 {
        assert_eq!(find(owner, key).await, Lookup::Found(event.clone()));
        assert_eq!(find(owner, cancelled).await, Lookup::Cancelled);
        assert_eq!(find(owner, room.key()).await, Lookup::Absent);
        assert_eq!(find(new_user(), key).await, Lookup::Absent);
        room.fill(13).await;
    }
}

/// A cancelled key is never stored, whatever its body, and cancelling leaves no trace in the log.
pub async fn a_cancelled_key_is_never_stored(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let draft = room.draft(room.owner, message("regretted")).await;
    let before = room.log().await;
    for _ in 0..2 {
        let cancellation = cancel(&room.store, room.chat, room.owner, draft.key).await;
        assert_eq!(cancellation, Cancellation::Cancelled);
    }
    assert_eq!(room.try_append(draft.clone()).await, Outcome::Cancelled);
    let mut other_body = room.draft(room.owner, message("again")).await;
    other_body.key = draft.key;
    assert_eq!(room.try_append(other_body).await, Outcome::Cancelled);
    assert_eq!(room.log().await, before);
    let mut same_key = room.draft(room.others[0], message("another author")).await;
    same_key.key = draft.key;
    created(room.try_append(same_key).await);
}

/// A cancelled key stays cancelled when the log has rolled over and the epoch has moved.
pub async fn a_cancelled_key_stays_cancelled_for_many_buckets(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let draft = room
        .draft(room.owner, message("regretted"))
        .await
        .applied(Seq::FIRST);
    cancel(&room.store, room.chat, room.owner, draft.key).await;
    room.fill(17).await;
    room.remove(room.others[0]).await;
    assert_eq!(room.try_append(draft).await, Outcome::Cancelled);
}

/// Cancelling too late finds the event, which stays.
pub async fn cancelling_a_stored_key_finds_its_event(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let draft = room.draft(room.owner, message("said")).await;
    let event = created(room.try_append(draft.clone()).await);
    room.fill(9).await;
    for _ in 0..2 {
        let cancellation = cancel(&room.store, room.chat, room.owner, draft.key).await;
        assert_eq!(cancellation, Cancellation::Found(event.clone()));
    }
    assert_eq!(existing(room.try_append(draft).await), event);
}

/// When an append and a cancel of one key race, one of them wins and both say which.
pub async fn a_cancel_raced_by_its_append_agrees_with_it(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let second = room.through_second_node(fixture).await;
    for round in 0..12 {
        let draft = room
            .draft(room.owner, message(&format!("raced {round}")))
            .await;
        let (chat, owner, key) = (room.chat, room.owner, draft.key);
        let (appending, cancelling) = (room.clone(), second.store.clone());
        let mut appends = JoinSet::new();
        appends.spawn(async move { appending.settle(draft).await });
        let mut cancels = JoinSet::new();
        cancels.spawn(async move { cancel(&cancelling, chat, owner, key).await });
        let outcome = appends.join_all().await.remove(0);
        let cancellation = cancels.join_all().await.remove(0);
        let lookup = room
            .store
            .find(chat, owner, key, Seq::ZERO)
            .await
            .expect("find");
        match (outcome, cancellation, lookup) {
            (Outcome::Cancelled, Cancellation::Cancelled, Lookup::Cancelled) => {}
            (
                Outcome::Created(a) | Outcome::Existing(a),
                Cancellation::Found(b),
                Lookup::Found(c),
            ) => {
                assert_eq!((&a, &a), (&b, &c));
            }
            other => panic!("append and cancel disagree: {other:?}"),
        }
    }
    room.log().await;
}

async fn cancel(store: &SharedStore, chat: ChatId, author: UserId, key: EventKey) -> Cancellation {
    store.cancel(chat, author, key).await.expect("cancel")
}
