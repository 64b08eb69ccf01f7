//! A server that does exactly what a test tells it: WebSocket frames by hand, HTTP answers by path.
//!
//! Every wait is for something to happen and gives up after ten seconds, so a test that hangs fails and says where.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use parlour_client::{Client, ClientConfig, ClientEvent, EventStream, LocalStore};
use parlour_model::{
    AppData, Body, ChatId, DisplayName, EventId, ManualClock, Seq, SessionId, Timestamp, UserId,
    UserName,
};
use parlour_protocol::{
    ClientFrame, Encoding, HelloFrame, MarksFrame, OkFrame, PongFrame, ReadyFrame, Reference,
    Secret, SendFrame, SentFrame, ServerFrame, SessionBody, SignedIn, UserBody, WelcomeFrame,
    WireEvent, WireLimits, decode_client, encode_body, encode_server,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
pub(crate) const ME: u64 = 1;
pub(crate) const OTHER: u64 = 2;
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen"),
    }
}

pub(crate) fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

pub(crate) fn chat(number: u64) -> ChatId {
    ChatId::new(number).unwrap()
}

pub(crate) fn seq(number: u64) -> Seq {
    Seq::new(number)
}

pub(crate) fn profile() -> UserBody {
    UserBody {
        id: user(ME),
        username: UserName::new("ann").unwrap(),
        display_name: DisplayName::new("Ann").unwrap(),
        avatar_url: None,
        data: AppData::default(),
        created_at: START,
        updated_at: START,
    }
}

pub(crate) fn signed_in(token: &str, expires_in: u64) -> SignedIn {
    SignedIn {
        user: profile(),
        session: SessionBody {
            id: SessionId::new(77).unwrap(),
            device: String::new(),
            created_at: START,
            last_active_at: START,
            current: true,
        },
        access_token: Secret::new(token),
        expires_in,
        refresh_token: Secret::new(format!("refresh-{token}")),
    }
}

pub(crate) fn event(chat_number: u64, number: u64) -> WireEvent {
    let json = serde_json::json!({
        "chat": chat_number.to_string(),
        "seq": number,
        "id": (1_000 + number).to_string(),
        "author": OTHER.to_string(),
        "kind": "message",
        "body": Body::text(format!("message {number}")),
        "sent_at": START.as_millis(),
    });
    serde_json::from_value(json).unwrap()
}

pub(crate) fn own_event(send: &SendFrame, number: u64) -> WireEvent {
    WireEvent {
        author: user(ME),
        key: Some(send.key),
        body: Some(send.body.clone()),
        ..event(send.chat.get(), number)
    }
}

/// An HTTP request, as far as tests look at it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

type Answers = Arc<Mutex<BTreeMap<String, VecDeque<(u16, Vec<u8>)>>>>;

/// A listening server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    answers: Answers,
    sockets: mpsc::Receiver<Wire>,
    calls: mpsc::Receiver<Call>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (socket, sockets) = mpsc::channel(1_024);
        let (call, calls) = mpsc::channel(1_024);
        let answers = Answers::default();
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&answers);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (socket, call) = (socket.clone(), call.clone());
                connections.spawn(accept(stream, socket, call, Arc::clone(&shared)));
            }
        });
        Self {
            address,
            answers,
            sockets,
            calls,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers the next request of this line (`POST /api/v1/auth/refresh`) with a body.
    pub(crate) fn answer<T: serde::Serialize>(&self, line: &str, status: u16, body: &T) {
        let body = encode_body(body, Encoding::Json).to_vec();
        let mut answers = self.answers.lock().unwrap();
        let queue = answers.entry(line.to_owned()).or_default();
        queue.push_back((status, body));
    }

    /// The next WebSocket connection.
    pub(crate) async fn socket(&mut self) -> Wire {
        soon("a connection", self.sockets.recv()).await.unwrap()
    }

    /// The next connection, taken to ready; with its `hello`.
    pub(crate) async fn ready(&mut self) -> (Wire, HelloFrame) {
        let mut wire = self.socket().await;
        let hello = wire.welcome().await;
        wire.send(ServerFrame::Ready(ReadyFrame {
            reference: hello.reference.clone(),
        }))
        .await;
        (wire, hello)
    }

    /// The next HTTP request.
    pub(crate) async fn call(&mut self) -> Call {
        soon("an HTTP request", self.calls.recv()).await.unwrap()
    }

    /// Whether no connection has come that was not taken.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.sockets.try_recv().is_err()
    }

    pub(crate) fn config(&self, store: Arc<dyn LocalStore>) -> ClientConfig {
        ClientConfig {
            clock: Arc::new(ManualClock::new(START)),
            ..ClientConfig::new(self.url(), store)
        }
    }

    /// A client that is signed in, with its events.
    pub(crate) async fn client(&self, store: Arc<dyn LocalStore>) -> (Client, EventStream) {
        let client = Client::connect(self.config(store)).await.unwrap();
        let events = client.events();
        client.sign_in(signed_in("token", 600)).await.unwrap();
        (client, events)
    }
}

async fn accept(
    stream: TcpStream,
    sockets: mpsc::Sender<Wire>,
    calls: mpsc::Sender<Call>,
    answers: Answers,
) {
    let mut start = [0; 10];
    while stream.peek(&mut start).await.unwrap_or(10) < 10 {
        stream.readable().await.ok();
    }
    if start.starts_with(b"GET /v1/ws") {
        if let Some(wire) = upgrade(stream).await {
            sockets.send(wire).await.ok();
        }
    } else {
        answer_http(stream, calls, answers).await;
    }
}

#[expect(clippy::result_large_err, reason = "the callback's type is given")]
async fn upgrade(stream: TcpStream) -> Option<Wire> {
    let mut encoding = None;
    let choose = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        let offered = request.headers().get("sec-websocket-protocol").unwrap();
        encoding = Encoding::from_subprotocol(offered.to_str().unwrap());
        let headers = response.headers_mut();
        headers.insert("sec-websocket-protocol", offered.clone());
        Ok(response)
    };
    let stream = tokio_tungstenite::accept_hdr_async(stream, choose).await;
    Some(Wire {
        stream: stream.ok()?,
        encoding: encoding?,
    })
}

async fn answer_http(mut stream: TcpStream, calls: mpsc::Sender<Call>, answers: Answers) {
    let mut text = String::new();
    let mut buffer = vec![0; 16 * 1024];
    let call = loop {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        if let Some(call) = whole(&text) {
            break call;
        }
    };
    let next = {
        let mut answers = answers.lock().unwrap();
        answers.get_mut(&call.line).and_then(VecDeque::pop_front)
    };
    let (status, body) = next.unwrap_or((404, b"no answer was prepared".to_vec()));
    calls.send(call).await.ok();
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.ok();
    stream.write_all(&body).await.ok();
    stream.shutdown().await.ok();
}

/// The request in `text`, once all of it is there.
fn whole(text: &str) -> Option<Call> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.parse::<usize>().unwrap())
    });
    let mut words = head.split(' ');
    let line = format!("{} {}", words.next()?, words.next()?);
    (body.len() >= length.unwrap_or(0)).then(|| Call {
        line,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// The server's end of one WebSocket.
pub(crate) struct Wire {
    stream: WebSocketStream<TcpStream>,
    pub(crate) encoding: Encoding,
}

impl Wire {
    /// Sends a frame; a client that is gone does not get it.
    pub(crate) async fn send(&mut self, frame: ServerFrame) {
        let bytes = encode_server(&frame, self.encoding);
        self.send_raw(bytes.to_vec()).await;
    }

    pub(crate) async fn send_raw(&mut self, bytes: Vec<u8>) {
        let message = match self.encoding {
            Encoding::Json => Message::text(String::from_utf8(bytes).unwrap()),
            Encoding::MessagePack => Message::binary(bytes),
        };
        self.stream.send(message).await.ok();
    }

    pub(crate) async fn event(&mut self, event: WireEvent) {
        self.send(ServerFrame::Event(Box::new(event))).await;
    }

    /// The next frame; `None` when the client closes.
    pub(crate) async fn next_or_close(&mut self) -> Option<ClientFrame> {
        loop {
            let message = soon("a frame", self.stream.next()).await;
            match message {
                Some(Ok(Message::Text(text))) => {
                    return Some(decode_client(Encoding::Json, text.as_bytes()).unwrap());
                }
                Some(Ok(Message::Binary(bytes))) => {
                    return Some(decode_client(Encoding::MessagePack, &bytes).unwrap());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_) | Message::Frame(_)) | Err(_)) | None => return None,
            }
        }
    }

    /// The next frame that is no mark and no ping; those are answered.
    pub(crate) async fn next(&mut self) -> ClientFrame {
        loop {
            let frame = self.next_or_close().await.expect("a frame, not the end");
            let reference = frame.reference().cloned();
            match frame {
                ClientFrame::Delivered(_) | ClientFrame::Read(_) => self.ok(reference).await,
                ClientFrame::Ping(_) => {
                    let server_time = START;
                    self.send(ServerFrame::Pong(PongFrame {
                        reference,
                        server_time,
                    }))
                    .await;
                }
                frame => return frame,
            }
        }
    }

    pub(crate) async fn ok(&mut self, reference: Option<Reference>) {
        self.send(ServerFrame::Ok(OkFrame {
            reference,
            ..OkFrame::default()
        }))
        .await;
    }

    /// Reads `hello` and answers `welcome` and `marks`.
    pub(crate) async fn welcome(&mut self) -> HelloFrame {
        let hello = match self.next().await {
            ClientFrame::Hello(hello) => hello,
            other => panic!("not hello: {other:?}"),
        };
        let welcome = WelcomeFrame {
            reference: hello.reference.clone(),
            me: profile(),
            session: SessionId::new(77).unwrap(),
            server_time: START,
            heartbeat_ms: 25_000,
            token_expires_at: START.plus(Duration::from_secs(600)),
            limits: WireLimits::default(),
            features: Vec::new(),
        };
        self.send(ServerFrame::Welcome(Box::new(welcome))).await;
        let chats = BTreeMap::new();
        self.send(ServerFrame::Marks(MarksFrame { chats })).await;
        hello
    }

    /// The next frame, which must be a `send`.
    pub(crate) async fn next_send(&mut self) -> SendFrame {
        match self.next().await {
            ClientFrame::Send(send) => send,
            other => panic!("not a send: {other:?}"),
        }
    }

    pub(crate) async fn sent(&mut self, send: &SendFrame, number: u64) {
        self.send(ServerFrame::Sent(SentFrame {
            reference: send.reference.clone(),
            chat: send.chat,
            seq: seq(number),
            id: EventId::new(1_000 + number).unwrap(),
            sent_at: START,
            duplicate: false,
        }))
        .await;
    }

    pub(crate) async fn close(mut self, number: u16) {
        let frame = CloseFrame {
            code: number.into(),
            reason: "test".into(),
        };
        self.stream.close(Some(frame)).await.ok();
        // Until the echo: an early reset could overtake the close frame.
        while let Ok(Some(Ok(_))) = tokio::time::timeout(PATIENCE, self.stream.next()).await {}
    }
}

/// The next event that `pick` wants; others are passed over.
pub(crate) async fn event_that<T>(
    events: &mut EventStream,
    what: &str,
    pick: impl Fn(&ClientEvent) -> Option<T>,
) -> T {
    soon(what, async {
        loop {
            let event = events.next().await.expect("an event, not the end");
            if let Some(picked) = pick(&event) {
                return picked;
            }
        }
    })
    .await
}

/// The seq of the next applied event.
pub(crate) async fn next_seq(events: &mut EventStream) -> u64 {
    event_that(events, "an applied event", |event| match event {
        ClientEvent::Event(event) => Some(event.seq.get()),
        _ => None,
    })
    .await
}
