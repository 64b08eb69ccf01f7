//! Bugs about keys in a log of buckets: the key of an earlier bucket is forgotten, and rights are carried over a
//! roll-over from memory.
//!
//! The buckets of a log lie inside a store, below every seam. What these bugs do is seen above it all the same: one
//! key becomes a second event once its bucket is full, and a right that was taken still holds for the first event
//! of a bucket.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use parlour_model::Clock as _;
use parlour_model::{ChatId, Draft, Event, EventKey, Seq, SystemClock, UserId};
use parlour_store::{Appended, Outcome, SharedStore, StoreError};
use parlour_testkit::checker::Invariant;
use parlour_testkit::load::Size;
use parlour_testkit::planting::{StoreBug, StoreUnderTest};

use crate::support::{AT_ONCE, BUCKET_EVENTS, Bug, Dice, Nodes, must_be_named};

/// How many answers are lost.
const LOST: f64 = 0.3;
const SENT: u64 = 150;

fn bucket(seq: Seq) -> u64 {
    seq.previous().get() / BUCKET_EVENTS
}

type Named = (ChatId, UserId, EventKey);

/// Looks for a key in the current bucket only. All nodes share the one store in which that is so.
struct CurrentBucketOnly {
    dice: Option<Dice>,
    /// Whether it forgets.
    forgets: bool,
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    places: HashMap<Named, Seq>,
    /// The keys that doubled events have in the store below, and those that they show.
    shown: HashMap<EventKey, EventKey>,
}

impl CurrentBucketOnly {
    fn has_forgotten(&self, chat: ChatId, draft: &Draft, head: Seq) -> bool {
        let keys = self.keys.lock().unwrap();
        let place = keys.places.get(&(chat, draft.author, draft.key));
        self.forgets && place.is_some_and(|seq| bucket(*seq) < bucket(head.next()))
    }

    fn shown(&self, event: &mut Event) {
        if let Some(key) = self.keys.lock().unwrap().shown.get(&event.key) {
            event.key = *key;
        }
    }
}

#[async_trait]
impl StoreBug for CurrentBucketOnly {
    async fn append(&self, store: &SharedStore, chat: ChatId, mut drafts: Vec<Draft>) -> Appended {
        let head = store.head(chat, Seq::ZERO).await.unwrap().unwrap().seq;
        for draft in &mut drafts {
            if self.has_forgotten(chat, draft, head) {
                let below = EventKey::generate(SystemClock::new().now());
                self.keys.lock().unwrap().shown.insert(below, draft.key);
                draft.key = below;
            }
        }
        let mut appended = store.append(chat, drafts).await;
        for outcome in &mut appended.outcomes {
            if let Outcome::Created(event) | Outcome::Existing(event) = outcome {
                self.shown(event);
                let name = (chat, event.author, event.key);
                self.keys.lock().unwrap().places.insert(name, event.seq);
                if self.dice.as_ref().is_some_and(|dice| dice.throw(LOST)) {
                    *outcome = Outcome::Unknown { applied: None };
                }
            }
        }
        appended
    }

    async fn events(
        &self,
        store: &SharedStore,
        chat: ChatId,
        (after, through): (Seq, Seq),
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let mut events = store.events(chat, after, through, limit).await?;
        events.iter_mut().for_each(|event| self.shown(event));
        Ok(events)
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_looked_for_in_the_current_bucket_only() {
    must_be_named(
        "de-duplication in the current bucket only",
        Invariant::E1,
        async |seed, is_planted| {
            let bug = Arc::new(CurrentBucketOnly {
                dice: Some(Dice::new(seed)),
                forgets: is_planted,
                keys: Mutex::default(),
            });
            let nodes = Nodes::start(|_| Bug::of_store(Arc::clone(&bug) as _)).await;
            let mut load = nodes.load(seed, Size::SMALL).await;
            load.start();
            nodes.until_sent(SENT).await;
            // What stands in the log is what this store shows.
            let truth = StoreUnderTest::new(Arc::clone(&nodes.store), bug);
            nodes.judge(load, AT_ONCE, Arc::new(truth)).await
        },
    )
    .await;
}
