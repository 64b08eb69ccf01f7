//! Nodes of a cluster that must not start, or cannot yet: what they say, to whom, and how they end.

use std::io::Write;
use std::process::{Command as Blocking, Output};
use std::time::Duration;

use parlour_testkit::Server;
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::support::{PROGRAM, server};
use crate::waiting::{Waiting, cluster, free_address, store_detail, until_report, with};

const SOON: Duration = Duration::from_secs(30);

fn parlour(arguments: &[&str], settings: &[(&'static str, String)]) -> Output {
    let variables = settings
        .iter()
        .map(|(key, value)| (format!("PARLOUR_{key}"), value));
    let mut command = Blocking::new(PROGRAM);
    command.args(arguments).env_clear().envs(variables);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn half_a_cluster_is_refused_with_the_sentence_that_mends_it() {
    let whole = cluster("127.0.0.1:1");
    let (store, bus) = whole.split_at(3);
    let halves = [
        (store, "`bus.kind` must be `redis`"),
        (bus, "`store.kind` must be `scylla`"),
    ];
    for (half, sentence) in halves {
        let (_folder, launch) = server();
        let launch = with(launch, half.to_vec());
        let (status, said) = launch.run_to_end().await.unwrap();
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(said.contains(sentence), "{said}");
        assert!(!launch.data.exists(), "nothing was opened");
    }
}

#[test]
fn check_config_hides_secrets_and_reads_their_files() {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"from the file\n").unwrap();
    let mut settings = cluster("127.0.0.1:1");
    settings.push(("STORE__USERNAME", "parlour".to_owned()));
    settings.push(("STORE__PASSWORD", "hunter2".to_owned()));
    let path = file.path().to_str().unwrap().to_owned();
    settings.push(("BUS__PASSWORD_FILE", path.clone()));
    let right = parlour(&["check-config"], &settings);
    let text = said(&right);
    assert!(right.status.success(), "{text}");
    assert!(text.contains("drain_seconds = 45"), "{text}");
    assert!(text.contains("(hidden)") && text.contains(&path), "{text}");
    assert!(!text.contains("hunter2") && !text.contains("from the file"));

    drop(file);
    let wrong = parlour(&["check-config"], &settings);
    let text = said(&wrong);
    assert!(!wrong.status.success(), "{text}");
    assert!(text.contains("bus.password_file"), "{text}");
}

#[test]
fn certificates_that_are_none_are_refused() {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"this is a diary, not a certificate\n")
        .unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    for (tls, ca_file) in [
        ("STORE__TLS", "STORE__TLS_CA_FILE"),
        ("BUS__TLS", "BUS__TLS_CA_FILE"),
    ] {
        let mut settings = cluster("127.0.0.1:1");
        settings.push((tls, "true".to_owned()));
        settings.push((ca_file, path.clone()));
        let wrong = parlour(&["check-config"], &settings);
        let text = said(&wrong);
        assert!(!wrong.status.success(), "{text}");
        assert!(text.contains("holds no certificate"), "{text}");
    }
}

#[test]
fn the_embedded_store_has_no_schema_to_apply() {
    let refused = parlour(&["schema", "apply"], &[]);
    assert!(!refused.status.success());
    assert!(said(&refused).contains("makes its tables itself"));
}

#[tokio::test]
async fn a_node_whose_store_is_away_waits_and_says_so_and_ends_when_asked() {
    let store = free_address().to_string();
    let node = Waiting::start(cluster(&store));
    let says_why = |report: &Value| store_detail(report).contains("cannot be reached");
    let report = until_report(&node.operators_url(), says_why).await;
    assert_eq!(report["ready"], false);
    assert_eq!(report["store"]["kind"], "scylla");
    assert_eq!(report["bus"]["health"], "starting");
    let detail = store_detail(&report);
    assert!(detail.contains(&store), "{detail}");

    let alive = format!("http://{}/healthz", node.operators);
    let alive = parlour(&["healthcheck", "--url", &alive], &[]);
    assert!(alive.status.success(), "{}", said(&alive));
    let ready = ("ADMIN_LISTEN", node.operators.to_string());
    let ready = parlour(&["healthcheck"], &[ready]);
    assert!(!ready.status.success() && said(&ready).contains("cannot be reached"));
    // Clients are refused, not left waiting.
    assert!(std::net::TcpStream::connect(node.clients).is_err());

    let process = node.child.id().unwrap().to_string();
    let sent = Command::new("kill").args(["-TERM", &process]).status();
    assert!(sent.await.unwrap().success());
    let ended = tokio::time::timeout(SOON, node.child.wait_with_output());
    let output = ended.await.expect("it ends").unwrap();
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("not ready: the store at"), "{text}");
}

#[tokio::test]
async fn a_health_check_needs_no_more_than_the_node() {
    let (_folder, launch) = server();
    let mut server = Server::start(launch).await.unwrap();
    let url = format!("{}/readyz", server.admin_url());
    let well = parlour(&["healthcheck", "--url", &url], &[]);
    assert!(well.status.success(), "{}", said(&well));
    let report: Value = serde_json::from_slice(&well.stdout).unwrap();
    assert_eq!(report["ready"], true);
    assert_eq!(report["node"]["number"], 0);
    server.terminate().await.unwrap();
    let gone = parlour(&["healthcheck", "--url", &url], &[]);
    assert!(!gone.status.success());
    assert!(said(&gone).contains("cannot be asked"));
}
