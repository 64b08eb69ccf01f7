//! What one account and one address may take of a node, so that something is left for everybody else.

use std::net::SocketAddr;

use parlour_model::limits;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::WITHIN;
use crate::socket::Socket;
use crate::world::World;

/// HTTP connections of one address, as the node's documentation says.
const OF_ONE_ADDRESS: usize = 256;

#[tokio::test]
async fn one_account_has_its_share_of_connections_and_others_still_connect() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut open = Vec::new();
    for _ in 0..limits::CONNECTIONS_PER_USER_MAX {
        open.push(world.online(&ann).await);
    }
    let another_device = world.another_device("ann").await;
    let mut refused = Socket::open(world.address).await;
    refused
        .send(json!({"type": "hello", "ref": "h", "token": another_device.token}))
        .await;
    let error = refused.answer("h").await;
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("error"), &json!("limit_reached"))
    );
    assert_eq!(refused.rest().await.1, Some(4013));
    assert!(world.online(&bob).await.is_alive().await);
    let mut last = open.pop().unwrap();
    assert!(last.is_alive().await);
    futures_util::SinkExt::close(&mut last.stream)
        .await
        .unwrap();
    // The node has let go of the connection once it closes its side.
    last.rest().await;
    drop(last);
    timeout(WITHIN, until_welcome(&world, &another_device.token))
        .await
        .expect("what one gives back another gets");
}

/// Says `hello` on new connections until one is welcomed.
async fn until_welcome(world: &World, token: &str) {
    loop {
        let mut socket = Socket::open(world.address).await;
        socket
            .send(json!({"type": "hello", "ref": "h", "token": token}))
            .await;
        if socket.answer("h").await["type"] == "welcome" {
            return;
        }
    }
}

#[tokio::test]
async fn one_address_has_its_share_of_http_connections_and_those_that_are_upgraded_are_not_of_it() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let mut upgraded = world.online(&ann).await;
    let mut open = Vec::new();
    while let Some(stream) = answered(world.address).await {
        open.push(stream);
        assert!(open.len() <= OF_ONE_ADDRESS, "there is no end to it");
    }
    assert_eq!(open.len(), OF_ONE_ADDRESS);
    assert!(upgraded.is_alive().await);
    drop(open.pop());
    timeout(WITHIN, until_answered(world.address))
        .await
        .expect("what is closed makes room");
}

/// A connection that was answered once and stays; `None` if it was closed without an answer.
async fn answered(address: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /api/v1/nothing HTTP/1.1\r\nhost: {address}\r\n\r\n");
    // It may be closed before it can ask.
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = [0; 12];
    let reading = timeout(WITHIN, stream.read_exact(&mut answer));
    reading.await.expect("answered or closed").ok()?;
    assert_eq!(&answer, b"HTTP/1.1 404");
    Some(stream)
}

async fn until_answered(address: SocketAddr) {
    while answered(address).await.is_none() {}
}
