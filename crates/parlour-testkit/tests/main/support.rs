//! What every test here needs.

use parlour_model::{Body, Seq};
use parlour_protocol::Encoding;
use parlour_testkit::checker::check;
use parlour_testkit::crash::Report;
use parlour_testkit::history::History;
use parlour_testkit::{Launch, Said, Server, World};
use std::path::Path;
use tempfile::TempDir;

/// The server's program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_parlour-testnode");

/// The server's program on `data`.
pub(crate) fn launch(data: &Path) -> Launch {
    Launch::new(PROGRAM, data)
}

/// A folder for one test, and the server's program on a data folder that does not exist yet.
pub(crate) fn server() -> (TempDir, Launch) {
    let folder = tempfile::tempdir().unwrap();
    let launch = launch(&folder.path().join("data"));
    (folder, launch)
}

/// Two people register, and what one of them says reaches the other.
pub(crate) async fn they_talk(server: &Server) {
    let world = World::new(server.url());
    // Servers may share a store: nobody is to be in another's way.
    let name = |word: &str| format!("{word}_{:08x}", rand::random::<u32>());
    let ann = world.register(&name("ann"), Encoding::Json).await.unwrap();
    let bob = world.register(&name("bob"), Encoding::Json).await.unwrap();
    let chat = ann.client().create_direct(bob.user()).await.unwrap().id;
    let sent = ann.client().send(chat, Body::text("hello"), None);
    sent.await.unwrap().settled().await.unwrap();
    bob.until_applied(chat, Seq::new(2)).await.unwrap();
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
