//! What the scripted server says where a script says nothing: one user, tokens that count up, and chats of the usual kind.

use parlour_model::{Clock, SystemClock};
use parlour_protocol::{ErrorCode, WireLimits};
use serde_json::{Map, Value, json};

/// The user of every client.
pub(super) const ME: &str = "1";
/// Who writes when nobody is named.
const OTHER: &str = "2";
/// The chat when none is named.
const CHAT: &str = "9";

/// Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    i64::try_from(SystemClock::new().now().as_millis()).unwrap_or(0)
}

pub(super) fn user(id: &str) -> Value {
    let name = if id == ME { "ann" } else { "bob" };
    let username = format!("{name}_{id}");
    json!({
        "id": id, "username": username, "display_name": name, "created_at": 0, "updated_at": 0,
    })
}

/// The answer to the `number`th login or refresh.
pub(super) fn signed_in(number: u64) -> Value {
    json!({
        "user": user(ME),
        "session": {
            "id": "77", "device": "", "created_at": 0, "last_active_at": 0, "current": true,
        },
        "access_token": format!("token-{number}"),
        "expires_in": 600,
        "refresh_token": format!("refresh-{number}"),
    })
}

/// A frame of an event of which a script has said some fields.
pub(super) fn event(mut said: Map<String, Value>) -> Map<String, Value> {
    if let Some(text) = said.remove("text") {
        said.insert("body".to_owned(), json!({"type": "text", "text": text}));
    }
    let seq = said.get("seq").and_then(Value::as_u64).unwrap_or_default();
    let author = if said.contains_key("key") { ME } else { OTHER };
    let usual = json!({
        "type": "event", "chat": CHAT, "id": event_id(seq), "author": author,
        "kind": "message", "sent_at": now_ms(),
    });
    over(usual, said)
}

/// A frame of which a script has said some fields: `sent` and errors have fields that hardly matter to a script.
pub(super) fn frame(mut said: Map<String, Value>) -> Map<String, Value> {
    let name = said.get("type").and_then(Value::as_str).unwrap_or_default();
    let usual = match name {
        "event" => return event(said),
        "sent" => {
            let seq = said.get("seq").and_then(Value::as_u64).unwrap_or_default();
            json!({"chat": CHAT, "id": event_id(seq), "sent_at": now_ms(), "duplicate": false})
        }
        "error" => json!({"message": "the script says so", "retry": retry_of(&said)}),
        "page" => json!({"messages": [], "has_before": false, "has_after": false, "at": 0}),
        "chat" if said.get("change") != Some(&json!("left")) => {
            let said_of_it = said
                .remove("chat")
                .and_then(|chat| chat.as_object().cloned());
            said.insert("chat".to_owned(), chat(said_of_it.unwrap_or_default()));
            json!({})
        }
        _ => json!({}),
    };
    over(usual, said)
}

/// When to retry, as the code of an error says unless the script says otherwise.
fn retry_of(said: &Map<String, Value>) -> Value {
    let code = said.get("code").cloned().unwrap_or_default();
    let code: Result<ErrorCode, _> = serde_json::from_value(code);
    code.map_or(Value::Null, |code| json!(code.retry()))
}

/// A chat of which a script has said some fields. Everything up to its head is read.
pub(super) fn chat(said: Map<String, Value>) -> Value {
    let head = said.get("head").cloned().unwrap_or(json!(0));
    let usual = json!({
        "id": CHAT, "type": "group", "title": "Scripted", "created_at": 0, "updated_at": now_ms(),
        "role": "member", "head": head, "read": head, "delivered": head, "unread": 0,
        "member_count": 2,
    });
    Value::Object(over(usual, said))
}

/// `welcome`, but for what a greeting says.
pub(super) fn welcome(now_ms: i64, heartbeat_ms: u64, token_lasts_ms: u64) -> Map<String, Value> {
    let lasts = i64::try_from(token_lasts_ms).unwrap_or(i64::MAX);
    let frame = json!({
        "type": "welcome", "me": user(ME), "session": "77", "server_time": now_ms,
        "heartbeat_ms": heartbeat_ms, "token_expires_at": now_ms.saturating_add(lasts),
        "limits": WireLimits::default(), "features": [],
    });
    over(frame, Map::new())
}

fn event_id(seq: u64) -> String {
    // Above 2^50, as ids are.
    ((1_u64 << 51) + seq).to_string()
}

fn over(usual: Value, said: Map<String, Value>) -> Map<String, Value> {
    let Value::Object(mut members) = usual else {
        return said;
    };
    members.extend(said);
    members
}
