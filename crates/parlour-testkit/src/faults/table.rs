//! What came of all runs, as a table for the documentation.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::{Fault, Report};
use crate::checker::Invariant;

/// A run that came to no result, because the fault or the cluster failed.
#[derive(Debug)]
pub struct Failed {
    /// What was to be run.
    pub fault: Fault,
    /// Why it was not.
    pub why: String,
}

/// What came of one fault.
#[derive(Default)]
struct Row<'a> {
    reports: Vec<&'a Report>,
    failed: usize,
}

/// The table fault × promise, in Markdown: kept, broken so many times, or not judged. What took longer than promised
/// broke its promise. Columns of their own are for nodes that said something else than the store holds, and for people who did
/// not do everything meanwhile.
#[must_use]
pub fn table(reports: &[Report], failed: &[Failed]) -> String {
    let mut by_fault = BTreeMap::<Fault, Row<'_>>::new();
    for report in reports {
        let row = by_fault.entry(report.setup.fault).or_default();
        row.reports.push(report);
    }
    for failed in failed {
        by_fault.entry(failed.fault).or_default().failed += 1;
    }
    let mut text = String::from("| fault | runs | without result |");
    for invariant in Invariant::ALL {
        let _ = write!(text, " {invariant:?} |");
    }
    text.push_str(
        " as stored | people busy | sends again after | last message after | offline after |\n",
    );
    text.push_str(&"|---".repeat(3 + Invariant::ALL.len() + 5));
    text.push_str("|\n");
    for (fault, row) in by_fault {
        row.write(fault, &mut text);
    }
    text
}

impl Row<'_> {
    fn write(&self, fault: Fault, text: &mut String) {
        let runs = self.reports.len() + self.failed;
        let _ = write!(text, "| {} | {runs} | {} |", fault.what(), self.failed);
        for invariant in Invariant::ALL {
            let _ = write!(text, " {} |", self.verdict(fault, invariant));
        }
        let differences = self.reports.iter().map(|report| report.differences.len());
        let idle = self.reports.iter().map(|report| report.idle.len());
        let send = self.reports.iter().map(|report| report.times.send);
        let arrive = self.reports.iter().map(|report| report.times.arrive);
        let offline = self.reports.iter();
        let offline = offline.filter_map(|report| report.times.offline);
        let _ = writeln!(
            text,
            " {} | {} | {} | {} | {} |",
            self.mark(differences.sum()),
            self.mark(idle.sum()),
            longest(send),
            longest(arrive),
            longest(offline)
        );
    }

    fn verdict(&self, fault: Fault, invariant: Invariant) -> String {
        if fault.not_judged().contains(&invariant) {
            return "–".to_owned();
        }
        let broken = self.reports.iter().flat_map(|report| report.broken());
        let broken = broken.filter(|violation| violation.invariant == invariant);
        self.mark(broken.count())
    }

    /// Without a result nothing was kept.
    fn mark(&self, broken: usize) -> String {
        match broken {
            0 if self.reports.is_empty() => "–".to_owned(),
            0 => "✓".to_owned(),
            broken => format!("✗ {broken}"),
        }
    }
}

fn longest(times: impl Iterator<Item = Duration>) -> String {
    let longest = times.max();
    longest.map_or_else(
        || "–".to_owned(),
        |time| format!("{:.1} s", time.as_secs_f64()),
    )
}

#[cfg(test)]
mod tests;
