//! What any client may do at any time, and the answers it gets.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::defaults::{self, ME};
use super::listening::Arrived;

/// The usual answer to a frame that needs no place in a script; `None` if it needs one.
pub(super) fn answer_to(frame: &Value) -> Option<Map<String, Value>> {
    let name = frame.get("type").and_then(Value::as_str)?;
    let answer = match name {
        "ping" => json!({"type": "pong", "server_time": defaults::now_ms()}),
        "delivered" | "read" | "set_status" => json!({"type": "ok"}),
        "watch" => json!({"type": "ok", "presence": []}),
        "history" => json!({"type": "page"}),
        // It has no answer.
        "typing" => return Some(Map::new()),
        _ => return None,
    };
    Some(defaults::frame(answer.as_object().cloned()?))
}

/// Answers calls that no script waits for.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// How many pairs of tokens were given out.
    tokens: u64,
    /// The chats of the last greeting.
    pub(super) chats: Vec<Value>,
}

impl Desk {
    /// Gives a call its usual answer.
    pub(super) fn serve(&mut self, call: Arrived) {
        let (status, body) = self.answer(&call);
        call.answer(status, body);
    }

    fn answer(&mut self, call: &Arrived) -> (StatusCode, Value) {
        let Some((method, path)) = call.line.split_once(" /api/v1/") else {
            return not_found();
        };
        let parts: Vec<&str> = path.split('/').collect();
        match (method, parts.as_slice()) {
            ("POST", ["auth", "login" | "refresh"]) => (StatusCode::OK, self.sign_in()),
            ("POST", ["auth", "register"]) => (StatusCode::CREATED, self.sign_in()),
            ("POST", ["auth", "logout"]) => (StatusCode::NO_CONTENT, Value::Null),
            ("GET", ["me"]) => ok(defaults::user(ME)),
            ("GET", ["users", id]) => ok(defaults::user(id)),
            ("GET", ["chats"]) => ok(json!({"chats": self.chats})),
            ("GET", ["chats", id]) => self.chat(id).map_or_else(not_found, ok),
            ("GET", ["chats", _, "members"]) => ok(json!({"members": []})),
            ("GET", ["chats", _, "messages"]) => {
                let page =
                    json!({"messages": [], "has_before": false, "has_after": false, "at": 0});
                ok(page)
            }
            ("POST", ["presence"]) => ok(json!({"presence": []})),
            _ => not_found(),
        }
    }

    fn sign_in(&mut self) -> Value {
        self.tokens += 1;
        defaults::signed_in(self.tokens)
    }

    fn chat(&self, id: &str) -> Option<Value> {
        let mut chats = self.chats.iter();
        chats.find(|chat| chat["id"] == id).cloned()
    }
}

fn ok(body: Value) -> (StatusCode, Value) {
    (StatusCode::OK, body)
}

fn not_found() -> (StatusCode, Value) {
    let problem = json!({
        "type": "about:blank", "title": "Not found", "status": 404, "code": "chat_not_found",
        "detail": "the script knows nothing of this", "retry": "never",
    });
    (StatusCode::NOT_FOUND, problem)
}
