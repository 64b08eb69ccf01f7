//! Three nodes over one store and one network, and the search for a bug over seeds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parlour_bus::{LocalBus, LocalNetwork, SharedBus};
use parlour_model::{Clock, IdGenerator, NodeNumber, Timestamp};
use parlour_store::SharedStore;
use parlour_store_embedded::{EmbeddedStore, Options};
use parlour_testkit::checker::{Invariant, Violation, check};
use parlour_testkit::load::{Load, Size};
use parlour_testkit::planting::{
    BusBug, BusUnderTest, NoBug, RuntimeClock, Stack, StackParts, StoreBug, StoreUnderTest,
};
use parlour_testkit::{Device, Said, World};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

/// How many nodes.
pub(crate) const NODES: usize = 3;
/// Small, so that a few messages fill one.
pub(crate) const BUCKET_EVENTS: u64 = 4;
/// Within so many seeds each bug must show.
const SEEDS: u64 = 8;
/// How long after the last message everything must have come, where nothing was disturbed.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(10);
/// How long after the end of a disturbance everything must have come.
pub(crate) const AFTER_A_FAULT: Duration = Duration::from_secs(65);

/// What is wrong on one node.
pub(crate) struct Bug {
    pub(crate) store: Arc<dyn StoreBug>,
    pub(crate) bus: Arc<dyn BusBug>,
}

impl Bug {
    pub(crate) fn none() -> Self {
        Self::of_bus(NoBug)
    }

    pub(crate) fn of_store(store: Arc<dyn StoreBug>) -> Self {
        let bus = Arc::new(NoBug);
        Self { store, bus }
    }

    pub(crate) fn of_bus(bus: impl BusBug + 'static) -> Self {
        let (store, bus) = (Arc::new(NoBug), Arc::new(bus));
        Self { store, bus }
    }
}

/// Chance of a bug, from a seed.
pub(crate) struct Dice(Mutex<StdRng>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    pub(crate) fn throw(&self, share: f64) -> bool {
        self.0.lock().unwrap().random_bool(share)
    }
}

/// A cluster in this process.
pub(crate) struct Nodes {
    pub(crate) stacks: Vec<Stack>,
    pub(crate) buses: Vec<Arc<LocalBus>>,
    pub(crate) network: LocalNetwork,
    /// The store itself, without any bug.
    pub(crate) store: SharedStore,
    pub(crate) world: World,
    pub(crate) clock: Arc<dyn Clock>,
    tracker: TaskTracker,
    embedded: Arc<EmbeddedStore>,
    _folder: TempDir,
}

impl Nodes {
    pub(crate) async fn start(bug: impl Fn(usize) -> Bug) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(RuntimeClock::new());
        let embedded = Arc::new(
            EmbeddedStore::open(
                folder.path(),
                Options {
                    clock: Arc::clone(&clock),
                    ids: ids(0, &clock),
                    bucket_events: BUCKET_EVENTS,
                    readers: 2,
                },
            )
            .unwrap(),
        );
        let store: SharedStore = Arc::clone(&embedded) as SharedStore;
        let network = LocalNetwork::new();
        let mut nodes = Self {
            stacks: Vec::new(),
            buses: Vec::new(),
            network,
            store,
            world: World::new("http://nowhere"),
            clock,
            tracker: TaskTracker::new(),
            embedded,
            _folder: folder,
        };
        for number in 0..NODES {
            nodes.add(number, bug(number)).await;
        }
        nodes
    }

    async fn add(&mut self, number: usize, bug: Bug) {
        let bus = Arc::new(self.network.join(Arc::clone(&self.clock)));
        let shared: SharedBus = Arc::clone(&bus) as SharedBus;
        let parts = StackParts {
            store: Arc::new(StoreUnderTest::new(Arc::clone(&self.store), bug.store)),
            bus: Arc::new(BusUnderTest::new(shared, bug.bus, self.tracker.clone())),
            ids: ids(number, &self.clock),
            clock: Arc::clone(&self.clock),
        };
        self.stacks.push(Stack::start(parts).await.unwrap());
        self.buses.push(bus);
    }

    /// Where devices connect to one node.
    pub(crate) fn at(&self, node: usize) -> World {
        self.world.at(self.stacks[node].url())
    }

    pub(crate) async fn device(&self, node: usize, name: &str) -> Device {
        let encoding = parlour_protocol::Encoding::MessagePack;
        self.at(node).register(name, encoding).await.unwrap()
    }

    /// Devices on all nodes.
    pub(crate) async fn load(&self, seed: u64, size: Size) -> Load {
        let places: Vec<World> = (0..NODES).map(|node| self.at(node)).collect();
        let load = Load::prepare_over(&places, "user", (seed, size)).await;
        load.unwrap()
    }

    /// Waits until so many sends were acknowledged in all.
    pub(crate) async fn until_sent(&self, sent: u64) {
        let counts = self.world.traffic().wait_for(|counts| counts.sent >= sent);
        let in_time = tokio::time::timeout(Duration::from_secs(600), counts);
        in_time.await.expect("sends go on");
    }

    /// Lets the load rest for so long, and judges everything by what `truth` holds.
    pub(crate) async fn judge(
        self,
        mut load: Load,
        quiet: Duration,
        truth: SharedStore,
    ) -> Vec<Violation> {
        load.rest_for(quiet).await.unwrap();
        let (history, said) = load.finish().await.unwrap();
        let (truth, _) = said.compare_with(&truth).await.unwrap();
        let violations = check(&history, &truth);
        self.stop().await;
        violations
    }

    /// Ends these devices and judges everything up to now.
    pub(crate) async fn judge_devices(self, devices: Vec<Device>) -> Vec<Violation> {
        let history = self.world.recorder().history();
        let mut users = BTreeMap::new();
        for device in devices {
            users.insert(device.user(), device.close().await);
        }
        let said = Said::ask(&users).await.unwrap();
        let (truth, _) = said.compare_with(&self.store).await.unwrap();
        self.stop().await;
        check(&history, &truth)
    }

    pub(crate) async fn stop(self) {
        for stack in self.stacks {
            stack.stop().await;
        }
        self.embedded.close().await;
    }
}

pub(crate) fn ids(number: usize, clock: &Arc<dyn Clock>) -> Arc<IdGenerator> {
    let number = NodeNumber::new(u16::try_from(number).unwrap()).unwrap();
    let ids = IdGenerator::new(number, Arc::clone(clock), Timestamp::default());
    Arc::new(ids)
}

/// Runs a scenario without and with its bug: the first must be clean, the second must break `expected` within a few
/// seeds.
pub(crate) async fn must_be_named(
    bug: &str,
    expected: Invariant,
    scenario: impl AsyncFn(u64, bool) -> Vec<Violation>,
) {
    let control = scenario(1, false).await;
    assert!(control.is_empty(), "without the bug: {control:#?}");
    let mut found = Vec::new();
    for seed in 1..=SEEDS {
        let violations = scenario(seed, true).await;
        let named = violations.iter().find(|one| one.invariant == expected);
        if let Some(named) = named {
            println!("{bug}: caught by {expected:?} at seed {seed} of {SEEDS}: {named}");
            return;
        }
        found.extend(violations);
    }
    panic!("{bug}: not caught by {expected:?} in {SEEDS} seeds, but found {found:#?}");
}
