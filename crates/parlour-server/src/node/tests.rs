//! A whole node of which a lasting task fails.

use std::sync::atomic::{AtomicBool, Ordering};

use parlour_model::Timestamp;

use super::*;

/// A clock that breaks when it is told to.
#[derive(Debug)]
struct Fragile {
    clock: SystemClock,
    is_broken: AtomicBool,
}

impl Clock for Fragile {
    fn now(&self) -> Timestamp {
        assert!(!self.is_broken.load(Ordering::SeqCst), "the clock broke");
        self.clock.now()
    }
}

#[tokio::test]
async fn a_node_of_which_a_task_panics_fails_and_one_that_stops_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let config = || Config {
        listen: ([127, 0, 0, 1], 0).into(),
        admin_listen: ([127, 0, 0, 1], 0).into(),
        data: folder.path().to_owned(),
        drain_seconds: 1,
        ..Config::default()
    };
    let node = Node::start(config(), None).await.unwrap();
    let failure = node.failure();
    node.drain_and_stop().await.unwrap();
    let none = tokio::time::timeout(Duration::ZERO, failure).await;
    assert!(none.is_err());

    let clock = Arc::new(Fragile {
        clock: SystemClock::new(),
        is_broken: AtomicBool::new(false),
    });
    let node = Node::start_at(clock.clone(), config(), None).await.unwrap();
    clock.is_broken.store(true, Ordering::SeqCst);
    // Whichever of its tasks looks at the clock first.
    let failed = tokio::time::timeout(Duration::from_secs(60), node.failure()).await;
    clock.is_broken.store(false, Ordering::SeqCst);
    let why = failed.expect("it is said");
    assert!(why.ends_with("panicked: the clock broke"), "{why}");
    node.drain_and_stop().await.unwrap();
}
