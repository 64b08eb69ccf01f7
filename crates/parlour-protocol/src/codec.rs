//! Bytes to frames and bodies, and back, in both encodings.
//!
//! Reading goes in two steps: bytes become one object (bounded in size and depth, nothing behind it), and the
//! object becomes a frame. So whatever is readable at all is answered by the name of the field that is wrong, with
//! the `ref` of the frame, and only unreadable bytes close a connection.

mod decode_error;
mod object;

use bytes::Bytes;
use parlour_model::limits;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fields::{FieldError, Fields};
use crate::{ClientFrame, Encoding, Reference, ServerFrame};

pub use decode_error::DecodeError;

/// The frame of a client in `bytes`, within all limits (see [`ClientFrame::validate`]).
///
/// # Errors
/// [`DecodeError`] says whether to answer or to close.
pub fn decode_client(encoding: Encoding, bytes: &[u8]) -> Result<ClientFrame, DecodeError> {
    check_size(bytes, limits::FRAME_BYTES_MAX)?;
    let envelope = Envelope::read(encoding, bytes)?;
    let reference = envelope.reference.clone();
    let frame = envelope.open(client_frame)?;
    match frame.validate() {
        Ok(()) => Ok(frame),
        Err(wrong) => Err(DecodeError::Invalid {
            field: wrong.field.to_owned(),
            reason: wrong.reason,
            reference,
        }),
    }
}

/// The frame of the server in `bytes`. A client ignores frames of an unknown type and those it cannot
/// read; an event is readable whatever its kind says.
///
/// # Errors
/// [`DecodeError`]; never [`DecodeError::TooLarge`]: pages are larger than what clients may send.
pub fn decode_server(encoding: Encoding, bytes: &[u8]) -> Result<ServerFrame, DecodeError> {
    Envelope::read(encoding, bytes)?.open(server_frame)
}

/// The REST body in `bytes`, where null means absent.
///
/// # Errors
/// [`DecodeError`], but never [`DecodeError::UnknownType`].
pub fn decode_body<T: DeserializeOwned>(
    encoding: Encoding,
    bytes: &[u8],
) -> Result<T, DecodeError> {
    let fields = object::read(encoding, bytes)?.without_nulls();
    fields.read().map_err(|error| invalid(error, None))
}

/// The body of a `PATCH` in `bytes`, where null unsets.
///
/// # Errors
/// [`DecodeError`], but never [`DecodeError::UnknownType`].
pub fn decode_patch<T: DeserializeOwned>(
    encoding: Encoding,
    bytes: &[u8],
) -> Result<T, DecodeError> {
    let fields = object::read(encoding, bytes)?;
    fields.read().map_err(|error| invalid(error, None))
}

/// The bytes of a client's frame.
#[must_use]
pub fn encode_client(frame: &ClientFrame, encoding: Encoding) -> Bytes {
    encode_body(frame, encoding)
}

/// The bytes of a server's frame. For a frame of many recipients see [`crate::Encoded`].
#[must_use]
pub fn encode_server(frame: &ServerFrame, encoding: Encoding) -> Bytes {
    encode_body(frame, encoding)
}

/// The bytes of a body of this crate.
#[must_use]
pub fn encode_body<T: Serialize>(body: &T, encoding: Encoding) -> Bytes {
    let bytes = match encoding {
        Encoding::Json => serde_json::to_vec(body).ok(),
        Encoding::MessagePack => rmp_serde::to_vec_named(body).ok(),
    };
    bytes
        .map(Bytes::from)
        .expect("wire types hold nothing that cannot be written: string keys, finite numbers")
}

/// Refuses more than `bytes_max` before anything of it is read.
fn check_size(bytes: &[u8], bytes_max: usize) -> Result<(), DecodeError> {
    let bytes = bytes.len();
    if bytes <= bytes_max {
        Ok(())
    } else {
        Err(DecodeError::TooLarge { bytes, bytes_max })
    }
}

fn invalid(error: FieldError, reference: Option<Reference>) -> DecodeError {
    DecodeError::Invalid {
        field: error.field.unwrap_or_default(),
        reason: error.reason,
        reference,
    }
}

/// A frame of which only `type` and `ref` are known.
struct Envelope {
    type_name: String,
    reference: Option<Reference>,
    fields: Fields,
}

impl Envelope {
    fn read(encoding: Encoding, bytes: &[u8]) -> Result<Self, DecodeError> {
        let fields = object::read(encoding, bytes)?.without_nulls();
        let text = |field| fields.get(field).and_then(Value::as_str);
        let reference = text("ref").and_then(|text| Reference::new(text).ok());
        let Some(type_name) = text("type").map(str::to_owned) else {
            return Err(DecodeError::Invalid {
                field: "type".to_owned(),
                reason: "must be the name of a frame".to_owned(),
                reference,
            });
        };
        Ok(Self {
            type_name,
            reference,
            fields,
        })
    }

    /// The frame itself, from a table of types.
    fn open<F>(
        self,
        table: impl FnOnce(&str, Fields) -> Option<Result<F, FieldError>>,
    ) -> Result<F, DecodeError> {
        match table(&self.type_name, self.fields) {
            Some(Ok(frame)) => Ok(frame),
            Some(Err(error)) => Err(invalid(error, self.reference)),
            None => Err(DecodeError::UnknownType {
                type_name: self.type_name,
                reference: self.reference,
            }),
        }
    }
}

fn client_frame(type_name: &str, fields: Fields) -> Option<Result<ClientFrame, FieldError>> {
    Some(match type_name {
        "hello" => fields.read().map(ClientFrame::Hello),
        "sync" => fields.read().map(ClientFrame::Sync),
        "send" => fields.read().map(ClientFrame::Send),
        "edit" => fields.read().map(ClientFrame::Edit),
        "delete" => fields.read().map(ClientFrame::Delete),
        "react" => fields.read().map(ClientFrame::React),
        "cancel" => fields.read().map(ClientFrame::Cancel),
        "delivered" => fields.read().map(ClientFrame::Delivered),
        "read" => fields.read().map(ClientFrame::Read),
        "typing" => fields.read().map(ClientFrame::Typing),
        "watch" => fields.read().map(ClientFrame::Watch),
        "set_status" => fields.read().map(ClientFrame::SetStatus),
        "history" => fields.read().map(ClientFrame::History),
        "refresh" => fields.read().map(ClientFrame::Refresh),
        "ping" => fields.read().map(ClientFrame::Ping),
        _ => return None,
    })
}

fn server_frame(type_name: &str, fields: Fields) -> Option<Result<ServerFrame, FieldError>> {
    Some(match type_name {
        "welcome" => fields.read().map(ServerFrame::Welcome),
        "marks" => fields.read().map(ServerFrame::Marks),
        "event" => fields.read().map(ServerFrame::Event),
        "receipt" => fields.read().map(ServerFrame::Receipt),
        "receipt_counts" => fields.read().map(ServerFrame::ReceiptCounts),
        "ready" => fields.read().map(ServerFrame::Ready),
        "synced" => fields.read().map(ServerFrame::Synced),
        "sent" => fields.read().map(ServerFrame::Sent),
        "cancelled" => fields.read().map(ServerFrame::Cancelled),
        "ok" => fields.read().map(ServerFrame::Ok),
        "page" => fields.read().map(ServerFrame::Page),
        "pong" => fields.read().map(ServerFrame::Pong),
        "typing" => fields.read().map(ServerFrame::Typing),
        "presence" => fields.read().map(ServerFrame::Presence),
        "chat" => fields.read().map(ServerFrame::Chat),
        "resync" => fields.read().map(ServerFrame::Resync),
        "too_long" => fields.read().map(ServerFrame::TooLong),
        "reconnect" => fields.read().map(ServerFrame::Reconnect),
        "error" => fields.read().map(ServerFrame::Error),
        _ => return None,
    })
}
