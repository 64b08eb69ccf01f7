//! A short run of each fault on a real cluster. Those of one stage share it, one after the other.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "all of this is test code"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use parlour_testkit::cluster::{Cluster, Plan};
use parlour_testkit::faults::{Bounds, Fault, Setup, Stage, run};
use parlour_testkit::load::Size;
use parlour_testkit::services::Ring;

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// Everything that is not here, if anything.
fn missing(programs: &[&str]) -> Option<String> {
    let found = |program: &&&str| {
        let mut which = std::process::Command::new("which");
        let which = which.arg(program).output();
        which.is_ok_and(|answer| answer.status.success())
    };
    let programs = programs.iter().filter(|program| !found(program));
    let missing = programs.map(|program| (*program).to_owned());
    let missing: Vec<String> = missing.chain(Ring::missing(&root())).collect();
    (!missing.is_empty()).then(|| missing.join(", "))
}

/// Everything that a stage shows, each fault once.
async fn each_of(stage: Stage) {
    if let Some(missing) = missing(&["redis-server", "redis-cli", "haproxy", "setpriv"]) {
        eprintln!("skipped: {missing} is missing");
        return;
    }
    let plan = Plan {
        program: env!("CARGO_BIN_EXE_parlour-testnode").into(),
        root: root(),
        store_nodes: if stage == Stage::Ring { 3 } else { 1 },
        redis_cluster: stage == Stage::RedisCluster,
    };
    let mut cluster = Cluster::start(&plan).await.unwrap();
    let faults = Fault::all().iter();
    let faults = faults.filter(|fault| fault.stage() == stage && fault.can_be_short());
    let can_be_struck = |fault: &&Fault| can_be_struck(**fault, &cluster);
    let faults: Vec<&Fault> = faults.filter(can_be_struck).collect();
    for fault in faults {
        let setup = Setup {
            fault: *fault,
            seed: rand::random_range(1..1_000_000),
            is_short: true,
            size: Size::CALM,
        };
        println!("{} seed {}", fault.name(), setup.seed);
        let begun = Instant::now();
        let report = run(&mut cluster, setup).await.unwrap();
        println!("{}: {:.1?}, {report:?}", fault.name(), begun.elapsed());
        let broken = report.violations.iter().map(ToString::to_string);
        // Beside other tests everything takes its time: what heals by itself does so within several times what is promised,
        // and what `parlour-faults` promises is judged on a machine with nothing else to do.
        let late = report.times.late(Bounds::LAX);
        let broken: Vec<String> = broken.chain(late.iter().map(ToString::to_string)).collect();
        assert!(
            broken.is_empty() && report.differences.is_empty() && report.idle.is_empty(),
            "{} seed {}: {broken:#?} {:#?}, nobody {:?}",
            fault.name(),
            setup.seed,
            report.differences,
            report.idle
        );
    }
    cluster.stop().await.unwrap();
}

fn can_be_struck(fault: Fault, cluster: &Cluster) -> bool {
    // Whoever is root in a container may still not mount.
    let wants_disk = fault == Fault::StoreDiskFull && cluster.ring.small_disk().is_none();
    let missing = fault
        .missing()
        .or(wants_disk.then_some("a small disk, which could not be mounted"));
    if let Some(missing) = &missing {
        eprintln!("skipped: {} needs {missing}", fault.name());
    }
    missing.is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_cluster_keeps_every_promise() {
    each_of(Stage::Small).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_cluster_fails_over_and_every_promise_is_kept() {
    each_of(Stage::RedisCluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_of_three_keeps_every_promise() {
    each_of(Stage::Ring).await;
}
