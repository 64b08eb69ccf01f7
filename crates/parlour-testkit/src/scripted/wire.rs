//! The server's end of one WebSocket, in whichever encoding the client chose.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::StreamExt;
use parlour_protocol::{Encoding, decode_client};
use serde_json::{Map, Value};

use super::step::Garbage;

/// How long a client may take to answer a close frame.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// One connection.
pub(super) struct Wire {
    /// `None` once either side has ended it.
    socket: Option<WebSocket>,
    encoding: Encoding,
    /// Whether nothing is sent any more, as on a network that drops everything.
    pub(super) is_mute: bool,
    /// Frames that came while the script looked elsewhere.
    pub(super) waiting: VecDeque<Value>,
}

impl Wire {
    pub(super) fn new(socket: WebSocket) -> anyhow::Result<Self> {
        let chosen = socket.protocol().and_then(|name| name.to_str().ok());
        let encoding = chosen
            .and_then(Encoding::from_subprotocol)
            .context("the client offered no subprotocol of this protocol")?;
        Ok(Self {
            socket: Some(socket),
            encoding,
            is_mute: false,
            waiting: VecDeque::new(),
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    /// The next frame; `None` when the client has closed. Never comes on a connection that has ended.
    ///
    /// # Errors
    /// When it is no frame that a server takes.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Value>> {
        loop {
            let Some(socket) = &mut self.socket else {
                return std::future::pending().await;
            };
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return self.read(Encoding::Json, text.as_bytes()).map(Some);
                }
                Some(Ok(Message::Binary(bytes))) => {
                    return self.read(Encoding::MessagePack, &bytes).map(Some);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    self.socket = None;
                    return Ok(None);
                }
            }
        }
    }

    fn read(&self, encoding: Encoding, bytes: &[u8]) -> anyhow::Result<Value> {
        if encoding != self.encoding {
            bail!("a frame of the other kind than agreed");
        }
        let frame: Value = match encoding {
            Encoding::Json => serde_json::from_slice(bytes)?,
            Encoding::MessagePack => rmp_serde::from_slice(bytes)?,
        };
        if let Err(error) = decode_client(encoding, bytes) {
            bail!("a frame that no server takes ({error}): {frame}");
        }
        Ok(frame)
    }

    /// Sends a frame; a client that is gone does not get it.
    pub(super) async fn send(&mut self, frame: &Map<String, Value>) -> anyhow::Result<()> {
        let message = match self.encoding {
            Encoding::Json => Message::text(serde_json::to_string(frame)?),
            Encoding::MessagePack => Message::binary(rmp_serde::to_vec_named(frame)?),
        };
        self.put(message).await;
        Ok(())
    }

    pub(super) async fn send_garbage(&mut self, garbage: Garbage) {
        let text = Message::text("{\"type\": \"event\", ");
        let bytes = Message::binary(vec![0xc1, 0x00, 0xff]);
        let is_text = match garbage {
            Garbage::Broken => self.encoding.is_text(),
            Garbage::WrongKind => !self.encoding.is_text(),
        };
        self.put(if is_text { text } else { bytes }).await;
    }

    async fn put(&mut self, message: Message) {
        if let Some(socket) = &mut self.socket
            && !self.is_mute
        {
            // That it is gone shows when it is read.
            let _ = socket.send(message).await;
        }
    }

    /// Closes with this number. What the client still sends is lost, as it is with a real server.
    pub(super) async fn close(&mut self, number: u16) {
        let Some(mut socket) = self.socket.take() else {
            return;
        };
        let frame = CloseFrame {
            code: number,
            reason: "as the script says".into(),
        };
        let _ = socket.send(Message::Close(Some(frame))).await;
        // Until the echo: ending the connection earlier could overtake the close frame.
        let echo = async { while let Some(Ok(_)) = socket.next().await {} };
        let _ = tokio::time::timeout(CLOSE_WITHIN, echo).await;
    }

    /// Ends the connection without a close frame, once the client has read everything: the system throws away what is
    /// unread on a connection that ends while the other side is sending.
    pub(super) async fn drop_silently(&mut self) {
        let Some(mut socket) = self.socket.take() else {
            return;
        };
        if self.is_mute || socket.send(Message::Ping(Bytes::new())).await.is_err() {
            return;
        }
        let read = async {
            while let Some(Ok(message)) = socket.next().await {
                if matches!(message, Message::Pong(_)) {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(CLOSE_WITHIN, read).await;
    }
}
