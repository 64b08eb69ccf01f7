//! `kill -9` under load.

use parlour_testkit::crash::{Plan, run};
use parlour_testkit::load::Size;

use crate::support::{assert_clean, server};

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loses_nothing() {
    let (_folder, launch) = server();
    let plan = Plan {
        seed: rand::random(),
        rounds: 3,
        size: Size::SMALL,
        lines: Vec::new(),
    };
    println!("seed {}", plan.seed);
    let report = run(launch, plan, |round, kill| {
        println!("kill {round}: {kill:?}");
    })
    .await
    .unwrap();
    println!(
        "{:?}, {} events, {} records",
        report.counts, report.events, report.records
    );
    assert_eq!(report.kills.len(), 3);
    for kill in &report.kills {
        assert!(kill.at.under_way() > 0, "a kill that hit nothing: {kill:?}");
    }
    assert!(report.counts.unknown > 0, "no kill lost an answer");
    assert!(report.counts.resent() > 0, "nothing was sent again");
    assert_clean(&report);
}
