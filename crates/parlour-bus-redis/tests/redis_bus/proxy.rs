//! A stretch of the way to Redis on which subscriptions get lost.
//!
//! It reads what a client asks, so it can keep the one command it is about from the server; everything else passes as it is.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What becomes of `SSUBSCRIBE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subscriptions {
    /// The server gets them.
    Arrive,
    /// Nobody gets them, and nobody answers.
    Vanish,
    /// They are answered as if they had worked.
    OnlyAnswered,
    /// They are answered, and a connection that nobody reads gets what comes.
    HeardElsewhere,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    /// Ends with the proxy.
    _accepting: JoinSet<()>,
}

struct Shared {
    server: String,
    subscriptions: Mutex<Subscriptions>,
    /// Of each subscription kept from the server, the number of its connection.
    kept: watch::Sender<Vec<usize>>,
    /// Connections that hear what is meant for others.
    elsewhere: tokio::sync::Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// In front of the server at this address.
    pub(crate) async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            server,
            subscriptions: Mutex::new(Subscriptions::Arrive),
            kept: watch::Sender::new(Vec::new()),
            elsewhere: tokio::sync::Mutex::default(),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            _accepting: accepting,
        }
    }

    pub(crate) fn let_subscriptions(&self, fate: Subscriptions) {
        *self.shared.subscriptions.lock().unwrap() = fate;
    }

    /// Waits until this many subscriptions were kept from the server; the numbers of the connections they came by.
    pub(crate) async fn has_kept(&self, count: usize) -> Vec<usize> {
        let mut kept = self.shared.kept.subscribe();
        let kept = kept.wait_for(|kept| kept.len() >= count);
        let waited = tokio::time::timeout(crate::server::WITHIN, kept).await;
        waited.expect("it subscribes again").unwrap().clone()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    for number in 0.. {
        let (client, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        // They end with the set, or when one end is gone.
        connections.spawn(async move {
            let _ = carry((number, client), &shared).await;
        });
    }
}

async fn carry(client: (usize, TcpStream), shared: &Shared) -> std::io::Result<()> {
    let (number, mut client) = client;
    let mut server = TcpStream::connect(&shared.server).await?;
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    loop {
        tokio::select! {
            read = client.read_buf(&mut asked) => {
                if read? == 0 {
                    return Ok(());
                }
                while let Some((length, words)) = command(&asked) {
                    let bytes: Vec<u8> = asked.drain(..length).collect();
                    match kept_answer(&words, shared).await {
                        Some(answer) => {
                            shared.kept.send_modify(|kept| kept.push(number));
                            client.write_all(&answer).await?;
                        }
                        None => server.write_all(&bytes).await?,
                    }
                }
            }
            read = server.read_buf(&mut answered) => {
                if read? == 0 {
                    return Ok(());
                }
                client.write_all(&answered).await?;
                answered.clear();
            }
        }
    }
}

/// What a command that is kept from the server is answered; `None` for one that is not kept.
async fn kept_answer(words: &[String], shared: &Shared) -> Option<Vec<u8>> {
    let fate = *shared.subscriptions.lock().unwrap();
    let [name, channel] = words else { return None };
    if fate == Subscriptions::Arrive || !name.eq_ignore_ascii_case("SSUBSCRIBE") {
        return None;
    }
    if fate == Subscriptions::HeardElsewhere {
        shared.hear_elsewhere(channel).await;
    }
    if fate == Subscriptions::Vanish {
        return Some(Vec::new());
    }
    let length = channel.len();
    let push = format!(">3\r\n$10\r\nssubscribe\r\n${length}\r\n{channel}\r\n:1\r\n");
    Some(push.into_bytes())
}

impl Shared {
    async fn hear_elsewhere(&self, channel: &str) {
        let mut connection = TcpStream::connect(&self.server).await.unwrap();
        let subscribe = format!("SSUBSCRIBE {channel}\r\n");
        connection.write_all(subscribe.as_bytes()).await.unwrap();
        // Only once it has been answered does it hear.
        connection.read_u8().await.unwrap();
        self.elsewhere.lock().await.push(connection);
    }
}

/// The first whole command and its length: a list of texts, or a line of words.
fn command(bytes: &[u8]) -> Option<(usize, Vec<String>)> {
    let mut at = 0;
    let first = line(bytes, &mut at)?;
    let Some(count) = first.strip_prefix('*') else {
        return Some((at, first.split(' ').map(str::to_owned).collect()));
    };
    let mut words = Vec::new();
    for _ in 0..count.parse::<usize>().unwrap() {
        let length = line(bytes, &mut at)?;
        let length: usize = length.strip_prefix('$').unwrap().parse().unwrap();
        let word = bytes.get(at..at + length)?;
        words.push(String::from_utf8_lossy(word).into_owned());
        at += length + 2;
    }
    (at <= bytes.len()).then_some((at, words))
}

/// The line that begins at `at`, which moves behind it.
fn line<'a>(bytes: &'a [u8], at: &mut usize) -> Option<&'a str> {
    let rest = bytes.get(*at..)?;
    let end = rest.windows(2).position(|two| two == b"\r\n")?;
    *at += end + 2;
    Some(std::str::from_utf8(&rest[..end]).unwrap())
}
