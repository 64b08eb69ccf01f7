//! What was acknowledged is there after the store was closed and opened again.

use std::time::Duration;

use parlour_model::{
    AppData, Audience, Body, Clock, Content, Emoji, Mark, Message, Privacy, Seq, Visible,
};
use serde_json::json;

use super::Fixture;
use super::people::{new_prefix, register, unborn};
use super::room::{Room, created, existing, message, new_user, random_number};
use super::{keyring, reports, sessions};
use crate::{Anchor, ClaimSpace, Creation, KeyPurpose, Lookup, NewChat, Outcome, Rotation};

/// The log is as it was, and goes on: without a hole, with rising ids, though the clock was set back.
pub async fn a_log_goes_on_after_reopening(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    room.fill(10).await;
    room.remove(room.others[0]).await;
    let before = room.log().await;
    room.clock
        .set(room.clock.now().minus(Duration::from_secs(3_600)));
    let Some(room) = reopen(fixture, room).await else {
        return;
    };
    assert_eq!(room.log().await, before);
    room.fill(5).await;
    let stale = room.draft_at(parlour_model::Epoch::ZERO, room.owner, message("stale"));
    assert_eq!(room.try_append(stale).await, Outcome::RightsChanged);
    assert_eq!(room.log().await[..before.len()], before);
}

/// Keys are remembered: used, cancelled, and that of the creation.
pub async fn keys_are_remembered_after_reopening(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let (said, regretted) = (
        room.draft(room.owner, message("said")).await,
        room.draft(room.owner, message("regretted")).await,
    );
    let event = created(room.try_append(said.clone()).await);
    room.store
        .cancel(room.chat, room.owner, regretted.key)
        .await
        .expect("cancel");
    room.fill(7).await;
    let Some(room) = reopen(fixture, room).await else {
        return;
    };
    assert_eq!(existing(room.try_append(said.clone()).await), event);
    assert_eq!(room.try_append(regretted.clone()).await, Outcome::Cancelled);
    let found = room
        .store
        .find(room.chat, room.owner, said.key, Seq::ZERO)
        .await
        .expect("find");
    assert_eq!(found, Lookup::Found(event));
    let first = room.log().await.remove(0);
    let again = NewChat {
        id: room.chat,
        creator: room.owner,
        key: first.key,
        content: first.content.clone(),
    };
    let creation = room.store.create(again).await.expect("create");
    assert_eq!(creation, Creation::Existing(first));
}

/// Members, the chat's row, messages in their current state and marks are as they were.
pub async fn the_tables_are_kept_after_reopening(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 3).await;
    let said = room.fill(6).await;
    let emoji = Emoji::new("👍").expect("an emoji");
    let changes = [
        Content::MessageEdited {
            target: said[0].seq,
            body: Body::text("edited"),
        },
        Content::ReactionChanged {
            target: said[1].seq,
            emoji,
            on: true,
        },
        Content::MessageDeleted {
            target: said[2].seq,
        },
        Content::MemberRemoved {
            user: room.others[0],
        },
    ];
    for content in changes {
        room.post(room.owner, content).await;
    }
    room.store
        .raise(room.others[1], room.chat, Mark::Read(Seq::new(5)))
        .await
        .expect("raise");
    let before = everything(&room).await;
    let Some(room) = reopen(fixture, room).await else {
        return;
    };
    assert_eq!(everything(&room).await, before);
}

/// Users, their names, passwords and times are as they were.
pub async fn users_are_kept_after_reopening(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let name = new_prefix();
    let user = register(&store, unborn(fixture, &name, "Kept")).await;
    let pair = format!("pair-{}", random_number());
    store
        .claim(ClaimSpace::DirectPair, &pair, 7, None)
        .await
        .expect("claim");
    store
        .set_last_seen(user.id, now)
        .await
        .expect("set_last_seen");
    let password = store.password_hash(user.id).await.expect("password_hash");
    drop(store);
    if !fixture.reopen().await {
        return;
    }
    let store = fixture.store();
    assert_eq!(
        store.user(user.id).await.expect("user").as_ref(),
        Some(&user)
    );
    let found = store
        .search_users(&name, None, 5)
        .await
        .expect("search_users");
    assert_eq!(found, std::slice::from_ref(&user));
    assert_eq!(
        store.password_hash(user.id).await.expect("password_hash"),
        password
    );
    assert_eq!(
        store
            .owner(ClaimSpace::DirectPair, &pair)
            .await
            .expect("owner"),
        Some(7)
    );
    let known = store.last_known(&[user.id]).await.expect("last_known");
    assert_eq!(known[0].last_seen, Some(now));
}

/// Sessions go on where they were, revoked ones stay revoked, and keys are there.
pub async fn sessions_and_keys_are_kept_after_reopening(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let user = new_user();
    let (live, revoked) = (
        sessions::open(&store, user, now).await,
        sessions::open(&store, user, now).await,
    );
    sessions::rotate(&store, live, 1, now).await;
    store
        .revoke_session(user, revoked, now)
        .await
        .expect("revoke_session");
    let key = keyring::add(&store, keyring::new_key(KeyPurpose::AccessToken, now)).await;
    drop(store);
    if !fixture.reopen().await {
        return;
    }
    let store = fixture.store();
    assert_eq!(
        sessions::rotate(&store, revoked, 1, now).await,
        Rotation::Gone
    );
    assert!(
        store
            .revoked_since(now)
            .await
            .expect("revoked_since")
            .contains(&revoked)
    );
    assert!(matches!(
        sessions::rotate(&store, live, 2, now).await,
        Rotation::Rotated(_)
    ));
    let keys = store.keys(KeyPurpose::AccessToken).await.expect("keys");
    assert!(keys.contains(&key));
}

/// Data, privacy and reports are as they were.
pub async fn data_and_reports_are_kept_after_reopening(fixture: &dyn Fixture) {
    let store = fixture.store();
    let mut new = unborn(fixture, &new_prefix(), "Kept");
    new.user.data = AppData::from_value(json!({"kept": true})).expect("an object");
    let user = register(&store, new).await;
    let last_seen = Audience::Nobody;
    let set = store.set_privacy(user.id, Privacy { last_seen }).await;
    set.expect("set_privacy");
    let written = reports::some_reports(&fixture.clock(), user.id);
    for report in &written {
        reports::put(&store, report).await;
    }
    drop(store);
    if !fixture.reopen().await {
        return;
    }
    let store = fixture.store();
    assert_eq!(store.user(user.id).await.expect("user"), Some(user.clone()));
    let known = store.last_known(&[user.id]).await.expect("last_known");
    assert_eq!(known[0].privacy.last_seen, last_seen);
    assert_eq!(reports::reports_of(&store, &written, 3).await, written);
}

/// Closes and opens the store; the room gives its handle up before. `None` where that is not possible.
async fn reopen(fixture: &dyn Fixture, room: Room) -> Option<Room> {
    let closed = room.close();
    fixture.reopen().await.then(|| closed.open(fixture))
}

async fn everything(room: &Room) -> impl PartialEq + std::fmt::Debug + use<> {
    let visible = Visible {
        after: Seq::ZERO,
        through: room.head().await.seq,
    };
    let page = room
        .store
        .page(room.chat, Anchor::Latest, 100, visible)
        .await
        .expect("page");
    let messages: Vec<Message> = page.messages;
    let mut authorities = Vec::new();
    for user in &room.others {
        authorities.push(room.authority(*user).await);
    }
    let marks = room
        .store
        .marks_of_chat(room.chat, None, 100)
        .await
        .expect("marks");
    let members = room
        .store
        .members(room.chat, None, 100)
        .await
        .expect("members");
    let memberships = room
        .store
        .memberships(room.others[0])
        .await
        .expect("memberships");
    (
        messages,
        authorities,
        marks,
        members,
        memberships,
        room.head().await,
    )
}
