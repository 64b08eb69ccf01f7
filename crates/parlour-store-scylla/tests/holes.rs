//! A log with a row missing is never answered around.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::sync::Arc;

use fixture::chat::Chat;
use fixture::raw::Raw;
use parlour_model::{ManualClock, Seq};
use parlour_store::{ChatLog, StoreError};

async fn chat_of_ten(host: &str) -> Chat {
    let connection = fixture::connection(host).await;
    let clock = Arc::new(ManualClock::new(fixture::START));
    let store = Arc::new(fixture::open(&connection, 1, &clock).await);
    let chat = Chat::create(store, clock).await;
    chat.fill(9, 0).await;
    chat
}

async fn delete(raw: &Raw, chat: &Chat, seq: u64) {
    let (keyspace, bucket) = (fixture::keyspace(), (seq - 1) / 4);
    let text = format!(
        "DELETE FROM {keyspace}.log WHERE chat_id = {} AND bucket = {bucket} AND kind = 0 AND pos = {seq} \
         AND author = 0 AND key = 00000000-0000-0000-0000-000000000000 IF EXISTS",
        chat.id.get()
    );
    raw.run(&text).await;
}

#[tokio::test]
async fn a_missing_row_is_corrupt_and_never_skipped() {
    let Some(host) = fixture::host() else { return };
    let raw = Raw::connect(&host).await;
    // The first of a bucket, one in the middle, the last of a bucket, and the head.
    for missing in [5, 6, 8, 10] {
        let chat = chat_of_ten(&host).await;
        let log = chat.log().await;
        delete(&raw, &chat, missing).await;
        let events = async |after, through, limit| {
            let range = (Seq::new(after), Seq::new(through));
            chat.store.events(chat.id, range.0, range.1, limit).await
        };
        for (after, through) in [(0, 10), (0, missing), (missing - 1, 10), (0, 1 << 40)] {
            let error = events(after, through, 100).await.unwrap_err();
            let StoreError::Corrupt(reason) = error else {
                panic!("{error}");
            };
            assert!(reason.contains(&format!("event {missing} ")), "{reason}");
        }
        // Around it everything is there.
        let before = usize::try_from(missing).unwrap() - 1;
        assert_eq!(events(0, missing - 1, 100).await.unwrap(), log[..before]);
        assert_eq!(events(0, 10, before).await.unwrap(), log[..before]);
        assert_eq!(events(missing, 10, 100).await.unwrap(), log[before + 1..]);
        let found = chat.store.seq_of(chat.id, log[before].id).await;
        assert!(matches!(found, Err(StoreError::Corrupt(_))), "{found:?}");
    }
}

#[tokio::test]
async fn a_row_without_its_columns_is_missing() {
    let Some(host) = fixture::host() else { return };
    let raw = Raw::connect(&host).await;
    let chat = chat_of_ten(&host).await;
    delete(&raw, &chat, 7).await;
    // What an erasure would leave if it met an absent row.
    let text = format!(
        "UPDATE {}.log SET erased = true WHERE chat_id = {} AND bucket = 1 AND kind = 0 AND pos = 7 \
         AND author = 0 AND key = 00000000-0000-0000-0000-000000000000 IF content = NULL",
        fixture::keyspace(),
        chat.id.get()
    );
    raw.run(&text).await;
    let events = chat.store.events(chat.id, Seq::ZERO, Seq::LIMIT, 100).await;
    assert!(matches!(events, Err(StoreError::Corrupt(_))), "{events:?}");
}
