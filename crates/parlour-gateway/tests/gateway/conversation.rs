//! Talking over sockets: what each frame does, and what others see of it.

use serde_json::{Value, json};

use crate::http::Call;
use crate::socket::Socket;
use crate::world::{Person, World};

struct Scene {
    world: World,
    ann: Person,
    bob: Person,
    chat: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let chat = world.direct(&ann, &bob).await;
        Self {
            world,
            ann,
            bob,
            chat,
        }
    }

    /// A frame that enters the log of the chat.
    fn entering(&self, type_name: &str, fields: &Value) -> Value {
        let mut frame = json!({"type": type_name, "chat": self.chat, "key": self.world.key()});
        for (name, value) in fields.as_object().unwrap() {
            frame[name] = value.clone();
        }
        frame
    }
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

#[tokio::test]
async fn what_is_said_edited_reacted_to_and_deleted_reaches_everybody_and_stands_in_history() {
    let scene = Scene::new().await;
    let mut ann = scene.world.online(&scene.ann).await;
    let mut bob = scene.world.online(&scene.bob).await;
    let said = ann
        .ask(scene.entering("send", &json!({"body": text("first")})))
        .await;
    assert_eq!(
        (&said["type"], &said["duplicate"]),
        (&json!("sent"), &json!(false))
    );
    let seq = said["seq"].clone();
    let edit = scene.entering("edit", &json!({"target": seq, "body": text("second")}));
    assert_eq!(ann.ask(edit).await["type"], "sent");
    let react = scene.entering("react", &json!({"target": seq, "emoji": "👍", "on": true}));
    assert_eq!(bob.ask(react).await["type"], "sent");
    let page = bob
        .ask(json!({"type": "history", "chat": scene.chat, "around": seq, "limit": 5}))
        .await;
    assert_eq!((&page["type"], &page["at"]), (&json!("page"), &json!(4)));
    let message = page["messages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["seq"] == seq)
        .unwrap();
    assert_eq!(message["body"], text("second"));
    assert_eq!(
        message["reactions"],
        json!([{"emoji": "👍", "users": [scene.bob.id]}])
    );
    assert!(message["edited_at"].is_u64() && message["key"].is_null());
    let delete = scene.entering("delete", &json!({"target": seq}));
    assert_eq!(ann.ask(delete).await["type"], "sent");
    let mut carol = Socket::open(scene.world.address).await;
    let frames = carol
        .hello(&scene.bob, json!({scene.chat.clone(): 1}))
        .await;
    let kinds: Vec<&str> = frames
        .iter()
        .filter(|f| f["type"] == "event")
        .map(|f| f["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "message",
            "message_edited",
            "reaction_changed",
            "message_deleted"
        ]
    );
}

#[tokio::test]
async fn an_event_reaches_all_devices_in_order_the_senders_included() {
    let scene = Scene::new().await;
    let laptop = scene.world.another_device("ann").await;
    let mut sockets = vec![
        scene.world.online(&scene.ann).await,
        scene.world.online(&laptop).await,
        scene.world.online(&scene.bob).await,
    ];
    for number in 0..20 {
        let frame = scene.entering(
            "send",
            &json!({"ref": "x", "body": text(&number.to_string())}),
        );
        sockets[0].send(frame).await;
    }
    for socket in &mut sockets {
        for number in 0..20 {
            let event = socket.next("event").await;
            assert_eq!(event["seq"], number + 2);
            assert_eq!(event["body"]["text"], number.to_string());
        }
    }
}

#[tokio::test]
async fn marks_are_acknowledged_and_told_to_the_other_side_and_to_ones_own_devices() {
    let scene = Scene::new().await;
    let laptop = scene.world.another_device("bob").await;
    let mut ann = scene.world.online(&scene.ann).await;
    let mut bob = scene.world.online(&scene.bob).await;
    let mut second = scene.world.online(&laptop).await;
    let seq = scene.world.say(&scene.ann, &scene.chat, "x").await["seq"].clone();
    let read = bob
        .ask(json!({"type": "read", "chat": scene.chat, "seq": seq}))
        .await;
    assert_eq!(read["type"], "ok");
    for socket in [&mut ann, &mut second] {
        let receipt = socket.next("receipt").await;
        assert_eq!(
            (&receipt["user"], &receipt["read"]),
            (&json!(scene.bob.id), &seq)
        );
    }
    let page = ann
        .ask(json!({"type": "history", "chat": scene.chat}))
        .await;
    let own = page["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&own["seq"], &own["status"]), (&seq, &json!("read")));
    let back = bob
        .ask(json!({"type": "delivered", "chat": scene.chat, "seq": 1}))
        .await;
    assert_eq!(back["type"], "ok", "a mark that is behind is no error");
}

#[tokio::test]
async fn typing_and_presence_go_to_those_who_look() {
    let scene = Scene::new().await;
    let mut ann = scene.world.online(&scene.ann).await;
    let watch = json!({"type": "watch", "users": [scene.bob.id], "chats": [scene.chat]});
    let ok = ann.ask(watch).await;
    assert_eq!(ok["presence"][0]["status"], "offline");
    let mut bob = scene.world.online(&scene.bob).await;
    assert_eq!(ann.next("presence").await["status"], "online");
    bob.send(json!({"type": "typing", "chat": scene.chat, "on": true}))
        .await;
    let typing = ann.next("typing").await;
    assert_eq!(
        (&typing["user"], &typing["on"]),
        (&json!(scene.bob.id), &json!(true))
    );
    let busy = bob
        .ask(json!({"type": "set_status", "status": "busy"}))
        .await;
    assert_eq!(busy["type"], "ok");
    assert_eq!(ann.next("presence").await["status"], "busy");
}

#[tokio::test]
async fn a_cancelled_key_is_never_stored_and_a_stored_one_is_answered_as_sent() {
    let scene = Scene::new().await;
    let mut ann = scene.world.online(&scene.ann).await;
    let key = scene.world.key();
    let cancel = json!({"type": "cancel", "chat": scene.chat, "key": key});
    assert_eq!(ann.ask(cancel).await["type"], "cancelled");
    let late = ann.say(&scene.chat, &key, "late").await;
    assert_eq!(
        (&late["code"], &late["retry"]),
        (&json!("key_reused"), &json!("never"))
    );
    let stored = scene.world.key();
    let sent = ann.say(&scene.chat, &stored, "x").await;
    let cancel = json!({"type": "cancel", "chat": scene.chat, "key": stored});
    let found = ann.ask(cancel).await;
    assert_eq!(
        (&found["type"], &found["seq"]),
        (&json!("sent"), &sent["seq"])
    );
}

#[tokio::test]
async fn a_sync_fetches_a_hole_and_says_when_it_is_done() {
    let scene = Scene::new().await;
    let mut bob = scene.world.online(&scene.bob).await;
    for number in 0..5 {
        scene
            .world
            .say(&scene.ann, &scene.chat, &number.to_string())
            .await;
    }
    for _ in 0..5 {
        bob.next("event").await;
    }
    bob.send(json!({"type": "sync", "ref": "s", "cursors": {scene.chat.clone(): 3}}))
        .await;
    let frames = bob.until("synced").await;
    let seqs: Vec<u64> = frames
        .iter()
        .filter(|f| f["type"] == "event")
        .map(|f| f["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, [4, 5, 6]);
    assert_eq!(frames.last().unwrap()["ref"], "s");
}

#[tokio::test]
async fn somebody_removed_sees_the_removal_and_nothing_later() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.group(&ann, &[&bob]).await;
    let mut socket = world.online(&bob).await;
    let path = format!("/chats/{chat}/members/{}", bob.id);
    assert_eq!(
        world.call(Call::new("DELETE", &path).by(&ann)).await.status,
        204
    );
    let event = socket.next("event").await;
    assert_eq!(
        (&event["kind"], &event["user"]),
        (&json!("member_removed"), &json!(bob.id))
    );
    assert_eq!(socket.next("chat").await["change"], "left");
    world.say(&ann, &chat, "about bob").await;
    let refused = socket.say(&chat, &world.key(), "still here").await;
    assert_eq!(refused["code"], "chat_not_found");
    let history = socket.ask(json!({"type": "history", "chat": chat})).await;
    assert_eq!(history["code"], "chat_not_found");
}
