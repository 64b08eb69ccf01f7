//! Who is there, after a crash.

use parlour_model::PresenceStatus;
use parlour_protocol::Encoding;
use parlour_testkit::{Server, World};

use crate::support::server;

#[tokio::test(flavor = "multi_thread")]
async fn who_left_in_a_crash_is_shown_offline_and_who_came_back_online() {
    let (_folder, launch) = server();
    let mut server = Server::start(launch).await.unwrap();
    let world = World::new(server.url());
    let ann = world.register("ann", Encoding::Json).await.unwrap();
    let bob = world.register("bob", Encoding::Json).await.unwrap();
    let cat = world.register("cat", Encoding::MessagePack).await.unwrap();
    let (bobs, cats) = (bob.user(), cat.user());
    ann.client()
        .watch(vec![bobs, cats], Vec::new())
        .await
        .unwrap();
    let is = |user, status| {
        move |sights: &parlour_testkit::Sights| {
            sights
                .presence
                .get(&user)
                .is_some_and(|presence| presence.status == status)
        }
    };
    ann.until_shown(is(bobs, PresenceStatus::Online))
        .await
        .unwrap();
    ann.until_shown(is(cats, PresenceStatus::Online))
        .await
        .unwrap();
    let before = world.recorder().history().records.len();

    server.kill_9().await.unwrap();
    bob.close().await;
    server.start_again().await.unwrap();

    ann.until_shown(is(bobs, PresenceStatus::Offline))
        .await
        .unwrap();
    ann.until_shown(is(cats, PresenceStatus::Online))
        .await
        .unwrap();
    assert!(world.recorder().history().records.len() > before);
    server.terminate().await.unwrap();
}
