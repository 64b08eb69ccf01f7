//! Writes that wait become one transaction, answers and readers come after its commit, and a bad write in a group
//! fails alone.

use std::sync::Arc;
use std::sync::mpsc;

use parlour_model::Seq;
use parlour_store::{ChatLog, Outcome, StoreError};
use rusqlite::Connection;
use tokio::task::JoinSet;

use super::{append, chat_id, clock, create, draft, open, text};
use crate::EmbeddedStore;
use crate::failure::Failure;
use crate::writer::Tuning;

/// A store whose commits wait until each is allowed.
struct Gated {
    store: Arc<EmbeddedStore>,
    allow: mpsc::SyncSender<()>,
    /// Tells of each commit that has come to the gate.
    arrived: tokio::sync::mpsc::Receiver<()>,
    _dir: tempfile::TempDir,
}

impl Gated {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (allow, allowed) = mpsc::sync_channel(100);
        let (arrive, arrived) = tokio::sync::mpsc::channel(100);
        let commit = move |conn: &Connection| {
            arrive.blocking_send(()).unwrap();
            allowed.recv().unwrap();
            conn.execute_batch("COMMIT")
        };
        let tuning = Tuning {
            commit: Box::new(commit),
            ..Tuning::default()
        };
        Self {
            store: Arc::new(open(dir.path(), &clock(), tuning)),
            allow,
            arrived,
            _dir: dir,
        }
    }

    /// Waits until `count` writes wait behind the commit at the gate.
    async fn wait_for_queue(&self, count: usize) {
        while self.store.writer.waiting() < count {
            tokio::task::yield_now().await;
        }
    }

    async fn head(&self) -> Option<Seq> {
        let head = self.store.head(chat_id(1), Seq::ZERO).await.unwrap();
        head.map(|head| head.seq)
    }

    fn spawn_append(&self, tasks: &mut JoinSet<Outcome>) {
        let store = Arc::clone(&self.store);
        tasks.spawn(async move { append(&store, chat_id(1), draft(text("hello"))).await });
    }
}

#[tokio::test]
async fn writes_that_wait_are_one_transaction_and_nothing_is_seen_before_it() {
    const WAITING: usize = 300;
    let mut gated = Gated::open();
    gated.allow.send(()).unwrap();
    create(&gated.store, chat_id(1)).await;
    gated.arrived.recv().await.unwrap();

    let mut tasks = JoinSet::new();
    gated.spawn_append(&mut tasks);
    gated.arrived.recv().await.unwrap();
    for _ in 0..WAITING {
        gated.spawn_append(&mut tasks);
    }
    gated.wait_for_queue(WAITING).await;
    assert!(
        tasks.try_join_next().is_none(),
        "an answer before its commit"
    );
    assert_eq!(gated.head().await, Some(Seq::FIRST));

    gated.allow.send(()).unwrap();
    gated.arrived.recv().await.unwrap();
    assert_eq!(gated.head().await, Some(Seq::new(2)));
    gated.allow.send(()).unwrap();
    let outcomes = tasks.join_all().await;
    assert!(outcomes.iter().all(|o| matches!(o, Outcome::Created(_))));
    assert_eq!(gated.head().await, Some(Seq::new(2 + WAITING as u64)));
    assert!(gated.arrived.try_recv().is_err(), "more than three commits");
}

#[tokio::test]
async fn a_bad_write_in_a_group_fails_alone() {
    let mut gated = Gated::open();
    gated.allow.send(()).unwrap();
    create(&gated.store, chat_id(1)).await;
    gated.arrived.recv().await.unwrap();

    let mut good = JoinSet::new();
    gated.spawn_append(&mut good);
    gated.arrived.recv().await.unwrap();
    gated.spawn_append(&mut good);
    gated.wait_for_queue(1).await;
    let store = Arc::clone(&gated.store);
    let mut bad = JoinSet::new();
    bad.spawn(async move { store.write(write_and_fail).await });
    gated.wait_for_queue(2).await;
    gated.spawn_append(&mut good);
    gated.wait_for_queue(3).await;
    for _ in 0..2 {
        gated.allow.send(()).unwrap();
    }

    let failed = bad.join_next().await.unwrap().unwrap();
    assert!(
        matches!(failed, Err(StoreError::Unavailable(_))),
        "{failed:?}"
    );
    let outcomes = good.join_all().await;
    assert!(outcomes.iter().all(|o| matches!(o, Outcome::Created(_))));
    assert_eq!(gated.head().await, Some(Seq::new(4)));
    let owner = gated.store.read(left_behind).await.unwrap();
    assert_eq!(
        owner, 0,
        "what the bad write did before it failed is undone"
    );
    gated
        .store
        .events(chat_id(1), Seq::ZERO, Seq::LIMIT, 10)
        .await
        .unwrap();
}

/// Appends to the log and then violates a constraint.
fn write_and_fail(writing: &mut crate::Writing<'_>) -> Result<(), Failure> {
    let entry = crate::append::Entry::new(draft(text("never seen")));
    crate::append::append(writing, chat_id(1), vec![entry])?;
    writing
        .conn
        .execute("INSERT INTO settings VALUES ('left behind', 1)", ())?;
    writing
        .conn
        .execute("INSERT INTO settings VALUES ('left behind', 1)", ())?;
    Ok(())
}

fn left_behind(conn: &Connection) -> Result<i64, Failure> {
    let query = "SELECT count(*) FROM settings WHERE name = 'left behind'";
    Ok(conn.query_row(query, (), |row| row.get(0))?)
}
