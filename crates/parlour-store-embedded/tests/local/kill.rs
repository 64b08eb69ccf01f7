//! A process that is killed in the middle of its work loses nothing that it acknowledged.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use parlour_model::{EventKey, Seq};
use parlour_store::{ChatLog, Lookup, Outcome};
use parlour_store_embedded::EmbeddedStore;
use tokio::task::JoinSet;

use crate::chat::{chat, create, draft, message, options, owner};

/// Writers in the child: enough for groups of several.
const WRITERS: usize = 16;
/// Acknowledgements after which the child is killed, one round each. The later ones lie behind checkpoints.
const ROUNDS: [usize; 4] = [1, 300, 2_500, 9_000];
/// What stands before an acknowledged key in the output of the child.
const ACKNOWLEDGED: &str = "acknowledged ";

/// What stands before the folder among the arguments of a child. To the test runner it is the name of one more
/// test, which nothing has.
const FOLDER: &str = "folder=";

/// This test is also its own child: with a folder among the arguments it appends there until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_has_lost_nothing_it_acknowledged() {
    let folder =
        std::env::args().find_map(|argument| argument.strip_prefix(FOLDER).map(PathBuf::from));
    if let Some(dir) = folder {
        return append_until_killed(&dir).await;
    }
    let dir = tempfile::tempdir().unwrap();
    for count in ROUNDS {
        let keys = acknowledged_before_the_kill(dir.path(), count);
        assert!(keys.len() >= count);
        check(dir.path(), &keys).await;
    }
}

/// All these keys are in the log, and the log has no hole.
async fn check(dir: &Path, keys: &[EventKey]) {
    let store = EmbeddedStore::open(dir, options(4)).unwrap();
    for key in keys {
        let found = store.find(chat(), owner(), *key, Seq::ZERO).await.unwrap();
        assert!(matches!(found, Lookup::Found(_)), "{key} is lost");
    }
    let head = store.head(chat(), Seq::ZERO).await.unwrap().unwrap();
    let events = store.events(chat(), Seq::ZERO, head.seq, usize::MAX).await;
    assert_eq!(events.unwrap().len() as u64, head.seq.get());
    store.close().await;
}

/// Kills a child after `count` acknowledgements; answers all that it gave until then.
fn acknowledged_before_the_kill(dir: &Path, count: usize) -> Vec<EventKey> {
    let mut child = start_child(dir);
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut keys = Vec::new();
    for line in output.lines() {
        // The first one stands behind what the test runner prints.
        if let Some((_, key)) = line.unwrap().split_once(ACKNOWLEDGED) {
            keys.push(key.parse().unwrap());
        }
        if keys.len() == count {
            // What is still in the pipe was acknowledged too, and is read after this.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    keys
}

fn start_child(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kill::a_killed_process_has_lost_nothing_it_acknowledged",
        ])
        .args(["--nocapture", &format!("{FOLDER}{}", dir.display())])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn append_until_killed(dir: &Path) {
    let store = Arc::new(EmbeddedStore::open(dir, options(4)).unwrap());
    create(&store).await;
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(append_for_ever(Arc::clone(&store)));
    }
    writers.join_all().await;
}

async fn append_for_ever(store: Arc<EmbeddedStore>) {
    loop {
        let draft = draft(message("a line that must not be lost"));
        let key = draft.key;
        let appended = store.append(chat(), vec![draft]).await;
        assert!(
            matches!(appended.outcomes[..], [Outcome::Created(_)]),
            "{appended:?}"
        );
        // One write per line, so that no line is cut or mixed with another.
        let line = format!("{ACKNOWLEDGED}{key}\n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}
