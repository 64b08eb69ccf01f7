//! The live connection as an AsyncAPI 3.0 document, seen from the server: it receives what clients send.
//!
//! Frames and their schemas come from the two enums of the protocol; what answers what stands in [`frames`], and what a frame
//! looks like in [`examples`].

use parlour_protocol::{ClientFrame, Encoding, ErrorCode, ServerFrame};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::schemas::{Schemas, referred};
use super::{errors, examples, frames, title};

const ABOUT: &str = "One WebSocket at `/v1/ws` carries everything live; `/openapi.json` describes the rest. Both carry the same types.\n\n\
    **Opening.** Offer `parlour.v1.json` (text frames of JSON) or `parlour.v1.msgpack` (binary frames of MessagePack: maps with string keys, integers of any width) as `Sec-WebSocket-Protocol`; the first of ours is taken. Browsers are admitted by exact `Origin`. The first frame is `hello`, within 10 seconds, and carries the access token; a token never stands in a URL.\n\n\
    **Frames.** Each is one object with a `type`. A client may put a `ref` of its choice into a frame; every answer to it carries the same `ref`, and what the server sends by itself carries none. Unknown fields are ignored. A client ignores frames of unknown `type`, and moves its cursor past an event of unknown `kind`; the server answers a frame of unknown `type` with `error` and stays connected.\n\n\
    **Values.** Ids are decimal strings. Seqs, times (milliseconds since 1970 in UTC), versions and counts are integers below 2^53. Absent and null are the same in what clients send; the server never sends null. A length in a schema counts characters; where `x-max-bytes` stands beside it, the limit is one of bytes of UTF-8. A frame of a client has at most 64 KiB.\n\n\
    **The client's rule.** An event with `seq = cursor + 1` is applied and the cursor stored in the same local transaction; one at or below the cursor is dropped; one above is kept aside, and `sync` asked. A send stays in a local outbox with its `key` until it is settled by `sent`, by seeing its own event, by `cancelled`, or when every attempt was answered `not_stored` with `retry: never`. `sent` never moves the cursor, and comes before or after the own `event`.";

/// The document.
pub(super) fn document() -> Value {
    let mut schemas = Schemas::new(&SchemaSettings::draft07());
    let mut book = Book::default();
    for (word, schema) in schemas.sent_frames::<ClientFrame>() {
        book.enter("client", &word, schema);
    }
    for (word, schema) in schemas.received_frames::<ServerFrame>() {
        book.enter("server", &word, schema);
    }
    let mut definitions = schemas.into_definitions();
    definitions.extend(book.schemas);
    let messages = Value::Object(book.messages);
    let definitions = referred(&definitions, &messages);
    json!({
        "asyncapi": "3.0.0",
        "info": title("Parlour: live connection", ABOUT),
        "defaultContentType": Encoding::Json.media_type(),
        "servers": {"node": {
            "host": "127.0.0.1:8080",
            "protocol": "ws",
            "description": "A node as it is set up at first; behind TLS the protocol is wss.",
            "x-subprotocols": subprotocols(),
        }},
        "channels": {"socket": socket(&book.references)},
        "operations": operations(&book.references),
        "components": {
            "messages": messages,
            "schemas": definitions,
            "correlationIds": {"ref": {
                "description": "The `ref` of the frame that is answered.",
                "location": "$message.payload#/ref",
            }},
        },
        "x-errors": errors::table(),
    })
}

/// What the document says about frames, as it is collected.
#[derive(Default)]
struct Book {
    /// The messages of the channel: references by name.
    references: Map<String, Value>,
    messages: Map<String, Value>,
    schemas: Map<String, Value>,
}

impl Book {
    /// Enters a frame under the name of who sends it and its type.
    fn enter(&mut self, sender: &str, word: &str, schema: Value) {
        let message = format!("{sender}.{word}");
        let name = schema_name(sender, word);
        let description = schema["description"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let mut described = json!({
            "name": word,
            "title": format!("{word} (from the {sender})"),
            "summary": description,
            "payload": reference("components/schemas", &name),
            "examples": examples::of(sender, word),
        });
        if schema["properties"].get("ref").is_some() {
            described["correlationId"] = reference("components/correlationIds", "ref");
        }
        self.references
            .insert(message.clone(), reference("components/messages", &message));
        self.messages.insert(message, described);
        self.schemas.insert(name, schema);
    }
}

/// `ClientSetStatusFrame` for `set_status` of a client.
fn schema_name(sender: &str, word: &str) -> String {
    let words = std::iter::once(sender)
        .chain(word.split('_'))
        .chain(["frame"]);
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    };
    words.map(capital).collect()
}

fn reference(folder: &str, name: &str) -> Value {
    json!({"$ref": format!("#/{folder}/{name}")})
}

fn subprotocols() -> Value {
    let described = Encoding::ALL.map(|encoding| {
        json!({
            "name": encoding.subprotocol(),
            "content_type": encoding.media_type(),
            "frames": if encoding.is_text() { "text" } else { "binary" },
        })
    });
    json!(described)
}

fn socket(messages: &Map<String, Value>) -> Value {
    let header = json!({
        "type": "object",
        "required": ["Sec-WebSocket-Protocol"],
        "properties": {"Sec-WebSocket-Protocol": {
            "type": "string",
            "enum": Encoding::ALL.map(Encoding::subprotocol),
            "description": "How frames are written.",
        }},
    });
    json!({
        "address": "/v1/ws",
        "title": "The WebSocket",
        "messages": messages,
        "bindings": {"ws": {"method": "GET", "headers": header, "bindingVersion": "0.1.0"}},
        "x-close-codes": errors::close_codes(),
    })
}

/// One operation per frame: those of clients with their answers, then what the server sends by itself or as an answer.
fn operations(messages: &Map<String, Value>) -> Value {
    let mut operations = Map::new();
    for name in messages.keys() {
        let operation = match name.split_once('.') {
            Some(("client", word)) => received(word),
            _ => json!({
                "action": "send",
                "channel": reference("channels", "socket"),
                "messages": [in_channel(name)],
            }),
        };
        operations.insert(name.clone(), operation);
    }
    Value::Object(operations)
}

fn received(word: &str) -> Value {
    let answers = frames::ANSWERS.iter().find(|row| row.frame == word);
    let answers = answers.unwrap_or_else(|| panic!("nothing says how {word} is answered"));
    let with = answers.with.iter().chain(&["error"]);
    let with: Vec<Value> = with
        .map(|word| in_channel(&format!("server.{word}")))
        .collect();
    let codes: Vec<ErrorCode> = frames::ANY.iter().chain(answers.codes).copied().collect();
    json!({
        "action": "receive",
        "channel": reference("channels", "socket"),
        "messages": [in_channel(&format!("client.{word}"))],
        "reply": {"channel": reference("channels", "socket"), "messages": with},
        "x-error-codes": codes,
    })
}

fn in_channel(message: &str) -> Value {
    reference("channels/socket/messages", message)
}
