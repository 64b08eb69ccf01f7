//! Limits over all nodes of a cluster, counted by a real Redis.

use parlour_testkit::{Launch, Server};
use reqwest::StatusCode;

use crate::deployment::Deployment;
use crate::waiting::{bus_is, until_report};

/// One comes back in half a minute, long after a test is over.
const LOGINS_PER_MINUTE: &str = "2";

fn limited(deployment: &Deployment) -> Launch {
    let launch = deployment.launch();
    launch.with("LIMITS__LOGINS_PER_MINUTE", LOGINS_PER_MINUTE)
}

/// How a login as somebody who is not there ends.
async fn login(server: &Server) -> StatusCode {
    let wrong = serde_json::json!({"username": "nobody_at_all", "password": "not the password"});
    let url = format!("{}/api/v1/auth/login", server.url());
    let answer = reqwest::Client::new().post(url).json(&wrong).send().await;
    answer.unwrap().status()
}

async fn metrics(server: &Server) -> String {
    let url = format!("{}/metrics", server.admin_url());
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_are_limited_over_all_nodes_and_without_redis_by_each_alone() {
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    let mut redis = deployment.redis().await;
    let mut nodes = [
        Server::start(limited(&deployment)).await.unwrap(),
        Server::start(limited(&deployment)).await.unwrap(),
    ];
    for node in &nodes {
        until_report(&node.admin_url(), |report| bus_is(report, "up")).await;
    }
    for expected in [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS] {
        for node in &nodes {
            assert_eq!(login(node).await, expected);
        }
    }
    for node in &nodes {
        let metrics = metrics(node).await;
        let refused = "parlour_account_rate_limited_total{held_by=\"all_nodes\"} 1";
        assert!(metrics.contains(refused), "{metrics}");
    }

    // Nobody who reads Redis learns who tried to sign in, or from where, and all of it ends by itself.
    let all = "return table.concat(redis.call('KEYS', 'quota:*'), ' ')";
    let keys = redis.ask(&["EVAL", all, "0"]).await.unwrap();
    assert!(keys.contains("quota:logins:"), "{keys}");
    assert!(
        !keys.contains("nobody") && !keys.contains("127.0"),
        "{keys}"
    );
    let lasting = "for _, key in ipairs(redis.call('KEYS', 'quota:*')) do \
                   if redis.call('PTTL', key) < 0 then return key end end return ''";
    let lasting = redis.ask(&["EVAL", lasting, "0"]).await.unwrap();
    assert_eq!(lasting, "$0\r\n\r\n");

    redis.daemon().kill_9().await.unwrap();
    let mut alone = Server::start(limited(&deployment)).await.unwrap();
    for expected in [
        StatusCode::UNAUTHORIZED,
        StatusCode::UNAUTHORIZED,
        StatusCode::TOO_MANY_REQUESTS,
    ] {
        assert_eq!(login(&alone).await, expected);
    }
    let metrics = metrics(&alone).await;
    for line in [
        "parlour_account_rate_limited_total{held_by=\"node\"} 1",
        "parlour_quotas_unanswered_total",
    ] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
    alone.terminate().await.unwrap();
    for node in &mut nodes {
        node.terminate().await.unwrap();
    }
}
