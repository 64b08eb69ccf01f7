//! From `hello` to `ready`, and what is said before, after and instead.

use std::time::Duration;

use serde_json::json;

use crate::socket::{MESSAGE_PACK, Socket};
use crate::world::{Person, World};

async fn refused_hello(world: &World, token: &str) -> (String, Option<u16>) {
    let mut socket = Socket::open(world.address).await;
    socket
        .send(json!({"type": "hello", "ref": "h", "token": token}))
        .await;
    let error = socket.answer("h").await;
    assert_eq!(error["type"], "error");
    let (rest, code) = socket.rest().await;
    assert!(rest.is_empty(), "{rest:?}");
    (error["code"].as_str().unwrap().to_owned(), code)
}

#[tokio::test]
async fn hello_is_answered_by_welcome_marks_missing_events_and_ready() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let known = world.direct(&ann, &bob).await;
    let unknown = world.group(&ann, &[&bob]).await;
    world.say(&ann, &known, "one").await;
    let mut socket = Socket::open(world.address).await;
    let frames = socket.hello(&bob, json!({known.clone(): 1})).await;
    let types: Vec<&str> = frames.iter().map(|f| f["type"].as_str().unwrap()).collect();
    assert_eq!(types[..2], ["welcome", "marks"]);
    assert_eq!(types.last(), Some(&"ready"));
    let welcome = &frames[0];
    assert_eq!(welcome["ref"], "hello");
    assert_eq!(welcome["me"]["username"], "bob");
    assert_eq!(welcome["session"], bob.session);
    assert_eq!(welcome["server_time"], 1_800_000_000_000_u64);
    assert_eq!(welcome["token_expires_at"], 1_800_000_600_000_u64);
    assert_eq!(welcome["limits"]["frame_bytes"], 65_536);
    let events: Vec<_> = frames.iter().filter(|f| f["type"] == "event").collect();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (&events[0]["chat"], &events[0]["seq"]),
        (&json!(known), &json!(2))
    );
    let chats: Vec<_> = frames.iter().filter(|f| f["type"] == "chat").collect();
    assert_eq!(chats.len(), 1);
    assert_eq!(chats[0]["change"], "joined");
    assert_eq!(chats[0]["chat"]["id"], unknown);
    assert_eq!(frames.last().unwrap()["ref"], "hello");
}

#[tokio::test]
async fn both_encodings_carry_the_same() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let mut json_speaker = world.online(&ann).await;
    let mut packer = Socket::open_as(world.address, MESSAGE_PACK).await;
    packer.hello(&bob, json!({})).await;
    let frame = json!({"type": "send", "ref": "s", "chat": chat, "key": world.key(), "body": {"type": "text", "text": "hello"}});
    packer.send(frame).await;
    // They come in either order.
    let (mut sent, mut own) = (json!(null), json!(null));
    while sent.is_null() || own.is_null() {
        let frame = packer.recv().await;
        match frame["type"].as_str() {
            Some("sent") => sent = frame,
            Some("event") => own = frame,
            _ => {}
        }
    }
    assert_eq!((&sent["ref"], &sent["seq"]), (&json!("s"), &json!(2)));
    let heard = json_speaker.next("event").await;
    assert_eq!(heard["body"], json!({"type": "text", "text": "hello"}));
    assert_eq!(
        heard["key"],
        json!(null),
        "the key is for the author's devices"
    );
    assert!(own["key"].is_string());
    assert_eq!((&heard["seq"], &heard["id"]), (&own["seq"], &own["id"]));
}

#[tokio::test]
async fn frames_before_hello_are_refused_by_name_and_hello_is_still_heard() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let mut socket = Socket::open(world.address).await;
    for early in [
        json!({"type": "ping", "ref": "1"}),
        json!({"type": "sync", "ref": "1", "cursors": {}}),
        json!({"type": "send", "ref": "1", "chat": "1", "key": world.key(), "body": {"type": "text", "text": "x"}}),
    ] {
        socket.send(early).await;
        let error = socket.answer("1").await;
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("invalid"), &json!("type"))
        );
        assert!(
            error["message"].as_str().unwrap().contains("hello"),
            "{error}"
        );
    }
    socket.hello(&ann, json!({})).await;
    assert!(socket.is_alive().await);
}

#[tokio::test]
async fn a_second_hello_is_refused_and_the_connection_stays() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut socket = world.online(&ann).await;
    let again = socket
        .ask(json!({"type": "hello", "token": bob.token}))
        .await;
    assert_eq!(
        (&again["type"], &again["code"]),
        (&json!("error"), &json!("invalid"))
    );
    assert!(socket.is_alive().await);
}

#[tokio::test]
async fn forged_garbled_and_revoked_tokens_are_refused_for_good() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (head, rest) = ann.token.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let bobs_claims = bob.token.split('.').nth(1).unwrap();
    let forged = format!("{head}.{bobs_claims}.{signature}");
    // {"alg":"none"} and no signature.
    let unsigned = format!("eyJhbGciOiJub25lIn0.{bobs_claims}.");
    world
        .call(crate::http::Call::post("/auth/logout").by(&bob))
        .await;
    for token in [
        "",
        "x",
        "a.b.c",
        &forged,
        &unsigned,
        &bob.token,
        &ann.refresh_token,
    ] {
        let refused = refused_hello(&world, token).await;
        assert_eq!(refused, ("token_invalid".to_owned(), Some(4502)), "{token}");
    }
    assert!(world.online(&ann).await.is_alive().await);
}

#[tokio::test]
async fn an_expired_token_is_refused_with_the_advice_to_refresh() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    world.clock.advance(Duration::from_secs(11 * 60));
    let refused = refused_hello(&world, &ann.token).await;
    assert_eq!(refused, ("token_expired".to_owned(), Some(4009)));
    let body = json!({"refresh_token": ann.refresh_token});
    let reply = world
        .call(crate::http::Call::post("/auth/refresh").json(&body))
        .await;
    let fresh = Person::signed_in(&reply.json());
    assert!(world.online(&fresh).await.is_alive().await);
}

#[tokio::test]
async fn a_live_connection_takes_a_new_token_of_its_own_session_only() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let elsewhere = world.another_device("ann").await;
    let mut socket = world.online(&ann).await;
    for wrong in [&bob.token, &elsewhere.token, "nonsense"] {
        let refused = socket.ask(json!({"type": "refresh", "token": wrong})).await;
        assert_eq!(refused["code"], "token_invalid");
    }
    world.clock.advance(Duration::from_secs(60));
    let body = json!({"refresh_token": ann.refresh_token});
    let reply = world
        .call(crate::http::Call::post("/auth/refresh").json(&body))
        .await;
    let token = &reply.json()["access_token"];
    let ok = socket.ask(json!({"type": "refresh", "token": token})).await;
    assert_eq!(ok["type"], "ok");
    assert_eq!(ok["token_expires_at"], 1_800_000_660_000_u64);
}

#[tokio::test]
async fn a_hello_in_parts_is_ready_after_its_last() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let first = world.direct(&ann, &bob).await;
    let second = world.group(&ann, &[&bob]).await;
    world.say(&ann, &first, "one").await;
    world.say(&ann, &second, "two").await;
    let mut socket = Socket::open(world.address).await;
    socket
        .send(json!({"type": "hello", "ref": "h", "token": bob.token, "cursors": {first.clone(): 1}, "more": true}))
        .await;
    socket
        .send(json!({"type": "sync", "ref": "s", "cursors": {second.clone(): 1}}))
        .await;
    let frames = socket.until("ready").await;
    let synced = frames.iter().position(|f| f["type"] == "synced").unwrap();
    assert_eq!(frames[synced]["ref"], "s");
    assert_eq!(frames.last().unwrap()["ref"], "h");
    let chats: Vec<&str> = frames
        .iter()
        .filter(|f| f["type"] == "event")
        .map(|f| f["chat"].as_str().unwrap())
        .collect();
    assert_eq!(chats, [first, second]);
    assert!(frames.iter().all(|f| f["type"] != "chat"));
}
