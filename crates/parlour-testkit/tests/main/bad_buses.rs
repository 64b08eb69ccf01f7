//! Bad days of Redis, as a node that is started by its operator lives through them.

use parlour_testkit::Server;
use parlour_testkit::services::Redis;

use crate::deployment::Deployment;
use crate::support::they_talk;
use crate::waiting::{bus_detail, bus_is, until_report};

const OWNER: &str = "deployment:{nodes}";
const LEASES: &str = "leases:{nodes}";

async fn metrics(server: &Server) -> String {
    let url = format!("{}/metrics", server.admin_url());
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

async fn owner_of(redis: &Redis) -> String {
    let answer = redis.ask(&["GET", OWNER]).await.unwrap();
    answer.lines().nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_redis_serves_from_the_store_and_joins_when_redis_comes() {
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    let mut server = Server::start(deployment.launch()).await.unwrap();
    let says_why = |report: &_| bus_is(report, "away") && !bus_detail(report).is_empty();
    let report = until_report(&server.admin_url(), says_why).await;
    assert_eq!(report["ready"], true, "{report}");
    assert!(metrics(&server).await.contains("parlour_bus_up 0"));
    let said = server.said();
    assert!(said.contains("this node starts without it"), "{said}");
    they_talk(&server).await;

    let _redis = deployment.redis().await;
    let report = until_report(&server.admin_url(), |report| bus_is(report, "up")).await;
    assert_eq!(report["bus"].get("detail"), None, "{report}");
    assert!(metrics(&server).await.contains("parlour_bus_up 1"));
    they_talk(&server).await;
    server.terminate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_of_another_deployment_is_refused() {
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    let redis = deployment.redis().await;
    redis.ask(&["SET", OWNER, "somebody-else"]).await.unwrap();
    let (status, said) = deployment.launch().run_to_end().await.unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    for words in [
        "belongs to deployment somebody-else",
        "a Redis of its own",
        "FLUSHALL",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(owner_of(&redis).await, "somebody-else", "it is left alone");
    let leases = redis.ask(&["EXISTS", LEASES]).await.unwrap();
    assert_eq!(leases, ":0\r\n", "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_becomes_another_deployments_is_left_alone_and_the_node_serves_on() {
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    let redis = deployment.redis().await;
    let mut server = Server::start(deployment.launch()).await.unwrap();
    until_report(&server.admin_url(), |report| bus_is(report, "up")).await;
    let own = owner_of(&redis).await;

    redis.ask(&["SET", OWNER, "somebody-else"]).await.unwrap();
    let refused = |report: &_| bus_detail(report).contains("belongs to deployment somebody-else");
    let report = until_report(&server.admin_url(), refused).await;
    assert!(bus_is(&report, "away"), "{report}");
    assert_eq!(report["ready"], true, "{report}");
    let said = server.said();
    assert!(said.contains("this node may not use the bus"), "{said}");
    they_talk(&server).await;
    assert_eq!(owner_of(&redis).await, "somebody-else", "it is left alone");

    redis.ask(&["SET", OWNER, &own]).await.unwrap();
    until_report(&server.admin_url(), |report| bus_is(report, "up")).await;
    they_talk(&server).await;
    server.terminate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_another_process_lives_under_is_refused() {
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    let redis = deployment.redis().await;
    // Whichever number the store gives, somebody whom the store does not know lives under it.
    let lease = "1 somebody 99999999999999";
    let numbers: Vec<String> = (0..1_024).map(|number| number.to_string()).collect();
    let mut command = vec!["HSET", LEASES];
    command.extend(numbers.iter().flat_map(|number| [number.as_str(), lease]));
    redis.ask(&command).await.unwrap();
    let (status, said) = deployment.launch().run_to_end().await.unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("every node needs a number of its own"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_one_configuration_and_one_folder_are_different_nodes() {
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    let _redis = deployment.redis().await;
    let launch = deployment.launch();
    let mut nodes = [
        Server::start(launch.clone()).await.unwrap(),
        Server::start(launch.clone()).await.unwrap(),
    ];
    let mut numbers = Vec::new();
    for node in &nodes {
        let is_up = |report: &_| bus_is(report, "up");
        let report = until_report(&node.admin_url(), is_up).await;
        numbers.push(report["node"]["number"].clone());
        they_talk(node).await;
    }
    assert_ne!(numbers[0], numbers[1]);
    assert!(
        !launch.data.exists(),
        "a node of a cluster keeps nothing that could be copied"
    );
    for node in &mut nodes {
        node.terminate().await.unwrap();
    }
}
