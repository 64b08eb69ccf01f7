//! What the gateway counts. The labels are fixed: never a user, a chat or a path with an id in it.

use std::time::Duration;

use parlour_protocol::ErrorCode;

use crate::connection::End;

/// Counts a live connection for as long as it is held.
#[derive(Debug)]
pub(crate) struct LiveConnection(());

impl LiveConnection {
    /// One more.
    pub(crate) fn new() -> Self {
        metrics::gauge!("parlour_connections").increment(1.0);
        metrics::counter!("parlour_connections_opened_total").increment(1);
        Self(())
    }
}

impl Drop for LiveConnection {
    fn drop(&mut self) {
        metrics::gauge!("parlour_connections").decrement(1.0);
    }
}

/// A client was not let in: the node is `draining` or `full`, or too many came in one second (`rate`).
pub(crate) fn connect_refused(reason: &'static str) {
    metrics::counter!("parlour_connects_refused_total", "reason" => reason).increment(1);
}

/// A frame came in.
pub(crate) fn frame_in(bytes: usize) {
    metrics::counter!("parlour_frames_total", "direction" => "in").increment(1);
    metrics::counter!("parlour_frame_bytes_total", "direction" => "in").increment(bytes as u64);
}

/// Frames went out.
pub(crate) fn frames_out(frames: usize, bytes: usize) {
    metrics::counter!("parlour_frames_total", "direction" => "out").increment(frames as u64);
    metrics::counter!("parlour_frame_bytes_total", "direction" => "out").increment(bytes as u64);
}

/// An error was answered, on a socket or over HTTP.
pub(crate) fn error(surface: &'static str, code: ErrorCode) {
    metrics::counter!("parlour_errors_total", "surface" => surface, "code" => code.as_str())
        .increment(1);
}

/// A connection ended: by us with a code, by the client, or without a word.
pub(crate) fn closed(end: End) {
    let code = match end {
        End::Close(code) | End::Broken(code) => code.number().to_string(),
        End::Closed => "client".to_owned(),
        End::Gone => "gone".to_owned(),
    };
    metrics::counter!("parlour_connections_closed_total", "code" => code).increment(1);
}

/// A frame was served.
pub(crate) fn request(kind: &'static str, took: Duration) {
    metrics::histogram!("parlour_frame_request_seconds", "type" => kind).record(took.as_secs_f64());
}

/// An HTTP request was answered.
pub(crate) fn http(method: &'static str, route: String, status: u16, took: Duration) {
    metrics::histogram!("parlour_http_request_seconds", "method" => method, "route" => route, "status" => status.to_string())
        .record(took.as_secs_f64());
}
