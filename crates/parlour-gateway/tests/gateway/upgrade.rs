//! Which requests become connections: origins, subprotocols, room, and plain HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::{Call, Reply, WITHIN};
use crate::meter::Meter;
use crate::socket::{JSON, Socket};
use crate::world::{Setup, World};

/// An upgrade request, with these headers besides the usual ones; answers the status line's number.
pub(crate) async fn upgrade(address: SocketAddr, headers: &[(&str, &str)]) -> u16 {
    answer(address, headers).await.1
}

/// The same, with the stream behind the status line.
async fn answer(address: SocketAddr, headers: &[(&str, &str)]) -> (TcpStream, u16) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut head = format!(
        "GET /v1/ws HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    timeout(WITHIN, stream.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let status = String::from_utf8_lossy(&answer[9..]).parse().unwrap();
    (stream, status)
}

fn offering(origin: &str) -> [(&str, &str); 2] {
    [("origin", origin), ("sec-websocket-protocol", JSON)]
}

#[tokio::test]
async fn listed_origins_and_the_own_host_connect_and_others_do_not() {
    let world = World::with(Setup {
        origins: vec!["https://chat.example.org".to_owned()],
        ..Setup::default()
    })
    .await;
    let own = format!("http://{}", world.address);
    assert_eq!(
        upgrade(world.address, &offering("https://chat.example.org")).await,
        101
    );
    assert_eq!(upgrade(world.address, &offering(&own)).await, 101);
    assert_eq!(upgrade(world.address, &offering("")[1..]).await, 101);
    for foreign in ["https://evil.example", "null", "http://chat.example.org"] {
        assert_eq!(
            upgrade(world.address, &offering(foreign)).await,
            403,
            "{foreign}"
        );
    }
}

#[tokio::test]
async fn a_foreign_origin_is_refused_with_a_problem() {
    let world = World::new().await;
    let call = Call::raw("GET", "/v1/ws").header("origin", "https://evil.example");
    let reply = world.call(call).await;
    assert_eq!((reply.status, reply.problem().as_str()), (403, "forbidden"));
}

#[tokio::test]
async fn without_a_subprotocol_of_ours_there_is_no_connection() {
    let world = World::new().await;
    let address = world.address;
    assert_eq!(upgrade(address, &[]).await, 400);
    let unknown = [("sec-websocket-protocol", "chat, parlour.v9.json")];
    assert_eq!(upgrade(address, &unknown).await, 400);
    let second = [("sec-websocket-protocol", "chat, parlour.v1.msgpack")];
    assert_eq!(upgrade(address, &second).await, 101);
}

#[tokio::test]
async fn what_is_no_upgrade_is_told_so_in_a_problem() {
    let world = World::new().await;
    let reply = world.call(Call::raw("GET", "/v1/ws")).await;
    assert_eq!((reply.status, reply.problem().as_str()), (400, "invalid"));
}

#[tokio::test]
async fn a_full_node_refuses_and_takes_the_next_when_somebody_left() {
    let mut setup = Setup::default();
    setup.limits.connections = 1;
    let world = World::with(setup).await;
    let ann = world.person("ann").await;
    let mut first = world.online(&ann).await;
    let offer = &[("sec-websocket-protocol", JSON)];
    assert_eq!(upgrade(world.address, offer).await, 503);
    assert!(first.is_alive().await);
    futures_util::SinkExt::close(&mut first.stream)
        .await
        .unwrap();
    assert_eq!(first.rest().await.1, None);
    drop(first);
    let mut tries = 0;
    // The room is free when the connection's task has ended, which nobody outside can see but by asking.
    while upgrade(world.address, offer).await != 101 {
        tries += 1;
        assert!(tries < 10_000);
        tokio::task::yield_now().await;
    }
}

/// A client that wants to connect, and when it tries next, in milliseconds from the beginning.
struct Comer {
    tries_at: u64,
    stream: Option<TcpStream>,
}

impl Comer {
    /// Tries; refused, it plans to come back when it was told to.
    async fn try_now(&mut self, world: &World) {
        let offer = [("sec-websocket-protocol", JSON), ("connection", "close")];
        let (mut stream, status) = answer(world.address, &offer).await;
        if status == 101 {
            self.stream = Some(stream);
            return;
        }
        assert_eq!(status, 503);
        let mut rest = String::new();
        let reading = stream.read_to_string(&mut rest);
        timeout(WITHIN, reading).await.unwrap().unwrap();
        assert!(rest.contains("\"code\":\"busy\""), "{rest}");
        let (_, after) = rest.split_once("retry-after: ").unwrap();
        let seconds: u64 = after.split_once('\r').unwrap().0.parse().unwrap();
        assert!((1..=10).contains(&seconds), "{seconds}");
        self.tries_at += seconds * 1_000;
    }
}

#[tokio::test]
async fn a_herd_is_let_in_at_the_configured_rate_and_everybody_gets_in() {
    const RATE: usize = 5;
    const HERD: u64 = 60;
    const STEP_MS: u64 = 50;
    let meter = Meter::default();
    let _metering = metrics::set_default_local_recorder(&meter);
    let mut setup = Setup::default();
    setup.limits.connects_per_second = RATE as u32;
    let world = World::with(setup).await;
    // As after the death of another node: all of them within half a second.
    let comer = |number| Comer {
        tries_at: number * 500 / HERD,
        stream: None,
    };
    let mut herd: Vec<Comer> = (0..HERD).map(comer).collect();
    let (mut let_in_at, mut refused, mut now) = (Vec::new(), 0, 0);
    while let_in_at.len() < herd.len() {
        for comer in &mut herd {
            if comer.stream.is_none() && comer.tries_at <= now {
                comer.try_now(&world).await;
                match comer.stream {
                    Some(_) => let_in_at.push(now),
                    None => refused += 1,
                }
            }
        }
        assert!(now < 1_000_000, "{} got in", let_in_at.len());
        world.clock.advance(Duration::from_millis(STEP_MS));
        now += STEP_MS;
    }
    for (first, beyond) in let_in_at.iter().zip(&let_in_at[RATE..]) {
        assert!(beyond - first >= 1_000, "from {first} to {beyond} ms");
    }
    assert!(refused > 0);
    assert_eq!(meter.count("parlour_connects_refused_total"), refused);
}

#[tokio::test]
async fn browsers_of_listed_origins_may_use_the_endpoints_and_others_are_not_told_so() {
    let world = World::with(Setup {
        origins: vec!["https://chat.example.org".to_owned()],
        ..Setup::default()
    })
    .await;
    let ann = world.person("ann").await;
    let preflight = |origin: &str| {
        Call::new("OPTIONS", "/chats")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,idempotency-key",
            )
    };
    let allowed = |reply: &Reply| {
        reply
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    let listed = "https://chat.example.org";
    let reply = world.call(preflight(listed)).await;
    assert_eq!(
        (reply.status, allowed(&reply).as_deref()),
        (200, Some(listed))
    );
    let headers = reply.header("access-control-allow-headers").unwrap();
    assert!(headers.contains("idempotency-key"), "{headers}");
    let reply = world.call(preflight("https://evil.example")).await;
    assert_eq!(allowed(&reply), None);
    for (origin, expected) in [(listed, Some(listed)), ("https://evil.example", None)] {
        let reply = world
            .call(Call::get("/chats").by(&ann).header("origin", origin))
            .await;
        assert_eq!(allowed(&reply).as_deref(), expected);
    }
}

#[tokio::test]
async fn a_header_without_end_does_not_stop_others() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let mut slow = TcpStream::connect(world.address).await.unwrap();
    slow.write_all(b"GET /v1/ws HTTP/1.1\r\nhost: x\r\n")
        .await
        .unwrap();
    let mut endless = TcpStream::connect(world.address).await.unwrap();
    let field = format!("x: {}\r\n", "y".repeat(1_000));
    endless.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    for _ in 0..100 {
        if endless.write_all(field.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut socket = Socket::open(world.address).await;
    socket.hello(&ann, json!({})).await;
    assert!(socket.is_alive().await);
    let refused = Reply::read(&mut endless).await;
    assert_eq!(refused.status, 431);
}
