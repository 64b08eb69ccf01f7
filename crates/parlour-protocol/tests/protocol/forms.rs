//! The exact form of every frame, as other clients write and read it.

use parlour_protocol::{Encoding, Reference, decode_client, decode_server};
use serde_json::{Value, json};

use crate::round_trip::Ordered;

const KEY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Every type of client frame, with every field.
fn client_frames() -> Vec<Value> {
    let body = json!({"type": "text", "text": "hi", "mentions": ["9007199254740993"]});
    vec![
        json!({"type": "hello", "ref": "1", "token": "t", "device": "phone", "features": ["a"],
            "cursors": {"9007199254740993": 4}, "more": true}),
        json!({"type": "sync", "ref": "2", "cursors": {"7": 0}, "more": true}),
        json!({"type": "send", "ref": "3", "chat": "7", "key": KEY, "applied": 0, "body": body, "reply_to": 2}),
        json!({"type": "edit", "ref": "4", "chat": "7", "key": KEY, "applied": 3, "target": 2, "body": body}),
        json!({"type": "delete", "ref": "5", "chat": "7", "key": KEY, "applied": 3, "target": 2}),
        json!({"type": "react", "ref": "6", "chat": "7", "key": KEY, "applied": 3, "target": 2, "emoji": "👍", "on": true}),
        json!({"type": "cancel", "ref": "7", "chat": "7", "key": KEY}),
        json!({"type": "delivered", "ref": "8", "chat": "7", "seq": 5}),
        json!({"type": "read", "ref": "9", "chat": "7", "seq": 5}),
        json!({"type": "typing", "ref": "10", "chat": "7", "on": false}),
        json!({"type": "watch", "ref": "11", "users": ["3"], "chats": ["7"]}),
        json!({"type": "set_status", "ref": "12", "status": "invisible"}),
        json!({"type": "history", "ref": "13", "chat": "7", "before": 50, "limit": 20}),
        json!({"type": "history", "chat": "7", "after": 50}),
        json!({"type": "history", "chat": "7", "around": 50}),
        json!({"type": "refresh", "ref": "14", "token": "t"}),
        json!({"type": "ping", "ref": "15"}),
    ]
}

fn chat() -> Value {
    json!({
        "id": "7", "type": "group", "title": "Tea", "created_at": 1, "updated_at": 2, "role": "owner",
        "head": 9, "read": 8, "delivered": 9, "unread": 1, "member_count": 2,
        "last_message": message(),
        "members": [{"user": "3", "role": "member", "joined_at": 1, "delivered": 9, "read": 8}],
    })
}

fn message() -> Value {
    json!({
        "chat": "7", "seq": 9, "id": "1152921504606846976", "author": "3", "key": KEY, "kind": "message",
        "sent_at": 5, "body": {"type": "text", "text": "hi"}, "reply_to": 2, "edited_at": 6,
        "reactions": [{"emoji": "👍", "users": ["3"]}], "pinned": true, "status": "read",
    })
}

fn events() -> Vec<Value> {
    let users = json!([{"user": "3", "role": "owner"}, {"user": "4", "role": "member"}]);
    let body = json!({"type": "text", "text": "hi"});
    let said = [
        json!({"kind": "message", "key": KEY, "body": body, "reply_to": 2}),
        json!({"kind": "message_edited", "target": 2, "body": body}),
        json!({"kind": "message_deleted", "target": 2}),
        json!({"kind": "reaction_changed", "target": 2, "emoji": "👍", "on": true}),
        json!({"kind": "pin_changed", "target": 2, "on": false}),
        json!({"kind": "members_added", "users": users}),
        json!({"kind": "member_removed", "user": "4"}),
        json!({"kind": "role_changed", "user": "4", "role": "admin"}),
        json!({"kind": "chat_changed", "title": "Tea", "history": "since_join"}),
        json!({"kind": "chat_created", "chat_type": "group", "title": "Tea", "history": "all", "users": users}),
        json!({"kind": "hidden"}),
    ];
    let place = json!({
        "type": "event", "chat": "7", "seq": 9, "id": "1152921504606846976", "author": "3", "sent_at": 5,
    });
    let with_place = |said: Value| {
        let mut event = place.clone();
        event
            .as_object_mut()
            .unwrap()
            .extend(said.as_object().unwrap().clone());
        event
    };
    said.into_iter().map(with_place).collect()
}

/// Every type of server frame, with every field.
fn server_frames() -> Vec<Value> {
    let limits = serde_json::to_value(parlour_protocol::WireLimits::default()).unwrap();
    let presence =
        json!({"user": "3", "status": "offline", "last_seen": 4, "version": 1_700_000_000_000_u64});
    let mut presence_frame = presence.clone();
    presence_frame["type"] = json!("presence");
    let mut frames = vec![
        json!({"type": "welcome", "ref": "1", "session": "8", "server_time": 5, "heartbeat_ms": 25_000,
            "me": {"id": "3", "username": "ann", "display_name": "Ann", "avatar_url": "https://x", "created_at": 1, "updated_at": 2},
            "token_expires_at": 6, "limits": limits, "features": []}),
        json!({"type": "marks", "chats": {"9007199254740993": {"delivered": 5, "read": 4}}}),
        json!({"type": "receipt", "chat": "7", "user": "3", "delivered": 5, "read": 4}),
        json!({"type": "receipt_counts", "chat": "7", "seq": 5, "delivered_count": 70, "read_count": 3}),
        json!({"type": "ready", "ref": "1"}),
        json!({"type": "synced", "ref": "2"}),
        json!({"type": "sent", "ref": "3", "chat": "7", "seq": 9, "id": "1152921504606846976", "sent_at": 5, "duplicate": false}),
        json!({"type": "cancelled", "ref": "4"}),
        json!({"type": "ok", "ref": "5", "presence": [presence], "token_expires_at": 6}),
        json!({"type": "page", "ref": "6", "messages": [message()], "has_before": true, "has_after": false, "at": 9}),
        json!({"type": "pong", "ref": "7", "server_time": 5}),
        json!({"type": "typing", "chat": "7", "user": "3", "on": true}),
        presence_frame,
        json!({"type": "chat", "change": "joined", "chat": chat()}),
        json!({"type": "chat", "change": "changed", "chat": chat()}),
        json!({"type": "chat", "change": "left", "chat": {"id": "7"}}),
        json!({"type": "resync", "chat": "7", "reason": "the node lost touch"}),
        json!({"type": "too_long", "chat": "7", "head": 9, "oldest": 1, "reason": "behind"}),
        json!({"type": "reconnect", "after_ms": 1500}),
        json!({"type": "error", "ref": "8", "code": "outcome_unknown", "message": "retry", "retry": "now",
            "retry_after_ms": 5, "outcome": "unknown", "field": "body.text", "seq": 1, "id": "2", "applied": 3}),
    ];
    frames.extend(events());
    frames
}

#[test]
fn every_client_frame_has_this_form() {
    for form in client_frames() {
        for encoding in Encoding::ALL {
            let frame = decode_client(encoding, &Ordered::of(&form).bytes(encoding));
            let frame = frame.unwrap_or_else(|error| panic!("{form}: {error:?}"));
            assert_eq!(serde_json::to_value(&frame).unwrap(), form);
            assert_eq!(
                frame.reference().map(Reference::as_str),
                form["ref"].as_str()
            );
        }
    }
}

#[test]
fn every_server_frame_has_this_form() {
    for form in server_frames() {
        for encoding in Encoding::ALL {
            let frame = decode_server(encoding, &Ordered::of(&form).bytes(encoding));
            let frame = frame.unwrap_or_else(|error| panic!("{form}: {error:?}"));
            assert_eq!(serde_json::to_value(&frame).unwrap(), form);
            assert_eq!(
                frame.reference().map(Reference::as_str),
                form["ref"].as_str()
            );
        }
    }
}

#[test]
fn the_shortest_forms_are_read() {
    for form in [
        json!({"type": "hello", "token": "t"}),
        json!({"type": "send", "chat": "7", "key": KEY, "body": {"type": "text", "text": "hi"}}),
        json!({"type": "watch"}),
        json!({"type": "ping"}),
    ] {
        decode_client(Encoding::Json, form.to_string().as_bytes()).unwrap();
    }
}
