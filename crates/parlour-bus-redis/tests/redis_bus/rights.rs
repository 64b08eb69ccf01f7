//! Users of Redis with the rights that operators are told to give a node, and with fewer.

use std::sync::Arc;

use parlour_bus::{Channels, Health, Routes};
use parlour_bus_redis::{Credentials, RedisBus};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::conformance::passes;
use crate::meter::Meter;
use crate::network::{Network, becomes, connection, user};
use crate::server::{Server, eventually, is_installed, start_cluster};

/// What operators are told to say to each server.
fn told() -> &'static str {
    let page = include_str!("../../../../docs/cluster.md");
    let told = page.lines().find(|line| line.starts_with("ACL SETUSER "));
    told.expect("the page says it")
}

/// Says it, with other words in the place of some.
fn make_user(server: &Server, replaced: &str, by: &str) {
    assert!(told().contains(replaced), "{replaced}");
    let words = told().replace(replaced, by);
    let words: Vec<&str> = words.split_whitespace().collect();
    assert_eq!(server.ask(&words.join(" ")), "OK");
}

fn credentials() -> Option<Credentials> {
    Some(Credentials {
        username: Some("parlour".to_owned()),
        password: SecretString::from("PASSWORD"),
    })
}

/// A node whose user has other words in the place of some, on a server of its own.
async fn node_of(replaced: &str, by: &str) -> (Network, RedisBus) {
    let mut network = Network::on_one().await;
    make_user(network.server(), replaced, by);
    network.credentials = credentials();
    let options = network.options(1, &CancellationToken::new());
    let node = RedisBus::join(options).await.expect("that is no error");
    (network, node)
}

async fn are_enough(servers: Vec<Server>) {
    for server in &servers {
        make_user(server, "", "");
    }
    let servers = Arc::new(servers);
    passes(Arc::clone(&servers), credentials()).await;
    for server in servers.iter() {
        assert_eq!(server.ask("ACL LOG"), "", "nothing was refused");
    }
}

#[tokio::test]
async fn the_rights_that_operators_are_told_of_are_enough_for_one_redis() {
    if is_installed() {
        are_enough(vec![Server::start(&[]).await]).await;
    }
}

#[tokio::test]
async fn the_rights_that_operators_are_told_of_are_enough_for_a_redis_cluster() {
    if is_installed() {
        are_enough(start_cluster().await).await;
    }
}

#[tokio::test]
async fn a_node_without_rights_to_channels_says_so_and_lives_when_it_has_them() {
    if !is_installed() {
        return;
    }
    let meter = Meter::default();
    let _metering = metrics::set_default_local_recorder(&meter);
    let (network, node) = node_of(" &n:*", "").await;
    assert_eq!(*node.health().borrow(), Health::Away);
    let why = node.trouble().unwrap();
    assert!(why.contains("NOPERM") && why.contains("channels"), "{why}");
    assert!(meter.count("parlour_bus_denied_total") > 0);
    let lease = network.server().ask("HEXISTS leases:{nodes} 1");
    assert_eq!(lease, "1", "its commands are taken");
    assert_eq!(node.life(), None, "it goes by what the store says");
    make_user(network.server(), "", "");
    becomes(&node, Health::Up).await;
    assert_eq!((node.trouble(), node.life()), (None, Some(node.node())));
    node.leave().await;
}

#[tokio::test]
async fn a_node_that_may_not_publish_says_so() {
    if !is_installed() {
        return;
    }
    let (_network, node) = node_of("+spublish", "").await;
    assert_eq!(*node.health().borrow(), Health::Away);
    let why = node.trouble().unwrap();
    assert!(why.contains("executing the script"), "{why}");
    node.leave().await;
}

#[tokio::test]
async fn a_node_without_rights_to_some_keys_counts_each_refusal() {
    if !is_installed() {
        return;
    }
    let meter = Meter::default();
    let _metering = metrics::set_default_local_recorder(&meter);
    let (network, node) = node_of(" ~routes:*", "").await;
    let node = Arc::new(node);
    assert_eq!(*node.health().borrow(), Health::Up);
    assert_eq!(meter.count("parlour_bus_denied_total"), 0);
    assert!(node.register(user(1), connection(1)).await.is_err());
    assert_eq!(meter.count("parlour_bus_denied_total"), 1);
    make_user(network.server(), "", "");
    eventually("it may now", async || {
        node.register(user(1), connection(1)).await.is_ok()
    })
    .await;
    node.leave().await;
}
