//! What a client tells besides lines, as an `await` of a scenario names it, in the order in which it was told.

use parlour_client::{ClientEvent, ConnectionState, SendFailure, StopReason};
use serde_json::{Value, json};

use crate::lines::of_sent;

/// One thing that was told.
#[derive(Debug)]
pub(crate) struct Notice {
    /// The word after `await`.
    pub(crate) kind: &'static str,
    /// What it is about: of the same, each is awaited after the one before.
    pub(crate) about: Vec<(&'static str, Value)>,
    /// The rest.
    pub(crate) says: Value,
    /// Whether an `await` has taken this one or a later one.
    pub(crate) is_past: bool,
}

impl Notice {
    fn new(kind: &'static str, about: Vec<(&'static str, Value)>, says: Value) -> Self {
        Self {
            kind,
            about,
            says,
            is_past: false,
        }
    }
}

/// What an event of the client tells; `None` for events that scenarios do not await.
pub(crate) fn notice(event: &ClientEvent) -> Option<Notice> {
    Some(match event {
        ClientEvent::Connection(state) => {
            Notice::new("connection", vec![], json!({"is": connection(*state)}))
        }
        ClientEvent::Stopped(reason) => {
            Notice::new("stopped", vec![], json!({"why": why(*reason)}))
        }
        ClientEvent::ChatJoined(chat) => Notice::new(
            "chat",
            vec![("chat", json!(chat.id))],
            json!({"is": "joined"}),
        ),
        ClientEvent::ChatLeft(chat) => {
            Notice::new("chat", vec![("chat", json!(chat))], json!({"is": "left"}))
        }
        ClientEvent::TooLong(frame) => {
            Notice::new("too_long", vec![("chat", json!(frame.chat))], json!({}))
        }
        ClientEvent::Receipt(receipt) => Notice::new(
            "receipt",
            vec![("chat", json!(receipt.chat)), ("user", json!(receipt.user))],
            json!({"delivered": receipt.delivered, "read": receipt.read}),
        ),
        ClientEvent::Typing(typing) => Notice::new(
            "typing",
            vec![("chat", json!(typing.chat)), ("user", json!(typing.user))],
            json!({"on": typing.on}),
        ),
        ClientEvent::Presence(presence) => Notice::new(
            "presence",
            vec![("user", json!(presence.user))],
            json!({"is": presence.status}),
        ),
        ClientEvent::Settled { key, result, .. } => {
            let says = match result {
                Ok(sent) => of_sent(sent),
                Err(SendFailure::Refused(error)) => json!({"is": "failed", "code": error.code}),
                Err(SendFailure::Cancelled | SendFailure::GivenUp) => json!({"is": "cancelled"}),
                Err(SendFailure::Closed) => json!({"is": "closed"}),
            };
            Notice::new("outcome", vec![("of", json!(key))], says)
        }
        ClientEvent::Stalled { key, .. } => {
            let says = json!({"is": "stalled"});
            Notice::new("outcome", vec![("of", json!(key))], says)
        }
        _ => return None,
    })
}

fn connection(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connecting => "connecting",
        ConnectionState::CatchingUp => "catching_up",
        ConnectionState::Ready => "ready",
        ConnectionState::Waiting(_) => "waiting",
    }
}

fn why(reason: StopReason) -> &'static str {
    match reason {
        StopReason::SignedOut => "signed_out",
        StopReason::AccountDisabled => "account_disabled",
        StopReason::WrongProtocol => "wrong_protocol",
        StopReason::Refused(_) => "refused",
        StopReason::StoreFailed => "store_failed",
    }
}
