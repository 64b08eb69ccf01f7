//! Both stores keep the same promises; the one with a file keeps them over a restart.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]

use std::sync::Arc;

use parlour_client::{
    Batch, LocalStore, MemoryStore, Operation, Outgoing, Progress, SavedSession, SqliteStore,
};
use parlour_model::{Body, ChatId, EventKey, Seq, SessionId, Timestamp, UserId};
use parlour_protocol::{Secret, WireEvent};

fn chat(number: u64) -> ChatId {
    ChatId::new(number).unwrap()
}

fn event(chat_number: u64, seq: u64) -> Arc<WireEvent> {
    let json = serde_json::json!({
        "chat": chat_number.to_string(),
        "seq": seq,
        "id": (1_000 + seq).to_string(),
        "author": "2",
        "kind": "message",
        "body": Body::text("hello"),
        "sent_at": 1_800_000_000_000_u64,
    });
    Arc::new(serde_json::from_value(json).unwrap())
}

fn outgoing(order: u64) -> Outgoing {
    let key = EventKey::generate(Timestamp::from_millis(1_800_000_000_000));
    Outgoing {
        order,
        chat: chat(9),
        key,
        first_key: key,
        operation: Operation::Send {
            body: Body::text("hello"),
            reply_to: Some(Seq::new(3)),
        },
        applied: Some(Seq::new(4)),
        uncertain: true,
        cancelled: false,
        held_back: false,
    }
}

fn full_batch() -> Batch {
    let progress = Progress {
        applied: Seq::new(3),
        others: Seq::new(2),
        unseen: Seq::new(1),
        read: Seq::new(2),
    };
    Batch {
        session: Some(SavedSession {
            user: UserId::new(1).unwrap(),
            session: SessionId::new(7).unwrap(),
            access_token: Secret::new("access"),
            expires_at: Timestamp::from_millis(1_800_000_000_000),
            refresh_token: Secret::new("refresh"),
        }),
        events: (1..=3).map(|seq| event(9, seq)).collect(),
        chats: [(chat(9), Some(progress))].into(),
        outbox: [(1, Some(outgoing(1))), (2, Some(outgoing(2)))].into(),
        ..Batch::default()
    }
}

async fn seqs(store: &dyn LocalStore, before: Option<u64>, limit: usize) -> Vec<u64> {
    let events = store.events(chat(9), before.map(Seq::new), limit).await;
    let events = events.unwrap();
    events.iter().map(|event| event.seq.get()).collect()
}

async fn keeps_its_promises(store: &dyn LocalStore) {
    assert_eq!(store.load().await.unwrap(), Default::default());
    let batch = full_batch();
    store.commit(batch.clone()).await.unwrap();
    let saved = store.load().await.unwrap();
    assert_eq!(saved.session, batch.session);
    assert_eq!(saved.chats[&chat(9)], batch.chats[&chat(9)].unwrap());
    let kept: Vec<_> = batch.outbox.into_values().flatten().collect();
    assert_eq!(saved.outbox, kept);
    assert_eq!(seqs(store, None, 2).await, [2, 3]);
    assert_eq!(seqs(store, Some(3), 10).await, [1, 2]);
    assert_eq!(
        *store.events(chat(9), None, 1).await.unwrap()[0],
        *event(9, 3)
    );

    // Dropped first, then the new events: what `too_long` needs.
    let mut next = Batch::default();
    next.drop_events(chat(9));
    next.events.push(event(9, 51));
    next.outbox.insert(1, None);
    store.commit(next).await.unwrap();
    assert_eq!(seqs(store, None, 10).await, [51]);
    let saved = store.load().await.unwrap();
    assert_eq!(saved.outbox.len(), 1);
    assert_eq!(saved.outbox[0].order, 2);

    let left = Batch {
        chats: [(chat(9), None)].into(),
        ..Batch::default()
    };
    store.commit(left).await.unwrap();
    assert!(store.load().await.unwrap().chats.is_empty());

    let wipe = Batch {
        wipe: true,
        ..Batch::default()
    };
    store.commit(wipe).await.unwrap();
    assert_eq!(store.load().await.unwrap(), Default::default());
    assert!(seqs(store, None, 10).await.is_empty());
}

#[tokio::test]
async fn the_memory_store_keeps_its_promises() {
    keeps_its_promises(&MemoryStore::default()).await;
}

#[tokio::test]
async fn the_sqlite_store_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("client.db")).unwrap();
    keeps_its_promises(&store).await;
}

#[tokio::test]
async fn the_memory_store_forgets_the_oldest_events_of_a_chat() {
    let store = MemoryStore::new(2);
    store.commit(full_batch()).await.unwrap();
    assert_eq!(seqs(&store, None, 10).await, [2, 3]);
}

#[tokio::test]
async fn the_sqlite_store_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client.db");
    let batch = full_batch();
    let store = SqliteStore::open(&file).unwrap();
    store.commit(batch.clone()).await.unwrap();
    drop(store);
    let store = SqliteStore::open(&file).unwrap();
    let saved = store.load().await.unwrap();
    assert_eq!(saved.session, batch.session);
    assert_eq!(saved.outbox.len(), 2);
    assert_eq!(seqs(&store, None, 10).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_batch_that_cannot_be_kept_whole_is_not_kept_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("client.db")).unwrap();
    store.commit(full_batch()).await.unwrap();
    let moved = Progress {
        applied: Seq::new(4),
        ..Progress::default()
    };
    let twice = Batch {
        events: vec![event(9, 4), event(9, 3)],
        chats: [(chat(9), Some(moved))].into(),
        ..Batch::default()
    };
    assert!(store.commit(twice).await.is_err(), "seq 3 is there already");
    assert_eq!(seqs(&store, None, 10).await, [1, 2, 3]);
    let saved = store.load().await.unwrap();
    assert_eq!(saved.chats[&chat(9)].applied, Seq::new(3));
}

#[tokio::test]
async fn a_file_has_one_client_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client.db");
    let first = SqliteStore::open(&file).unwrap();
    let second = SqliteStore::open(&file);
    assert!(second.unwrap_err().to_string().contains("locked"));
    first.load().await.unwrap();
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client.db");
    let later = rusqlite::Connection::open(&file).unwrap();
    later.pragma_update(None, "user_version", 99).unwrap();
    drop(later);
    let error = SqliteStore::open(&file).unwrap_err();
    assert!(error.to_string().contains("version 99"));
}
