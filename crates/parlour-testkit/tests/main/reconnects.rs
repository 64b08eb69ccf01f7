//! What a node takes when all its clients come back at once.

use std::time::{Duration, Instant};

use parlour_protocol::Encoding;
use parlour_testkit::{Device, Server, World};
use tokio::time::{interval, timeout};

use crate::support::server;

const CLIENTS: u64 = 16;
const RATE: u64 = 4;
/// Each connection comes a second or more after the fourth before it. A node counts in milliseconds, so the first may be
/// counted one too early.
const AT_LEAST: Duration = Duration::from_millis((CLIENTS - 1) / RATE * 1_000 - 1);
const WITHIN: Duration = Duration::from_secs(120);
/// Between two looks.
const PACE: Duration = Duration::from_millis(20);

/// A value of the node's metrics, 0 if it is not there yet.
async fn metric(server: &Server, name: &str) -> u64 {
    let url = format!("{}/metrics", server.admin_url());
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.map_or(0, |value| value.trim().parse().unwrap())
}

async fn until_connected(server: &Server) {
    let mut looks = interval(PACE);
    let connected = async {
        while metric(server, "parlour_connections ").await < CLIENTS {
            looks.tick().await;
        }
    };
    let connected = timeout(WITHIN, connected).await;
    connected.expect("everybody comes back");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_clients_come_back_no_faster_than_the_configured_rate() {
    let (_folder, launch) = server();
    let mut server = Server::start(launch).await.unwrap();
    let world = World::new(server.url());
    let mut devices: Vec<Device> = Vec::new();
    for number in 0..CLIENTS {
        let name = format!("comes_back_{number}");
        devices.push(world.register(&name, Encoding::Json).await.unwrap());
    }
    until_connected(&server).await;

    server.kill_9().await.unwrap();
    server.set_variable("PARLOUR_LIMITS__CONNECTS_PER_SECOND", RATE.to_string());
    let begun = Instant::now();
    server.start_again().await.unwrap();
    until_connected(&server).await;
    let took = begun.elapsed();
    assert!(took >= AT_LEAST, "{CLIENTS} connected in {took:?}");
    assert_eq!(
        metric(&server, "parlour_connections_opened_total ").await,
        CLIENTS
    );
    let refused = metric(&server, "parlour_connects_refused_total{reason=\"rate\"} ").await;
    assert!(refused > 0, "nobody came too early");
    server.terminate().await.unwrap();
}
