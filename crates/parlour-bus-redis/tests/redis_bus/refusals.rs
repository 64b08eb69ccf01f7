//! Nodes that Redis does not want, and Redis that nodes do not want.

use std::sync::Arc;

use parlour_bus::conformance::TestBus;
use parlour_bus::{Channels, Health};
use parlour_bus_redis::{Credentials, JoinError, RedisBus, Topology};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::network::{Network, becomes};
use crate::server::{Server, is_installed};

#[tokio::test]
async fn a_number_belongs_to_one_living_node() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let first = network.join_as(5).await.unwrap();
    let second = network.join_as(5).await.map(drop);
    assert_eq!(second, Err(JoinError::DuplicateNode(5)));
    assert_eq!(*first.health().borrow(), Health::Up, "the first one stays");
    let before = first.node();
    first.leave().await;
    assert!(first.nodes().await.is_err());
    let third = network.join_as(5).await.expect("it is free again");
    assert!(third.node().incarnation > before.incarnation);
}

#[tokio::test]
async fn a_redis_belongs_to_one_deployment() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let node = network.join().await;
    let mut other = Network::on(Arc::clone(&network.servers));
    other.deployment = Uuid::from_u128(8);
    let refused = other.join_as(9).await.map(drop);
    let expected = JoinError::AnotherDeployment {
        owner: network.deployment.to_string(),
        own: other.deployment.to_string(),
    };
    assert_eq!(refused, Err(expected));
    assert_eq!(node.nodes().await, Ok(vec![node.node()]));
}

#[tokio::test]
async fn a_redis_that_changes_hands_is_away() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let node = network.join().await;
    let own = network.deployment;
    network.server().ask("SET deployment:{nodes} another");
    becomes(&node, Health::Away).await;
    assert!(node.nodes().await.is_err());
    network
        .server()
        .ask(&format!("SET deployment:{{nodes}} {own}"));
    becomes(&node, Health::Up).await;
}

#[tokio::test]
async fn addresses_have_a_host_and_a_port() {
    let network = Network::on(Arc::new(Vec::new()));
    for address in ["", "redis", "redis:", ":6379", "redis:x", "redis:99999"] {
        let mut options = network.options(1, &CancellationToken::new());
        options.topology = Topology::One(address.to_owned());
        let joined = RedisBus::join(options).await.map(drop);
        assert_eq!(joined, Err(JoinError::Address(address.to_owned())));
    }
}

#[tokio::test]
async fn a_password_opens_redis() {
    if !is_installed() {
        return;
    }
    let server = Server::start(&[]).await;
    server.ask("ACL SETUSER parlour on >secret ~* &* +@all");
    server.ask("ACL SETUSER default off");
    let network = Network::on(Arc::new(vec![server]));
    let token = CancellationToken::new();
    let nobody = RedisBus::join(network.options(1, &token)).await.unwrap();
    assert_eq!(*nobody.health().borrow(), Health::Away);
    let mut options = network.options(2, &token);
    options.credentials = Some(Credentials {
        username: Some("parlour".to_owned()),
        password: SecretString::from("secret"),
    });
    let somebody = RedisBus::join(options).await.unwrap();
    assert_eq!(*somebody.health().borrow(), Health::Up);
}
