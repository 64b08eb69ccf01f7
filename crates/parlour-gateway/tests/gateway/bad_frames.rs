//! Frames that are wrong: each is answered by name or closes its own connection, and nobody else notices.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::socket::{MESSAGE_PACK, Socket};
use crate::world::{Person, World};

/// A node, a chat of two of its people, and somebody else.
struct Scene {
    world: World,
    ann: Person,
    eve: Person,
    chat: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let eve = world.person("eve").await;
        let chat = world.direct(&ann, &bob).await;
        Self {
            world,
            ann,
            eve,
            chat,
        }
    }

    /// Sends what closes a connection; answers the code and field of the last error, and the close code.
    async fn closes(&self, subprotocol: &str, message: Message) -> (Value, Option<u16>) {
        let mut bystander = self.world.online(&self.ann).await;
        let mut socket = Socket::open_as(self.world.address, subprotocol).await;
        socket.hello(&self.eve, json!({})).await;
        socket.send_raw(message).await;
        let (mut rest, code) = socket.rest().await;
        assert!(bystander.is_alive().await);
        (rest.pop().unwrap_or_default()["code"].take(), code)
    }
}

fn send(chat: &str, key: &str) -> Value {
    json!({"type": "send", "chat": chat, "key": key, "body": {"type": "text", "text": "x"}})
}

#[tokio::test]
async fn an_unknown_chat_and_one_of_others_look_alike_whatever_is_asked() {
    let scene = Scene::new().await;
    let seq = scene.world.say(&scene.ann, &scene.chat, "secret").await["seq"].clone();
    let mut socket = scene.world.online(&scene.eve).await;
    let key = scene.world.key();
    let asked = |chat: &str| {
        vec![
            send(chat, &key),
            json!({"type": "edit", "chat": chat, "key": key, "target": seq, "body": {"type": "text", "text": "y"}}),
            json!({"type": "delete", "chat": chat, "key": key, "target": seq}),
            json!({"type": "react", "chat": chat, "key": key, "target": seq, "emoji": "x", "on": true}),
            json!({"type": "cancel", "chat": chat, "key": key}),
            json!({"type": "read", "chat": chat, "seq": seq}),
            json!({"type": "delivered", "chat": chat, "seq": seq}),
            json!({"type": "history", "chat": chat, "limit": 10}),
            json!({"type": "typing", "chat": chat, "on": true}),
        ]
    };
    for (forbidden, unknown) in asked(&scene.chat).into_iter().zip(asked("77")) {
        let name = forbidden["type"].clone();
        let mut forbidden = socket.ask(forbidden).await;
        let mut unknown = socket.ask(unknown).await;
        assert_eq!(forbidden["code"], "chat_not_found", "{name}");
        forbidden["ref"] = Value::Null;
        unknown["ref"] = Value::Null;
        assert_eq!(forbidden, unknown, "{name}");
    }
}

#[tokio::test]
async fn looking_at_a_chat_of_others_shows_nothing_of_it() {
    let scene = Scene::new().await;
    let mut eve = scene.world.online(&scene.eve).await;
    let watching = json!({"type": "watch", "users": [], "chats": [scene.chat, "77"]});
    assert_eq!(eve.ask(watching).await["type"], "ok");
    let mut ann = scene.world.online(&scene.ann).await;
    ann.send(json!({"type": "typing", "chat": scene.chat, "on": true}))
        .await;
    assert!(ann.is_alive().await);
    scene.world.say(&scene.ann, &scene.chat, "secret").await;
    eve.send(json!({"type": "ping", "ref": "last"})).await;
    loop {
        let frame = eve.recv().await;
        if frame["ref"] == "last" {
            break;
        }
        assert_ne!(frame["chat"], scene.chat, "{frame}");
    }
}

/// A frame, and the field its error names.
type Wrong = (Value, &'static str);

/// A right `send` with one field replaced, which is the wrong one.
fn sends(scene: &Scene) -> Vec<Wrong> {
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    let replaced = |field: &'static str, value: Value| {
        let mut frame = send(&scene.chat, &scene.world.key());
        frame[field] = value;
        frame
    };
    let random = "5f0c7a4e-3f5f-4b5e-8f1a-0a4d7b2c9e11";
    let long = json!({"type": "text", "text": "x".repeat(20_000)});
    let nested = json!({"type": "custom", "name": "x", "data": deep});
    vec![
        (replaced("chat", Value::Null), "chat"),
        (replaced("chat", json!(5)), "chat"),
        (replaced("chat", json!("-1")), "chat"),
        (replaced("chat", json!("99999999999999999999")), "chat"),
        (replaced("key", json!("no")), "key"),
        (replaced("key", json!(random)), "key"),
        (replaced("applied", json!(1_u64 << 60)), "applied"),
        (replaced("reply_to", json!(0)), "reply_to"),
        (replaced("body", json!("x")), "body"),
        (replaced("body", json!({"type": "dance"})), "body.type"),
        (replaced("body", long), "body.text"),
        (replaced("body", nested), "body"),
    ]
}

fn others(scene: &Scene) -> Vec<Wrong> {
    let (chat, key) = (&scene.chat, scene.world.key());
    let text = json!({"type": "text", "text": "x"});
    let edit = json!({"type": "edit", "chat": chat, "key": key, "body": text, "target": 0});
    let react =
        json!({"type": "react", "chat": chat, "key": key, "target": 1, "emoji": "a b", "on": true});
    let history = |field: &str, value: u64| {
        let mut frame = json!({"type": "history", "chat": chat, "before": 5});
        frame[field] = json!(value);
        frame
    };
    vec![
        (json!({"chat": chat}), "type"),
        (json!({"type": 5}), "type"),
        (edit, "target"),
        (react, "emoji"),
        (history("limit", 0), "limit"),
        (history("limit", 101), "limit"),
        (history("after", 1), "after"),
        (json!({"type": "watch", "users": vec!["1"; 501]}), "users"),
        (json!({"type": "set_status", "status": "asleep"}), "status"),
        (json!({"type": "sync", "cursors": {"x": 1}}), "cursors"),
    ]
}

#[tokio::test]
async fn readable_frames_that_are_wrong_are_answered_by_the_name_of_the_field() {
    let scene = Scene::new().await;
    let mut socket = scene.world.online(&scene.ann).await;
    for (frame, field) in sends(&scene).into_iter().chain(others(&scene)) {
        let shown: String = frame.to_string().chars().take(120).collect();
        let error = socket.ask(frame).await;
        assert_eq!(error["code"], "invalid", "{shown}: {error}");
        assert_eq!(error["field"], field, "{shown}: {error}");
        assert_eq!(error["retry"], "never", "{shown}");
    }
    let unknown = socket.ask(json!({"type": "dance"})).await;
    assert_eq!(
        (&unknown["type"], &unknown["code"]),
        (&json!("error"), &json!("unknown_type"))
    );
    assert!(socket.is_alive().await);
}

#[tokio::test]
async fn unknown_ids_are_named() {
    let scene = Scene::new().await;
    let mut socket = scene.world.online(&scene.ann).await;
    let (chat, key) = (&scene.chat, scene.world.key());
    let gone = json!({"type": "edit", "chat": chat, "key": key, "target": 99, "body": {"type": "text", "text": "x"}});
    assert_eq!(socket.ask(gone).await["code"], "message_not_found");
    let above = socket
        .ask(json!({"type": "read", "chat": chat, "seq": 99}))
        .await;
    assert_eq!(
        (&above["code"], &above["field"]),
        (&json!("invalid"), &json!("seq"))
    );
    let nobody = socket.ask(json!({"type": "watch", "users": ["77"]})).await;
    assert_eq!(nobody["type"], "ok");
}

#[tokio::test]
async fn a_key_outside_its_time_is_refused_and_so_is_one_used_for_something_else() {
    let scene = Scene::new().await;
    let mut socket = scene.world.online(&scene.ann).await;
    let at = |offset_s: i64| {
        let now = 1_800_000_000_000_i64 + offset_s * 1_000;
        let time = parlour_model::Timestamp::from_millis(now.try_into().unwrap());
        parlour_model::EventKey::generate(time).to_string()
    };
    for outside in [at(-14 * 24 * 3600), at(15 * 60)] {
        let error = socket.ask(send(&scene.chat, &outside)).await;
        assert_eq!(
            (&error["code"], &error["outcome"]),
            (&json!("key_time"), &json!("not_stored"))
        );
        assert_eq!(error["retry"], "never");
    }
    let key = at(0);
    let sent = socket.ask(send(&scene.chat, &key)).await;
    let again = socket.ask(send(&scene.chat, &key)).await;
    assert_eq!(
        (&again["seq"], &again["duplicate"]),
        (&sent["seq"], &json!(true))
    );
    let other = socket.say(&scene.chat, &key, "something else").await;
    assert_eq!(other["code"], "key_reused");
    assert_eq!((&other["seq"], &other["id"]), (&sent["seq"], &sent["id"]));
}

#[tokio::test]
async fn bytes_that_are_no_frame_close_their_own_connection() {
    let scene = Scene::new().await;
    let json_texts = [
        "",
        "nonsense",
        "[1]",
        "{\"type\":\"ping\"} trailing",
        "{\"type\":\"ping\"}{\"type\":\"ping\"}",
        "{\"type\":\"ping\",\"type\":\"ping\"}",
    ];
    for text in json_texts {
        let closed = scene.closes(crate::socket::JSON, Message::text(text)).await;
        assert_eq!(closed, (json!("invalid"), Some(1007)), "{text}");
    }
    let ping = rmp_serde::to_vec_named(&json!({"type": "ping"})).unwrap();
    let trailing = [ping.clone(), vec![0]].concat();
    let truncated = ping[..ping.len() - 1].to_vec();
    let claims_too_much = vec![0xdf, 0xff, 0xff, 0xff, 0xff];
    let number_keys = vec![0x81, 0x01, 0x02];
    for bytes in [vec![], trailing, truncated, claims_too_much, number_keys] {
        let shown = format!("{bytes:?}");
        let closed = scene.closes(MESSAGE_PACK, Message::binary(bytes)).await;
        assert_eq!(closed, (json!("invalid"), Some(1007)), "{shown}");
    }
}

#[tokio::test]
async fn deep_nesting_of_any_size_is_survived() {
    let scene = Scene::new().await;
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let frame = format!("{{\"type\":\"ping\",\"ref\":\"1\",\"x\":{deep}}}");
    let mut socket = scene.world.online(&scene.eve).await;
    socket.send_raw(Message::text(frame)).await;
    let error = socket.answer("1").await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("invalid"), &json!("x"))
    );
    assert!(socket.is_alive().await);
    let arrays = vec![0x91; 60_000];
    let (_, code) = scene.closes(MESSAGE_PACK, Message::binary(arrays)).await;
    assert_eq!(code, Some(1007));
}

#[tokio::test]
async fn text_that_is_not_utf_8_closes_with_1007() {
    let scene = Scene::new().await;
    let mut socket = scene.world.online(&scene.eve).await;
    // A masked text frame of two bytes that no text has, with a mask of zeros.
    let frame = [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28];
    tokio::io::AsyncWriteExt::write_all(socket.stream.get_mut(), &frame)
        .await
        .unwrap();
    assert_eq!(socket.rest().await.1, Some(1007));
}

#[tokio::test]
async fn frames_against_the_rules_of_websockets_close_with_1002() {
    let scene = Scene::new().await;
    let unmasked = [0x81, 0x01, b'x'];
    let reserved_opcode = [0x83, 0x80, 0, 0, 0, 0];
    for frame in [&unmasked[..], &reserved_opcode[..]] {
        let mut socket = scene.world.online(&scene.eve).await;
        tokio::io::AsyncWriteExt::write_all(socket.stream.get_mut(), frame)
            .await
            .unwrap();
        assert_eq!(socket.rest().await.1, Some(1002), "{frame:?}");
    }
}

#[tokio::test]
async fn the_other_kind_of_frame_closes_with_4540() {
    let scene = Scene::new().await;
    let packed = rmp_serde::to_vec_named(&json!({"type": "ping"})).unwrap();
    let (_, code) = scene
        .closes(crate::socket::JSON, Message::binary(packed))
        .await;
    assert_eq!(code, Some(4540));
    let (_, code) = scene
        .closes(MESSAGE_PACK, Message::text("{\"type\":\"ping\"}"))
        .await;
    assert_eq!(code, Some(4540));
}

#[tokio::test]
async fn a_frame_that_is_too_large_closes_with_1009() {
    let scene = Scene::new().await;
    let large = json!({"type": "ping", "x": "x".repeat(65_536)}).to_string();
    let (_, code) = scene
        .closes(crate::socket::JSON, Message::text(large))
        .await;
    assert_eq!(code, Some(1009));
    let enormous = "x".repeat(1 << 20);
    let mut bystander = scene.world.online(&scene.ann).await;
    let mut socket = scene.world.online(&scene.eve).await;
    // Its end may no longer be taken.
    let _ = futures_util::SinkExt::send(&mut socket.stream, Message::text(enormous)).await;
    let (_, code) = socket.rest().await;
    assert!(matches!(code, Some(1009) | None), "{code:?}");
    assert!(bystander.is_alive().await);
}

#[tokio::test]
async fn who_sends_too_much_is_told_to_wait_and_then_closed_alone() {
    let mut setup = crate::world::Setup::default();
    setup.limits.frames_burst = 20;
    let world = World::with(setup).await;
    let (ann, eve) = (world.person("ann").await, world.person("eve").await);
    let mut bystander = world.online(&ann).await;
    let mut socket = world.online(&eve).await;
    for number in 0..60 {
        let frame = json!({"type": "ping", "ref": number.to_string()}).to_string();
        if futures_util::SinkExt::send(&mut socket.stream, Message::text(frame))
            .await
            .is_err()
        {
            break;
        }
    }
    let (frames, code) = socket.rest().await;
    let limited: Vec<_> = frames
        .iter()
        .filter(|f| f["code"] == "rate_limited")
        .collect();
    assert!(limited.len() > 10);
    assert!(
        limited
            .iter()
            .all(|f| f["retry"] == "later" && f["retry_after_ms"].is_u64())
    );
    assert_eq!(code, Some(4013));
    assert!(bystander.is_alive().await);
}
