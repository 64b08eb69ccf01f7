//! A quorum that does not show yet what was decided: it is asked again in a transaction, and nothing is missing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::sync::Arc;

use fixture::chat::{Chat, created};
use fixture::memory::Behind;
use fixture::meter::Meter;
use fixture::raw::Raw;
use parlour_model::{ManualClock, Seq};
use parlour_store::ChatLog;

/// A new chat, seen by a node whose quorum may fall behind, and by one that sees everything.
async fn seen_twice(host: &str) -> (Behind, Chat, Chat) {
    let direct = fixture::connection(host).await;
    let behind = Behind::start(host).await;
    let through_it = fixture::connection(&behind.host()).await;
    let clocks = [(); 2].map(|()| Arc::new(ManualClock::new(fixture::START)));
    let a = Arc::new(fixture::open(&through_it, 1, &clocks[0]).await);
    let b = Arc::new(fixture::open(&direct, 2, &clocks[1]).await);
    let through_b = Chat::create(b, Arc::clone(&clocks[1])).await;
    let through_a = through_b.through(&a, &clocks[0]);
    (behind, through_a, through_b)
}

#[tokio::test]
async fn a_hole_below_a_known_event_is_healed() {
    let Some(host) = fixture::host() else { return };
    let meter = Meter::default();
    let _metering = metrics::set_default_local_recorder(&meter);
    let (behind, a, b) = seen_twice(&host).await;
    // a knows the head.
    created(a.append_one(a.draft(0, "second")).await);
    let read = async || {
        let events = a.store.events(a.id, Seq::ZERO, Seq::new(3), 100).await;
        events.unwrap()
    };
    let before = read().await;
    assert_eq!(before.len(), 2);
    let third = created(b.append_one(b.draft(0, "third")).await);
    behind.fall_behind();
    // Nobody has told a of it: what a quorum shows is the log.
    assert_eq!(read().await, before);
    let healed = || meter.count("parlour_store_holes_read_again_total");
    assert_eq!(healed(), 0);
    a.store.observe(&third);
    let after = read().await;
    assert_eq!((after[2].clone(), healed()), (third, 1));
    // Once the quorum shows it, it is not asked again.
    behind.catch_up();
    assert_eq!((read().await, healed()), (after, 1));
}

#[tokio::test]
async fn a_head_below_what_was_seen_is_asked_for_again() {
    let Some(host) = fixture::host() else { return };
    let (behind, a, b) = seen_twice(&host).await;
    let head = async |near| a.store.head(a.id, Seq::new(near)).await.unwrap().unwrap();
    b.fill(1, 0).await;
    assert_eq!(head(0).await.seq, Seq::new(2));
    created(b.append_one(b.draft(0, "third")).await);
    behind.fall_behind();
    assert_eq!(head(0).await.seq, Seq::new(2));
    assert_eq!(head(2).await.seq, Seq::new(2));
    // Whoever asks near 3 has seen it.
    assert_eq!(head(3).await, b.head().await);
}

#[tokio::test]
async fn a_bucket_with_a_successor_is_full_whatever_a_quorum_shows() {
    let Some(host) = fixture::host() else { return };
    let (behind, a, b) = seen_twice(&host).await;
    let head = async |near| a.store.head(a.id, Seq::new(near)).await.unwrap().unwrap();
    b.fill(1, 0).await;
    // The head of the first bucket is known of old, which buckets there are is not.
    assert_eq!(head(2).await.seq, Seq::new(2));
    b.fill(2, 0).await;
    let full = b.head().await;
    assert_eq!(full.seq, Seq::new(fixture::BUCKET_EVENTS));
    // Somebody has written the next bucket down, and died before its first event.
    let text = format!(
        "INSERT INTO {}.buckets (chat_id, bucket, first_id) VALUES ({}, 1, {})",
        fixture::keyspace(),
        a.id.get(),
        full.id.get() + 1
    );
    Raw::connect(&host).await.run(&text).await;
    behind.fall_behind();
    assert_eq!(head(0).await, full);
}
