//! How connections end: revoked, drained, too slow, silent, or with the node; and how clients go on.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::SystemClock;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::http::{Call, WITHIN};
use crate::meter::Meter;
use crate::socket::{JSON, Socket};
use crate::upgrade::upgrade;
use crate::world::{Setup, World};

#[tokio::test]
async fn a_revoked_session_closes_its_connections_with_4500_and_no_others() {
    let world = World::new().await;
    let phone = world.person("ann").await;
    let laptop = world.another_device("ann").await;
    let mut on_phone = world.online(&phone).await;
    let mut on_laptop = world.online(&laptop).await;
    let path = format!("/sessions/{}", laptop.session);
    assert_eq!(
        world
            .call(Call::new("DELETE", &path).by(&phone))
            .await
            .status,
        204
    );
    assert_eq!(on_laptop.rest().await.1, Some(4500));
    assert!(on_phone.is_alive().await);
    assert_eq!(
        world
            .call(Call::post("/auth/logout").by(&phone))
            .await
            .status,
        204
    );
    assert_eq!(on_phone.rest().await.1, Some(4500));
}

#[tokio::test]
async fn a_new_password_closes_all_other_devices() {
    let world = World::new().await;
    let phone = world.person("ann").await;
    let laptop = world.another_device("ann").await;
    let mut on_phone = world.online(&phone).await;
    let mut on_laptop = world.online(&laptop).await;
    let body = json!({"current_password": crate::world::PASSWORD, "new_password": "another horse"});
    let reply = world
        .call(Call::post("/auth/password").by(&phone).json(&body))
        .await;
    assert_eq!(reply.status, 204, "{reply:?}");
    assert_eq!(on_laptop.rest().await.1, Some(4500));
    assert!(on_phone.is_alive().await);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_with_4008_and_resumes_without_loss() {
    let meter = Meter::default();
    let _metering = metrics::set_default_local_recorder(&meter);
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let mut slow = Socket::open_narrow(world.address).await;
    slow.hello(&bob, json!({})).await;
    let mut busy = world.online(&ann).await;
    let long = "x".repeat(16_000);
    let mut head = 1;
    // Until the kernel's buffers and the outbox are full.
    while meter.count("parlour_slow_consumers_total") == 0 {
        head = busy.say(&chat, &world.key(), &long).await["seq"]
            .as_u64()
            .unwrap();
        assert!(head < 5_000, "a client that never reads is never given up");
    }
    let (frames, code) = slow.rest().await;
    assert_eq!(code, Some(4008));
    let seqs = |frames: &[serde_json::Value]| -> Vec<u64> {
        let events = frames.iter().filter(|f| f["type"] == "event");
        events.map(|f| f["seq"].as_u64().unwrap()).collect()
    };
    let before = seqs(&frames);
    let cursor = 1 + before.len() as u64;
    assert_eq!(
        before,
        (2..=cursor).collect::<Vec<_>>(),
        "in order, without a hole"
    );
    assert!(cursor < head, "something was left for later");
    let mut resumed = Socket::open(world.address).await;
    let frames = resumed.hello(&bob, json!({chat.clone(): cursor})).await;
    let after = seqs(&frames);
    match frames.iter().find(|f| f["type"] == "too_long") {
        Some(too_long) => assert_eq!(too_long["head"], head),
        None => assert_eq!(after, (cursor + 1..=head).collect::<Vec<_>>()),
    }
}

#[tokio::test]
async fn a_draining_node_refuses_newcomers_and_asks_those_there_to_move() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let mut first = world.online(&ann).await;
    let mut second = world.online(&bob).await;
    let gateway = world.gateway.clone();
    let window = Duration::from_secs(60);
    let draining = world
        .tracker
        .spawn(async move { gateway.drain(window).await });
    for socket in [&mut first, &mut second] {
        let after_ms = socket.next("reconnect").await["after_ms"].as_u64().unwrap();
        assert!(after_ms <= 60_000);
    }
    let offer = [("sec-websocket-protocol", JSON)];
    assert_eq!(upgrade(world.address, &offer).await, 503);
    // Until they go they are served.
    let sent = first.say(&chat, &world.key(), "still here").await;
    assert_eq!(sent["type"], "sent");
    for mut socket in [first, second] {
        futures_util::SinkExt::close(&mut socket.stream)
            .await
            .unwrap();
        socket.rest().await;
    }
    timeout(WITHIN, draining).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_draining_node_closes_who_stays_with_1012() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let mut socket = world.online(&ann).await;
    let gateway = world.gateway.clone();
    let draining = world
        .tracker
        .spawn(async move { gateway.drain(Duration::ZERO).await });
    let (frames, code) = socket.rest().await;
    assert!(frames.iter().any(|f| f["type"] == "reconnect") || frames.is_empty());
    assert_eq!(code, Some(1012));
    timeout(WITHIN, draining).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stopping_node_closes_with_1012_and_leaves_no_task_behind() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let mut socket = world.online(&ann).await;
    world.token.cancel();
    assert_eq!(socket.rest().await.1, Some(1012));
    world.tracker.close();
    timeout(WITHIN, world.tracker.wait()).await.unwrap();
}

#[tokio::test]
async fn a_half_open_connection_is_given_up_and_one_that_answers_is_not() {
    let mut setup = Setup {
        clock: Some(Arc::new(SystemClock::new())),
        ..Setup::default()
    };
    setup.limits.heartbeat = Duration::from_secs(1);
    let world = World::with(setup).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut answering = world.online(&bob).await;
    let mut silent = world.online(&ann).await;
    // Below the WebSocket, so that nothing answers the server's pings.
    let raw = silent.stream.get_mut();
    let mut rest = Vec::new();
    let mut answers = 0;
    let answered = async {
        loop {
            // Reading answers pings, and says something besides.
            assert!(answering.is_alive().await);
            answers += 1;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = timeout(WITHIN, raw.read_to_end(&mut rest)) => drop(ended.expect("given up")),
        () = answered => {}
    }
    assert!(answers > 0 && answering.is_alive().await);
    assert!(
        rest.windows(2).any(|frame| frame == [0x89, 0x00]),
        "it was pinged: {rest:?}"
    );
}
