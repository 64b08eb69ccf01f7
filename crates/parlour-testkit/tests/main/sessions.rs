//! Sessions that end.

use std::collections::BTreeMap;
use std::time::Duration;

use parlour_client::StopReason;
use parlour_model::Body;
use parlour_protocol::{Encoding, ErrorCode};
use parlour_testkit::{LocalNode, Said, World};
use tokio::time::Instant;

use crate::support::assert_kept;

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_session_dies_in_5_seconds() {
    let node = LocalNode::start().await.unwrap();
    let world = World::new(node.url());
    let desk = world.register("ann", Encoding::MessagePack).await.unwrap();
    let phone = world.login("ann", Encoding::Json).await.unwrap();
    let bob = world.register("bob", Encoding::Json).await.unwrap();
    let chat = bob.client().create_direct(desk.user()).await.unwrap().id;
    let hello = bob
        .client()
        .send(chat, Body::text("hello"), None)
        .await
        .unwrap()
        .settled()
        .await
        .unwrap();
    phone.until_applied(chat, hello.seq).await.unwrap();

    let sessions = desk.client().rest().sessions().await.unwrap();
    let phones = sessions.iter().find(|session| !session.current).unwrap().id;
    desk.client().rest().revoke(phones).await.unwrap();
    phone.note_revoked();
    let revoked_at = Instant::now();
    phone
        .until_shown(|sights| sights.stopped == Some(StopReason::SignedOut))
        .await
        .unwrap();
    assert!(
        revoked_at.elapsed() < Duration::from_secs(5),
        "{:?}",
        revoked_at.elapsed()
    );
    let refused = phone.client().rest().chats(None).await.unwrap_err();
    assert_eq!(
        refused.refused().map(|error| error.code),
        Some(ErrorCode::TokenInvalid),
        "{refused}"
    );

    // The other devices live on, and the dead one gets nothing of it.
    let again = bob
        .client()
        .send(chat, Body::text("again"), None)
        .await
        .unwrap()
        .settled()
        .await
        .unwrap();
    desk.until_applied(chat, again.seq).await.unwrap();
    bob.until_applied(chat, again.seq).await.unwrap();
    assert_eq!(phone.kept().cursors[&chat], hello.seq);

    let history = world.recorder().history();
    drop(phone.close().await);
    let users = BTreeMap::from([
        (desk.user(), desk.close().await),
        (bob.user(), bob.close().await),
    ]);
    let said = Said::ask(&users).await.unwrap();
    let folder = node.stop().await.unwrap();
    assert_kept(&history, &said, folder.path()).await;
}
