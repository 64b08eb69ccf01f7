//! Nodes of a cluster that do not get as far as their greeting, and what every node says at `/readyz`.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use parlour_testkit::Launch;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::support::PROGRAM;

/// How long a node may take to come to what it has to say. Redis may be the slow one of two.
const WITHIN: Duration = Duration::from_secs(60);
/// Between two looks.
const PACE: Duration = Duration::from_millis(50);

/// A whole cluster configuration whose store is at `store`.
pub(crate) fn cluster(store: &str) -> Vec<(&'static str, String)> {
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

/// A start with more settings.
pub(crate) fn with(launch: Launch, settings: Vec<(&'static str, String)>) -> Launch {
    settings
        .into_iter()
        .fold(launch, |launch, (key, value)| launch.with(key, value))
}

/// A port of this machine that nobody listens on: taken, and given back.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A node that waits for its store. It does not greet, so it is watched over its operators' port.
pub(crate) struct Waiting {
    pub(crate) child: Child,
    pub(crate) operators: SocketAddr,
    pub(crate) clients: SocketAddr,
}

impl Waiting {
    pub(crate) fn start(settings: Vec<(&'static str, String)>) -> Self {
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

    pub(crate) fn operators_url(&self) -> String {
        format!("http://{}", self.operators)
    }
}

/// The first answer of `/readyz` that is as wanted.
pub(crate) async fn until_report(operators: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let url = format!("{operators}/readyz");
    let mut last = Value::Null;
    let looking = async {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            // Refused until the process listens.
            let Ok(answer) = reqwest::get(&url).await else {
                continue;
            };
            last = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            if wanted(&last) {
                return;
            }
        }
    };
    let found = timeout(WITHIN, looking).await;
    assert!(found.is_ok(), "it still says {last}");
    last
}

/// What a report says of the store, if anything is wrong.
pub(crate) fn store_detail(report: &Value) -> &str {
    report["store"]["detail"].as_str().unwrap_or_default()
}

/// What a report says of the bus, if anything is wrong.
pub(crate) fn bus_detail(report: &Value) -> &str {
    report["bus"]["detail"].as_str().unwrap_or_default()
}

/// Whether a report says that the bus is `health`.
pub(crate) fn bus_is(report: &Value, health: &str) -> bool {
    report["bus"]["health"] == health
}
