//! What the store says when its medium fails, and what it does afterwards.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex};

use parlour_model::{ManualClock, Seq};
use parlour_store::{ChatLog, NotStored, Outcome, StoreError};
use rusqlite::{Connection, ffi};

use super::{append, chat_id, clock, create, draft, open, say, text};
use crate::EmbeddedStore;
use crate::health::PROBE_EVERY;
use crate::writer::Tuning;

/// A store whose commits fail with the code in `fail`, unless it is zero.
struct Failing {
    store: EmbeddedStore,
    clock: Arc<ManualClock>,
    fail: Arc<AtomicI32>,
    dir: tempfile::TempDir,
}

impl Failing {
    /// `applies`: whether a commit that fails has reached the file all the same.
    async fn open(applies: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let fail = Arc::new(AtomicI32::new(0));
        let code = Arc::clone(&fail);
        let commit = move |conn: &Connection| match code.load(Ordering::SeqCst) {
            0 => conn.execute_batch("COMMIT"),
            code => {
                conn.execute_batch(if applies { "COMMIT" } else { "ROLLBACK" })?;
                Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
            }
        };
        let tuning = Tuning {
            commit: Box::new(commit),
            ..Tuning::default()
        };
        let clock = clock();
        let store = open(dir.path(), &clock, tuning);
        create(&store, chat_id(1)).await;
        Self {
            store,
            clock,
            fail,
            dir,
        }
    }

    fn fail(&self, code: i32) {
        self.fail.store(code, Ordering::SeqCst);
    }

    async fn head(&self) -> Seq {
        let head = self.store.head(chat_id(1), Seq::ZERO).await.unwrap();
        head.unwrap().seq
    }
}

fn is_read_only(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::NotStored(NotStored::ReadOnly(_)))
}

#[tokio::test]
async fn without_room_the_store_is_read_only_until_a_later_try_succeeds() {
    let failing = Failing::open(false).await;
    let first = draft(text("does not fit"));
    failing.fail(ffi::SQLITE_FULL);
    let refused = append(&failing.store, chat_id(1), first.clone()).await;
    assert!(is_read_only(&refused), "{refused:?}");
    assert_eq!(failing.head().await, Seq::FIRST, "reads go on");

    failing.fail(0);
    let refused = append(&failing.store, chat_id(1), first.clone()).await;
    assert!(
        is_read_only(&refused),
        "no try before the pause is over: {refused:?}"
    );
    failing.clock.advance(PROBE_EVERY);
    let stored = append(&failing.store, chat_id(1), first).await;
    assert!(matches!(stored, Outcome::Created(_)), "{stored:?}");
    say(&failing.store, chat_id(1), "well again").await;
}

#[tokio::test]
async fn a_commit_that_may_have_happened_is_unknown_and_its_retry_is_sure() {
    let failing = Failing::open(true).await;
    let doubtful = draft(text("perhaps"));
    failing.fail(ffi::SQLITE_IOERR_WRITE);
    let unknown = append(&failing.store, chat_id(1), doubtful.clone()).await;
    assert_eq!(unknown, Outcome::Unknown { applied: None });

    failing.fail(0);
    failing.clock.advance(PROBE_EVERY);
    let retried = append(&failing.store, chat_id(1), doubtful).await;
    assert!(matches!(retried, Outcome::Existing(_)), "{retried:?}");
    assert_eq!(failing.head().await, Seq::new(2));
}

#[tokio::test]
async fn after_an_fsync_error_nothing_is_acknowledged_any_more() {
    let failing = Failing::open(true).await;
    failing.fail(ffi::SQLITE_IOERR_FSYNC);
    let unknown = append(&failing.store, chat_id(1), draft(text("perhaps"))).await;
    assert_eq!(unknown, Outcome::Unknown { applied: None });
    assert!(failing.store.failed().await.contains("fsync"));

    failing.fail(0);
    failing.clock.advance(PROBE_EVERY);
    let refused = append(&failing.store, chat_id(1), draft(text("too late"))).await;
    let is_refused = matches!(refused, Outcome::NotStored(NotStored::Unavailable(_)));
    assert!(is_refused, "{refused:?}");
    let read = failing.store.head(chat_id(1), Seq::ZERO).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");

    // The next process starts from what is really there.
    failing.store.close().await;
    let store = open(failing.dir.path(), &failing.clock, Tuning::default());
    say(&store, chat_id(1), "in the next process").await;
}

#[tokio::test]
async fn a_full_file_keeps_all_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let tuning = Tuning {
        pages_max: Some(80),
        ..Tuning::default()
    };
    let store = open(dir.path(), &clock, tuning);
    create(&store, chat_id(1)).await;
    let mut acknowledged = 1;
    let refused = loop {
        match append(&store, chat_id(1), draft(text(&"x".repeat(1_000)))).await {
            Outcome::Created(_) => acknowledged += 1,
            other => break other,
        }
    };
    assert!(is_read_only(&refused), "{refused:?}");
    assert!(acknowledged > 10);
    let log = store
        .events(chat_id(1), Seq::ZERO, Seq::LIMIT, 10_000)
        .await
        .unwrap();
    assert_eq!(log.len(), acknowledged);

    store.close().await;
    let store = open(dir.path(), &clock, Tuning::default());
    let event = say(&store, chat_id(1), "with room again").await;
    assert_eq!(event.seq, Seq::new(acknowledged as u64 + 1));
}

#[tokio::test]
async fn a_panic_of_the_writer_ends_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let is_time = Arc::new(Mutex::new(false));
    let now = Arc::clone(&is_time);
    let commit = move |conn: &Connection| {
        assert!(!*now.lock().unwrap(), "the panic of this test");
        conn.execute_batch("COMMIT")
    };
    let tuning = Tuning {
        commit: Box::new(commit),
        ..Tuning::default()
    };
    let store = open(dir.path(), &clock(), tuning);
    create(&store, chat_id(1)).await;
    *is_time.lock().unwrap() = true;
    let outcome = append(&store, chat_id(1), draft(text("perhaps"))).await;
    assert_eq!(outcome, Outcome::Unknown { applied: None });
    assert!(store.failed().await.contains("panicked"));
}

#[tokio::test]
async fn a_read_that_panics_does_not_cost_a_connection() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &clock(), Tuning::default());
    create(&store, chat_id(1)).await;
    let lost = store
        .read::<(), _>(|_| panic!("the panic of this test"))
        .await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    assert!(store.head(chat_id(1), Seq::ZERO).await.unwrap().is_some());
}
