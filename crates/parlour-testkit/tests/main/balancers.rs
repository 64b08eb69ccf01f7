//! HAProxy with the configuration that the project ships: speaking TLS, and in front of a gateway that drains.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use parlour_model::{Body, ChatId, Seq};
use parlour_protocol::Encoding;
use parlour_testkit::services::{Backend, Balancer, Loopback};
use parlour_testkit::{Device, Server, World};
use rcgen::{CertificateParams, KeyPair};
use reqwest::StatusCode;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::{interval, timeout};

use crate::deployment::{Deployment, is_installed};
use crate::support::{PROGRAM, server};
use crate::waiting::{bus_is, until_report};

const WITHIN: Duration = Duration::from_secs(60);
/// Between two looks.
const PACE: Duration = Duration::from_millis(20);
/// The longest there is: clients move at random times within it, and not all of them while the test looks.
const DRAIN_SECONDS: &str = "600";
/// Who talks in the test of draining. A third of their connections are at the gateway that leaves.
const USERS: usize = 12;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn behind(server: &Server) -> Backend {
    Backend {
        clients: server.address(),
        admin_port: server.admin_address().port(),
    }
}

/// Certificate and key of a server at `host` in one file, and the certificate alone, which its clients trust.
fn certificate(folder: &Path, host: Ipv4Addr) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![host.to_string()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let (both, trusted) = (folder.join("server.pem"), folder.join("trusted.pem"));
    std::fs::write(&both, certificate.clone() + &key.serialize_pem()).unwrap();
    std::fs::write(&trusted, certificate).unwrap();
    (both, trusted)
}

/// What `parlour talk` shows somebody who says these lines and leaves.
async fn talk(url: &str, trusted: &Path, arguments: &[&str], lines: &str) -> String {
    let mut command = Command::new(PROGRAM);
    command.args(["talk", "--url", url]).args(arguments);
    command
        .env_clear()
        .env("SSL_CERT_FILE", trusted)
        .env("XDG_DATA_HOME", trusted.parent().unwrap());
    command.stdin(Stdio::piped()).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(lines.as_bytes()).await.unwrap();
    drop(input);
    let output = timeout(WITHIN, child.wait_with_output()).await;
    let output = output.expect("it leaves").unwrap();
    let [shown, complaints] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{shown}\n{complaints}");
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn people_talk_over_tls() {
    if !is_installed("haproxy") {
        return;
    }
    let (folder, launch) = server();
    let mut server = Server::start(launch).await.unwrap();
    let host = Loopback::pick().await.unwrap().host(1);
    let (both, trusted) = certificate(folder.path(), host);
    let backends = [behind(&server); 3];
    let balancer = Balancer::start_with_tls(&root(), host, &backends, &both).await;
    let balancer = balancer.unwrap();
    let url = balancer.url();

    let ann = ["--user", "ann", "--register"];
    talk(&url, &trusted, &ann, "password of ann\n").await;
    let bob = ["--user", "bob", "--register", "--with", "ann"];
    let shown = talk(&url, &trusted, &bob, "password of bob\nhello ann\n").await;
    assert!(shown.contains("✓ hello ann"), "{shown}");
    let ann = ["--user", "ann", "--with", "bob"];
    let shown = talk(&url, &trusted, &ann, "password of ann\n").await;
    assert!(shown.contains("bob: hello ann"), "{shown}");

    let trusted = reqwest::Certificate::from_pem(&std::fs::read(&trusted).unwrap()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([trusted]);
    let answer = client.build().unwrap().get(&url).send().await.unwrap();
    let strictly = answer.headers().get("strict-transport-security");
    assert_eq!(strictly.unwrap(), "max-age=31536000");
    let stranger = reqwest::Client::builder().tls_certs_only([]);
    let stranger = stranger.build().unwrap().get(&url).send().await;
    assert!(stranger.unwrap_err().is_connect());
    let plain = reqwest::get(url.replacen("https", "http", 1)).await;
    assert!(plain.is_err() || plain.unwrap().status() == StatusCode::BAD_REQUEST);
    server.terminate().await.unwrap();
}

/// A value of a node's metrics, 0 if it is not there yet.
async fn metric(admin_url: &str, name: &str) -> u64 {
    let text = reqwest::get(format!("{admin_url}/metrics")).await.unwrap();
    let text = text.text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.map_or(0, |value| value.trim().parse().unwrap())
}

/// Waits until HAProxy has noticed that its first gateway wants nobody any more.
async fn until_first_is_down(host: Ipv4Addr) {
    let mut looks = interval(PACE);
    let noticed = async {
        loop {
            looks.tick().await;
            let table = reqwest::get(format!("http://{host}:8404/;csv")).await;
            let table = table.unwrap().text().await.unwrap();
            let row = table
                .lines()
                .find(|row| row.starts_with("gateways,gateway-1,"));
            if row.unwrap().contains(",DOWN,") {
                return;
            }
        }
    };
    timeout(WITHIN, noticed).await.expect("it is noticed");
}

/// Each says something, and everybody gets all of it. `before` is the chat's head, the answer its new one.
async fn all_talk(devices: &[Device], chat: ChatId, before: u64) -> u64 {
    for device in devices {
        let sent = device.client().send(chat, Body::text("still here"), None);
        sent.await.unwrap().settled().await.unwrap();
    }
    let head = before + devices.len() as u64;
    for device in devices {
        device.until_applied(chat, Seq::new(head)).await.unwrap();
    }
    head
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_gateway_gets_no_new_connection_and_serves_the_old_ones_until_they_move() {
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    if !is_installed("haproxy") {
        return;
    }
    let _redis = deployment.redis().await;
    let start = |drain| Server::start(deployment.launch().with("DRAIN_SECONDS", drain));
    let mut leaving = start(DRAIN_SECONDS).await.unwrap();
    let mut staying = start("1").await.unwrap();
    for node in [&leaving, &staying] {
        until_report(&node.admin_url(), |report| bus_is(report, "up")).await;
    }
    let host = deployment.balancer_host();
    let backends = [behind(&leaving), behind(&staying), behind(&staying)];
    let balancer = Balancer::start(&root(), host, &backends).await.unwrap();
    let world = World::new(balancer.url());
    let family = format!("drain_{:08x}", rand::random::<u32>());
    let mut devices = Vec::new();
    for number in 0..USERS {
        let name = format!("{family}_{number}");
        devices.push(world.register(&name, Encoding::Json).await.unwrap());
    }
    let others = devices[1..].iter().map(Device::user).collect();
    let group = devices[0].client().create_group("moving", others).await;
    let group = group.unwrap().id;
    let head = all_talk(&devices, group, 1).await;

    let admin = leaving.admin_url();
    let opened = metric(&admin, "parlour_connections_opened_total ").await;
    assert!(metric(&admin, "parlour_connections ").await > 0);
    leaving.ask_to_stop().await.unwrap();
    until_first_is_down(host).await;
    let refused = "parlour_connects_refused_total{reason=\"draining\"} ";
    let refused_before = metric(&admin, refused).await;
    let mut newcomers = Vec::new();
    for number in 0..USERS {
        let name = format!("{family}_{number}");
        newcomers.push(world.login(&name, Encoding::Json).await.unwrap());
    }
    let head = all_talk(&newcomers, group, head).await;
    all_talk(&devices, group, head).await;
    let at_leaving = [
        metric(&admin, "parlour_connections_opened_total ").await - opened,
        metric(&admin, refused).await - refused_before,
        metric(&admin, "parlour_connections_closed_total{code=\"1012\"} ").await,
    ];
    assert_eq!(at_leaving, [0; 3], "opened, refused, cut off");
    assert!(metric(&admin, "parlour_connections ").await > 0);
    leaving.kill_9().await.unwrap();
    staying.terminate().await.unwrap();
}
