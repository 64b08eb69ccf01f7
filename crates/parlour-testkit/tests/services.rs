//! The services and wires that clusters of tests are made of.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "all of this is test code"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use parlour_testkit::services::{Condition, Link, Loopback, Redis, RedisCluster, ask_redis};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const SOON: Duration = Duration::from_secs(10);

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn is_missing(program: &str) -> bool {
    let mut which = std::process::Command::new("which");
    let found = which.arg(program).output();
    let is_missing = !found.is_ok_and(|answer| answer.status.success());
    if is_missing {
        eprintln!("skipped: {program} is missing");
    }
    is_missing
}

/// A wire to somebody who says everything again, and a connection through it.
async fn wired(tasks: &mut JoinSet<()>) -> (Link, TcpStream) {
    let listener = TcpListener::bind(anywhere()).await.unwrap();
    let link = Link::lay(anywhere(), listener.local_addr().unwrap());
    let link = link.await.unwrap();
    tasks.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.unwrap();
    });
    let stream = TcpStream::connect(link.address()).await.unwrap();
    (link, stream)
}

async fn echo(stream: &mut TcpStream, word: &[u8]) -> Vec<u8> {
    stream.write_all(word).await.unwrap();
    let mut heard = vec![0; word.len()];
    stream.read_exact(&mut heard).await.unwrap();
    heard
}

#[tokio::test]
async fn a_cut_wire_is_silent_and_flows_on_when_it_is_mended() {
    let mut tasks = JoinSet::new();
    let (link, mut stream) = wired(&mut tasks).await;
    assert_eq!(echo(&mut stream, b"hello").await, b"hello");
    link.set(Condition::Cut);
    stream.write_all(b"again").await.unwrap();
    let mut heard = [0; 5];
    let silence = Duration::from_millis(200);
    let heard_nothing = tokio::time::timeout(silence, stream.read_exact(&mut heard)).await;
    assert!(heard_nothing.is_err());
    assert_eq!(link.passed().disturbed, 1);
    link.set(Condition::Whole);
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"again");
    assert_eq!(link.passed().bytes, 20);
}

#[tokio::test]
async fn a_slow_wire_delays_both_directions_and_a_throttled_one_counts_bytes() {
    let mut tasks = JoinSet::new();
    let (link, mut stream) = wired(&mut tasks).await;
    link.set(Condition::Slow(Duration::from_millis(60)));
    let begun = Instant::now();
    assert_eq!(echo(&mut stream, b"slowly").await, b"slowly");
    assert!(
        begun.elapsed() >= Duration::from_millis(120),
        "{:?}",
        begun.elapsed()
    );
    link.set(Condition::Throttled(10_000));
    let begun = Instant::now();
    let long = vec![7; 1_000];
    assert_eq!(echo(&mut stream, &long).await, long);
    assert!(
        begun.elapsed() >= Duration::from_millis(200),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_redis_is_found_where_it_was_with_or_without_what_it_knew() {
    if is_missing("redis-server") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let net = Loopback::pick().await.unwrap();
    let mut redis = Redis::start(folder.path(), net.host(1)).await.unwrap();
    redis.ask(&["SET", "key", "value"]).await.unwrap();
    redis.daemon().pause().await.unwrap();
    let asked = ask_redis(redis.address(), &["GET", "key"]);
    let silence = Duration::from_millis(200);
    assert!(tokio::time::timeout(silence, asked).await.is_err());
    redis.daemon().go_on().await.unwrap();
    assert_eq!(redis.ask(&["GET", "key"]).await.unwrap(), "$5\r\nvalue\r\n");
    redis.daemon().terminate().await.unwrap();
    redis.daemon().start_again().await.unwrap();
    assert_eq!(redis.ask(&["GET", "key"]).await.unwrap(), "$5\r\nvalue\r\n");
    redis.daemon().kill_9().await.unwrap();
    redis.forget().unwrap();
    redis.daemon().start_again().await.unwrap();
    assert_eq!(redis.ask(&["DBSIZE"]).await.unwrap(), ":0\r\n");
}

#[tokio::test]
async fn a_redis_cluster_fails_over() {
    if is_missing("redis-server") || is_missing("redis-cli") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let net = Loopback::pick().await.unwrap();
    let mut cluster = RedisCluster::start(folder.path(), net, 1).await.unwrap();
    assert_eq!(cluster.addresses().len(), 6);
    let mut failed = Vec::new();
    for part in [2, 2] {
        let killed = tokio::time::timeout(SOON * 4, cluster.fail_over(part)).await;
        let killed = killed.expect("somebody takes over").unwrap();
        cluster.bring_back(killed).await.unwrap();
        failed.push(killed);
    }
    // The second time it is the replica that took over: the same keys, another server.
    assert_eq!(failed[0], 2, "the third server leads the third part first");
    assert!(failed[1] > 2, "{failed:?}");
}
