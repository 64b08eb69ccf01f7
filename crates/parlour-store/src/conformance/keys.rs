//! Exactly once: one (chat, author, key) is one event, however often and from wherever it is tried.

use std::time::Duration;

use parlour_model::{Clock, Event, EventKey, KeyError, Seq, Timestamp, limits};
use tokio::task::JoinSet;

use super::Fixture;
use super::room::{Room, acknowledged, created, existing, message};
use crate::{Lookup, NotStored, Outcome};

const MILLISECOND: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A retry is answered with the very event, and the log does not grow.
pub async fn a_retry_answers_the_same_event(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let draft = room.draft(room.owner, message("once")).await;
    let event = created(room.try_append(draft.clone()).await);
    for _ in 0..3 {
        assert_eq!(existing(room.try_append(draft.clone()).await), event);
    }
    assert_eq!(room.log().await[1..], [event]);
}

/// A retry needs no right: the key is looked at before the epoch.
pub async fn a_retry_is_answered_after_the_epoch_moved(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 2).await;
    let author = room.others[0];
    let draft = room.draft(author, message("before")).await;
    let event = created(room.try_append(draft.clone()).await);
    room.remove(author).await;
    assert_eq!(existing(room.try_append(draft).await), event);
}

/// A used key with another body is refused, names the event, and changes nothing.
pub async fn another_body_under_a_used_key_is_refused(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let draft = room.draft(room.owner, message("first")).await;
    let event = created(room.try_append(draft.clone()).await);
    let mut other = room.draft(room.owner, message("second")).await;
    other.key = draft.key;
    let before = room.log().await;
    assert_eq!(
        room.try_append(other).await,
        Outcome::KeyReused(event.clone())
    );
    assert_eq!(room.log().await, before);
    assert_eq!(
        find(&room, draft.key, Seq::ZERO).await,
        Lookup::Found(event)
    );
}

/// A key belongs to one author in one chat; elsewhere it is another key.
pub async fn a_key_is_its_authors_and_its_chats_own(fixture: &dyn Fixture) {
    let (room, elsewhere) = (Room::open(fixture, 1).await, Room::open(fixture, 0).await);
    let draft = room.draft(room.owner, message("mine")).await;
    let mut same_key = room.draft(room.others[0], message("theirs")).await;
    same_key.key = draft.key;
    let mut other_chat = draft.clone();
    other_chat.author = elsewhere.owner;
    let mine = created(room.try_append(draft).await);
    let theirs = created(room.try_append(same_key).await);
    assert_eq!(theirs.seq, mine.seq.next());
    created(elsewhere.try_append(other_chat.clone()).await);
    other_chat.author = room.owner;
    created(elsewhere.try_append(other_chat).await);
}

/// One key twice in one call is one event with two answers; a third with another body is refused.
pub async fn a_key_twice_in_one_call_is_one_event(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let draft = room.draft(room.owner, message("twin")).await;
    let mut other = room.draft(room.owner, message("impostor")).await;
    other.key = draft.key;
    let between = room.draft(room.owner, message("between")).await;
    let drafts = vec![draft.clone(), between, draft, other];
    let mut outcomes = room.append(drafts).await;
    let event = created(outcomes.remove(0));
    let between = created(outcomes.remove(0));
    assert_eq!(acknowledged(outcomes.remove(0)), event);
    assert_eq!(outcomes.remove(0), Outcome::KeyReused(event.clone()));
    assert_eq!(room.log().await[1..], [event, between]);
}

/// One key from many calls at once is one event; exactly one call created it.
pub async fn a_key_raced_by_many_calls_is_one_event(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let second = room.through_second_node(fixture).await;
    for round in 0..6 {
        let draft = room
            .draft(room.owner, message(&format!("raced {round}")))
            .await;
        let mut racers = JoinSet::new();
        for racer in 0..8 {
            let room = if racer % 2 == 0 { &room } else { &second }.clone();
            let draft = draft.clone();
            racers.spawn(async move { room.settle(draft).await });
        }
        let outcomes = racers.join_all().await;
        let new = outcomes
            .iter()
            .filter(|o| matches!(o, Outcome::Created(_)))
            .count();
        assert!(new <= 1, "{outcomes:?}");
        let mut events: Vec<Event> = outcomes.into_iter().map(acknowledged).collect();
        events.dedup();
        assert_eq!(events.len(), 1, "one key became several events");
        assert_eq!(room.log().await.last(), events.first());
    }
    assert_eq!(room.log().await.len(), 7);
}

/// A retry finds its event several buckets back, with the `applied` of the first try, on every node.
pub async fn a_retry_after_many_buckets_finds_its_event(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    room.fill(6).await;
    let applied = room.head().await.seq;
    let draft = room
        .draft(room.owner, message("early"))
        .await
        .applied(applied);
    let event = created(room.try_append(draft.clone()).await);
    room.fill(30).await;
    let before = room.log().await;
    let second = room.through_second_node(fixture).await;
    assert_eq!(existing(second.settle(draft.clone()).await), event);
    assert_eq!(existing(room.try_append(draft.clone()).await), event);
    let mut with_another_body = room
        .draft(room.owner, message("late"))
        .await
        .applied(applied);
    with_another_body.key = draft.key;
    assert_eq!(
        room.try_append(with_another_body).await,
        Outcome::KeyReused(event.clone())
    );
    assert_eq!(
        find(&second, draft.key, applied).await,
        Lookup::Found(event)
    );
    assert_eq!(room.log().await, before);
}

/// A key is accepted from 13 days back to 10 minutes ahead, the bounds included, and nowhere else.
pub async fn a_key_outside_its_window_is_refused(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let now = room.clock.now();
    let oldest = now.minus(limits::KEY_AGE_MAX);
    let newest = now.plus(limits::KEY_AHEAD_MAX);
    let outcome = async |at: Timestamp| {
        let mut draft = room.draft(room.owner, message("timed")).await;
        draft.key = EventKey::generate(at);
        room.try_append(draft).await
    };
    created(outcome(oldest).await);
    created(outcome(newest).await);
    let before = room.log().await;
    let refused = |error| Outcome::NotStored(NotStored::KeyTime(error));
    assert_eq!(
        outcome(oldest.minus(MILLISECOND)).await,
        refused(KeyError::TooOld)
    );
    assert_eq!(
        outcome(newest.plus(MILLISECOND)).await,
        refused(KeyError::FromTheFuture)
    );
    assert_eq!(room.log().await, before);
}

/// For as long as a key may be retried, the retry is recognized.
pub async fn a_key_is_remembered_while_it_may_be_retried(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let draft = room.draft(room.owner, message("kept")).await;
    let event = created(room.try_append(draft.clone()).await);
    room.clock.advance(limits::KEY_AGE_MAX - MINUTE);
    room.fill(9).await;
    assert_eq!(existing(room.try_append(draft.clone()).await), event);
    room.clock.advance(MINUTE + MILLISECOND);
    let outcome = room.try_append(draft).await;
    assert_eq!(
        outcome,
        Outcome::NotStored(NotStored::KeyTime(KeyError::TooOld))
    );
}

/// After 14 days a key is forgotten, its event is not, and the key is still refused for its age.
pub async fn an_expired_key_is_forgotten_and_still_refused(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let draft = room.draft(room.owner, message("old")).await;
    let event = created(room.try_append(draft.clone()).await);
    room.clock.advance(limits::KEY_REMEMBERED + MINUTE);
    room.fill(9).await;
    if fixture.expires_by_clock() {
        assert_eq!(find(&room, draft.key, Seq::ZERO).await, Lookup::Absent);
    }
    let outcome = room.try_append(draft).await;
    assert_eq!(
        outcome,
        Outcome::NotStored(NotStored::KeyTime(KeyError::TooOld))
    );
    let log = room.log().await;
    assert_eq!(log[1], event);
    assert_eq!(log.len(), 11);
}

async fn find(room: &Room, key: EventKey, applied: Seq) -> Lookup {
    room.store
        .find(room.chat, room.owner, key, applied)
        .await
        .expect("find")
}
