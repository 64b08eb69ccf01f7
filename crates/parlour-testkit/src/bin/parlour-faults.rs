//! Faults of a whole cluster: `parlour-faults --fault gateway-killed --seeds 20 --seed 1`.
//!
//! Prints a line for each run and the table fault × promise at the end, with exit code 1 if a promise was broken or a
//! fault could not be shown to have happened.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use parlour_testkit::cluster::{Cluster, Plan};
use parlour_testkit::faults::{Failed, Fault, Report, Setup, Stage, run, table};
use parlour_testkit::load::Size;
use parlour_testkit::services::Ring;
use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};

/// Strike parts of a real cluster while many devices write, and check every promise afterwards.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which faults; `all` for each of them.
    #[arg(long, default_value = "all", value_delimiter = ',')]
    fault: Vec<String>,
    /// Runs of each fault, with seeds that follow each other.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed; chosen by chance if absent.
    #[arg(long)]
    seed: Option<u64>,
    /// Let each fault last a few seconds only.
    #[arg(long)]
    short: bool,
    /// Users; every second one has two devices.
    #[arg(long, default_value_t = 6)]
    users: usize,
    /// The program of the gateways; `parlour-testnode` beside this one if absent.
    #[arg(long)]
    server: Option<PathBuf>,
    /// The top folder of the project, where `deploy` and `.dev` lie.
    #[arg(long, default_value = ".")]
    root: PathBuf,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a command complains on standard error")]
async fn main() -> ExitCode {
    let mut terminated = match signal(SignalKind::terminate()) {
        Ok(terminated) => terminated,
        Err(error) => {
            eprintln!("parlour-faults: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Whoever stops this half way must not find anything left: dropping the cluster ends it.
    let done = tokio::select! {
        done = torment(Arguments::parse()) => done,
        _ = terminated.recv() => Err(anyhow::anyhow!("terminated")),
        _ = ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("parlour-faults: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn torment(arguments: Arguments) -> anyhow::Result<bool> {
    let root = arguments.root.canonicalize().context("--root")?;
    if let Some(missing) = Ring::missing(&root) {
        anyhow::bail!("missing: {missing}");
    }
    let server = match &arguments.server {
        Some(server) => server.clone(),
        None => std::env::current_exe()?.with_file_name("parlour-testnode"),
    };
    let first = arguments
        .seed
        .unwrap_or_else(|| rand::random_range(1..1_000_000));
    say(&format!(
        "seeds {first} to {}",
        first + (arguments.seeds - 1)
    ));
    let (mut reports, mut failed) = (Vec::new(), Vec::new());
    for stage in [Stage::Small, Stage::RedisCluster, Stage::Ring] {
        let faults = wanted(&arguments.fault)?.into_iter();
        let faults: Vec<Fault> = faults.filter(|fault| fault.stage() == stage).collect();
        if faults.is_empty() {
            continue;
        }
        let plan = plan(&server, &root, stage);
        on_stage(
            &plan,
            (&arguments, &faults, first),
            (&mut reports, &mut failed),
        )
        .await;
    }
    say(&format!("\n{}", table(&reports, &failed)));
    let is_clean = reports.iter().all(Report::is_clean) && failed.is_empty();
    say(if is_clean { "clean" } else { "NOT CLEAN" });
    Ok(is_clean)
}

fn wanted(names: &[String]) -> anyhow::Result<Vec<Fault>> {
    if names.iter().any(|name| name == "all") {
        return Ok(Fault::all().to_vec());
    }
    let faults = names.iter().map(|name| {
        Fault::from_str(name, true).map_err(|_| {
            let known: Vec<String> = Fault::all().iter().map(|fault| fault.name()).collect();
            anyhow::anyhow!("there is no fault {name}; there are: {}", known.join(", "))
        })
    });
    faults.collect()
}

fn plan(server: &Path, root: &Path, stage: Stage) -> Plan {
    Plan {
        program: server.to_owned(),
        root: root.to_owned(),
        store_nodes: if stage == Stage::Ring { 3 } else { 1 },
        redis_cluster: stage == Stage::RedisCluster,
    }
}

/// Runs these faults on one cluster; on a new one after a run that was no run.
async fn on_stage(
    plan: &Plan,
    (arguments, faults, first): (&Arguments, &[Fault], u64),
    (reports, failed): (&mut Vec<Report>, &mut Vec<Failed>),
) {
    let mut cluster = None;
    for fault in faults {
        for seed in first..first + arguments.seeds {
            let setup = setup(arguments, *fault, seed);
            match run_once(plan, &mut cluster, setup).await {
                Ok(report) => {
                    tell(&report);
                    reports.push(report);
                }
                Err(error) => {
                    let (fault, why) = (*fault, format!("{error:#}"));
                    say(&format!("{} seed {seed}: NO RESULT: {why}", fault.name()));
                    failed.push(Failed { fault, why });
                }
            }
        }
    }
}

/// Leaves the cluster only if the run came to its end.
async fn run_once(
    plan: &Plan,
    cluster: &mut Option<Cluster>,
    setup: Setup,
) -> anyhow::Result<Report> {
    if let Some(missing) = setup.fault.missing() {
        anyhow::bail!("it needs {missing}");
    }
    let mut present = match cluster.take() {
        Some(present) => present,
        None => Cluster::start(plan).await.context("no cluster")?,
    };
    let report = run(&mut present, setup).await?;
    *cluster = Some(present);
    Ok(report)
}

fn setup(arguments: &Arguments, fault: Fault, seed: u64) -> Setup {
    Setup {
        fault,
        seed,
        is_short: arguments.short,
        size: Size {
            users: arguments.users,
            ..Size::CALM
        },
    }
}

fn tell(report: &Report) {
    let (setup, times, counts) = (report.setup, report.times, report.counts);
    let verdict = if report.is_clean() { "kept" } else { "BROKEN" };
    let offline = times.offline.map_or_else(String::new, |time| {
        format!(", offline after {}", seconds(time))
    });
    say(&format!(
        "{} seed {}: {verdict}; {}; lasted {}, with {}; in all {} sent, {} unknown, {} refused; after it: sends {}, last message {}{offline}",
        setup.fault.name(),
        setup.seed,
        report.proof,
        seconds(report.lasted),
        report.meanwhile,
        counts.sent,
        counts.unknown,
        counts.not_stored,
        seconds(times.send),
        seconds(times.arrive),
    ));
    for violation in report.broken() {
        say(&format!("  {violation}"));
    }
    for difference in &report.differences {
        say(&format!("  {difference}"));
    }
    for idle in &report.idle {
        say(&format!("  nobody {idle} while it lasted"));
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[expect(clippy::print_stdout, reason = "a command answers on standard output")]
fn say(text: &str) {
    println!("{text}");
}
