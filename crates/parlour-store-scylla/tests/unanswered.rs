//! Writes that are lost, answered too late, refused after they were decided, applied long after anybody waited or followed by
//! reads that fail: unknown until it is known.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::sync::Arc;

use fixture::chat::{Chat, created, random};
use fixture::outage::Outage;
use fixture::proxy::{Batches, Proxy};
use parlour_model::{ChatId, ManualClock, Seq};
use parlour_store::{ChatLog, Creation, Lookup, Outcome, StoreError};

/// A chat seen by a node behind a proxy, and by one that is not.
async fn behind_a_proxy(host: &str) -> (Proxy, Chat, Chat) {
    let proxy = Proxy::start(host).await;
    let (a, b) = seen_twice(host, &proxy.host()).await;
    (proxy, a, b)
}

/// A chat seen by a node before an outage, and by one that sees none.
async fn before_an_outage(host: &str) -> (Outage, Chat, Chat) {
    let outage = Outage::start(host).await;
    let (a, b) = seen_twice(host, &outage.host()).await;
    (outage, a, b)
}

/// A chat of two events seen through another way, and directly.
async fn seen_twice(host: &str, way: &str) -> (Chat, Chat) {
    let direct = fixture::connection(host).await;
    let proxied = fixture::connection(way).await;
    let clocks = [(); 2].map(|()| Arc::new(ManualClock::new(fixture::START)));
    let a = Arc::new(fixture::open(&proxied, 1, &clocks[0]).await);
    let b = Arc::new(fixture::open(&direct, 2, &clocks[1]).await);
    let through_a = Chat::create(a, Arc::clone(&clocks[0])).await;
    // The statements are prepared and the head is known: from here on an append is one batch.
    through_a.fill(1, 0).await;
    let through_b = through_a.through(&b, &clocks[1]);
    (through_a, through_b)
}

#[tokio::test]
async fn a_batch_whose_answer_is_lost_is_found_and_created_once() {
    let Some(host) = fixture::host() else { return };
    let (proxy, a, b) = behind_a_proxy(&host).await;
    proxy.set(Batches::LoseNextAnswer);
    let drafts = vec![a.draft(0, "one"), a.draft(0, "two")];
    let outcomes = a.append(drafts.clone()).await;
    let events: Vec<_> = outcomes.into_iter().map(created).collect();
    assert_eq!(b.log().await[2..], events);
    let again = a.append(drafts).await;
    assert_eq!(
        again,
        events
            .into_iter()
            .map(Outcome::Existing)
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_batch_that_never_arrived_is_tried_again_with_its_key() {
    let Some(host) = fixture::host() else { return };
    let (proxy, a, b) = behind_a_proxy(&host).await;
    proxy.set(Batches::LoseNext);
    let event = created(a.append_one(a.draft(0, "at last")).await);
    assert_eq!(b.log().await[2..], [event]);
}

#[tokio::test]
async fn a_batch_that_comes_too_late_changes_nothing() {
    let Some(host) = fixture::host() else { return };
    let (proxy, a, b) = behind_a_proxy(&host).await;
    proxy.set(Batches::HoldNext);
    let draft = a.draft(0, "delayed");
    let (outcome, others) = tokio::join!(a.append_one(draft.clone()), async {
        proxy.holds_one().await;
        created(b.append_one(b.draft(0, "meanwhile")).await)
    });
    // The head has passed the held batch, and no row of it was there: it was dead, and the draft tried again.
    let event = created(outcome);
    assert_eq!(b.log().await[2..], [others.clone(), event.clone()]);
    assert_eq!(proxy.release().await, 1);
    assert_eq!(a.append_one(draft).await, Outcome::Existing(event.clone()));
    assert_eq!(b.log().await[2..], [others, event]);
}

#[tokio::test]
async fn a_batch_that_applies_after_everybody_gave_up_was_never_called_lost() {
    let Some(host) = fixture::host() else { return };
    let (proxy, a, b) = behind_a_proxy(&host).await;
    proxy.set(Batches::HoldAll);
    let draft = a.draft(0, "very late");
    assert_eq!(
        a.append_one(draft.clone()).await,
        Outcome::Unknown { applied: None }
    );
    let find = async || {
        let found = b.store.find(b.id, b.owner, draft.key, Seq::ZERO).await;
        found.unwrap()
    };
    assert_eq!(find().await, Lookup::Absent);
    assert!(proxy.release().await > 0);
    // The node takes the batches one after the other; whoever retries the key cannot make a second event of it.
    let retried = b.append_one(draft.clone()).await;
    let event = fixture::chat::acknowledged(retried);
    assert_eq!(find().await, Lookup::Found(event.clone()));
    assert_eq!(b.log().await[2..], std::slice::from_ref(&event)[..]);
    assert_eq!(a.append_one(draft.clone()).await, Outcome::Existing(event));
    assert_eq!(b.log().await.len(), 3);
}

#[tokio::test]
async fn a_batch_refused_for_want_of_replicas_after_it_was_decided_is_found_and_created_once() {
    let Some(host) = fixture::host() else { return };
    let (proxy, a, b) = behind_a_proxy(&host).await;
    proxy.set(Batches::RefuseNextAnswer);
    let event = created(a.append_one(a.draft(0, "decided")).await);
    assert_eq!(b.log().await[2..], [event]);
}

#[tokio::test]
async fn a_batch_refused_for_want_of_replicas_that_applies_later_was_never_called_lost() {
    let Some(host) = fixture::host() else { return };
    let (proxy, a, b) = behind_a_proxy(&host).await;
    proxy.set(Batches::RefuseAll);
    let draft = a.draft(0, "accepted by a majority, and the next round completes it");
    assert_eq!(
        a.append_one(draft.clone()).await,
        Outcome::Unknown { applied: None }
    );
    assert!(proxy.release().await > 0);
    let event = fixture::chat::acknowledged(b.append_one(draft.clone()).await);
    assert_eq!(a.append_one(draft).await, Outcome::Existing(event.clone()));
    assert_eq!(b.log().await[2..], [event]);
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_was_made_here() {
    let Some(host) = fixture::host() else { return };
    let (proxy, a, _) = behind_a_proxy(&host).await;
    proxy.set(Batches::LoseNextAnswer);
    // `create` asserts that the creation is its own.
    let again = Chat::create(Arc::clone(&a.store), Arc::clone(&a.clock)).await;
    assert_eq!(again.log().await.len(), 1);
}

#[tokio::test]
async fn events_that_are_stored_and_cannot_be_read_were_never_called_lost() {
    let Some(host) = fixture::host() else { return };
    let (outage, a, b) = before_an_outage(&host).await;
    outage.begin_after_next_write();
    let drafts = vec![a.draft(0, "one"), a.draft(0, "two")];
    let unknown = Outcome::Unknown { applied: None };
    assert_eq!(a.append(drafts.clone()).await, [unknown.clone(), unknown]);
    outage.end();
    let stored = b.log().await.split_off(2);
    let existing: Vec<_> = stored.into_iter().map(Outcome::Existing).collect();
    assert_eq!(existing.len(), 2);
    assert_eq!(a.append(drafts).await, existing);
}

#[tokio::test]
async fn a_creation_that_is_stored_and_cannot_be_read_was_never_called_lost() {
    let Some(host) = fixture::host() else { return };
    let (outage, a, b) = before_an_outage(&host).await;
    let id = ChatId::new(random()).unwrap();
    let (a, b) = (Chat { id, ..a }, Chat { id, ..b });
    outage.begin_after_next_write();
    let new = a.creation();
    let error = a.store.create(new.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unknown(_)), "{error}");
    outage.end();
    let again = a.store.create(new).await.unwrap();
    assert_eq!(again, Creation::Existing(b.log().await.remove(0)));
}

#[tokio::test]
async fn a_cancellation_after_which_nothing_can_be_read_was_never_called_undone() {
    let Some(host) = fixture::host() else { return };
    let (outage, a, b) = before_an_outage(&host).await;
    let draft = a.draft(0, "regretted");
    outage.begin_after_next_write();
    let cancelled = a.store.cancel(a.id, a.owner, draft.key).await;
    let error = cancelled.unwrap_err();
    assert!(matches!(error, StoreError::Unknown(_)), "{error}");
    outage.end();
    assert_eq!(b.append_one(draft).await, Outcome::Cancelled);
}
