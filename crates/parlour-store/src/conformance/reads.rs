//! Raw reads of the log: ranges of events, heads, and the seq of a public id.

use parlour_model::{EventId, Seq};

use super::Fixture;
use super::room::{Room, new_chat_id};

/// Any range is answered exactly: what lies after `after` up to `through`, at most `limit`.
pub async fn a_range_of_events_is_exact(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    room.fill(13).await;
    let log = room.log().await;
    let end = log.len() as u64;
    for after in 0..=end + 1 {
        for through in [
            0,
            1,
            after,
            after + 1,
            after + 4,
            end,
            end + 9,
            Seq::LIMIT.get(),
        ] {
            for limit in [1, 3, 4, 5, 100] {
                let (after, through) = (Seq::new(after), Seq::new(through));
                let expected: Vec<_> = log
                    .iter()
                    .filter(|event| after < event.seq && event.seq <= through)
                    .take(limit)
                    .cloned()
                    .collect();
                let events = room.store.events(room.chat, after, through, limit).await;
                assert_eq!(
                    events.expect("events"),
                    expected,
                    "({after}, {through}] limit {limit}"
                );
            }
        }
    }
}

/// A reader that follows the log while it grows sees every event once and in order.
pub async fn a_reader_of_a_growing_log_sees_no_hole(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let second = room.through_second_node(fixture).await;
    let writer = room.clone();
    let mut writing = tokio::task::JoinSet::new();
    writing.spawn(async move {
        for _ in 0..5 {
            writer.fill(9).await;
        }
    });
    let mut cursor = Seq::ZERO;
    while cursor < Seq::new(46) {
        let events = second
            .store
            .events(room.chat, cursor, Seq::LIMIT, 5)
            .await
            .expect("events");
        for event in events {
            assert_eq!(event.seq, cursor.next(), "a hole, or an event twice");
            cursor = event.seq;
        }
        tokio::task::yield_now().await;
    }
    writing.join_all().await;
}

/// Every id leads to its seq, and nothing else leads anywhere.
pub async fn an_id_leads_to_its_seq(fixture: &dyn Fixture) {
    let (room, elsewhere) = (Room::open(fixture, 0).await, Room::open(fixture, 0).await);
    room.fill(6).await;
    room.clock.advance(std::time::Duration::from_secs(1));
    room.fill(12).await;
    let log = room.log().await;
    let seq_of = async |chat, id| room.store.seq_of(chat, id).await.expect("seq_of");
    for event in &log {
        assert_eq!(seq_of(room.chat, event.id).await, Some(event.seq));
        assert_eq!(seq_of(elsewhere.chat, event.id).await, None);
        for neighbour in [event.id.get() - 1, event.id.get() + 1] {
            let id = EventId::new(neighbour).expect("positive and below 2^63");
            let expected = log
                .iter()
                .find(|event| event.id == id)
                .map(|event| event.seq);
            assert_eq!(seq_of(room.chat, id).await, expected);
        }
    }
    for outside in [1, i64::MAX as u64] {
        let id = EventId::new(outside).expect("positive and below 2^63");
        assert_eq!(seq_of(room.chat, id).await, None);
    }
}

/// Several heads are answered in the order asked, with a gap for a chat that does not exist.
pub async fn heads_come_in_the_order_asked(fixture: &dyn Fixture) {
    let (a, b) = (Room::open(fixture, 0).await, Room::open(fixture, 0).await);
    a.fill(9).await;
    let (head_a, head_b) = (a.head().await, b.head().await);
    let asked = [
        (a.chat, Seq::ZERO),
        (new_chat_id(), Seq::ZERO),
        (b.chat, head_b.seq),
        (a.chat, Seq::new(5)),
        (a.chat, head_a.seq),
    ];
    let heads = a.store.heads(&asked).await.into_iter();
    let heads: Vec<_> = heads.map(|head| head.expect("a head")).collect();
    let (head_a, head_b) = (Some(head_a), Some(head_b));
    assert_eq!(heads, [head_a, None, head_b, head_a, head_a]);
    assert!(a.store.heads(&[]).await.is_empty());
}
