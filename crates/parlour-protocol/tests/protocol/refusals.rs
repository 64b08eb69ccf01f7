//! What is wrong is answered by name; only unreadable bytes close.

use parlour_model::{ChatId, Seq, limits};
use parlour_protocol::{
    CloseCode, DecodeError, Encoding, ErrorCode, Outcome, ServerFrame, decode_client, decode_server,
};
use serde_json::{Value, json};

use crate::round_trip::Ordered;

const KEY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn bytes_of(frame: &Value, encoding: Encoding) -> Vec<u8> {
    Ordered::of(frame).bytes(encoding)
}

/// The field a frame is refused for, the same in both encodings, with its `ref`.
fn wrong_field(frame: Value) -> String {
    let Value::Object(mut fields) = frame else {
        panic!("a frame is an object");
    };
    fields.entry("ref").or_insert_with(|| json!("r1"));
    let frame = Value::Object(fields);
    let [json, message_pack] =
        Encoding::ALL.map(|encoding| decode_client(encoding, &bytes_of(&frame, encoding)));
    let error = json.unwrap_err();
    let DecodeError::Invalid { field: other, .. } = message_pack.unwrap_err() else {
        panic!("refused differently in MessagePack: {frame}");
    };
    assert_eq!(error.close_code(), None);
    let answer = error.to_frame();
    assert_eq!(answer.code, ErrorCode::Invalid);
    assert_eq!(answer.outcome, Some(Outcome::NotStored));
    if frame["ref"] == "r1" {
        assert_eq!(
            answer.reference.map(|r| r.to_string()),
            Some("r1".to_owned())
        );
    }
    assert_eq!(
        answer.field.as_deref(),
        (!other.is_empty()).then_some(other.as_str())
    );
    other
}

fn send_with(field: &str, value: Value) -> Value {
    let mut frame = json!({
        "type": "send", "chat": "7", "key": KEY, "applied": 3, "body": {"type": "text", "text": "hi"},
    });
    frame[field] = value;
    frame
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    assert_eq!(wrong_field(send_with("chat", json!(7))), "chat");
    assert_eq!(wrong_field(send_with("chat", json!("07"))), "chat");
    assert_eq!(
        wrong_field(send_with("chat", json!("9223372036854775808"))),
        "chat"
    );
    assert_eq!(wrong_field(send_with("applied", json!("3"))), "applied");
    assert_eq!(wrong_field(send_with("applied", json!(-3))), "applied");
    assert_eq!(wrong_field(send_with("applied", json!(3.5))), "applied");
    assert_eq!(wrong_field(send_with("key", json!("not a key"))), "key");
    let version_4 = json!("c2f4f9a2-3b1d-4e6a-9b0e-0d8f3c8a1b2c");
    assert_eq!(wrong_field(send_with("key", version_4)), "key");
    assert_eq!(wrong_field(send_with("body", json!("hi"))), "body");
    assert_eq!(
        wrong_field(send_with("body", json!({"text": "hi"}))),
        "body"
    );
    assert_eq!(wrong_field(send_with("type", json!(1))), "type");
    assert_eq!(wrong_field(json!({"chat": "7"})), "type");
    let unknown = json!({"type": "set_status", "status": "asleep"});
    assert_eq!(wrong_field(unknown), "status");
}

#[test]
fn a_missing_field_is_named_and_null_is_missing() {
    for field in ["chat", "key", "body"] {
        let mut frame = send_with("applied", json!(0));
        frame.as_object_mut().unwrap().remove(field);
        assert_eq!(wrong_field(frame), field);
        assert_eq!(wrong_field(send_with(field, Value::Null)), field);
    }
    assert_eq!(
        wrong_field(json!({"type": "hello", "cursors": {}})),
        "token"
    );
    assert_eq!(wrong_field(json!({"type": "sync"})), "cursors");
}

#[test]
fn a_wrong_ref_is_named() {
    let long = "r".repeat(limits::REF_BYTES_MAX + 1);
    assert_eq!(wrong_field(json!({"type": "ping", "ref": long})), "ref");
    assert_eq!(wrong_field(json!({"type": "ping", "ref": 1})), "ref");
}

#[test]
fn limits_of_frames_name_their_field() {
    let number = |n: u64| json!(n);
    assert_eq!(
        wrong_field(send_with("applied", number(1 << 50))),
        "applied"
    );
    assert_eq!(wrong_field(send_with("reply_to", json!(0))), "reply_to");
    for kind in ["edit", "delete", "react"] {
        let mut frame = send_with("applied", number(1 << 50));
        frame["type"] = json!(kind);
        frame["target"] = json!(1);
        frame["emoji"] = json!("👍");
        frame["on"] = json!(true);
        assert_eq!(wrong_field(frame.clone()), "applied");
        frame["applied"] = json!(0);
        frame["target"] = json!(0);
        assert_eq!(wrong_field(frame), "target");
    }
    assert_eq!(
        wrong_field(json!({"type": "delete", "chat": "1", "key": KEY, "target": 0})),
        "target"
    );
    assert_eq!(
        wrong_field(json!({"type": "read", "chat": "1", "seq": 1_u64 << 53})),
        "seq"
    );
    assert_eq!(
        wrong_field(json!({"type": "sync", "cursors": {"1": 1_u64 << 50}})),
        "cursors"
    );
    assert_eq!(
        wrong_field(json!({"type": "sync", "cursors": {"one": 1}})),
        "cursors"
    );
    let device = "d".repeat(limits::DEVICE_CHARS_MAX + 1);
    assert_eq!(
        wrong_field(json!({"type": "hello", "token": "t", "device": device})),
        "device"
    );

    let ids = |count: usize| (1..=count).map(|n| n.to_string()).collect::<Vec<_>>();
    let users = ids(limits::WATCH_USERS_MAX + 1);
    assert_eq!(
        wrong_field(json!({"type": "watch", "users": users})),
        "users"
    );
    let chats = ids(limits::WATCH_CHATS_MAX + 1);
    assert_eq!(
        wrong_field(json!({"type": "watch", "chats": chats})),
        "chats"
    );
    let cursors: serde_json::Map<_, _> = ids(limits::CURSORS_PER_FRAME_MAX + 1)
        .into_iter()
        .map(|id| (id, json!(0)))
        .collect();
    assert_eq!(
        wrong_field(json!({"type": "sync", "cursors": cursors})),
        "cursors"
    );
}

#[test]
fn history_is_asked_for_at_one_place_and_within_its_limit() {
    let history = |more: Value| {
        let mut frame = json!({"type": "history", "chat": "1"});
        frame
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        frame
    };
    for limit in [0, 101] {
        assert_eq!(wrong_field(history(json!({"limit": limit}))), "limit");
    }
    assert_eq!(
        wrong_field(history(json!({"before": 5, "after": 3}))),
        "after"
    );
    assert_eq!(
        wrong_field(history(json!({"before": 5, "around": 3}))),
        "around"
    );
    assert_eq!(
        wrong_field(history(json!({"after": 5, "around": 3}))),
        "around"
    );
    assert_eq!(
        wrong_field(history(json!({"before": 5, "after": 4, "around": 3}))),
        "around"
    );
    assert_eq!(
        wrong_field(history(json!({"before": 1_u64 << 50}))),
        "before"
    );
    for fine in [
        json!({}),
        json!({"limit": 100}),
        json!({"around": 0}),
        json!({"before": 9, "limit": 1}),
    ] {
        let frame = bytes_of(&history(fine), Encoding::Json);
        decode_client(Encoding::Json, &frame).unwrap();
    }
}

#[test]
fn an_unknown_type_is_answered_with_its_ref() {
    for encoding in Encoding::ALL {
        let frame = bytes_of(&json!({"type": "pin", "ref": "r9", "chat": 5}), encoding);
        let error = decode_client(encoding, &frame).unwrap_err();
        assert_eq!(error.close_code(), None);
        let answer = error.to_frame();
        assert_eq!(answer.code, ErrorCode::UnknownType);
        assert_eq!(answer.reference.unwrap().as_str(), "r9");
    }
    let long = bytes_of(&json!({"type": "x".repeat(60_000)}), Encoding::Json);
    let error = decode_client(Encoding::Json, &long).unwrap_err();
    assert!(error.to_frame().message.len() < 200);
}

#[test]
fn a_client_tells_an_unknown_frame_from_a_broken_one() {
    let read = |frame: Value| decode_server(Encoding::Json, frame.to_string().as_bytes());
    let unknown = read(json!({"type": "weather", "ref": "1"}));
    assert!(matches!(unknown, Err(DecodeError::UnknownType { .. })));
    let broken = read(json!({"type": "sent", "chat": "1"}));
    assert!(matches!(broken, Err(DecodeError::Invalid { .. })));
}

fn event_with(more: &Value) -> Value {
    let mut event = json!({
        "type": "event", "chat": "7", "seq": 9, "id": "1152921504606846976", "author": "3", "sent_at": 5,
    });
    event
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    event
}

#[test]
fn an_event_of_tomorrow_is_opaque_and_still_has_its_place() {
    let opaque = [
        json!({"kind": "support_assigned", "agent": "5"}),
        json!({"kind": "poll_closed", "target": "a word", "users": {"1": 2}, "body": 7, "on": []}),
        json!({"kind": "message"}),
        json!({"kind": "message", "body": "not an object"}),
        json!({"kind": "role_changed", "user": "3", "role": "moderator"}),
        json!({"kind": "chat_created", "chat_type": "channel", "users": []}),
    ];
    for more in opaque {
        for encoding in Encoding::ALL {
            let event = event_with(&more);
            let ServerFrame::Event(event) =
                decode_server(encoding, &bytes_of(&event, encoding)).unwrap()
            else {
                panic!("an event is an event");
            };
            assert_eq!(event.content(), None, "{more}");
            assert_eq!(
                (event.chat, event.seq),
                (ChatId::new(7).unwrap(), Seq::new(9))
            );
        }
    }
}

#[test]
fn an_event_without_its_place_is_refused() {
    for field in ["chat", "seq", "id", "author", "kind", "sent_at"] {
        let mut event = event_with(&json!({"kind": "hidden"}));
        event.as_object_mut().unwrap().remove(field);
        let error = decode_server(Encoding::Json, event.to_string().as_bytes()).unwrap_err();
        assert!(matches!(error, DecodeError::Invalid { field: wrong, .. } if wrong == field));
    }
}

#[test]
fn more_bytes_than_a_frame_may_have_close_the_connection() {
    let text = "x".repeat(limits::FRAME_BYTES_MAX);
    let frame = send_with("body", json!({"type": "text", "text": text}));
    for encoding in Encoding::ALL {
        let error = decode_client(encoding, &bytes_of(&frame, encoding)).unwrap_err();
        assert_eq!(error.close_code(), Some(CloseCode::TooLarge));
        assert_eq!(error.to_frame().code, ErrorCode::TooLarge);
    }
    let padding = limits::FRAME_BYTES_MAX - r#"{"type":"ping"}"#.len();
    let largest = format!("{{\"type\":\"ping\"{}}}", " ".repeat(padding));
    decode_client(Encoding::Json, largest.as_bytes()).unwrap();
}

#[test]
fn what_was_sent_is_not_in_the_text_for_the_log() {
    let frame = json!({"type": "hello", "token": ["hunter2"], "cursors": {}});
    let error = decode_client(Encoding::Json, frame.to_string().as_bytes()).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let frame = json!({"type": "hello", "token": "hunter2", "cursors": {}});
    let frame = decode_client(Encoding::Json, frame.to_string().as_bytes()).unwrap();
    assert!(!format!("{frame:?}").contains("hunter2"));
}
