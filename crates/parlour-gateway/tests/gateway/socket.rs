//! A WebSocket client that sends and expects single frames.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::http::WITHIN;
use crate::world::Person;

pub(crate) const JSON: &str = "parlour.v1.json";
pub(crate) const MESSAGE_PACK: &str = "parlour.v1.msgpack";

/// One connection.
pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<TcpStream>,
    is_text: bool,
    next_reference: u64,
}

impl Socket {
    /// Opens a connection that speaks JSON.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::open_as(address, JSON).await
    }

    /// Opens a connection that speaks `subprotocol`.
    pub(crate) async fn open_as(address: SocketAddr, subprotocol: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::upgrade(stream, address, subprotocol).await
    }

    /// Opens a connection whose client takes in as little as possible before it reads.
    pub(crate) async fn open_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        let stream = socket.connect(address).await.unwrap();
        Self::upgrade(stream, address, JSON).await
    }

    async fn upgrade(stream: TcpStream, address: SocketAddr, subprotocol: &str) -> Self {
        let mut request = format!("ws://{address}/v1/ws")
            .into_client_request()
            .unwrap();
        let offer = HeaderValue::from_str(subprotocol).unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", offer);
        let config = Some(WebSocketConfig::default());
        let upgrading = tokio_tungstenite::client_async_with_config(request, stream, config);
        let (stream, answer) = timeout(WITHIN, upgrading).await.unwrap().unwrap();
        let agreed = answer.headers().get("sec-websocket-protocol").unwrap();
        assert_eq!(agreed.to_str().unwrap(), subprotocol);
        Self {
            stream,
            is_text: subprotocol == JSON,
            next_reference: 0,
        }
    }

    /// Signs in and catches up from `cursors`; answers all frames from `welcome` to `ready`.
    pub(crate) async fn hello(&mut self, person: &Person, cursors: Value) -> Vec<Value> {
        let hello =
            json!({"type": "hello", "ref": "hello", "token": person.token, "cursors": cursors});
        self.send(hello).await;
        self.until("ready").await
    }

    /// Sends a frame.
    pub(crate) async fn send(&mut self, frame: Value) {
        let message = if self.is_text {
            Message::text(frame.to_string())
        } else {
            Message::binary(rmp_serde::to_vec_named(&frame).unwrap())
        };
        self.send_raw(message).await;
    }

    /// Sends anything.
    pub(crate) async fn send_raw(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Sends a frame with a new `ref` and waits for its answer. Everything else that comes is dropped.
    pub(crate) async fn ask(&mut self, mut frame: Value) -> Value {
        self.next_reference += 1;
        let reference = format!("ask {}", self.next_reference);
        frame["ref"] = json!(reference);
        self.send(frame).await;
        self.answer(&reference).await
    }

    /// Waits for the frame with this `ref`.
    pub(crate) async fn answer(&mut self, reference: &str) -> Value {
        loop {
            let frame = self.recv().await;
            if frame["ref"] == reference {
                return frame;
            }
        }
    }

    /// The frames up to and including the first of this type.
    pub(crate) async fn until(&mut self, type_name: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self.recv().await;
            let found = frame["type"] == type_name;
            frames.push(frame);
            if found {
                return frames;
            }
        }
    }

    /// The first frame of this type.
    pub(crate) async fn next(&mut self, type_name: &str) -> Value {
        self.until(type_name).await.pop().unwrap()
    }

    /// The next frame.
    pub(crate) async fn recv(&mut self) -> Value {
        match self.recv_raw().await {
            Ok(bytes) if self.is_text => serde_json::from_slice(&bytes).unwrap(),
            Ok(bytes) => rmp_serde::from_slice(&bytes).unwrap(),
            Err(code) => panic!("closed with {code:?} instead of a frame"),
        }
    }

    /// The next frame's bytes, or the close code.
    pub(crate) async fn recv_raw(&mut self) -> Result<Bytes, Option<u16>> {
        loop {
            let message = timeout(WITHIN, self.stream.next()).await;
            match message.expect("nothing came") {
                Some(Ok(Message::Text(text))) => return Ok(text.into()),
                Some(Ok(Message::Binary(bytes))) => return Ok(bytes),
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Reads to the end: the frames that still came, and the close code.
    pub(crate) async fn rest(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut frames = Vec::new();
        loop {
            match self.recv_raw().await {
                Ok(bytes) if self.is_text => frames.push(serde_json::from_slice(&bytes).unwrap()),
                Ok(bytes) => frames.push(rmp_serde::from_slice(&bytes).unwrap()),
                Err(code) => return (frames, code),
            }
        }
    }

    /// Whether the connection still answers.
    pub(crate) async fn is_alive(&mut self) -> bool {
        self.ask(json!({"type": "ping"})).await["type"] == "pong"
    }

    /// Sends a message and waits for its answer.
    pub(crate) async fn say(&mut self, chat: &str, key: &str, text: &str) -> Value {
        let body = json!({"type": "text", "text": text});
        self.ask(json!({"type": "send", "chat": chat, "key": key, "body": body}))
            .await
    }
}
