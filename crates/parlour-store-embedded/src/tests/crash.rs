//! A crash at any byte of the log file leaves a prefix of the commits, and in it all that was acknowledged.

use std::collections::BTreeSet;
use std::path::Path;

use parlour_model::{Content, Event, EventId, ManualClock, Seq};
use parlour_store::{ChatLog, Lookup, Outcome, Views};
use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};
use proptest::test_runner::TestCaseError;

use super::{append, chat_id, clock, create, draft, open, text, user};
use crate::EmbeddedStore;
use crate::open::FILE;
use crate::writer::Tuning;

const CHATS: u64 = 3;
const LOG: &str = "parlour.db-wal";

/// A history, with the two files as they were at its end.
struct History {
    main: Vec<u8>,
    log: Vec<u8>,
    /// Each event in commit order, with the length of the log file when it was acknowledged.
    acknowledged: Vec<(Event, usize)>,
}

impl History {
    /// Messages with edits and deletions among them, all in one stretch of the log file.
    async fn record() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = clock();
        let tuning = Tuning {
            checkpoint_rows: u64::MAX,
            ..Tuning::default()
        };
        let store = open(dir.path(), &clock, tuning);
        let mut acknowledged = Vec::new();
        let log_len = || std::fs::metadata(dir.path().join(LOG)).unwrap().len() as usize;
        for number in 1..=CHATS {
            acknowledged.push((create(&store, chat_id(number)).await, log_len()));
        }
        for step in 0..60 {
            let draft = draft(content(step));
            match append(&store, chat_id(step % CHATS + 1), draft).await {
                Outcome::Created(event) => acknowledged.push((event, log_len())),
                other => panic!("not created: {other:?}"),
            }
        }
        let read = |file: &str| std::fs::read(dir.path().join(file)).unwrap();
        Self {
            main: read(FILE),
            log: read(LOG),
            acknowledged,
        }
    }

    /// Opens what a crash leaves that wrote the log file up to `cut` and rubbish after it; checks all promises.
    async fn check(&self, cut: usize, rubbish: &[u8]) -> Result<(), TestCaseError> {
        let dir = tempfile::tempdir().unwrap();
        let mut log = self.log[..cut].to_vec();
        log.extend_from_slice(rubbish);
        std::fs::write(dir.path().join(FILE), &self.main).unwrap();
        std::fs::write(dir.path().join(LOG), log).unwrap();
        let clock = clock();
        let ids = self.survivors(dir.path(), &clock).await?;
        let in_order: Vec<EventId> = self
            .acknowledged
            .iter()
            .map(|(event, _)| event.id)
            .collect();
        prop_assert!(
            ids.iter().eq(&in_order[..ids.len()]),
            "the survivors are a prefix in commit order"
        );
        let owed = self
            .acknowledged
            .iter()
            .filter(|(_, end)| *end <= cut)
            .count();
        prop_assert!(
            ids.len() >= owed,
            "{} of {owed} acknowledged survive",
            ids.len()
        );
        Ok(())
    }

    /// The ids of all events in the folder, by rising id, which is commit order.
    async fn survivors(
        &self,
        dir: &Path,
        clock: &std::sync::Arc<ManualClock>,
    ) -> Result<BTreeSet<EventId>, TestCaseError> {
        let store = open(dir, clock, Tuning::default());
        let mut ids = BTreeSet::new();
        for number in 1..=CHATS {
            let chat = chat_id(number);
            let log = store
                .events(chat, Seq::ZERO, Seq::LIMIT, 1_000)
                .await
                .unwrap();
            ids.extend(log.iter().map(|event| event.id));
            if let Some(authority) = store.authority(chat, user(1)).await.unwrap() {
                prop_assert!(
                    authority.member.is_some(),
                    "the projection belongs to the log"
                );
            }
        }
        for (event, _) in &self.acknowledged {
            let is_known = is_known(&store, event).await;
            prop_assert!(is_known == ids.contains(&event.id), "key and event are one");
        }
        Ok(ids)
    }
}

async fn is_known(store: &EmbeddedStore, event: &Event) -> bool {
    let found = store
        .find(event.chat, event.author, event.key, Seq::ZERO)
        .await;
    match found.unwrap() {
        Lookup::Found(found) => found.id == event.id,
        Lookup::Absent => false,
        Lookup::Cancelled => panic!("nobody cancelled {event:?}"),
    }
}

fn content(step: u64) -> Content {
    match step % 10 {
        7 => Content::MessageEdited {
            target: Seq::new(2),
            body: parlour_model::Body::text("edited"),
        },
        9 => Content::MessageDeleted {
            target: Seq::new(2),
        },
        _ => text(&"x".repeat(step as usize * 40)),
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_crash_at_any_byte_leaves_a_prefix_with_all_that_was_acknowledged() {
    let history = block_on(History::record());
    // At each acknowledgement, one byte before it, and anywhere.
    for (_, end) in &history.acknowledged {
        block_on(history.check(*end, &[])).unwrap();
        block_on(history.check(end - 1, &[])).unwrap();
    }
    let length = history.log.len();
    proptest!(ProptestConfig::with_cases(100), |(cut in 0..=length, rubbish in any::<[u8; 32]>())| {
        block_on(history.check(cut, &[]))?;
        block_on(history.check(cut, &rubbish))?;
    });
}
