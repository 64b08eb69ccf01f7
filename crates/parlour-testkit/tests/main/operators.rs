//! What operators see: health, readiness, metrics, and the check of a configuration.

use std::io::Write;
use std::process::{Command, Output};
use std::time::Duration;

use parlour_model::{Body, ReportReason};
use parlour_protocol::{Encoding, ReportRequest};
use parlour_testkit::{Server, World};
use reqwest::StatusCode;

use crate::support::server;

const SOON: Duration = Duration::from_secs(30);

async fn get(server: &Server, path: &str) -> (StatusCode, String) {
    let url = format!("{}{path}", server.admin_url());
    let answer = reqwest::get(url).await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_of_a_message_and_of_a_failed_login() {
    let (_folder, launch) = server();
    let mut server = Server::start(launch).await.unwrap();
    let world = World::new(server.url());
    let ann = world.register("ann", Encoding::Json).await.unwrap();
    let bob = world.register("bob", Encoding::MessagePack).await.unwrap();
    let chat = ann.client().create_direct(bob.user()).await.unwrap().id;
    let sent = ann
        .client()
        .send(chat, Body::text("hello"), None)
        .await
        .unwrap();
    sent.settled().await.unwrap();
    let wrong = serde_json::json!({"username": "ann", "password": "not the password"});
    let login = format!("{}/api/v1/auth/login", server.url());
    let refused = reqwest::Client::new()
        .post(login)
        .json(&wrong)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);

    assert_eq!(get(&server, "/healthz").await.0, StatusCode::OK);
    assert_eq!(get(&server, "/readyz").await.0, StatusCode::OK);
    let (status, metrics) = get(&server, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    for name in [
        "parlour_connections 2",
        "parlour_frames_total{direction=\"in\"}",
        "parlour_append_seconds_bucket",
        "parlour_delivery_seconds_bucket{committed=\"here\"",
        "parlour_store_commit_seconds_bucket",
        "parlour_auth_failures_total",
    ] {
        assert!(metrics.contains(name), "{name} is missing in\n{metrics}");
    }
    server.terminate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_read_what_users_reported() {
    let (_folder, launch) = server();
    let mut server = Server::start(launch).await.unwrap();
    let world = World::new(server.url());
    let ann = world.register("ann", Encoding::Json).await.unwrap();
    let bob = world.register("bob", Encoding::Json).await.unwrap();
    let mut ids = Vec::new();
    for (by, about) in [(&ann, bob.user()), (&bob, ann.user()), (&ann, bob.user())] {
        let report = ReportRequest {
            user: Some(about),
            chat: None,
            seq: None,
            reason: ReportReason::Spam,
            note: Some("see yourself".to_owned()),
        };
        let id = by.client().rest().report(&report, None).await.unwrap();
        ids.push(id.to_string());
    }
    let read = async |query: &str| {
        let (status, body) = get(&server, &format!("/reports{query}")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let page: serde_json::Value = serde_json::from_str(&body).unwrap();
        page
    };
    let page = read("?limit=2").await;
    assert_eq!(page["reports"][0]["id"], ids[0]);
    assert_eq!(page["reports"][0]["reporter"], ann.user().to_string());
    assert_eq!(page["reports"][0]["note"], "see yourself");
    assert_eq!(page["next"], ids[1]);
    let page = read(&format!("?after={}", ids[1])).await;
    assert_eq!(page["reports"].as_array().unwrap().len(), 1);
    assert_eq!(page["reports"][0]["id"], ids[2]);
    assert!(page.get("next").is_none());
    for wrong in ["?limit=0", "?limit=201", "?after=x"] {
        let (status, _) = get(&server, &format!("/reports{wrong}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    server.terminate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_node_is_not_ready() {
    let (_folder, launch) = server();
    let mut server = Server::start(launch.with("DRAIN_SECONDS", "60"))
        .await
        .unwrap();
    let world = World::new(server.url());
    // The drain lasts as long as somebody is connected.
    let ann = world.register("ann", Encoding::Json).await.unwrap();
    assert_eq!(get(&server, "/readyz").await.0, StatusCode::OK);
    server.ask_to_stop().await.unwrap();
    let unready =
        async { while get(&server, "/readyz").await.0 != StatusCode::SERVICE_UNAVAILABLE {} };
    tokio::time::timeout(SOON, unready)
        .await
        .expect("readiness goes off");
    assert_eq!(get(&server, "/healthz").await.0, StatusCode::OK);
    drop(ann);
    server.kill_9().await.unwrap();
}

fn parlour(arguments: &[&str], toml: &str) -> Output {
    let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    file.write_all(toml.as_bytes()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlour-testnode"));
    command
        .env_clear()
        .args(arguments)
        .arg("--config")
        .arg(file.path());
    command.output().unwrap()
}

#[test]
fn check_config_prints_what_is_in_force_or_names_the_key() {
    let right = parlour(&["check-config"], "drain_seconds = 7");
    assert!(right.status.success());
    assert!(
        String::from_utf8(right.stdout)
            .unwrap()
            .contains("drain_seconds = 7")
    );
    let wrong = parlour(&["check-config"], "[limits]\nconnexions = 7");
    assert!(!wrong.status.success());
    assert!(
        String::from_utf8(wrong.stderr)
            .unwrap()
            .contains("connexions")
    );
}
