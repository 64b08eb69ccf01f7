//! One node on a free port: embedded store, local bus, and a clock that stands still until it is moved.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use parlour_bus::LocalNetwork;
use parlour_delivery::{Delivery, DeliveryParts};
use parlour_gateway::{Gateway, GatewayLimits, GatewayParts};
use parlour_model::{Clock, EventKey, IdGenerator, ManualClock, NodeNumber, Timestamp, limits};
use parlour_service::{
    AccountParts, AccountSettings, Accounts, ChatParts, Chats, PasswordSettings, RateSettings,
    Service,
};
use parlour_store::SharedStore;
use parlour_store::faults::{Faults, FaultyStore};
use parlour_store_embedded::{EmbeddedStore, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::{Call, Reply};
use crate::socket::Socket;

pub(crate) const PASSWORD: &str = "correct horse";
const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// What a world is made with.
pub(crate) struct Setup {
    pub(crate) limits: GatewayLimits,
    pub(crate) origins: Vec<String>,
    pub(crate) web: bool,
    /// In place of a clock that stands still.
    pub(crate) clock: Option<Arc<dyn Clock>>,
    /// Around the embedded store.
    pub(crate) wrap: Box<dyn FnOnce(SharedStore) -> SharedStore>,
}

impl Default for Setup {
    /// Rates that no test but those about rates can reach.
    fn default() -> Self {
        Self {
            limits: GatewayLimits {
                connects_per_second: 1_000_000,
                frames_burst: 1_000_000,
                requests_burst: 1_000_000,
                ..GatewayLimits::default()
            },
            origins: Vec::new(),
            web: true,
            clock: None,
            wrap: Box::new(|store| store),
        }
    }
}

/// One node and its clock.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) gateway: Gateway,
    /// The store, to look at.
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tracker: TaskTracker,
    pub(crate) token: CancellationToken,
    _folder: TempDir,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) session: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
}

impl Drop for World {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let manual = Arc::new(ManualClock::new(START));
        let clock = setup.clock.unwrap_or_else(|| manual.clone());
        let folder = tempfile::tempdir().unwrap();
        let ids = Arc::new(IdGenerator::new(
            NodeNumber::ZERO,
            clock.clone(),
            Timestamp::default(),
        ));
        let options = Options {
            clock: clock.clone(),
            ids: ids.clone(),
            bucket_events: limits::BUCKET_EVENTS,
            readers: 2,
        };
        let store: SharedStore = Arc::new(EmbeddedStore::open(folder.path(), options).unwrap());
        let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
        let below = Below {
            store: (setup.wrap)(Arc::clone(&store)),
            clock: clock.clone(),
            ids,
            tracker: tracker.clone(),
            token: token.clone(),
        };
        let (delivery, service) = below.build().await;
        let gateway = Gateway::new(GatewayParts {
            service,
            delivery,
            clock,
            limits: setup.limits,
            origins: setup.origins,
            web: setup.web,
            tracker: tracker.clone(),
            token: token.clone(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = gateway.clone();
        tracker.spawn(async move { serving.serve(listener).await });
        Self {
            address,
            gateway,
            store,
            clock: manual,
            tracker,
            token,
            _folder: folder,
        }
    }

    /// A world whose store fails on demand.
    pub(crate) async fn faulty() -> (Self, Faults) {
        let handle = Arc::new(Mutex::new(None));
        let put = Arc::clone(&handle);
        let world = Self::with(Setup {
            wrap: Box::new(move |store| {
                let faulty = FaultyStore::new(store);
                *put.lock().unwrap() = Some(faulty.faults());
                Arc::new(faulty)
            }),
            ..Setup::default()
        });
        let world = world.await;
        let faults = handle.lock().unwrap().take().unwrap();
        (world, faults)
    }

    /// Sends an HTTP request.
    pub(crate) async fn call(&self, call: Call) -> Reply {
        call.send(self.address).await
    }

    /// Registers somebody.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let body = json!({"username": name, "password": PASSWORD, "device": "test"});
        let reply = self.call(Call::post("/auth/register").json(&body)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        Person::signed_in(&reply.json())
    }

    /// Signs somebody in on one more device.
    pub(crate) async fn another_device(&self, name: &str) -> Person {
        let body = json!({"username": name, "password": PASSWORD, "device": "second"});
        let reply = self.call(Call::post("/auth/login").json(&body)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        Person::signed_in(&reply.json())
    }

    /// Creates the direct chat of two people.
    pub(crate) async fn direct(&self, one: &Person, other: &Person) -> String {
        let body = json!({"type": "direct", "user": other.id});
        let reply = self.call(Call::post("/chats").by(one).json(&body)).await;
        assert!(reply.status < 300, "{reply:?}");
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// Creates a group.
    pub(crate) async fn group(&self, owner: &Person, others: &[&Person]) -> String {
        let users: Vec<&str> = others.iter().map(|person| person.id.as_str()).collect();
        let body = json!({"type": "group", "title": "Group", "users": users});
        let reply = self.call(Call::post("/chats").by(owner).json(&body)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// Says something over HTTP; answers what `sent` would say.
    pub(crate) async fn say(&self, author: &Person, chat: &str, text: &str) -> Value {
        let call = Call::post(&format!("/chats/{chat}/messages"))
            .by(author)
            .header("idempotency-key", &self.key())
            .json(&json!({"body": {"type": "text", "text": text}}));
        let reply = self.call(call).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()
    }

    /// A connection of somebody that has caught up, without cursors.
    pub(crate) async fn online(&self, person: &Person) -> Socket {
        let mut socket = Socket::open(self.address).await;
        socket.hello(person, json!({})).await;
        socket
    }

    /// A new key, made now.
    pub(crate) fn key(&self) -> String {
        EventKey::generate(self.clock.now()).to_string()
    }
}

impl Person {
    pub(crate) fn signed_in(body: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&body["user"]["id"]),
            session: text(&body["session"]["id"]),
            token: text(&body["access_token"]),
            refresh_token: text(&body["refresh_token"]),
        }
    }
}

/// What lies below the gateway.
struct Below {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Below {
    async fn build(self) -> (Delivery, Service) {
        let delivery = Delivery::new(DeliveryParts {
            store: self.store.clone(),
            bus: Arc::new(LocalNetwork::new().join(self.clock.clone())),
            clock: self.clock.clone(),
            tracker: self.tracker.clone(),
            token: self.token.clone(),
        });
        delivery.start();
        let accounts = Accounts::start(AccountParts {
            store: self.store.clone(),
            delivery: delivery.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            settings: settings(),
            tracker: self.tracker.clone(),
            token: self.token.clone(),
        });
        let chats = Chats::new(ChatParts {
            store: self.store,
            delivery: delivery.clone(),
            clock: self.clock,
            ids: self.ids,
            tracker: self.tracker,
            homes: true,
            token: self.token,
        });
        let accounts = accounts.await.unwrap();
        (delivery, Service { accounts, chats })
    }
}

/// Cheap passwords, and no rates: those have their own tests.
fn settings() -> AccountSettings {
    AccountSettings {
        passwords: PasswordSettings {
            memory_kib: 64,
            passes: 1,
            permits: NonZeroUsize::MIN,
            ..PasswordSettings::default()
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
