//! One order: seqs without a hole, ids that rise with them, nothing acknowledged and lost, nothing twice.

use std::collections::BTreeSet;
use std::time::Duration;

use parlour_model::{Body, Clock, Content, Event, EventId, IdGenerator, Seq};
use tokio::task::JoinSet;

use super::Fixture;
use super::room::{Room, acknowledged, created, message};

const HOUR: Duration = Duration::from_secs(3_600);

/// A call keeps the order of its drafts over several buckets, and answers with the head after it.
pub async fn drafts_of_one_call_keep_their_order(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let epoch = room.head().await.epoch;
    let authors = [room.owner, room.others[0]];
    let draft = |i: usize| room.draft_at(epoch, authors[i % 2], message(&format!("line {i}")));
    let drafts: Vec<_> = (0..33).map(draft).collect();
    let appended = room.store.append(room.chat, drafts.clone()).await;
    let events: Vec<Event> = appended.outcomes.into_iter().map(created).collect();
    for (event, draft) in events.iter().zip(&drafts) {
        assert_eq!(
            (event.author, event.key, &event.content),
            (draft.author, draft.key, &draft.content)
        );
    }
    assert_eq!(room.log().await[1..], events);
    if let Some(head) = appended.head {
        assert_eq!(head, room.head().await);
    }
}

/// A call without drafts is answered without outcomes.
pub async fn an_empty_call_changes_nothing(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    assert!(room.append(Vec::new()).await.is_empty());
    assert_eq!(room.log().await.len(), 1);
}

/// Ids rise and seqs have no hole while clocks jump back and forth by an hour.
pub async fn ids_rise_while_clocks_step(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let second = room.through_second_node(fixture).await;
    let start = room.clock.now();
    let steps = [
        start,
        start.plus(HOUR),
        start.minus(HOUR),
        start,
        start.minus(HOUR),
    ];
    for (number, now) in steps.into_iter().enumerate() {
        room.clock.set(now);
        room.fill(3).await;
        let event = room.say(room.owner, "stepped").await;
        assert_eq!(event.sent_at, now, "the commit's own time");
        let draft = second
            .draft(second.owner, message(&format!("elsewhere {number}")))
            .await;
        acknowledged(second.settle(draft).await);
    }
    assert_eq!(room.log().await.len(), 1 + steps.len() * 5);
}

/// A new chat's id of an event says about when it was stored.
pub async fn an_id_carries_the_time_of_its_commit(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    room.clock.advance(HOUR);
    let event = room.say(room.owner, "on time").await;
    let time = IdGenerator::time_of(event.id.get());
    let off = time
        .since(room.clock.now())
        .max(room.clock.now().since(time));
    assert!(off < Duration::from_secs(60), "{off:?} off");
}

/// Many authors at once in one chat, a clock that steps under them: all acknowledged events are there once.
pub async fn concurrent_appends_to_one_chat_are_all_there_once(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 8).await;
    let second = room.through_second_node(fixture).await;
    let mut authors = JoinSet::new();
    for (number, author) in room.others.iter().copied().enumerate() {
        let room = if number % 2 == 0 { &room } else { &second }.clone();
        authors.spawn(async move {
            let mut events = Vec::new();
            for line in 0..15 {
                let draft = room
                    .draft(author, message(&format!("{number}: {line}")))
                    .await;
                events.push(acknowledged(room.settle(draft).await));
            }
            events
        });
    }
    let start = room.clock.now();
    while room.head().await.seq < Seq::new(60) {
        room.clock.set(start.minus(Duration::from_secs(300)));
        tokio::task::yield_now().await;
        room.clock.set(start);
    }
    let mut acknowledged = authors.join_all().await;
    for events in &acknowledged {
        assert!(
            events.is_sorted_by_key(|event| event.seq),
            "an author's own order was lost"
        );
    }
    let mut all: Vec<Event> = acknowledged.drain(..).flatten().collect();
    all.sort_by_key(|event| event.seq);
    assert_eq!(room.log().await[1..], all);
}

/// Many chats at once do not touch each other.
pub async fn concurrent_appends_to_many_chats_stay_apart(fixture: &dyn Fixture) {
    let mut chats = JoinSet::new();
    for _ in 0..12 {
        let room = Room::open(fixture, 0).await;
        chats.spawn(async move {
            let mut events = Vec::new();
            for line in 0..10 {
                let draft = room
                    .draft(room.owner, message(&format!("line {line}")))
                    .await;
                events.push(acknowledged(room.settle(draft).await));
            }
            (room, events)
        });
    }
    for (room, events) in chats.join_all().await {
        assert_eq!(room.log().await[1..], events);
    }
}

/// What is acknowledged is seen at once by every reader, on every node.
pub async fn an_acknowledged_event_is_seen_at_once(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let second = room.through_second_node(fixture).await;
    for _ in 0..10 {
        let event = room.say(room.owner, "seen").await;
        for reader in [&room, &second] {
            let head = reader.store.head(room.chat, event.seq).await.expect("head");
            assert_eq!(head.expect("the chat exists").seq, event.seq);
            let read = reader
                .store
                .events(room.chat, event.seq.previous(), event.seq, 1)
                .await;
            assert_eq!(read.expect("events"), std::slice::from_ref(&event));
        }
    }
}

/// Everything of a draft comes back as it was given: unknown fields, any script, the time of an import.
pub async fn an_event_comes_back_as_it_was_said(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let body = serde_json::json!({
        "type": "text", "text": "שלום 👩‍👩‍👧 \u{0} \"\\\n", "not_known_yet": {"b": [1, 2.5, null], "a": ""},
    });
    let content = Content::Message {
        body: Body::from_value(body).expect("a body"),
        reply_to: Some(Seq::FIRST),
    };
    let mut draft = room.draft(room.owner, content.clone()).await;
    let original_time = room.clock.now().minus(HOUR * 24 * 365);
    draft.sent_at = Some(original_time);
    let event = created(room.try_append(draft.clone()).await);
    assert_eq!((&event.content, event.sent_at), (&content, original_time));
    assert_eq!(
        (event.author, event.key, event.erased),
        (room.owner, draft.key, false)
    );
    assert_eq!(room.log().await[1], event);
    let plain = room.say(room.owner, "now").await;
    assert_eq!(plain.sent_at, room.clock.now());
}

/// What a store is told of events elsewhere is a hint: true, old or wrong, it changes no answer.
pub async fn a_hint_about_the_head_changes_no_answer(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let second = room.through_second_node(fixture).await;
    let first = room.log().await.remove(0);
    let last = room.fill(9).await.remove(8);
    let far_ahead = Event {
        seq: last.seq.plus(40),
        id: EventId::new(last.id.get() + (1 << 40)).expect("below 2^63"),
        ..last.clone()
    };
    for hint in [&first, &far_ahead, &last] {
        second.store.observe(hint);
        assert_eq!(second.head().await, room.head().await);
        let draft = second.draft(room.others[0], message("after a hint")).await;
        acknowledged(second.settle(draft).await);
    }
    let keys: BTreeSet<_> = room.log().await.iter().map(|event| event.key).collect();
    assert_eq!(keys.len(), 13);
}
