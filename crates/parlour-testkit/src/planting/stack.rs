//! One whole node in the test's process: everything above store and bus, on a free port.

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::Context;
use parlour_bus::SharedBus;
use parlour_delivery::{Delivery, DeliveryParts};
use parlour_gateway::{Gateway, GatewayLimits, GatewayParts};
use parlour_model::{Clock, IdGenerator};
use parlour_service::{
    AccountParts, AccountSettings, Accounts, ChatParts, Chats, PasswordSettings, Rate,
    RateSettings, Service,
};
use parlour_store::SharedStore;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a node stands on.
pub struct StackParts {
    /// The log, perhaps through a bug.
    pub store: SharedStore,
    /// The other nodes, perhaps through a bug.
    pub bus: SharedBus,
    /// The ids of this node.
    pub ids: Arc<IdGenerator>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A node. It ends when this is dropped.
pub struct Stack {
    url: String,
    delivery: Delivery,
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Stack {
    /// Starts a node on these parts.
    ///
    /// # Errors
    /// When there is no free port, or the store does not answer.
    pub async fn start(parts: StackParts) -> anyhow::Result<Self> {
        let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
        let delivery = Delivery::new(DeliveryParts {
            store: Arc::clone(&parts.store),
            bus: Arc::clone(&parts.bus),
            clock: Arc::clone(&parts.clock),
            tracker: tracker.clone(),
            token: token.clone(),
        });
        delivery.start();
        let service = service(&parts, &delivery, (&tracker, &token)).await?;
        let gateway = Gateway::new(GatewayParts {
            service,
            delivery: delivery.clone(),
            clock: parts.clock,
            limits: without_limits(),
            origins: Vec::new(),
            web: false,
            tracker: tracker.clone(),
            token: token.clone(),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        tracker.spawn(async move { gateway.serve(listener).await });
        Ok(Self {
            url,
            delivery,
            tracker,
            token,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its delivery, for bugs that announce what they should not.
    #[must_use]
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// Stops it at once: whatever it was doing is not finished.
    pub async fn stop(self) {
        self.token.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

async fn service(
    parts: &StackParts,
    delivery: &Delivery,
    (tracker, token): (&TaskTracker, &CancellationToken),
) -> anyhow::Result<Service> {
    let accounts = Accounts::start(AccountParts {
        store: Arc::clone(&parts.store),
        delivery: delivery.clone(),
        clock: Arc::clone(&parts.clock),
        ids: Arc::clone(&parts.ids),
        settings: cheap_accounts(),
        tracker: tracker.clone(),
        token: token.clone(),
    });
    let accounts = accounts.await.context("accounts")?;
    let chats = Chats::new(ChatParts {
        store: Arc::clone(&parts.store),
        delivery: delivery.clone(),
        clock: Arc::clone(&parts.clock),
        ids: Arc::clone(&parts.ids),
        tracker: tracker.clone(),
        homes: true,
        token: token.clone(),
    });
    Ok(Service { accounts, chats })
}

/// Passwords that cost nothing, and as many sign-ins of one address as a test wants.
fn cheap_accounts() -> AccountSettings {
    let many = Some(Rate::new(1_000_000, 1_000_000));
    AccountSettings {
        passwords: PasswordSettings {
            memory_kib: 8,
            passes: 1,
            permits: NonZeroUsize::MIN,
            ..PasswordSettings::default()
        },
        rates: RateSettings {
            checks_per_username_and_origin: many,
            checks_per_username: many,
            logins_per_origin: many,
            registrations_per_origin: many,
        },
        ..AccountSettings::default()
    }
}

fn without_limits() -> GatewayLimits {
    let many = 1_000_000;
    GatewayLimits {
        connects_per_second: many,
        frames_per_second: many,
        frames_burst: many,
        requests_per_second: many,
        requests_burst: many,
        ..GatewayLimits::default()
    }
}
