//! What `/readyz` says in each situation.

use std::sync::Arc;

use parlour_bus::{Channels, LocalBus, LocalNetwork};
use parlour_model::{Clock, IdGenerator, NodeNumber, SystemClock, Timestamp, limits};
use parlour_store::faults::{Fault, Faults, FaultyStore};
use parlour_store_embedded::{EmbeddedStore, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

use super::*;

/// A node's status over a store and a bus that can be broken.
struct Scene {
    status: Status,
    network: LocalNetwork,
    bus: Arc<LocalBus>,
    store: SharedStore,
    faults: Faults,
    _folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let ids = IdGenerator::new(NodeNumber::ZERO, Arc::clone(&clock), Timestamp::default());
        let options = Options {
            clock: Arc::clone(&clock),
            ids: Arc::new(ids),
            bucket_events: limits::BUCKET_EVENTS,
            readers: 1,
        };
        let embedded = EmbeddedStore::open(folder.path(), options).unwrap();
        let faulty = FaultyStore::new(Arc::new(embedded));
        let network = LocalNetwork::new();
        Self {
            status: Status::new(&Config::default()),
            bus: Arc::new(network.join(clock)),
            network,
            faults: faulty.faults(),
            store: Arc::new(faulty),
            _folder: folder,
        }
    }

    fn serving() -> Self {
        let scene = Self::new();
        let status = &scene.status;
        status.stands_on(scene.store.clone(), scene.bus.clone());
        status.serves();
        scene
    }

    async fn report(&self) -> Value {
        serde_json::to_value(self.status.report().await).unwrap()
    }
}

#[tokio::test]
async fn a_node_that_waits_for_its_store_says_so() {
    let scene = Scene::new();
    scene.status.waits("the store cannot be reached");
    let expected = json!({
        "ready": false,
        "draining": false,
        "store": {"kind": "embedded", "ok": false, "detail": "the store cannot be reached"},
        "bus": {"kind": "local", "health": "starting"},
    });
    assert_eq!(scene.report().await, expected);
}

#[tokio::test]
async fn a_node_that_has_its_store_and_not_its_accounts_is_not_ready() {
    let scene = Scene::new();
    let status = &scene.status;
    status.stands_on(scene.store.clone(), scene.bus.clone());
    let report = scene.report().await;
    assert_eq!(report["ready"], false);
    assert_eq!(report["store"]["detail"], "the node is starting");
}

#[tokio::test]
async fn a_serving_node_names_itself() {
    let scene = Scene::serving();
    let node = scene.bus.node();
    let expected = json!({
        "ready": true,
        "draining": false,
        "store": {"kind": "embedded", "ok": true},
        "bus": {"kind": "local", "health": "up"},
        "node": {"number": node.number.get(), "incarnation": node.incarnation},
    });
    assert_eq!(scene.report().await, expected);
}

#[tokio::test]
async fn a_store_that_is_away_makes_a_node_unready() {
    let scene = Scene::serving();
    scene.faults.everywhere(Fault::Before);
    let report = scene.report().await;
    assert_eq!(report["ready"], false);
    assert_eq!(report["store"]["ok"], false);
    scene.faults.clear();
    assert_eq!(scene.report().await["ready"], true);

    tokio::time::pause();
    scene.faults.everywhere(Fault::Hang);
    let report = scene.report().await;
    let said = "the store did not answer within 2 s";
    assert_eq!(report["store"]["detail"], said);
}

#[tokio::test]
async fn a_bus_that_is_away_is_said_and_the_node_stays_ready() {
    let scene = Scene::serving();
    let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
    tracker.spawn(
        scene
            .status
            .clone()
            .watch_bus(scene.bus.clone(), token.clone()),
    );
    scene.network.cut_off(&scene.bus);
    // The watcher hears of it on its own; how long the bus is away is known only then.
    let away = loop {
        let report = scene.report().await;
        if report["bus"].get("away_for_s").is_some() {
            break report;
        }
    };
    assert_eq!(away["ready"], true);
    assert_eq!(away["bus"]["health"], "away");

    scene.network.restore(&scene.bus);
    while scene.report().await["bus"].get("away_for_s").is_some() {}
    assert_eq!(scene.report().await["bus"]["health"], "up");
    token.cancel();
    tracker.close();
    tracker.wait().await;
}

#[tokio::test]
async fn a_draining_node_is_not_ready_though_its_store_is_well() {
    let scene = Scene::serving();
    scene.status.drains();
    let report = scene.report().await;
    assert_eq!(report["ready"], false);
    assert_eq!(report["draining"], true);
    assert_eq!(report["store"]["ok"], true);
}
