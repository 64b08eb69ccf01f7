//! Memory of a running server per idle, authenticated connection.
//!
//! Opens connections with a bare WebSocket client, says `hello`, waits for `ready`, and reads the server's resident
//! memory before and after. The client side stays small, so one process holds thousands of connections.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt, stream};
use parlour_client::Rest;
use parlour_model::UserName;
use parlour_protocol::{RegisterRequest, Secret};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use crate::patience::patiently;
use crate::report::say;

/// Measure a running server's memory per idle connection.
#[derive(Debug, clap::Args)]
pub(crate) struct IdleArgs {
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The server's process.
    #[arg(long)]
    pid: u32,
    /// Connections.
    #[arg(long, default_value_t = 5_000)]
    connections: usize,
    /// Users they belong to, evenly.
    #[arg(long, default_value_t = 100)]
    users: usize,
    /// How long the server may settle before its memory is read, in seconds.
    #[arg(long, default_value_t = 5)]
    settle: u64,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Runs the measurement and prints it.
pub(crate) async fn run(args: IdleArgs) -> anyhow::Result<()> {
    let rest = Rest::new(reqwest::Client::new(), &args.url)?;
    let mut tokens = Vec::new();
    for number in 0..args.users {
        tokens.push(register(&rest, number).await?);
    }
    let address = Arc::new(args.url.replacen("http", "ws", 1) + "/v1/ws");
    // The first connections pay for what is made once: code, pools, arenas.
    let warm = open(&address, &tokens, args.users).await?;
    drop(warm);
    tokio::time::sleep(Duration::from_secs(args.settle)).await;
    let before = resident_bytes(args.pid)?;

    let sockets = open(&address, &tokens, args.connections).await?;
    tokio::time::sleep(Duration::from_secs(args.settle)).await;
    let after = resident_bytes(args.pid)?;
    let count = sockets.len();
    let each = after.saturating_sub(before) as f64 / count as f64 / 1024.0;
    say(&format!(
        "{count} idle connections of {} users: {each:.1} KiB of server memory each",
        args.users
    ));
    say(&format!(
        "resident before {} KiB, after {} KiB",
        before / 1024,
        after / 1024
    ));
    Ok(())
}

async fn register(rest: &Rest, number: usize) -> anyhow::Result<String> {
    let name = format!("idle_{:08x}_{number}", rand::random::<u32>());
    let body = RegisterRequest {
        username: UserName::new(&name)?,
        password: Secret::new("an idle password"),
        display_name: None,
        device: None,
    };
    let key = Some(Uuid::new_v4());
    Ok(patiently(|| rest.register(&body, key))
        .await?
        .access_token
        .expose()
        .to_owned())
}

async fn open(
    address: &Arc<String>,
    tokens: &[String],
    count: usize,
) -> anyhow::Result<Vec<Socket>> {
    let opened = stream::iter(0..count)
        .map(|number| connect(address.clone(), tokens[number % tokens.len()].clone()))
        .buffer_unordered(32);
    let opened: Vec<anyhow::Result<Socket>> = opened.collect().await;
    opened.into_iter().collect()
}

async fn connect(address: Arc<String>, token: String) -> anyhow::Result<Socket> {
    let mut request = address.as_str().into_client_request()?;
    let protocol = HeaderValue::from_static("parlour.v1.json");
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    let mut socket = upgrade(request).await?;
    let hello = serde_json::json!({
        "type": "hello", "ref": "1", "token": token, "device": "idle", "features": [], "cursors": {},
    });
    socket.send(Message::text(hello.to_string())).await?;
    loop {
        let message = socket
            .next()
            .await
            .context("the server closed before `ready`")??;
        match message {
            Message::Text(text) if text.contains("\"type\":\"ready\"") => return Ok(socket),
            Message::Close(frame) => bail!("the server closed before `ready`: {frame:?}"),
            _ => {}
        }
    }
}

/// Opens a connection, as often as the node says that too many come at once.
async fn upgrade(request: Request) -> anyhow::Result<Socket> {
    loop {
        let refused = match connect_async(request.clone()).await {
            Ok((socket, _)) => return Ok(socket),
            Err(Error::Http(refused)) => refused,
            Err(error) => bail!(error),
        };
        let wait = refused.headers().get("retry-after");
        let seconds = wait.and_then(|wait| wait.to_str().ok()?.parse().ok());
        let seconds = seconds.with_context(|| format!("refused: {}", refused.status()))?;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

/// The resident memory of a process, from `/proc`.
fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .context("no VmRSS")?;
    let kib = line.split_whitespace().nth(1).context("no number")?;
    Ok(kib.parse::<u64>()? * 1024)
}
