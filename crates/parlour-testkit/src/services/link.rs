//! A wire between two parts: bytes pass through here, and the test decides how.
//!
//! - A cut wire is silent, as a network is that drops packets: what is under way stands still, and new connections
//!   are taken and say nothing. After the heal everything flows on, or has been given up by whoever waited.
//! - A slow wire adds its delay to every piece of data, in both directions and in order.
//! - A throttled wire passes so many bytes in a second, on each connection and in each direction.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Bytes read at once.
const PIECE_BYTES: usize = 16 * 1024;
/// Pieces on their way through a slow wire, for each connection and direction.
const PIECES_MAX: usize = 256;
/// How long the other end may take to accept a connection.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);

/// How a wire is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// As if it were not there.
    Whole,
    /// Silent.
    Cut,
    /// Every piece of data takes so much longer.
    Slow(Duration),
    /// So many bytes in a second.
    Throttled(u64),
}

/// What passed, and what had to wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// Connections.
    pub connections: u64,
    /// Bytes, in both directions.
    pub bytes: u64,
    /// Pieces of data that met a wire that was not whole, and connections that met a cut one.
    pub disturbed: u64,
}

/// A wire. It ends, with all its connections, when this is dropped.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    condition: watch::Sender<Condition>,
    counters: Arc<Counters>,
    token: CancellationToken,
}

#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU64,
    bytes: AtomicU64,
    disturbed: AtomicU64,
}

/// One connection's share of a wire.
#[derive(Debug, Clone)]
struct Wire {
    condition: watch::Receiver<Condition>,
    counters: Arc<Counters>,
}

impl Link {
    /// A whole wire from `from` to `to`. Port 0 picks a free one.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub async fn lay(from: SocketAddr, to: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(from).await;
        let listener = listener.with_context(|| format!("a wire from {from}"))?;
        let address = listener.local_addr()?;
        let (condition, counters) = (watch::Sender::new(Condition::Whole), Arc::default());
        let wire = Wire {
            condition: condition.subscribe(),
            counters: Arc::clone(&counters),
        };
        let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
        let accepting = accept(listener, to, wire, (tracker.clone(), token.clone()));
        tracker.spawn(token.clone().run_until_cancelled_owned(accepting));
        Ok(Self {
            address,
            condition,
            counters,
            token,
        })
    }

    /// Where it begins.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes how it is, for connections that exist, too.
    pub fn set(&self, condition: Condition) {
        self.condition.send_replace(condition);
    }

    /// What passed so far.
    #[must_use]
    pub fn passed(&self) -> Passed {
        let read = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Passed {
            connections: read(&self.counters.connections),
            bytes: read(&self.counters.bytes),
            disturbed: read(&self.counters.disturbed),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

async fn accept(
    listener: TcpListener,
    to: SocketAddr,
    wire: Wire,
    (tracker, token): (TaskTracker, CancellationToken),
) {
    loop {
        // A connection that is gone before it is taken is nobody's.
        let Ok((near, _)) = listener.accept().await else {
            continue;
        };
        wire.counters.connections.fetch_add(1, Ordering::SeqCst);
        let connection = connect(near, to, wire.clone());
        tracker.spawn(token.clone().run_until_cancelled_owned(connection));
    }
}

async fn connect(near: TcpStream, to: SocketAddr, mut wire: Wire) {
    wire.until_not_cut().await;
    let far = tokio::time::timeout(CONNECTS_WITHIN, TcpStream::connect(to)).await;
    let Ok(Ok(far)) = far else {
        return; // Dropping the near end is what a refused connection looks like.
    };
    // Neither end should wait for more to send: the parts decide on their own batches.
    if near.set_nodelay(true).is_err() || far.set_nodelay(true).is_err() {
        return;
    }
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::join!(
        wire.clone().carry(near_read, far_write),
        wire.carry(far_read, near_write),
    );
}

impl Wire {
    /// Carries everything from one side to the other until either ends.
    async fn carry(self, from: OwnedReadHalf, to: OwnedWriteHalf) {
        let (pieces, on_their_way) = mpsc::channel(PIECES_MAX);
        tokio::select! {
            () = self.clone().take_up(from, pieces) => {}
            () = self.put_down(on_their_way, to) => {}
        }
    }

    async fn take_up(self, mut from: OwnedReadHalf, pieces: mpsc::Sender<(Instant, Vec<u8>)>) {
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let Ok(bytes @ 1..) = from.read(&mut piece).await else {
                break;
            };
            piece.truncate(bytes);
            if pieces.send((Instant::now(), piece)).await.is_err() {
                return;
            }
        }
        // The other task ends the connection once it has put down what is on its way.
        drop(pieces);
        std::future::pending::<()>().await;
    }

    async fn put_down(
        mut self,
        mut pieces: mpsc::Receiver<(Instant, Vec<u8>)>,
        mut to: OwnedWriteHalf,
    ) {
        while let Some((taken_at, piece)) = pieces.recv().await {
            self.wait(taken_at, piece.len()).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
            let bytes = piece.len() as u64;
            self.counters.bytes.fetch_add(bytes, Ordering::SeqCst);
        }
        // A half that is closed cleanly tells the reader that this was the end.
        drop(to.shutdown().await);
    }

    /// Waits as long as a piece of so many bytes takes through a wire like this.
    async fn wait(&mut self, taken_at: Instant, bytes: usize) {
        self.until_not_cut().await;
        let condition = *self.condition.borrow();
        let pause = match condition {
            Condition::Whole | Condition::Cut => return,
            Condition::Slow(delay) => delay.saturating_sub(taken_at.elapsed()),
            Condition::Throttled(per_second) => {
                Duration::from_secs_f64(bytes as f64 / per_second.max(1) as f64)
            }
        };
        self.disturbed();
        // A wire that is mended meanwhile holds nothing back any more.
        let mut conditions = self.condition.clone();
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = conditions.wait_for(|now| *now != condition) => {}
        }
    }

    async fn until_not_cut(&mut self) {
        if *self.condition.borrow() == Condition::Cut {
            self.disturbed();
        }
        let whole = self.condition.wait_for(|now| *now != Condition::Cut).await;
        drop(whole);
    }

    fn disturbed(&self) {
        self.counters.disturbed.fetch_add(1, Ordering::SeqCst);
    }
}
