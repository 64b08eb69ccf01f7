//! What a script can make the server do.

use serde::Deserialize;
use serde_json::{Map, Value};

/// One step of a server, on the newest connection unless it says otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ServerStep {
    /// Takes the next connection and its `hello`, and answers up to `ready`.
    Greet(Box<Greeting>),
    /// Takes the next connection and does no more.
    Accept(Nothing),
    /// Answers the next connection with this HTTP status instead of a WebSocket, and a `Retry-After` of one second.
    Refuse(u16),
    /// Waits for a frame like this.
    Expect(Value),
    /// Waits for a frame like this, which must not come before this many milliseconds from the step before.
    ExpectAfter {
        /// Milliseconds.
        ms: u64,
        /// The frame.
        frame: Value,
    },
    /// Sends a frame with the `ref` of the frame last expected.
    Answer(Map<String, Value>),
    /// Sends a frame as it stands.
    Send(Map<String, Value>),
    /// Sends an `event`, with the usual where nothing else is said; `text` stands for a body.
    Event(Map<String, Value>),
    /// Sends something no client can read.
    Garbage(Garbage),
    /// Says nothing more on this connection, not even the usual answers.
    Mute(Nothing),
    /// Closes the connection with this number.
    Close(u16),
    /// Ends the connection without a word, as a network does.
    Drop(Nothing),
    /// Waits until the client has closed the connection.
    Closed(Nothing),
    /// Waits for an HTTP call like this and answers it. Nothing else than it may come first.
    Http(Box<Call>),
    /// Does the step on the connection before the newest.
    Old(Box<ServerStep>),
}

/// `{}`: there is nothing to say about it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// What is wrong with what cannot be read.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Garbage {
    /// The bytes are not the agreed encoding.
    Broken,
    /// A text frame where binary was agreed, or the other way round.
    WrongKind,
}

/// How a connection begins.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Greeting {
    /// What `hello` must be like, besides its type.
    pub hello: Map<String, Value>,
    /// Exactly these cursors must be in `hello`.
    pub cursors: Option<Map<String, Value>>,
    /// The chats told by `chat {change: "joined"}`; what is not said is the usual.
    pub joined: Vec<Map<String, Value>>,
    /// Events sent before `ready`.
    pub events: Vec<Map<String, Value>>,
    /// Frames sent after those.
    pub frames: Vec<Map<String, Value>>,
    /// How much the server's clock is ahead, in milliseconds.
    pub clock_ahead_ms: i64,
    /// `heartbeat_ms` of `welcome`; 25,000 if absent.
    pub heartbeat_ms: Option<u64>,
    /// How long the access token lasts from now; ten minutes if absent.
    pub token_lasts_ms: Option<u64>,
    /// Leaves out `ready`.
    pub unready: bool,
}

/// An HTTP call and its answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Method and path: `POST /api/v1/auth/refresh`.
    pub request: String,
    /// What its body must be like.
    #[serde(default)]
    pub body: Value,
    /// The status of the answer; absent: the usual answer.
    #[serde(default)]
    pub status: Option<u16>,
    /// The body of the answer.
    #[serde(default)]
    pub answer: Value,
}
