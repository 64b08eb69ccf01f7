//! The scenario files of `scenarios/`, run over the Rust client: against the scripted server and against a real node.
//!
//! Those of a kind run side by side, some at a time; each that fails is named with the step at which it did.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]

mod device;
mod forwarding;
mod lines;
mod notices;
mod people;
mod runner;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, ensure};
use parlour_protocol::{CloseCode, Encoding};
use parlour_testkit::LocalNode;
use parlour_testkit::scripted::{Scenario, play, scenarios_in};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use people::People;
use runner::Runner;

/// Scenarios at once: so many that their pauses overlap, and so few that a slow machine keeps up.
const AT_ONCE: usize = 16;

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../scenarios")
        .join(kind)
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// Waits for all and fails with every failure.
async fn judge(mut runs: JoinSet<(String, anyhow::Result<()>)>) {
    let count = runs.len();
    let mut failures = Vec::new();
    while let Some(run) = runs.join_next().await {
        let (name, result) = run.unwrap();
        if let Err(error) = result {
            failures.push(format!("{name}: {error:#}"));
        }
    }
    failures.sort();
    assert!(count > 0, "there are no scenarios");
    let failed = failures.len();
    assert!(
        failures.is_empty(),
        "{failed} of {count} failed:\n{}",
        failures.join("\n")
    );
}

async fn scripted(path: &Path, encoding: Encoding) -> anyhow::Result<()> {
    let scenario = Scenario::read(path)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let script = scenario.server.clone().context("no part for the server")?;
    let people = People::scripted();
    let mut runner = Runner::new(&scenario, url, encoding, people);
    // Whoever fails first is the one to blame; the other only waits in vain.
    let (played, is_played) = oneshot::channel();
    let client = async {
        runner.run(&scenario.client).await?;
        is_played.await.context("the server has ended")?;
        runner.stop_all().await;
        anyhow::Ok(())
    };
    let server = async {
        let script = play(&script, listener).await?;
        let _ = played.send(());
        script.end().await
    };
    tokio::try_join!(client, server).map(drop)
}

async fn live(path: &Path, url: String) -> anyhow::Result<()> {
    let scenario = Scenario::read(path)?;
    ensure!(scenario.server.is_none(), "a script for a real node");
    let people = People::registered(&url, scenario.devices.values()).await?;
    let mut runner = Runner::new(&scenario, url, Encoding::MessagePack, people);
    let result = runner.run(&scenario.client).await;
    runner.stop_all().await;
    result
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_does_what_the_scripted_scenarios_say() {
    let mut runs = JoinSet::new();
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    for path in scenarios_in(&folder("scripted")).unwrap() {
        for encoding in Encoding::ALL {
            let path = path.clone();
            let name = format!("{} ({})", name(&path), encoding.subprotocol());
            let turns = Arc::clone(&turns);
            runs.spawn(async move {
                let _turn = turns.acquire().await.unwrap();
                (name, scripted(&path, encoding).await)
            });
        }
    }
    judge(runs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_does_what_the_live_scenarios_say() {
    let node = LocalNode::start().await.unwrap();
    let mut runs = JoinSet::new();
    for path in scenarios_in(&folder("live")).unwrap() {
        let url = node.url();
        runs.spawn(async move { (name(&path), live(&path, url).await) });
    }
    judge(runs).await;
    node.stop().await.unwrap();
}

/// Every number with which a step of a scripted scenario closes, on the newest connection or on the one before.
fn closes() -> BTreeSet<u64> {
    let mut numbers = BTreeSet::new();
    for path in scenarios_in(&folder("scripted")).unwrap() {
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario: Value = serde_json::from_str(&text).unwrap();
        for step in scenario["server"].as_array().unwrap() {
            let step = step.get("old").unwrap_or(step);
            numbers.extend(step["close"].as_u64());
        }
    }
    numbers
}

#[test]
fn every_close_code_of_the_contract_stands_in_a_scenario() {
    let closes = closes();
    let without = CloseCode::ALL.map(CloseCode::number);
    let without: Vec<u16> = without
        .into_iter()
        .filter(|number| !closes.contains(&u64::from(*number)))
        .collect();
    assert!(without.is_empty(), "no scenario closes with {without:?}");
}

/// The program that runners of other languages start.
async fn verdict_of(scenario: &Scenario, file: &Path) -> anyhow::Result<(bool, String)> {
    let mut server = tokio::process::Command::new(env!("CARGO_BIN_EXE_parlour-scripted"))
        .arg("--scenario")
        .arg(file)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = server.stdout.take().context("no output")?;
    let mut lines = BufReader::new(output).lines();
    let url = lines.next_line().await?.context("no address")?;
    let mut runner = Runner::new(scenario, url, Encoding::Json, People::scripted());
    runner.run(&scenario.client).await?;
    let mut verdict = lines.next_line().await?.context("no verdict")?;
    runner.stop_all().await;
    if verdict == "played" {
        verdict = lines.next_line().await?.context("no verdict")?;
    }
    Ok((server.wait().await?.success(), verdict))
}

#[tokio::test]
async fn the_program_says_whether_and_where_a_client_differs() {
    let file = folder("scripted").join("sent-moves-no-cursor.json");
    let mut scenario = Scenario::read(&file).unwrap();
    let passed = verdict_of(&scenario, &file).await.unwrap();
    assert_eq!(passed, (true, "passed".to_owned()));
    // A client that does something else.
    scenario.client[2]["text"] = "yours".into();
    scenario.client.truncate(3);
    let (passed, verdict) = verdict_of(&scenario, &file).await.unwrap();
    assert!(!passed);
    assert!(
        verdict.starts_with("failed: step 2 of the server"),
        "{verdict}"
    );
}
