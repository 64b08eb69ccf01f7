//! What came of all runs, as a table for the documentation.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::{Fault, Report};
use crate::checker::Invariant;

/// The table fault × promise, in Markdown: kept, broken so many times, or not judged.
#[must_use]
pub fn table(reports: &[Report]) -> String {
    let mut by_fault = BTreeMap::<Fault, Vec<&Report>>::new();
    for report in reports {
        by_fault.entry(report.setup.fault).or_default().push(report);
    }
    let mut text = String::from("| fault | runs |");
    for invariant in Invariant::ALL {
        let _ = write!(text, " {invariant:?} |");
    }
    text.push_str(" sends again after | last message after | offline after |\n|---|---|");
    text.push_str(&"---|".repeat(Invariant::ALL.len() + 3));
    text.push('\n');
    for (fault, reports) in by_fault {
        let _ = write!(text, "| {} | {} |", fault.what(), reports.len());
        for invariant in Invariant::ALL {
            let _ = write!(text, " {} |", verdict(fault, &reports, invariant));
        }
        let send = reports.iter().map(|report| report.times.send);
        let arrive = reports.iter().map(|report| report.times.arrive);
        let offline = reports.iter().filter_map(|report| report.times.offline);
        let _ = writeln!(
            text,
            " {} | {} | {} |",
            longest(send),
            longest(arrive),
            longest(offline)
        );
    }
    text
}

fn verdict(fault: Fault, reports: &[&Report], invariant: Invariant) -> String {
    if fault.not_judged().contains(&invariant) {
        return "–".to_owned();
    }
    let violations = reports.iter().flat_map(|report| &report.violations);
    match violations
        .filter(|violation| violation.invariant == invariant)
        .count()
    {
        0 => "✓".to_owned(),
        broken => format!("✗ {broken}"),
    }
}

fn longest(times: impl Iterator<Item = Duration>) -> String {
    let longest = times.max();
    longest.map_or_else(
        || "–".to_owned(),
        |time| format!("{:.1} s", time.as_secs_f64()),
    )
}
