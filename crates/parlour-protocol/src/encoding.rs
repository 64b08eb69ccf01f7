//! The two encodings of the wire and the WebSocket subprotocols that name them.

/// How frames and bodies are written. Both encodings carry the same types with the same field names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// JSON, in text frames.
    Json,
    /// MessagePack with named fields, in binary frames.
    MessagePack,
}

impl Encoding {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Json, Self::MessagePack];

    /// The WebSocket subprotocol that selects it.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "parlour.v1.json",
            Self::MessagePack => "parlour.v1.msgpack",
        }
    }

    /// The encoding a subprotocol selects; `None` if it is none of ours.
    #[must_use]
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|encoding| encoding.subprotocol() == name)
    }

    /// The media type of REST bodies.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::MessagePack => "application/msgpack",
        }
    }

    /// Whether its frames are text frames.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Json)
    }
}
