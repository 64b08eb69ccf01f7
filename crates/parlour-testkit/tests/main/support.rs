//! What every test here needs.

use parlour_testkit::checker::check;
use parlour_testkit::crash::Report;
use parlour_testkit::history::History;
use parlour_testkit::{Launch, Said};
use std::path::Path;
use tempfile::TempDir;

/// The server's program on `data`.
pub(crate) fn launch(data: &Path) -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_parlour-testnode"), data)
}

/// A folder for one test, and the server's program on a data folder that does not exist yet.
pub(crate) fn server() -> (TempDir, Launch) {
    let folder = tempfile::tempdir().unwrap();
    let launch = launch(&folder.path().join("data"));
    (folder, launch)
}

/// Fails with everything that is wrong.
#[track_caller]
pub(crate) fn assert_clean(report: &Report) {
    let violations: Vec<_> = report.violations.iter().map(ToString::to_string).collect();
    assert!(
        report.is_clean(),
        "{violations:#?}\n{:#?}",
        report.differences
    );
}

/// Opens the folder of a server that has stopped, and fails if a promise was broken.
pub(crate) async fn assert_kept(history: &History, said: &Said, data: &Path) {
    let (truth, differences) = said.compare(data).await.unwrap();
    assert_eq!(differences, Vec::<String>::new());
    let violations: Vec<_> = check(history, &truth)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(violations, Vec::<String>::new());
}
