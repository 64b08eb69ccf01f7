//! A store in a folder of its own, nodes on it, and a clock that stands still until it is moved.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use parlour_bus::{LocalBus, LocalNetwork};
use parlour_delivery::{Delivery, DeliveryParts};
use parlour_model::{
    Clock, IdGenerator, ManualClock, NodeNumber, SessionId, Timestamp, UserName, limits,
};
use parlour_service::{
    AccountParts, AccountSettings, Accounts, Actor, Credentials, Origin, PasswordSettings,
    RateSettings, Registration, ServiceError, SignedIn,
};
use parlour_store::SharedStore;
use parlour_store_embedded::{EmbeddedStore, Options};
use secrecy::ExposeSecret;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) const PASSWORD: &str = "correct horse";

/// One deployment.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: SharedStore,
    pub(crate) network: LocalNetwork,
    nodes: AtomicU16,
    tracker: TaskTracker,
    token: CancellationToken,
    _folder: TempDir,
}

/// One node of it.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) accounts: Accounts,
    pub(crate) delivery: Delivery,
    pub(crate) bus: Arc<LocalBus>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::around(|store| store)
    }

    /// A world whose store is wrapped.
    pub(crate) fn around(wrap: impl FnOnce(SharedStore) -> SharedStore) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), &clock);
        Self {
            clock,
            store: wrap(store),
            network: LocalNetwork::new(),
            nodes: AtomicU16::new(1),
            tracker: TaskTracker::new(),
            token: CancellationToken::new(),
            _folder: folder,
        }
    }

    pub(crate) async fn node(&self) -> Node {
        self.node_with(settings()).await
    }

    pub(crate) async fn node_with(&self, settings: AccountSettings) -> Node {
        self.try_node(settings).await.unwrap()
    }

    pub(crate) async fn try_node(&self, settings: AccountSettings) -> Result<Node, ServiceError> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let bus = Arc::new(self.network.join(Arc::clone(&clock)));
        let number = NodeNumber::new(self.nodes.fetch_add(1, Ordering::SeqCst)).unwrap();
        let delivery = Delivery::new(DeliveryParts {
            store: Arc::clone(&self.store),
            bus: bus.clone(),
            clock: Arc::clone(&clock),
            tracker: self.tracker.clone(),
            token: self.token.clone(),
        });
        delivery.start();
        let accounts = Accounts::start(AccountParts {
            store: Arc::clone(&self.store),
            delivery: delivery.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::new(IdGenerator::new(number, clock, Timestamp::default())),
            settings,
            tracker: self.tracker.clone(),
            token: self.token.clone(),
        })
        .await?;
        Ok(Node {
            accounts,
            delivery,
            bus,
        })
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

impl Node {
    pub(crate) async fn register(&self, username: &str) -> SignedIn {
        self.accounts.register(wanting(username)).await.unwrap()
    }

    pub(crate) async fn login(
        &self,
        username: &str,
        password: &str,
    ) -> Result<SignedIn, ServiceError> {
        self.accounts.login(credentials(username, password)).await
    }

    pub(crate) async fn authenticate(&self, signed_in: &SignedIn) -> Result<Actor, ServiceError> {
        self.accounts.authenticate(access(signed_in)).await
    }

    pub(crate) async fn refresh(&self, signed_in: &SignedIn) -> Result<SignedIn, ServiceError> {
        self.accounts
            .refresh(signed_in.refresh_token.expose_secret())
            .await
    }

    pub(crate) async fn actor(&self, signed_in: &SignedIn) -> Actor {
        self.authenticate(signed_in).await.unwrap()
    }

    pub(crate) async fn session_ids(&self, signed_in: &SignedIn) -> Vec<SessionId> {
        let actor = self.actor(signed_in).await;
        let sessions = self.accounts.sessions(&actor).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect()
    }
}

pub(crate) fn access(signed_in: &SignedIn) -> &str {
    signed_in.access_token.expose_secret()
}

pub(crate) fn name(text: &str) -> UserName {
    UserName::new(text).unwrap()
}

pub(crate) fn wanting(username: &str) -> Registration {
    Registration {
        username: name(username),
        password: PASSWORD.into(),
        display_name: None,
        device: "phone".to_owned(),
        idempotency_key: None,
        origin: Origin::new("192.0.2.1"),
    }
}

pub(crate) fn credentials(username: &str, password: &str) -> Credentials {
    Credentials {
        username: name(username),
        password: password.into(),
        device: "laptop".to_owned(),
        origin: Origin::new("192.0.2.1"),
    }
}

/// Hashes as cheap as they come, and no rates: what a test is about it sets itself.
pub(crate) fn settings() -> AccountSettings {
    AccountSettings {
        passwords: PasswordSettings {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
            permits: NonZeroUsize::new(2).unwrap(),
            queue_max: limits::PASSWORD_QUEUE_MAX,
        },
        rates: RateSettings {
            checks_per_username_and_origin: None,
            checks_per_username: None,
            logins_per_origin: None,
            registrations_per_origin: None,
        },
        ..AccountSettings::default()
    }
}

fn open(folder: &Path, clock: &Arc<ManualClock>) -> SharedStore {
    let clock: Arc<dyn Clock> = clock.clone();
    let ids = IdGenerator::new(NodeNumber::ZERO, Arc::clone(&clock), Timestamp::default());
    let options = Options {
        clock,
        ids: Arc::new(ids),
        bucket_events: limits::BUCKET_EVENTS,
        readers: 2,
    };
    Arc::new(EmbeddedStore::open(folder, options).unwrap())
}
