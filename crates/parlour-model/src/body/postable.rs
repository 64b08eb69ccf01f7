//! What a user may post, said as a schema.
//!
//! [`Body::check_postable`](super::Body::check_postable) is the judge. This says the same to people and tools who read the
//! contracts, and `deploy/dev/check-contracts` sends a server what it allows.

use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::{UserId, limits};

/// The content of a message that is posted. Fields beside these are stored and handed on.
#[derive(JsonSchema)]
#[schemars(tag = "type", rename_all = "snake_case")]
#[schemars(extend("x-max-bytes" = limits::BODY_BYTES_MAX, "x-max-nesting" = limits::NESTING_MAX))]
pub enum PostableBody {
    /// A text.
    Text {
        /// What is said. The limit is one of bytes of UTF-8.
        #[schemars(
            length(min = 1, max = limits::TEXT_BYTES_MAX),
            extend("x-max-bytes" = limits::TEXT_BYTES_MAX)
        )]
        text: String,
        /// The users it mentions.
        #[schemars(length(max = limits::MENTIONS_MAX))]
        mentions: Option<Vec<UserId>>,
    },
    /// Something of the application, which the server does not look into.
    Custom {
        /// What the application calls it. The limit is one of bytes of UTF-8.
        #[schemars(
            length(min = 1, max = limits::CUSTOM_NAME_BYTES_MAX),
            extend("x-max-bytes" = limits::CUSTOM_NAME_BYTES_MAX)
        )]
        name: String,
        /// What the application says.
        data: Option<Value>,
    },
    /// Something encrypted end to end.
    Encrypted {
        /// How.
        algorithm: String,
        /// The ciphertexts.
        payloads: Payloads,
    },
}

/// Ciphertexts, by place or by name.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
pub enum Payloads {
    List(Vec<Value>),
    Named(Map<String, Value>),
}
