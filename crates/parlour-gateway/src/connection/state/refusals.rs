//! How frames and connections are refused, in words.

use parlour_protocol::{ClientFrame, CloseCode, ErrorBody, ErrorCode, ErrorFrame, ServerFrame};

use super::super::order::LogName;
use super::Effect;

/// The answer to a frame that is not served.
pub(super) fn refuse(frame: &ClientFrame, error: ErrorBody) -> Effect {
    let error = match LogName::of(frame) {
        Some(_) => error.of_append(),
        None => error,
    };
    send_error(ErrorFrame::new(frame.reference().cloned(), error))
}

pub(super) fn send_error(error: ErrorFrame) -> Effect {
    Effect::Send(ServerFrame::Error(Box::new(error)))
}

pub(super) fn hello_first() -> ErrorBody {
    ErrorBody::invalid("type", "`hello` comes first")
}

pub(super) fn second_hello() -> ErrorBody {
    ErrorBody::invalid("type", "`hello` was said already on this connection")
}

pub(super) fn rate_limited() -> ErrorBody {
    ErrorBody::new(ErrorCode::RateLimited, "too many frames; send more slowly")
}

pub(super) fn too_many(error: ErrorBody) -> Vec<Effect> {
    let close = Effect::Close(CloseCode::TooManyRequests);
    vec![send_error(ErrorFrame::new(None, error)), close]
}

pub(super) fn draining() -> Vec<Effect> {
    let error = ErrorBody::new(
        ErrorCode::Draining,
        "the node is going away; connect again elsewhere",
    );
    let close = Effect::Close(CloseCode::Draining);
    vec![send_error(ErrorFrame::new(None, error)), close]
}

pub(super) fn wrong_kind() -> Vec<Effect> {
    let error = ErrorBody::new(
        ErrorCode::Invalid,
        "JSON travels in text frames, MessagePack in binary ones, as agreed by subprotocol",
    );
    let close = Effect::Close(CloseCode::WrongProtocol);
    vec![send_error(ErrorFrame::new(None, error)), close]
}
