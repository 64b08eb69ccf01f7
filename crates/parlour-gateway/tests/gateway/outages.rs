//! What clients see while the store is slow, silent or away.

use std::time::Duration;

use parlour_store::faults::{Fault, Operation};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::http::{Call, WITHIN};
use crate::meter::Meter;
use crate::socket::Socket;
use crate::world::World;

fn send(chat: &str, key: &str, reference: &str) -> Value {
    let body = json!({"type": "text", "text": "x"});
    json!({"type": "send", "ref": reference, "chat": chat, "key": key, "body": body})
}

#[tokio::test]
async fn pings_marks_and_typing_do_not_wait_for_a_commit() {
    let (world, faults) = World::faulty().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let mut looking = world.online(&bob).await;
    looking.ask(json!({"type": "watch", "chats": [chat]})).await;
    let mut socket = world.online(&ann).await;
    faults.next(Operation::Append, Fault::Hang);
    socket.send(send(&chat, &world.key(), "slow")).await;
    faults.struck(Operation::Append, 1).await;
    let read = socket
        .ask(json!({"type": "read", "chat": chat, "seq": 1}))
        .await;
    assert_eq!(read["type"], "ok");
    socket
        .send(json!({"type": "typing", "chat": chat, "on": true}))
        .await;
    assert_eq!(looking.next("typing").await["user"], ann.id);
    socket.send(json!({"type": "ping", "ref": "p"})).await;
    let before = socket.until("pong").await;
    assert!(before.iter().all(|frame| frame["ref"] != "slow"));
    faults.release().await;
    assert_eq!(socket.answer("slow").await["type"], "sent");
}

#[tokio::test]
async fn a_message_is_stored_and_delivered_although_its_sender_went_away() {
    let meter = Meter::default();
    let _metering = metrics::set_default_local_recorder(&meter);
    let (world, faults) = World::faulty().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let mut listening = world.online(&ann).await;
    let mut socket = world.online(&bob).await;
    // Before it is in any queue: while it is looked up whether bob may.
    faults.next(Operation::Authority, Fault::Hang);
    socket.send(send(&chat, &world.key(), "last words")).await;
    let struck = faults.struck(Operation::Authority, 1);
    timeout(WITHIN, struck).await.expect("rights are looked up");
    drop(socket);
    while meter.count("parlour_connections_closed_total") == 0 {
        tokio::task::yield_now().await;
    }
    faults.release().await;
    assert_eq!(listening.next("event").await["author"], bob.id);
}

#[tokio::test]
async fn a_stopping_connection_answers_what_is_under_way_before_it_closes() {
    let (world, faults) = World::faulty().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let mut socket = world.online(&ann).await;
    faults.next(Operation::Append, Fault::Hang);
    socket.send(send(&chat, &world.key(), "last")).await;
    faults.struck(Operation::Append, 1).await;
    let gateway = world.gateway.clone();
    let draining = world
        .tracker
        .spawn(async move { gateway.drain(Duration::ZERO).await });
    socket.next("reconnect").await;
    faults.release().await;
    let (frames, code) = socket.rest().await;
    let sent = frames.iter().find(|frame| frame["ref"] == "last");
    assert_eq!(sent.map(|frame| &frame["type"]), Some(&json!("sent")));
    assert_eq!(code, Some(1012));
    timeout(WITHIN, draining).await.unwrap().unwrap();
}

#[tokio::test]
async fn without_a_store_hello_says_so_and_asks_to_come_back() {
    let (world, faults) = World::faulty().await;
    let ann = world.person("ann").await;
    let mut connected = world.online(&ann).await;
    faults.everywhere(Fault::Before);
    let mut socket = Socket::open(world.address).await;
    socket
        .send(json!({"type": "hello", "ref": "h", "token": ann.token}))
        .await;
    let error = socket.answer("h").await;
    assert_eq!(
        (&error["code"], &error["retry"]),
        (&json!("store_unavailable"), &json!("later"))
    );
    assert_eq!(socket.rest().await.1, Some(4013));
    assert!(connected.is_alive().await);
    faults.clear();
    assert!(world.online(&ann).await.is_alive().await);
}

#[tokio::test]
async fn without_a_store_nothing_is_acknowledged_or_shown_as_empty() {
    let (world, faults) = World::faulty().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let mut socket = world.online(&ann).await;
    faults.everywhere(Fault::Before);
    let refused = socket.say(&chat, &world.key(), "x").await;
    assert_eq!(
        (&refused["type"], &refused["outcome"]),
        (&json!("error"), &json!("not_stored"))
    );
    let history = socket.ask(json!({"type": "history", "chat": chat})).await;
    assert_eq!(history["code"], "store_unavailable");
    for path in [
        "/chats",
        &format!("/chats/{chat}/messages"),
        "/users?query=ann",
        "/sessions",
    ] {
        let reply = world.call(Call::get(path).by(&ann)).await;
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (503, "store_unavailable"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_attempt_of_unknown_outcome_says_so_and_its_retry_is_answered() {
    let (world, faults) = World::faulty().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let mut socket = world.online(&ann).await;
    let key = world.key();
    faults.always(Operation::Append, Fault::After);
    faults.always(Operation::Find, Fault::Before);
    let unknown = socket.say(&chat, &key, "x").await;
    assert_eq!(
        (&unknown["code"], &unknown["outcome"]),
        (&json!("outcome_unknown"), &json!("unknown"))
    );
    assert_eq!(unknown["retry"], "now");
    faults.clear();
    let sent = socket.say(&chat, &key, "x").await;
    assert_eq!((&sent["type"], &sent["seq"]), (&json!("sent"), &json!(2)));
}

#[tokio::test]
async fn what_happens_is_counted() {
    let meter = Meter::default();
    let _metering = metrics::set_default_local_recorder(&meter);
    let world = World::new().await;
    let ann = world.person("ann").await;
    let mut socket = world.online(&ann).await;
    assert_eq!(meter.count("parlour_connections_opened_total"), 1);
    let before = meter.count("parlour_frames_total");
    assert!(socket.is_alive().await);
    assert_eq!(meter.count("parlour_frames_total"), before + 2);
    assert_eq!(meter.count("parlour_errors_total"), 0);
    socket.ask(json!({"type": "dance"})).await;
    world.call(Call::get("/nothing")).await;
    assert_eq!(meter.count("parlour_errors_total"), 2);
}
