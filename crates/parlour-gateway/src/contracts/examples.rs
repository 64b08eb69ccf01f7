//! Examples of every frame, made of the frames' own types: they follow the code by themselves and cannot say anything else.
//!
//! All of them are of one conversation: Ann, whose client we look at, and Bob plan a lunch in a small group.

mod client;
mod conversation;
mod server;

use parlour_model::{ChatId, EventId, EventKey, Seq, SessionId, Timestamp, UserId};
use parlour_protocol::Reference;
use serde::Serialize;
use serde_json::{Value, json};

/// The examples of one kind of frame, as the document has them.
pub(super) fn of(sender: &str, word: &str) -> Vec<Value> {
    let all: Vec<Value> = if sender == "client" {
        client::frames().into_iter().map(example).collect()
    } else {
        let frames = conversation::frames().into_iter();
        frames.chain(server::frames()).map(example).collect()
    };
    let of_word = |example: &Value| example["payload"]["type"] == word;
    all.into_iter().filter(of_word).collect()
}

fn example<T: Serialize>((summary, frame): (&str, T)) -> Value {
    let payload = serde_json::to_value(frame).expect("every frame is writable");
    json!({"summary": summary, "payload": payload})
}

/// The beginning of the conversation.
const START: u64 = 1_793_000_000_000;

const LUNCH: u64 = 7_301_444_403_200_000_001;
const ANN: u64 = 7_301_444_403_200_000_002;
const BOB: u64 = 7_301_444_403_200_000_003;

fn lunch() -> ChatId {
    ChatId::new(LUNCH).expect("it is a number of a chat")
}

fn ann() -> UserId {
    UserId::new(ANN).expect("it is a number of a user")
}

fn bob() -> UserId {
    UserId::new(BOB).expect("it is a number of a user")
}

fn session() -> SessionId {
    SessionId::new(LUNCH + 3).expect("it is a number of a session")
}

/// The id of the event at `seq`.
fn event_id(seq: u64) -> EventId {
    EventId::new(LUNCH + 100 + seq).expect("it is a number of an event")
}

/// So many seconds after the beginning.
fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1_000)
}

fn seq(number: u64) -> Seq {
    Seq::new(number)
}

/// The key of the event at `seq`: the same each time the document is made.
fn key(seq: u64) -> EventKey {
    let text = format!("019a1d4e-7e00-7000-8000-{seq:012x}");
    text.parse().expect("it is a UUIDv7")
}

fn reference(text: &str) -> Option<Reference> {
    Some(Reference::new(text).expect("it is short"))
}
