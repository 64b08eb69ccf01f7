//! The bus over Redis keeps what every bus must keep.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use parlour_bus::conformance::{TestBus, run_all};
use parlour_bus_redis::{Credentials, RedisBus};

use crate::network::Network;
use crate::server::{Server, is_installed, start_cluster};

/// The network of one case.
struct Case(Arc<Network>);

#[async_trait]
impl TestBus for Case {
    type Node = RedisBus;

    async fn join(&self) -> Arc<RedisBus> {
        self.0.join().await
    }

    async fn lapse(&self, node: &Arc<RedisBus>) {
        self.0.lapse(node).await;
    }

    async fn crash(&self, node: &Arc<RedisBus>) {
        self.0.crash(node).await;
    }
}

pub(crate) async fn passes(servers: Arc<Vec<Server>>, credentials: Option<Credentials>) {
    let before: Mutex<Option<Arc<Network>>> = Mutex::new(None);
    // One set of servers for all cases: each begins without nodes and users.
    run_all(async || {
        let last = before.lock().unwrap().take();
        if let Some(last) = last {
            last.clear().await;
        }
        let mut network = Network::on(Arc::clone(&servers));
        network.credentials.clone_from(&credentials);
        let network = Arc::new(network);
        *before.lock().unwrap() = Some(Arc::clone(&network));
        Case(network)
    })
    .await;
}

#[tokio::test]
async fn one_redis_passes_the_suite() {
    if is_installed() {
        passes(Arc::new(vec![Server::start(&[]).await]), None).await;
    }
}

#[tokio::test]
async fn a_redis_cluster_passes_the_suite() {
    if is_installed() {
        passes(Arc::new(start_cluster().await), None).await;
    }
}
