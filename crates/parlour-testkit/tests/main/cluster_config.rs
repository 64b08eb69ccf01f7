//! Nodes of a cluster that must not start, or cannot yet: what they say, to whom, and how they end.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command as Blocking, Output, Stdio};
use std::time::Duration;

use parlour_testkit::{Launch, Server};
use reqwest::StatusCode;
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::process::{Child, Command};

use crate::support::server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_parlour-testnode");
const SOON: Duration = Duration::from_secs(30);

/// A whole cluster configuration whose store is at `store`.
fn cluster(store: &str) -> Vec<(&'static str, String)> {
    let settings = [
        ("STORE__KIND", "scylla"),
        ("STORE__HOSTS", store),
        ("STORE__REPLICATION__DATACENTER1", "1"),
        ("BUS__KIND", "redis"),
        ("BUS__HOSTS", "127.0.0.1:1"),
    ];
    settings
        .map(|(key, value)| (key, value.to_owned()))
        .to_vec()
}

fn with(launch: Launch, settings: Vec<(&'static str, String)>) -> Launch {
    settings
        .into_iter()
        .fold(launch, |launch, (key, value)| launch.with(key, value))
}

/// A port of this machine that nobody listens on: taken, and given back.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

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

/// A node that waits for its store. It never greets, so it is watched over its operators' port.
struct Waiting {
    child: Child,
    operators: SocketAddr,
    clients: SocketAddr,
}

impl Waiting {
    fn start(settings: Vec<(&'static str, String)>) -> Self {
        let (operators, clients) = (free_address(), free_address());
        let mut command = Command::new(PROGRAM);
        command
            .arg("serve")
            .env_clear()
            .env("PARLOUR_LISTEN", clients.to_string())
            .env("PARLOUR_ADMIN_LISTEN", operators.to_string());
        for (key, value) in settings {
            command.env(format!("PARLOUR_{key}"), value);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self {
            child: command.spawn().unwrap(),
            operators,
            clients,
        }
    }

    /// The first answer of `/readyz` that names a reason of the store's.
    async fn first_reason(&self) -> (StatusCode, Value) {
        let url = format!("http://{}/readyz", self.operators);
        loop {
            // Refused until the process listens.
            let Ok(answer) = reqwest::get(&url).await else {
                continue;
            };
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            let report: Value = serde_json::from_str(&text).unwrap();
            let detail = report["store"]["detail"].as_str().unwrap_or_default();
            if detail.contains("cannot be reached") {
                return (status, report);
            }
        }
    }
}

#[tokio::test]
async fn a_node_whose_store_is_away_waits_and_says_so_and_ends_when_asked() {
    let store = free_address().to_string();
    let node = Waiting::start(cluster(&store));
    let (status, report) = tokio::time::timeout(SOON, node.first_reason())
        .await
        .expect("it says what it waits for");
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(report["ready"], false);
    assert_eq!(report["store"]["kind"], "scylla");
    assert_eq!(report["bus"]["health"], "starting");
    let detail = report["store"]["detail"].as_str().unwrap();
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
