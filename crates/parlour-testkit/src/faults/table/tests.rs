//! What was late, different or without result must not stand in the table as kept.

use std::time::Duration;

use super::{Failed, table};
use crate::checker::{Invariant, Violation};
use crate::faults::{Bounds, Fault, Meanwhile, Report, Setup, Times};
use crate::load::Size;
use crate::traffic::Counts;

fn report(fault: Fault, times: Times) -> Report {
    Report {
        setup: Setup {
            fault,
            seed: 1,
            is_short: true,
            size: Size::SMALL,
        },
        proof: String::new(),
        lasted: Duration::ZERO,
        times,
        counts: Counts::default(),
        meanwhile: Meanwhile::default(),
        idle: Vec::new(),
        violations: Vec::new(),
        late: times.late(Bounds::PROMISED),
        differences: Vec::new(),
    }
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split('|').map(str::trim)
}

/// The cell of a row under the heading of this name.
fn cell(table: &str, row: usize, heading: &str) -> String {
    let mut lines = table.lines();
    let mut headings = cells(lines.next().unwrap());
    let place = headings.position(|name| name == heading).unwrap();
    cells(lines.nth(1 + row).unwrap())
        .nth(place)
        .unwrap()
        .to_owned()
}

#[test]
fn a_run_that_kept_everything_stands_as_kept() {
    let table = table(&[report(Fault::RedisKilled, Times::default())], &[]);
    for heading in ["D1", "L1", "L2", "P1", "as stored"] {
        assert_eq!(cell(&table, 0, heading), "✓", "{heading}");
    }
    assert_eq!(cell(&table, 0, "runs"), "1");
    assert_eq!(cell(&table, 0, "without result"), "0");
}

#[test]
fn each_late_time_stands_under_its_promise() {
    let slow = Some(Duration::from_secs(16));
    let times = [
        (
            "L1",
            Times {
                arrive: Duration::from_secs(61),
                ..Times::default()
            },
        ),
        (
            "L2",
            Times {
                send: Duration::from_secs(11),
                ..Times::default()
            },
        ),
        (
            "P1",
            Times {
                offline: slow,
                ..Times::default()
            },
        ),
    ];
    for (promise, times) in times {
        let report = report(Fault::GatewayKilled, times);
        assert!(!report.is_clean());
        let table = table(&[report], &[]);
        assert_eq!(cell(&table, 0, promise), "✗ 1");
        assert_eq!(cell(&table, 0, "D1"), "✓");
    }
}

#[test]
fn differences_and_violations_and_runs_without_result_are_counted() {
    let mut report = report(Fault::GatewayKilled, Times::default());
    report.differences = vec!["a line".to_owned(), "another".to_owned()];
    report.idle = vec!["joined"];
    report.violations.push(Violation {
        invariant: Invariant::D1,
        what: "lost".to_owned(),
    });
    let failed = |fault| Failed {
        fault,
        why: "no cluster".to_owned(),
    };
    let failed = [failed(Fault::GatewayKilled), failed(Fault::RedisKilled)];
    let table = table(&[report], &failed);
    assert_eq!(cell(&table, 0, "as stored"), "✗ 2");
    assert_eq!(cell(&table, 0, "people busy"), "✗ 1");
    assert_eq!(cell(&table, 0, "D1"), "✗ 1");
    assert_eq!(cell(&table, 0, "runs"), "2");
    assert_eq!(cell(&table, 0, "without result"), "1");
    assert_eq!(
        cell(&table, 1, "D1"),
        "–",
        "nothing was kept without a result"
    );
    assert_eq!(cell(&table, 1, "without result"), "1");
}
