//! One running node: built bottom up, stopped top down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use parlour_delivery::{Delivery, DeliveryParts};
use parlour_gateway::{Gateway, GatewayParts};
use parlour_model::{Clock, SystemClock};
use parlour_service::{AccountParts, Accounts, ChatParts, Chats, Service};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admin::{self, Readiness};
use crate::compose::Backends;
use crate::{Config, settings};

/// How long tasks may take to end once they are told to.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// How often the metrics recorder tidies up.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// A running node. `parlour serve` runs one; tests run several in one process.
pub struct Node {
    address: SocketAddr,
    admin_address: SocketAddr,
    drain_window: Duration,
    readiness: Readiness,
    gateway: Gateway,
    backends: Backends,
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Node {
    /// Starts a node and answers once it takes connections. Port 0 picks a free port.
    ///
    /// # Errors
    /// A sentence an operator can act on: folder, port, or setting.
    pub async fn start(config: Config, metrics: Option<PrometheusHandle>) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
        let listener = bind("listen", config.listen).await?;
        let admin_listener = bind("admin_listen", config.admin_listen).await?;
        let backends = Backends::open(&config, &clock)?;
        let gateway = assemble(&config, &backends, &clock, (&tracker, &token)).await?;

        let readiness = Readiness::default();
        let admin = admin::router(readiness.clone(), backends.store.clone(), metrics.clone());
        let (address, admin_address) = (listener.local_addr()?, admin_listener.local_addr()?);
        let (serving, stopping) = (gateway.clone(), token.clone());
        tracker.spawn(async move { serving.serve(listener).await });
        tracker.spawn(async move {
            let stopped = stopping.cancelled_owned();
            axum::serve(admin_listener, admin)
                .with_graceful_shutdown(stopped)
                .await
                .ok();
        });
        if let Some(handle) = metrics {
            tracker.spawn(upkeep(handle, token.clone()));
        }
        readiness.set(true);
        tracing::info!(%address, %admin_address, data = %config.data.display(), "node started");
        let drain_window = config.drain_window();
        Ok(Self {
            address,
            admin_address,
            drain_window,
            readiness,
            gateway,
            backends,
            tracker,
            token,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators connect.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Completes, with the reason, when the node must stop at once because its store can promise nothing
    /// any more; also while it is draining.
    pub fn failure(&self) -> impl Future<Output = String> + use<> {
        self.backends.failure()
    }

    /// Stops in order: no new connections, connections handed over, appends finished, tasks ended, store
    /// closed.
    ///
    /// # Errors
    /// When tasks did not end in time; nothing acknowledged is lost then either.
    pub async fn drain_and_stop(self) -> anyhow::Result<()> {
        tracing::info!(window_s = self.drain_window.as_secs(), "draining");
        self.readiness.set(false);
        self.gateway.drain(self.drain_window).await;
        self.token.cancel();
        self.tracker.close();
        let ended = tokio::time::timeout(STOP_WITHIN, self.tracker.wait()).await;
        self.backends.close().await;
        ended.context("some tasks did not end in time")?;
        tracing::info!("stopped");
        Ok(())
    }
}

async fn bind(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("`{key}`: cannot listen on {address}"))
}

/// Delivery, service and gateway on top of the backends.
async fn assemble(
    config: &Config,
    backends: &Backends,
    clock: &Arc<dyn Clock>,
    (tracker, token): (&TaskTracker, &CancellationToken),
) -> anyhow::Result<Gateway> {
    let delivery = Delivery::new(DeliveryParts {
        store: backends.store.clone(),
        bus: backends.bus.clone(),
        clock: clock.clone(),
        tracker: tracker.clone(),
        token: token.clone(),
    });
    delivery.start();
    let accounts = Accounts::start(AccountParts {
        store: backends.store.clone(),
        delivery: delivery.clone(),
        clock: clock.clone(),
        ids: backends.ids.clone(),
        settings: settings::accounts(config),
        tracker: tracker.clone(),
        token: token.clone(),
    })
    .await
    .context("accounts")?;
    let chats = Chats::new(ChatParts {
        store: backends.store.clone(),
        delivery: delivery.clone(),
        clock: clock.clone(),
        ids: backends.ids.clone(),
        tracker: tracker.clone(),
        token: token.clone(),
    });
    Ok(Gateway::new(GatewayParts {
        service: Service { accounts, chats },
        delivery,
        clock: clock.clone(),
        limits: settings::gateway(config),
        origins: config.origins.clone(),
        tracker: tracker.clone(),
        token: token.clone(),
    }))
}

async fn upkeep(handle: PrometheusHandle, token: CancellationToken) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        tokio::select! {
            // Stopping outranks tidying.
            biased;
            () = token.cancelled() => return,
            _ = ticks.tick() => handle.run_upkeep(),
        }
    }
}
