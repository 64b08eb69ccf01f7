//! What a folder is to the store: taken by one process, refused with a reason, complete after reopening, and
//! without a trace of what was deleted.

use std::fs;
use std::path::Path;

use parlour_model::{Content, Seq, Visible};
use parlour_store::{Anchor, ChatLog, NotStored, Outcome, StoreError, Views};
use parlour_store_embedded::{EmbeddedStore, OpenError};
use rusqlite::Connection;

use crate::chat::{CHAT, chat, create, draft, edit, message, options, owner, post};

fn refusal(dir: &Path) -> OpenError {
    EmbeddedStore::open(dir, options(4)).unwrap_err()
}

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_has_gone() {
    let dir = tempfile::tempdir().unwrap();
    let first = EmbeddedStore::open(dir.path(), options(4)).unwrap();
    let error = refusal(dir.path());
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("in use by another"), "{error}");
    drop(first);
    let second = EmbeddedStore::open(dir.path(), options(4)).unwrap();
    second.close().await;
    EmbeddedStore::open(dir.path(), options(4)).unwrap();
}

#[tokio::test]
async fn a_closed_store_refuses_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), options(4)).unwrap();
    create(&store).await;
    store.close().await;
    store.close().await;
    let refused = store.append(chat(), vec![draft(message("too late"))]).await;
    let outcome = &refused.outcomes[0];
    let is_refused = matches!(outcome, Outcome::NotStored(NotStored::Unavailable(_)));
    assert!(is_refused, "{outcome:?}");
    let read = store.head(chat(), Seq::ZERO).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
}

#[test]
fn a_folder_that_cannot_be_made_is_refused_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let error = refusal(&file.join("data"));
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
    assert!(
        error.to_string().contains("file/data cannot be written"),
        "{error}"
    );
}

#[test]
fn another_bucket_size_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(EmbeddedStore::open(dir.path(), options(16)).unwrap());
    let error = refusal(dir.path());
    let is_told = matches!(
        error,
        OpenError::BucketEvents {
            stored: 16,
            asked: 4
        }
    );
    assert!(is_told, "{error}");
    EmbeddedStore::open(dir.path(), options(16)).unwrap();
}

#[test]
fn tables_of_a_newer_version_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(EmbeddedStore::open(dir.path(), options(4)).unwrap());
    let conn = Connection::open(dir.path().join("parlour.db")).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let error = refusal(dir.path());
    let is_told = matches!(error, OpenError::Newer { found: 99, .. });
    assert!(is_told, "{error}");
}

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("parlour.db");
    fs::write(
        &file,
        "no database at all, and long enough to be looked at: ".repeat(100),
    )
    .unwrap();
    let error = refusal(dir.path());
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");

    fs::remove_file(&file).unwrap();
    let conn = Connection::open(&file).unwrap();
    conn.execute_batch("CREATE TABLE other (x)").unwrap();
    drop(conn);
    let error = refusal(dir.path());
    assert!(error.to_string().contains("another program"), "{error}");
}

#[tokio::test]
async fn a_deleted_text_is_in_no_file_any_more() {
    const SECRET: &str = "a very secret sentence";
    const CORRECTED: &str = "a corrected secret sentence";
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), options(4)).unwrap();
    create(&store).await;
    // Long enough for pages of its own, which go back to the free list.
    let target = post(&store, message(&SECRET.repeat(500))).await.seq;
    post(&store, edit(target, &CORRECTED.repeat(500))).await;
    post(&store, message("between")).await;
    assert!(found_in_files(dir.path(), SECRET) && found_in_files(dir.path(), CORRECTED));

    post(&store, Content::MessageDeleted { target }).await;
    // An edit that was on its way when the message was deleted.
    let late = post(&store, edit(target, &CORRECTED.repeat(500))).await;
    assert!(late.erased, "{late:?}");
    store.close().await;
    assert!(!found_in_files(dir.path(), SECRET));
    assert!(!found_in_files(dir.path(), CORRECTED));
    let store = EmbeddedStore::open(dir.path(), options(4)).unwrap();
    let log = store
        .events(chat(), Seq::ZERO, Seq::LIMIT, 100)
        .await
        .unwrap();
    assert_eq!(log.iter().filter(|event| event.erased).count(), 3);
}

fn found_in_files(dir: &Path, text: &str) -> bool {
    fs::read_dir(dir).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn a_page_shows_nothing_newer_than_its_readers_rights() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), options(4)).unwrap();
    create(&store).await;
    let target = post(&store, message("first")).await.seq;
    let known = post(&store, edit(target, "second")).await.seq;
    post(&store, edit(target, "third")).await;
    post(&store, Content::PinChanged { target, on: true }).await;
    let visible = Visible {
        after: Seq::ZERO,
        through: known,
    };
    let page = store
        .page(chat(), Anchor::Latest, 10, visible)
        .await
        .unwrap();
    assert_eq!(page.at, known);
    let line = page.messages.last().unwrap();
    let Content::Message { body, .. } = &line.content else {
        panic!("not a message: {line:?}");
    };
    assert_eq!((body.as_text(), line.pinned), (Some("second"), false));
    let alone = store.message(chat(), target, visible).await.unwrap();
    assert_eq!(alone.as_ref(), Some(line));
}

#[tokio::test]
async fn a_hole_in_the_log_is_never_answered_around() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), options(4)).unwrap();
    create(&store).await;
    for _ in 0..4 {
        post(&store, message("a line")).await;
    }
    store.close().await;
    let damage = |seq: u64| {
        let conn = Connection::open(dir.path().join("parlour.db")).unwrap();
        let query = "DELETE FROM lines WHERE chat = ?1 AND seq = ?2";
        assert_eq!(conn.execute(query, [CHAT as i64, seq as i64]).unwrap(), 1);
    };
    for missing in [3, 5] {
        damage(missing);
        let store = EmbeddedStore::open(dir.path(), options(4)).unwrap();
        let read = store.events(chat(), Seq::FIRST, Seq::LIMIT, 100).await;
        assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");
        let sound = store.events(chat(), Seq::ZERO, Seq::new(2), 100).await;
        assert_eq!(sound.unwrap().len(), 2, "what is there is answered");
        let author = store.authority(chat(), owner()).await.unwrap();
        assert!(author.is_some());
        store.close().await;
    }
}

#[tokio::test]
async fn what_it_writes_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let store = EmbeddedStore::open(&dir, options(4)).unwrap();
    create(&store).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for file in std::fs::read_dir(&dir).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
