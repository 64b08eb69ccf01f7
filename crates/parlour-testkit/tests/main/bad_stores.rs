//! Stores that a node of a cluster must not use, and one that comes late.

use std::net::{SocketAddr, TcpListener};

use parlour_testkit::services::Link;

use crate::cql::{NoTransactions, run};
use crate::deployment::Deployment;
use crate::waiting::{Waiting, store_detail, until_report};

/// Starts a node with one setting changed, and wants it refused with these words.
async fn is_refused(deployment: &Deployment, (key, value): (&'static str, &str), words: &[&str]) {
    let launch = deployment.launch().with(key, value);
    let (status, said) = launch.run_to_end().await.unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is missing in\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_replication_than_configured_is_refused() {
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    let three = ("STORE__REPLICATION__DATACENTER1", "3");
    let mending = ["is replicated as", "correct `store.replication`"];
    is_refused(&deployment, three, &mending).await;
    // Of several datacenters one has to decide.
    let two = ("STORE__REPLICATION__DATACENTER2", "1");
    is_refused(&deployment, two, &["`store.datacenter` must be set"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tables_and_tables_of_another_version_are_refused() {
    let Some(deployment) = Deployment::without_tables().await else {
        return;
    };
    let keyspace = format!("parlour_version_{:08x}", rand::random::<u32>());
    let other = ("STORE__KEYSPACE", keyspace.as_str());
    is_refused(&deployment, other, &["run `parlour schema apply` once"]).await;

    let store = &deployment.store;
    let replication = "{'class': 'NetworkTopologyStrategy', 'datacenter1': 1}";
    let table = format!("{keyspace}.schema_version");
    for text in [
        format!("CREATE KEYSPACE {keyspace} WITH replication = {replication}"),
        format!("CREATE TABLE {table} (name text PRIMARY KEY, version int, holder uuid)"),
    ] {
        run(store, &text).await;
    }
    for (version, mending) in [
        (1, "run `parlour schema apply`"),
        (99, "start the newer version that made them"),
    ] {
        let insert = format!("INSERT INTO {table} (name, version) VALUES ('tables', {version})");
        run(store, &insert).await;
        let found = format!("the tables are of version {version}");
        is_refused(&deployment, other, &[&found, mending]).await;
    }
    run(store, &format!("DROP KEYSPACE {keyspace}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_transactions_is_refused() {
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    let wire = NoTransactions::lay(&deployment.store).await;
    let host = wire.host();
    let lacking = ("STORE__HOSTS", host.as_str());
    let mending = [
        "the store does not do what commits need",
        "with lightweight transactions",
    ];
    is_refused(&deployment, lacking, &mending).await;
    let making = deployment
        .launch()
        .with("STORE__HOSTS", &*host)
        .with("STORE__KEYSPACE", "parlour_without_transactions");
    let (status, said) = making.run(&["schema", "apply"]).await.unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    for word in mending {
        assert!(said.contains(word), "{said}");
    }
    let made = "DROP KEYSPACE IF EXISTS parlour_without_transactions";
    run(&deployment.store, made).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_comes_late_is_waited_for() {
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    let _redis = deployment.redis().await;
    let store: SocketAddr = deployment.store.parse().unwrap();
    // At the store's own address, which the driver learns from it; at first nobody listens at this port.
    let door = TcpListener::bind((store.ip(), 0)).unwrap();
    let address = door.local_addr().unwrap();
    drop(door);
    let mut settings = deployment.settings();
    settings.push(("STORE__HOSTS", address.to_string()));
    let node = Waiting::start(settings);
    let waits = |report: &_| store_detail(report).contains("cannot be reached");
    until_report(&node.operators_url(), waits).await;
    let wire = Link::lay(address, store).await.unwrap();
    until_report(&node.operators_url(), |report| report["ready"] == true).await;
    assert!(wire.passed().connections > 0);
}
