//! The same key twice in one batch, straight at the log: the queue above it lets that happen to nobody, so no client
//! can show it. The writer here packs whatever waits, retries included.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use parlour_model::{
    AppData, Body, ChatId, ChatType, Clock, Content, Draft, Epoch, Event, EventKey,
    HistoryVisibility, IdGenerator, NewMember, NodeNumber, Role, Seq, SystemClock, Timestamp,
    UserId,
};
use parlour_store::{Appended, NewChat, Outcome, SharedStore, StoreError};
use parlour_store_embedded::{EmbeddedStore, Options};
use parlour_testkit::checker::{Invariant, Violation, check};
use parlour_testkit::history::{Answer, DeviceId, Digest, Recorder, What};
use parlour_testkit::planting::{NoBug, StoreBug, StoreUnderTest};
use parlour_testkit::truth::{ChatTruth, Logged, Truth};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::{BUCKET_EVENTS, must_be_named};

const BATCHES: u64 = 20;

/// Holds every condition of a batch against the state before it: the same key twice is two events.
#[derive(Default)]
struct TwiceInOneBatch {
    /// The keys that doubled events have in the log below, and those that they show.
    shown: Mutex<HashMap<EventKey, EventKey>>,
}

impl TwiceInOneBatch {
    fn show(&self, event: &mut Event) {
        if let Some(key) = self.shown.lock().unwrap().get(&event.key) {
            event.key = *key;
        }
    }
}

#[async_trait]
impl StoreBug for TwiceInOneBatch {
    async fn append(&self, store: &SharedStore, chat: ChatId, mut drafts: Vec<Draft>) -> Appended {
        let mut in_this_batch = HashSet::new();
        for draft in &mut drafts {
            if !in_this_batch.insert(draft.key) {
                let below = EventKey::generate(SystemClock::new().now());
                self.shown.lock().unwrap().insert(below, draft.key);
                draft.key = below;
            }
        }
        let mut appended = store.append(chat, drafts).await;
        for outcome in &mut appended.outcomes {
            if let Outcome::Created(event) = outcome {
                self.show(event);
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
        events.iter_mut().for_each(|event| self.show(event));
        Ok(events)
    }
}

fn author() -> UserId {
    UserId::new(7).unwrap()
}

async fn new_chat(store: &SharedStore) -> (ChatId, Epoch) {
    let chat = ChatId::new(70).unwrap();
    let users = vec![NewMember {
        user: author(),
        role: Role::Owner,
    }];
    let created = NewChat {
        id: chat,
        creator: author(),
        key: EventKey::generate(SystemClock::new().now()),
        content: Content::ChatCreated {
            chat_type: ChatType::Group,
            title: None,
            history: HistoryVisibility::All,
            data: AppData::default(),
            users,
        },
    };
    store.create(created).await.unwrap();
    let head = store.head(chat, Seq::ZERO).await.unwrap().unwrap();
    (chat, head.epoch)
}

/// Writes batches with retries in them, and records what was asked and answered.
async fn write_batches(store: &SharedStore, seed: u64) -> (Recorder, ChatId) {
    let (recorder, mut rng) = (Recorder::default(), StdRng::seed_from_u64(seed));
    let (chat, epoch) = new_chat(store).await;
    let record = |what| recorder.record(DeviceId(0), author(), what);
    for batch in 0..BATCHES {
        let mut drafts: Vec<Draft> = Vec::new();
        for line in 0..rng.random_range(1..5) {
            let retried = drafts.last().filter(|_| rng.random_bool(0.3)).cloned();
            drafts.push(retried.unwrap_or_else(|| {
                let key = EventKey::generate(SystemClock::new().now());
                let body = Body::text(format!("{batch}.{line}"));
                let reply_to = None;
                Draft::new(author(), key, epoch, Content::Message { body, reply_to })
            }));
        }
        for Draft { key, content, .. } in &drafts {
            let (key, digest) = (*key, Digest::of(content));
            record(What::Called { chat, key, digest });
        }
        let keys: Vec<EventKey> = drafts.iter().map(|draft| draft.key).collect();
        let appended = store.append(chat, drafts).await;
        for (key, outcome) in keys.into_iter().zip(appended.outcomes) {
            let (Outcome::Created(event) | Outcome::Existing(event)) = outcome else {
                panic!("{outcome:?}");
            };
            let (seq, id) = (event.seq, event.id);
            let answer = Answer::Sent { seq, id };
            record(What::Answered { chat, key, answer });
        }
    }
    (recorder, chat)
}

async fn judged(bug: Arc<dyn StoreBug>, seed: u64) -> Vec<Violation> {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids = IdGenerator::new(NodeNumber::ZERO, Arc::clone(&clock), Timestamp::default());
    let options = Options {
        clock,
        ids: Arc::new(ids),
        bucket_events: BUCKET_EVENTS,
        readers: 1,
    };
    let embedded = Arc::new(EmbeddedStore::open(folder.path(), options).unwrap());
    let store: SharedStore = Arc::new(StoreUnderTest::new(Arc::clone(&embedded) as _, bug));
    let (recorder, chat) = write_batches(&store, seed).await;
    let events = store.events(chat, Seq::ZERO, Seq::LIMIT.previous(), 1_000);
    let events: Vec<Logged> = events.await.unwrap().iter().map(Logged::from).collect();
    let head = events.last().unwrap().seq;
    let members = BTreeMap::new();
    let state = ChatTruth {
        head,
        events,
        members,
    };
    let chats = BTreeMap::from([(chat, state)]);
    embedded.close().await;
    check(&recorder.history(), &Truth { chats })
}

#[tokio::test]
async fn the_same_key_twice_in_one_batch() {
    must_be_named(
        "same key twice in one batch",
        Invariant::E1,
        async |seed, is_planted| {
            let bug: Arc<dyn StoreBug> = if is_planted {
                Arc::new(TwiceInOneBatch::default())
            } else {
                Arc::new(NoBug)
            };
            judged(bug, seed).await
        },
    )
    .await;
}
