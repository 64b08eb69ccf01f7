//! Why bytes are not a frame or a body, and what to do about it.

use crate::{CloseCode, ErrorBody, ErrorCode, ErrorFrame, Reference};

/// How much of an unknown type is repeated to its sender.
const TYPE_CHARS_SHOWN: usize = 64;

/// Why bytes are not a frame or a body. The text of the error may be logged; `reason`s may repeat what was
/// sent and belong into the answer only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than allowed; nothing of them was read. Close.
    #[error("{bytes} bytes, of at most {bytes_max}")]
    TooLarge {
        /// How many.
        bytes: usize,
        /// How many are allowed.
        bytes_max: usize,
    },
    /// Not one object in this encoding and nothing else. Close.
    #[error("not one readable object")]
    Unreadable {
        /// What is wrong with the bytes.
        reason: String,
    },
    /// A frame this version does not know. A server answers, a client ignores.
    #[error("an unknown type")]
    UnknownType {
        /// Its `type`.
        type_name: String,
        /// Its `ref`, if readable.
        reference: Option<Reference>,
    },
    /// A field is not what it must be. Answer.
    #[error("the field `{field}` is not what it must be")]
    Invalid {
        /// Which field; empty if it is about the whole object.
        field: String,
        /// What is wrong with it.
        reason: String,
        /// The `ref` of the frame, if readable.
        reference: Option<Reference>,
    },
}

impl DecodeError {
    /// How to close the connection; `None`: answer with [`DecodeError::to_frame`] and go on.
    #[must_use]
    pub fn close_code(&self) -> Option<CloseCode> {
        match self {
            Self::TooLarge { .. } => Some(CloseCode::TooLarge),
            Self::Unreadable { .. } => Some(CloseCode::Unreadable),
            Self::UnknownType { .. } | Self::Invalid { .. } => None,
        }
    }

    /// The `ref` of the frame, if it could be read.
    #[must_use]
    pub fn reference(&self) -> Option<&Reference> {
        match self {
            Self::TooLarge { .. } | Self::Unreadable { .. } => None,
            Self::UnknownType { reference, .. } | Self::Invalid { reference, .. } => {
                reference.as_ref()
            }
        }
    }

    /// The same as an error of the wire.
    #[must_use]
    pub fn to_body(&self) -> ErrorBody {
        match self {
            Self::TooLarge { bytes_max, .. } => ErrorBody::new(
                ErrorCode::TooLarge,
                format!("larger than {bytes_max} bytes"),
            ),
            Self::Unreadable { reason } => ErrorBody::new(ErrorCode::Invalid, reason),
            Self::UnknownType { type_name, .. } => {
                let shown: String = type_name.chars().take(TYPE_CHARS_SHOWN).collect();
                ErrorBody::new(
                    ErrorCode::UnknownType,
                    format!("no frame has the type `{shown}`"),
                )
            }
            Self::Invalid { field, reason, .. } if field.is_empty() => {
                ErrorBody::new(ErrorCode::Invalid, reason)
            }
            Self::Invalid { field, reason, .. } => ErrorBody::invalid(field, reason),
        }
    }

    /// The answer to the frame. It says `not_stored` too: what could not be read entered no log.
    #[must_use]
    pub fn to_frame(&self) -> ErrorFrame {
        ErrorFrame::new(self.reference().cloned(), self.to_body().of_append())
    }
}
