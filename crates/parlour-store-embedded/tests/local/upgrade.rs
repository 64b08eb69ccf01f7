//! A folder that an older Parlour wrote is brought to the present tables, with everything in it.

use std::path::Path;

use parlour_model::{AppData, ChosenStatus, Content, Privacy, Seq, Timestamp, UserName};
use parlour_store::{Accounts, ChatLog, LastKnown, Outcome, ProfileChange, Reports, Views};
use parlour_store_embedded::EmbeddedStore;
use rusqlite::Connection;
use serde_json::json;

use crate::chat::{chat, draft, options, owner};

/// A user and a chat as version 1 stored them, the content of the creation among them.
const VERSION_1: &str = r#"
    PRAGMA application_id = 1349676146;
    PRAGMA user_version = 1;
    INSERT INTO settings VALUES ('bucket_events', 4);
    INSERT INTO users VALUES (1, 'ann', 'Ann', NULL, 5, 6, '$argon2id$x');
    INSERT INTO claims VALUES ('user_name', 'ann', 1, NULL);
    INSERT INTO last_known VALUES (1, 2, 77);
    INSERT INTO heads VALUES (7, 1, 9, 0, 0, 1, 1);
    INSERT INTO chats VALUES (7, 1, 5, 'Old', 1, 0, 1, 5, 1);
    INSERT INTO members VALUES (7, 1, 2, 1, 1, 1, 1, 0, 5, 0);
    INSERT INTO lines VALUES (7, 1, 9, 1, x'019b76da000070008000000000000001', 5, 0, 0, 0,
        '{"kind":"chat_created","chat_type":"group","title":"Old","history":"all",
          "users":[{"user":"1","role":"owner"}]}');
"#;

fn write_version_1(dir: &Path) {
    let conn = Connection::open(dir.join("parlour.db")).unwrap();
    conn.execute_batch(include_str!("../../schema/001.sql"))
        .unwrap();
    conn.execute_batch(VERSION_1).unwrap();
}

fn data() -> AppData {
    AppData::from_value(json!({"new": true})).unwrap()
}

#[tokio::test]
async fn a_folder_of_the_first_version_is_brought_forward_whole() {
    let dir = tempfile::tempdir().unwrap();
    write_version_1(dir.path());
    let store = EmbeddedStore::open(dir.path(), options(4)).unwrap();
    let ann = UserName::new("ann").unwrap();
    let user = store.user_by_name(&ann).await.unwrap().unwrap();
    assert_eq!((user.id, user.data), (owner(), AppData::default()));
    let known = store.last_known(&[owner()]).await.unwrap();
    let expected = LastKnown {
        last_seen: Some(Timestamp::from_millis(77)),
        status: ChosenStatus::Busy,
        privacy: Privacy::default(),
    };
    assert_eq!(known, [expected]);
    let before = store.authority(chat(), owner()).await.unwrap().unwrap();
    assert_eq!(before.chat.title.unwrap().as_str(), "Old");
    assert!(before.chat.data.is_empty());
    let events = store.events(chat(), Seq::ZERO, Seq::LIMIT, 10).await;
    let Content::ChatCreated { data, .. } = &events.unwrap()[0].content else {
        panic!("seq 1 is a creation");
    };
    assert!(data.is_empty());
    assert!(store.reports(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_folder_that_was_brought_forward_takes_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    write_version_1(dir.path());
    for _ in 0..2 {
        let store = EmbeddedStore::open(dir.path(), options(4)).unwrap();
        let change = ProfileChange {
            data: Some(data()),
            ..ProfileChange::default()
        };
        assert_eq!(
            store.update_user(owner(), change).await.unwrap().data,
            data()
        );
        let change = Content::ChatChanged {
            title: None,
            history: None,
            data: Some(data()),
        };
        let appended = store.append(chat(), vec![draft(change)]).await;
        assert!(matches!(appended.outcomes[0], Outcome::Created(_)));
        let after = store.authority(chat(), owner()).await.unwrap().unwrap();
        assert_eq!(after.chat.data, data());
        store.close().await;
    }
}
