//! What the log does when several nodes, late batches and torn rows meet it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::sync::Arc;
use std::time::Duration;

use fixture::chat::{Chat, acknowledged, created, message};
use parlour_model::{Clock, Content, Countable, Event, ManualClock, Seq};
use parlour_store::{Cancellation, ChatLog, Lookup, NotStored, Outcome};
use parlour_store_scylla::ScyllaStore;
use tokio::task::JoinSet;

/// Two nodes of one deployment.
async fn two_nodes(host: &str) -> (Chat, Chat) {
    let connection = fixture::connection(host).await;
    let clocks = [(); 2].map(|()| Arc::new(ManualClock::new(fixture::START)));
    let a: Arc<ScyllaStore> = Arc::new(fixture::open(&connection, 1, &clocks[0]).await);
    let b: Arc<ScyllaStore> = Arc::new(fixture::open(&connection, 2, &clocks[1]).await);
    let through_a = Chat::create(a, Arc::clone(&clocks[0])).await;
    let through_b = through_a.through(&b, &clocks[1]);
    (through_a, through_b)
}

#[tokio::test]
async fn nodes_with_stale_heads_go_on_in_one_log() {
    let Some(host) = fixture::host() else { return };
    let (a, b) = two_nodes(&host).await;
    // Both know the head of seq 4, which seals the first bucket.
    let third = a.fill(3, 0).await.pop().unwrap();
    b.head().await;
    created(b.append_one(b.draft(0, "b knows the head")).await);
    a.fill(6, 0).await;
    // b's head is three buckets behind.
    a.fill(5, 0).await;
    created(b.append_one(b.draft(0, "b catches up")).await);
    created(a.append_one(a.draft(0, "and so does a")).await);
    let log = a.log().await;
    assert_eq!(log.len(), 18);
    assert_eq!(log[3], third);
}

#[tokio::test]
async fn a_stale_head_that_meets_a_later_full_bucket_leaves_the_next_one_to_be_found() {
    let Some(host) = fixture::host() else { return };
    let (a, b) = two_nodes(&host).await;
    // b believes in seq 4, which seals its bucket; the next one is full too when b goes on.
    b.fill(3, 0).await;
    a.fill(4, 0).await;
    let ninth = created(b.append_one(b.draft(0, "b goes on")).await);
    assert_eq!(ninth.seq, Seq::new(9));
    // Whoever knows nothing of the chat finds the head by the list of buckets.
    assert_eq!(a.head().await.seq, ninth.seq);
    assert_eq!(a.log().await.last(), Some(&ninth));
}

#[tokio::test]
async fn two_nodes_that_roll_over_at_once_begin_one_bucket() {
    let Some(host) = fixture::host() else { return };
    let (a, b) = two_nodes(&host).await;
    for round in 0..3_u64 {
        let head = a.head().await.seq.get();
        let missing = usize::try_from(4 - head % 4).unwrap();
        a.fill(missing, 0).await;
        // Both believe in the sealed head.
        let (draft_a, draft_b) = (a.draft(0, "a's"), b.draft(0, "b's"));
        b.store
            .events(b.id, Seq::ZERO, Seq::LIMIT, 1)
            .await
            .unwrap();
        let (outcome_a, outcome_b) = tokio::join!(a.append_one(draft_a), b.append_one(draft_b));
        let (event_a, event_b) = (created(outcome_a), created(outcome_b));
        let first = head + missing as u64 + 1;
        let mut seqs = [event_a.seq.get(), event_b.seq.get()];
        seqs.sort_unstable();
        assert_eq!(seqs, [first, first + 1], "round {round}");
    }
    a.log().await;
}

#[tokio::test]
async fn writers_on_two_nodes_lose_races_and_no_message() {
    let Some(host) = fixture::host() else { return };
    let (a, b) = two_nodes(&host).await;
    let mut writers = JoinSet::new();
    for (writer, chat) in [&a, &b].into_iter().cycle().take(4).enumerate() {
        let chat = chat.clone();
        writers.spawn(async move {
            let (mut said, mut races) = (Vec::new(), 0);
            for i in 0..5 {
                let draft = chat.draft(0, &format!("{writer} says {i}"));
                loop {
                    let mut appended = chat.store.append(chat.id, vec![draft.clone()]).await;
                    races += appended.lost_races;
                    match appended.outcomes.remove(0) {
                        Outcome::Unknown { .. } | Outcome::NotStored(_) => {}
                        outcome => break said.push(acknowledged(outcome)),
                    }
                }
            }
            (said, races)
        });
    }
    let done = writers.join_all().await;
    assert!(
        done.iter().any(|(_, races)| *races > 0),
        "nobody lost a race"
    );
    let log = a.log().await;
    assert_eq!(log.len(), 21, "{done:?}");
    for (said, _) in done {
        assert!(said.is_sorted_by_key(|event| event.seq));
        for event in said {
            assert_eq!(log[usize::try_from(event.seq.get()).unwrap() - 1], event);
        }
    }
}

#[tokio::test]
async fn a_removed_author_is_refused_across_a_roll_over() {
    let Some(host) = fixture::host() else { return };
    let (a, b) = two_nodes(&host).await;
    // Seq 4, the last of its bucket, removes the member; b still believes in seq 3.
    remove_with_the_last_of_a_bucket(&a, &b).await;
    let late = b.draft_of(b.member, 0, message("after the removal"));
    assert_eq!(b.append_one(late.clone()).await, Outcome::RightsChanged);
    assert_eq!(b.append_one(late).await, Outcome::RightsChanged);
    created(b.append_one(b.draft(1, "the owner goes on")).await);
    assert_eq!(b.log().await.len(), 5);
}

#[tokio::test]
async fn a_roll_over_goes_by_the_sealed_bucket_and_no_head_in_memory() {
    let Some(host) = fixture::host() else { return };
    let (a, b) = two_nodes(&host).await;
    let removed = remove_with_the_last_of_a_bucket(&a, &b).await;
    // b is told of another seq 4, which took no right: it believes in a head that seals the bucket, of the epoch before.
    let mut told = removed.clone();
    told.content = message("somebody speaks");
    let before = b.store.events(b.id, Seq::new(2), Seq::new(3), 1).await;
    told.countable = Countable::new(before.unwrap()[0].countable.get() + 1);
    b.store.observe(&told);
    let late = b.draft_of(b.member, 0, message("after the removal"));
    assert_eq!(b.append_one(late).await, Outcome::RightsChanged);
    let next = created(b.append_one(b.draft(1, "the owner goes on")).await);
    assert_eq!(next.countable.get(), removed.countable.get() + 1);
    assert_eq!(b.log().await[3..], [removed, next]);
}

/// Fills the first bucket: its third event is the member's, through `b`; its last removes the member, through `a`.
async fn remove_with_the_last_of_a_bucket(a: &Chat, b: &Chat) -> Event {
    a.fill(1, 0).await;
    let still_here = b.draft_of(b.member, 0, message("still here"));
    created(b.append_one(still_here).await);
    let user = a.member;
    let removal = a.draft_of(a.owner, 0, Content::MemberRemoved { user });
    let removed = created(a.append_one(removal).await);
    assert_eq!(removed.seq, Seq::new(fixture::BUCKET_EVENTS));
    removed
}

#[tokio::test]
async fn one_key_retried_over_several_buckets_is_one_event() {
    let Some(host) = fixture::host() else { return };
    let (a, b) = two_nodes(&host).await;
    let draft = a.draft(0, "once").applied(Seq::FIRST);
    let event = created(a.append_one(draft.clone()).await);
    for _ in 0..4 {
        a.fill(4, 0).await;
        for chat in [&a, &b] {
            assert_eq!(
                chat.append_one(draft.clone()).await,
                Outcome::Existing(event.clone())
            );
        }
        let found = b.store.find(b.id, b.owner, draft.key, Seq::ZERO).await;
        assert_eq!(found.unwrap(), Lookup::Found(event.clone()));
    }
    assert_eq!(a.log().await.len(), 18);
}

#[tokio::test]
async fn more_than_64_buckets_are_searched_in_several_calls() {
    let Some(host) = fixture::host() else { return };
    let (a, _) = two_nodes(&host).await;
    let draft = a.draft(0, "long ago");
    let event = created(a.append_one(draft.clone()).await);
    let fresh = a.draft(0, "never before");
    for _ in 0..9 {
        fill_eight_buckets(&a).await;
    }
    assert_eq!(a.append_one(draft).await, Outcome::Existing(event));
    let outcome = a.append_one(fresh.clone()).await;
    let Outcome::Unknown {
        applied: Some(applied),
    } = outcome
    else {
        panic!("not unknown: {outcome:?}");
    };
    assert_eq!(applied, Seq::new(256));
    created(a.append_one(fresh.applied(applied)).await);
}

#[tokio::test]
async fn a_draft_is_searched_for_however_long_the_search_for_its_neighbour_is() {
    let Some(host) = fixture::host() else { return };
    let (a, _) = two_nodes(&host).await;
    let fresh = a.draft(0, "never before");
    for _ in 0..9 {
        fill_eight_buckets(&a).await;
    }
    let retried = a.draft(0, "once").applied(a.head().await.seq);
    let event = created(a.append_one(retried.clone()).await);
    fill_eight_buckets(&a).await;
    let outcomes = a.append(vec![fresh, retried]).await;
    assert!(
        matches!(outcomes[0], Outcome::Unknown { applied: Some(_) }),
        "{outcomes:?}"
    );
    assert_eq!(outcomes[1], Outcome::Existing(event));
}

#[tokio::test]
async fn nothing_of_an_author_overtakes_a_draft_that_must_be_searched_for_longer() {
    let Some(host) = fixture::host() else { return };
    let (a, _) = two_nodes(&host).await;
    let first = a.draft(0, "never before");
    for _ in 0..9 {
        fill_eight_buckets(&a).await;
    }
    let said = a.draft(0, "long since").applied(a.head().await.seq);
    let event = created(a.append_one(said.clone()).await);
    let now = event.seq;
    let second = a.draft(0, "after it").applied(now);
    let other = a.draft_of(a.member, 0, message("somebody else"));
    let drafts = vec![first.clone(), second.clone(), said, other.applied(now)];
    let mut outcomes = a.append(drafts).await;
    assert_eq!(created(outcomes.pop().unwrap()).seq, now.next());
    // A retry is answered all the same.
    assert_eq!(outcomes.pop(), Some(Outcome::Existing(event)));
    let [
        Outcome::Unknown { applied },
        Outcome::NotStored(NotStored::Unavailable(_)),
    ] = outcomes[..]
    else {
        panic!("the search ended, or the second was not kept back: {outcomes:?}");
    };
    let first = first.applied(applied.unwrap());
    let outcomes = a.append(vec![first, second]).await;
    let seqs: Vec<Seq> = outcomes.into_iter().map(|it| created(it).seq).collect();
    assert_eq!(seqs, [now.plus(2), now.plus(3)]);
}

async fn fill_eight_buckets(node: &Chat) {
    let head = node.head().await.seq;
    let filler = |i: usize| node.draft(0, &format!("{i}")).applied(head);
    let outcomes = node.append((0..32).map(filler).collect()).await;
    for outcome in outcomes {
        created(outcome);
    }
}

#[tokio::test]
async fn a_cancelled_key_of_a_full_bucket_is_refused_in_the_next() {
    let Some(host) = fixture::host() else { return };
    let (a, b) = two_nodes(&host).await;
    a.fill(3, 0).await;
    let draft = b.draft(0, "regretted");
    let cancelled = a.store.cancel(a.id, a.owner, draft.key).await;
    assert_eq!(cancelled.unwrap(), Cancellation::Cancelled);
    // The next bucket has a row and no event.
    assert_eq!(b.head().await.seq, Seq::new(4));
    let between = b.draft(0, "between");
    let outcomes = b.append(vec![between, draft.clone()]).await;
    assert_eq!(outcomes[1], Outcome::Cancelled);
    let between = created(outcomes.into_iter().next().unwrap());
    assert_eq!(between.seq, Seq::new(5));
    assert_eq!(a.append_one(draft).await, Outcome::Cancelled);
    assert_eq!(a.log().await.len(), 5);
}

#[tokio::test]
async fn ids_rise_though_clocks_are_an_hour_apart() {
    let Some(host) = fixture::host() else { return };
    let (a, b) = two_nodes(&host).await;
    b.clock
        .set(fixture::START.minus(Duration::from_secs(3_600)));
    for _ in 0..3 {
        created(a.append_one(a.draft(0, "ahead")).await);
        let event = created(b.append_one(b.draft(0, "behind")).await);
        assert_eq!(event.sent_at, b.clock.now());
    }
    let log = a.log().await;
    for event in &log {
        let seq = b.store.seq_of(b.id, event.id).await.unwrap();
        assert_eq!(seq, Some(event.seq));
    }
}
