//! The socket of one connection, behind one small seam.
//!
//! Everything above deals in whole frames of the agreed kind, batches to be written, and close codes; nothing above names
//! the WebSocket library. Reading and writing are two halves that one task holds, so neither waits for the other.
//! A batch is handed to the socket in few writes. Frames and buffers have finite bounds.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use parlour_model::limits;
use parlour_protocol::{CloseCode, Encoding, ErrorBody};
use tokio_tungstenite::tungstenite::Error as SocketError;

use crate::metrics;
use crate::rest::Failure;

/// Bytes read from a socket at once. Allocated as long as the connection lives, so small.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// Bytes collected before they are written.
const WRITE_BUFFER_BYTES: usize = 8 * 1024;
/// Bytes that wait in the socket at most: the largest page of history fits many times over.
const WRITE_BUFFER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What came from the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// A whole frame of the agreed kind.
    Frame(Bytes),
    /// A whole frame of the other kind.
    WrongKind,
    /// A ping or pong.
    Control,
    /// The client closed the connection properly.
    Closed,
    /// The client broke the rules below the protocol: close with this code.
    Broken(CloseCode),
    /// The connection is gone.
    Gone,
}

/// The connection is gone: nothing can be written any more.
#[derive(Debug)]
pub(crate) struct Gone;

/// The half that reads.
pub(crate) struct Reader {
    stream: SplitStream<WebSocket>,
    encoding: Encoding,
}

/// The half that writes.
pub(crate) struct Writer {
    sink: SplitSink<WebSocket, Message>,
    encoding: Encoding,
}

/// A request to become a WebSocket.
pub(crate) struct Upgrade(WebSocketUpgrade);

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match WebSocketUpgrade::from_request_parts(parts, state).await {
            Ok(upgrade) => Ok(Self(upgrade)),
            Err(wrong) => Err(ErrorBody::invalid("upgrade", wrong.body_text()).into()),
        }
    }
}

impl Upgrade {
    /// Agrees to frames of the kind of `encoding`, within the bounds every connection has. `open` gets the two halves
    /// once the socket is open.
    pub(crate) fn accept<F>(self, encoding: Encoding, open: F) -> Response
    where
        F: FnOnce(Reader, Writer) + Send + 'static,
    {
        let mut upgrade = self
            .0
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES)
            .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
            .max_frame_size(limits::FRAME_BYTES_MAX)
            .max_message_size(limits::FRAME_BYTES_MAX);
        upgrade.set_selected_protocol(HeaderValue::from_static(encoding.subprotocol()));
        upgrade.on_upgrade(move |socket| async move {
            let (sink, stream) = socket.split();
            open(Reader { stream, encoding }, Writer { sink, encoding });
        })
    }
}

impl Reader {
    /// The next thing that comes. Nothing is lost if the future is dropped.
    pub(crate) async fn recv(&mut self) -> Incoming {
        let Some(message) = self.stream.next().await else {
            return Incoming::Gone;
        };
        let (is_text, bytes) = match message {
            Ok(Message::Text(text)) => (true, Bytes::from(text)),
            Ok(Message::Binary(bytes)) => (false, bytes),
            Ok(Message::Ping(_) | Message::Pong(_)) => return Incoming::Control,
            Ok(Message::Close(_)) => return Incoming::Closed,
            Err(error) => return failure(error),
        };
        metrics::frame_in(bytes.len());
        if is_text == self.encoding.is_text() {
            Incoming::Frame(bytes)
        } else {
            Incoming::WrongKind
        }
    }

    /// Reads on until the client has closed too, so that what we wrote last arrives before the connection goes.
    pub(crate) async fn drain(&mut self, within: Duration) {
        let rest = async { while !matches!(self.recv().await, Incoming::Gone) {} };
        // A client that does not answer a close is left alone: there is nothing more to do for it.
        let _ = tokio::time::timeout(within, rest).await;
    }
}

impl Writer {
    /// Writes frames, in their order and in as few writes as they fit. If the future is dropped, whole frames
    /// are still what the client reads.
    pub(crate) async fn send_batch(&mut self, frames: VecDeque<Bytes>) -> Result<(), Gone> {
        metrics::frames_out(frames.len(), frames.iter().map(Bytes::len).sum());
        for bytes in frames {
            let message = self.message(bytes);
            self.sink.feed(message).await.map_err(|_| Gone)?;
        }
        self.sink.flush().await.map_err(|_| Gone)
    }

    /// Asks for a sign of life.
    pub(crate) async fn ping(&mut self) -> Result<(), Gone> {
        let ping = Message::Ping(Bytes::new());
        self.sink.send(ping).await.map_err(|_| Gone)
    }

    /// Says that nothing follows, and why.
    pub(crate) async fn close(&mut self, code: CloseCode) -> Result<(), Gone> {
        let frame = CloseFrame {
            code: code.number(),
            reason: Utf8Bytes::from_static(code.meaning()),
        };
        let close = Message::Close(Some(frame));
        self.sink.send(close).await.map_err(|_| Gone)
    }

    fn message(&self, bytes: Bytes) -> Message {
        if self.encoding.is_text() {
            let text = Utf8Bytes::try_from(bytes).expect("JSON is UTF-8");
            Message::Text(text)
        } else {
            Message::Binary(bytes)
        }
    }
}

/// What an error of the library means.
fn failure(error: axum::Error) -> Incoming {
    match error.into_inner().downcast_ref::<SocketError>() {
        Some(SocketError::Capacity(_)) => Incoming::Broken(CloseCode::TooLarge),
        Some(SocketError::Utf8(_)) => Incoming::Broken(CloseCode::Unreadable),
        Some(SocketError::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        )) => Incoming::Gone,
        Some(SocketError::Protocol(_)) => Incoming::Broken(CloseCode::ProtocolError),
        _ => Incoming::Gone,
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    fn files_below(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap();
        let below = |path: PathBuf| match path.is_dir() {
            true => files_below(&path),
            false => vec![path],
        };
        entries
            .flat_map(|entry| below(entry.unwrap().path()))
            .collect()
    }

    #[test]
    fn no_other_file_names_the_web_socket_library() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let naming = files_below(&sources).into_iter().filter(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            text.contains("extract::ws") || text.contains("tungstenite")
        });
        let naming: Vec<PathBuf> = naming.collect();
        assert_eq!(naming, [sources.join("connection/transport.rs")]);
    }
}
