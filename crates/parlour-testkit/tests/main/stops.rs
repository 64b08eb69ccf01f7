//! Stopping in order, under load.

use parlour_testkit::load::{Load, Size};
use parlour_testkit::{Server, World};

use crate::support::{assert_kept, server};

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_under_load_loses_nothing() {
    let (_folder, launch) = server();
    let mut server = Server::start(launch.with("DRAIN_SECONDS", "2"))
        .await
        .unwrap();
    let world = World::new(server.url());
    let mut load = Load::prepare(&world, rand::random(), Size::SMALL)
        .await
        .unwrap();
    load.start();
    let before = world
        .traffic()
        .wait_for(|counts| counts.sent >= 50 && counts.under_way() > 0)
        .await;
    server.terminate().await.unwrap();
    server.start_again().await.unwrap();
    world
        .traffic()
        .wait_for(|counts| counts.sent >= before.sent + 100)
        .await;
    load.come_to_rest().await.unwrap();
    let (history, said) = load.finish().await.unwrap();
    server.terminate().await.unwrap();
    assert_kept(&history, &said, server.data()).await;
}
