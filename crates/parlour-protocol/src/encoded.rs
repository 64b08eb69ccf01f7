//! Frames for many recipients: encoded at most once per encoding, whoever asks first.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parlour_model::{Event, UserId};

use crate::{Encoding, ServerFrame, WireEvent, encode_server};

/// A frame that is shared by connections of both encodings.
#[derive(Debug)]
pub struct Encoded {
    frame: ServerFrame,
    json: OnceLock<Bytes>,
    message_pack: OnceLock<Bytes>,
}

impl Encoded {
    /// `frame`, not encoded yet.
    #[must_use]
    pub fn new(frame: ServerFrame) -> Self {
        Self {
            frame,
            json: OnceLock::new(),
            message_pack: OnceLock::new(),
        }
    }

    /// The frame itself.
    #[must_use]
    pub fn frame(&self) -> &ServerFrame {
        &self.frame
    }

    /// The bytes in this encoding; all callers share one buffer.
    #[must_use]
    pub fn bytes(&self, encoding: Encoding) -> Bytes {
        let cell = match encoding {
            Encoding::Json => &self.json,
            Encoding::MessagePack => &self.message_pack,
        };
        cell.get_or_init(|| encode_server(&self.frame, encoding))
            .clone()
    }
}

impl From<ServerFrame> for Encoded {
    fn from(frame: ServerFrame) -> Self {
        Self::new(frame)
    }
}

/// The two frames of one event: only the author's own devices are told its key.
#[derive(Debug, Clone)]
pub struct EncodedEvent {
    author: UserId,
    own: Arc<Encoded>,
    others: Arc<Encoded>,
}

impl EncodedEvent {
    /// The frames of `event`, not encoded yet.
    #[must_use]
    pub fn new(event: &Event) -> Self {
        let frame = |reveal_key| {
            let event = WireEvent::new(event, reveal_key);
            Arc::new(Encoded::new(ServerFrame::Event(Box::new(event))))
        };
        Self {
            author: event.author,
            own: frame(true),
            others: frame(false),
        }
    }

    /// The frame for a device of `user`.
    #[must_use]
    pub fn for_user(&self, user: UserId) -> &Arc<Encoded> {
        if user == self.author {
            &self.own
        } else {
            &self.others
        }
    }
}
