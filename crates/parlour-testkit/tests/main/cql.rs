//! The store from below: as its operator breaks it, and as one that has no transactions.

use std::net::SocketAddr;
use std::sync::Arc;

use scylla::client::session_builder::SessionBuilder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// Bytes before the body of a frame of the CQL protocol, version 4: the stream is in bytes 2 and 3, the kind in byte 4,
/// the length of the body in the last four.
const HEADER: usize = 9;
const ERROR: u8 = 0x00;
const PREPARE: u8 = 0x09;
/// What version 4 answers begin with.
const ANSWER: u8 = 0x84;
/// The error of a statement that is understood and cannot be done.
const INVALID: i32 = 0x2200;

/// Runs a statement past every rule.
pub(crate) async fn run(host: &str, text: &str) {
    let session = SessionBuilder::new().known_node(host).build().await;
    let done = session.unwrap().query_unpaged(text, ()).await;
    done.unwrap_or_else(|error| panic!("{text}: {error}"));
}

/// A wire to a node of the store on which no conditional statement can be prepared, as on a store that has no
/// lightweight transactions. It ends when dropped.
pub(crate) struct NoTransactions {
    address: SocketAddr,
    _accepting: JoinSet<()>,
}

type Shared<T> = Arc<Mutex<T>>;

impl NoTransactions {
    pub(crate) async fn lay(store: &str) -> Self {
        let store: SocketAddr = store.parse().unwrap();
        // At the node's own address: the driver learns that address from the node, and keeps the port.
        let listener = TcpListener::bind((store.ip(), 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(client, store));
            }
        });
        Self {
            address,
            _accepting: accepting,
        }
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }
}

async fn carry(client: TcpStream, store: SocketAddr) {
    let Ok(server) = TcpStream::connect(store).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let to_client = Arc::new(Mutex::new(to_client));
    // Whichever side ends, the other ends with it.
    tokio::select! {
        () = requests(from_client, to_server, Arc::clone(&to_client)) => {}
        () = answers(from_server, to_client) => {}
    }
}

async fn requests(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    to_client: Shared<OwnedWriteHalf>,
) {
    while let Some(frame) = read_frame(&mut client).await {
        let passed = if is_conditional(&frame) {
            to_client.lock().await.write_all(&refusal(&frame)).await
        } else {
            server.write_all(&frame).await
        };
        if passed.is_err() {
            return;
        }
    }
}

async fn answers(mut server: OwnedReadHalf, to_client: Shared<OwnedWriteHalf>) {
    while let Some(frame) = read_frame(&mut server).await {
        if to_client.lock().await.write_all(&frame).await.is_err() {
            return;
        }
    }
}

fn is_conditional(frame: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&frame[HEADER..]);
    frame[4] == PREPARE && text.contains(" IF ")
}

/// The answer to a frame that says that it cannot be done.
fn refusal(frame: &[u8]) -> Vec<u8> {
    let reason = b"LWT is not supported here";
    let mut body = INVALID.to_be_bytes().to_vec();
    body.extend(u16::try_from(reason.len()).unwrap().to_be_bytes());
    body.extend(reason);
    let mut answer = vec![ANSWER, 0, frame[2], frame[3], ERROR];
    answer.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    answer.extend(body);
    answer
}

async fn read_frame(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut frame = vec![0; HEADER];
    from.read_exact(&mut frame).await.ok()?;
    let length = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]);
    frame.resize(HEADER + usize::try_from(length).ok()?, 0);
    from.read_exact(&mut frame[HEADER..]).await.ok()?;
    Some(frame)
}
