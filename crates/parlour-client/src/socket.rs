//! One WebSocket, read and written by one task without ever waiting for the other direction.
//!
//! Frames wait in a queue of its own until the socket takes them, and every step is safe to drop half way:
//! what a dropped future had in hand is still in the queue or in the socket.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, Stream};
use parlour_model::limits;
use parlour_protocol::{
    ClientFrame, DecodeError, Encoding, ServerFrame, decode_server, encode_client,
};
use reqwest::Url;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// Buffers of a quiet connection: small, because a program may hold thousands.
const BUFFER_BYTES: usize = 4 * 1024;
/// The largest frame taken from the server: a full page of the largest messages fits.
const INCOMING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What came from the server.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A frame.
    Frame(Box<ServerFrame>),
    /// Something that is not for this client to understand: a ping, or a frame of a newer server.
    Heard,
    /// The end, with the number of the close frame if there was one.
    Closed(Option<u16>),
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) struct OpenError {
    /// For the log.
    pub(crate) reason: String,
    /// How long the server wants us to wait.
    pub(crate) retry_after: Option<Duration>,
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    encoding: Encoding,
    // queue: frames waiting for a client's socket
    outgoing: VecDeque<Message>,
}

impl Socket {
    /// Opens a connection to the server at `url`.
    pub(crate) async fn open(url: Url, encoding: Encoding) -> Result<Self, OpenError> {
        let request =
            ClientRequestBuilder::new(socket_uri(url)?).with_sub_protocol(encoding.subprotocol());
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(INCOMING_BYTES_MAX))
            .max_frame_size(Some(INCOMING_BYTES_MAX));
        let opened = connect_async_with_config(request, Some(config), true).await;
        let (stream, _) = opened.map_err(|error| OpenError::from(&error))?;
        Ok(Self {
            stream,
            encoding,
            outgoing: VecDeque::new(),
        })
    }

    /// Puts a frame behind those that wait to be sent.
    pub(crate) fn queue(&mut self, frame: &ClientFrame) {
        let bytes = encode_client(frame, self.encoding);
        let message = match self.encoding {
            Encoding::MessagePack => Message::Binary(bytes),
            Encoding::Json => Message::Text(text(bytes)),
        };
        self.outgoing.push_back(message);
    }

    /// Puts a close frame behind those that wait to be sent.
    pub(crate) fn queue_close(&mut self) {
        let frame = CloseFrame {
            code: 1000.into(),
            reason: Utf8Bytes::default(),
        };
        self.outgoing.push_back(Message::Close(Some(frame)));
    }

    /// Whether so much waits that the application should wait too.
    pub(crate) fn is_full(&self) -> bool {
        self.outgoing.len() >= limits::OUTBOUND_FRAMES_MAX
    }

    /// Writes what it can, and, if `reading`, gives what came.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, reading: bool) -> Poll<Incoming> {
        // An error of writing is the end, but what came before it can still be read, a close number among it.
        let write_failed = matches!(self.poll_write(cx), Poll::Ready(Err(_)));
        if !reading {
            return Poll::Pending;
        }
        match Pin::new(&mut self.stream).poll_next(cx) {
            Poll::Ready(Some(Ok(message))) => Poll::Ready(self.take(&message, cx)),
            Poll::Ready(Some(Err(_)) | None) => Poll::Ready(Incoming::Closed(None)),
            Poll::Pending if write_failed => Poll::Ready(Incoming::Closed(None)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut stream = Pin::new(&mut self.stream);
        while !self.outgoing.is_empty() {
            std::task::ready!(stream.as_mut().poll_ready(cx))?;
            if let Some(message) = self.outgoing.pop_front() {
                stream.as_mut().start_send(message)?;
            }
        }
        stream.poll_flush(cx)
    }

    fn take(&mut self, message: &Message, cx: &mut Context<'_>) -> Incoming {
        let decoded = match (message, self.encoding) {
            (Message::Text(text), Encoding::Json) => decode_server(Encoding::Json, text.as_bytes()),
            (Message::Binary(bytes), Encoding::MessagePack) => {
                decode_server(Encoding::MessagePack, bytes)
            }
            (Message::Close(frame), _) => {
                // The echo of the close frame; if the server does not wait for it, nothing is lost.
                let _ = Pin::new(&mut self.stream).poll_flush(cx);
                return Incoming::Closed(frame.as_ref().map(|frame| frame.code.into()));
            }
            _ => return Incoming::Heard,
        };
        match decoded {
            Ok(frame) => Incoming::Frame(Box::new(frame)),
            Err(error) => {
                note_unread(&error);
                Incoming::Heard
            }
        }
    }
}

fn note_unread(error: &DecodeError) {
    tracing::debug!(%error, "a frame of the server was ignored");
}

fn text(bytes: Bytes) -> Utf8Bytes {
    Utf8Bytes::try_from(bytes).expect("JSON is UTF-8")
}

/// Where a server's WebSocket is.
fn socket_uri(mut url: Url) -> Result<tokio_tungstenite::tungstenite::http::Uri, OpenError> {
    let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
    let path = format!("{}/v1/ws", url.path().trim_end_matches('/'));
    url.set_path(&path);
    let text = format!("{scheme}{}", url.as_str().trim_start_matches(url.scheme()));
    text.parse().map_err(|error| OpenError {
        reason: format!("{url}: {error}"),
        retry_after: None,
    })
}

impl From<&Error> for OpenError {
    fn from(error: &Error) -> Self {
        let retry_after = match error {
            Error::Http(response) => response.headers().get("retry-after"),
            _ => None,
        };
        let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        Self {
            reason: error.to_string(),
            retry_after: seconds.map(Duration::from_secs),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::http::Response;

    use super::*;

    #[test]
    fn a_refused_upgrade_says_when_to_come_back() {
        let refused = |after: Option<&str>| {
            let mut response = Response::builder().status(503);
            if let Some(after) = after {
                response = response.header("Retry-After", after);
            }
            let error = Error::Http(Box::new(response.body(None).unwrap()));
            OpenError::from(&error).retry_after
        };
        assert_eq!(refused(Some("7")), Some(Duration::from_secs(7)));
        assert_eq!(refused(Some("soon")), None);
        assert_eq!(refused(None), None);
    }
}
