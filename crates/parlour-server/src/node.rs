//! One running node: built bottom up, stopped top down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use parlour_bus::LastingTasks;
use parlour_delivery::{Delivery, DeliveryParts};
use parlour_gateway::{Gateway, GatewayParts};
use parlour_model::{Clock, SystemClock};
use parlour_service::{AccountParts, Accounts, ChatParts, Chats, Service, ServiceError};
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::compose::Backends;
use crate::status::Status;
use crate::{Config, admin, settings};

/// How long tasks may take to end once they are told to.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// How often the metrics recorder tidies up.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// How long to wait before a store that is away is asked again.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How many connections the system holds until the node takes them.
const BACKLOG: u32 = 1024;

/// A running node. `parlour serve` runs one; tests run several in one process.
pub struct Node {
    address: SocketAddr,
    admin_address: SocketAddr,
    drain_window: Duration,
    status: Status,
    gateway: Gateway,
    delivery: Delivery,
    backends: Backends,
    life: Life,
}

/// Where the tasks of a node live, and when they end.
#[derive(Default)]
struct Life {
    tracker: TaskTracker,
    token: CancellationToken,
    tasks: LastingTasks,
}

impl Life {
    /// Runs a task that lasts until the token ends it.
    fn run(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(name, (&self.tracker, &self.token), task);
    }
}

impl Node {
    /// Starts a node and answers once it takes connections. Port 0 picks a free port.
    ///
    /// Until then operators are answered and clients are refused. A shared store that is away is waited for, without
    /// end; whoever drops this future gives up, and what was leased runs out by itself.
    ///
    /// # Errors
    /// A sentence an operator can act on: folder, port, setting, or what the store refuses.
    pub async fn start(config: Config, metrics: Option<PrometheusHandle>) -> anyhow::Result<Self> {
        Self::start_at(Arc::new(SystemClock::new()), config, metrics).await
    }

    /// The same by a clock that may be wrong.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_at(
        clock: Arc<dyn Clock>,
        config: Config,
        metrics: Option<PrometheusHandle>,
    ) -> anyhow::Result<Self> {
        let life = Life::default();
        let unfinished = life.token.clone().drop_guard();
        let door = reserve("listen", config.listen)?;
        let admin_door = reserve("admin_listen", config.admin_listen)?;
        let operators = listen("admin_listen", config.admin_listen, admin_door)?;
        let admin_address = operators.local_addr()?;
        let status = Status::new(&config);
        let answering = admin::serve(
            operators,
            status.clone(),
            metrics.clone(),
            life.token.clone(),
        );
        life.run("answers to operators", answering);
        if let Some(handle) = metrics {
            life.run("upkeep of metrics", upkeep(handle, life.token.clone()));
        }
        let backends = Box::pin(Backends::open(&config, &clock, &status)).await?;
        status.stands_on(backends.store.clone(), backends.bus.clone());
        let bus = backends.bus.clone();
        let watching = status.clone().watch_bus(bus, life.token.clone());
        life.run("health of the bus", watching);
        let opened = open_door(&config, door, &backends, (&status, &life)).await;
        let (address, gateway, delivery) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                backends.close().await;
                return Err(error);
            }
        };
        unfinished.disarm();
        let drain_window = config.drain_window();
        Ok(Self {
            address,
            admin_address,
            drain_window,
            status,
            gateway,
            delivery,
            backends,
            life,
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

    /// Completes, with the reason, when the node must stop at once: its store can promise nothing any more, another
    /// node may be using its number, or a task has ended without which it would serve nobody and look well. Also while
    /// it is draining.
    pub fn failure(&self) -> impl Future<Output = String> + use<> {
        let (backends, delivery) = (self.backends.failure(), self.delivery.failure());
        let own = self.life.tasks.failure();
        async move {
            tokio::select! {
                why = backends => why,
                why = delivery => why,
                why = own => why,
            }
        }
    }

    /// Stops in order: no new connections, connections handed over, appends finished, tasks ended,
    /// then the routes, the node's lease, the bus and the store.
    ///
    /// # Errors
    /// When tasks did not end in time; nothing acknowledged is lost then either.
    pub async fn drain_and_stop(self) -> anyhow::Result<()> {
        tracing::info!(window_s = self.drain_window.as_secs(), "draining");
        self.status.drains();
        self.gateway.drain(self.drain_window).await;
        self.life.token.cancel();
        self.life.tracker.close();
        let ended = tokio::time::timeout(STOP_WITHIN, self.life.tracker.wait()).await;
        self.backends.close().await;
        ended.context("some tasks did not end in time")?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Takes the address without listening on it yet: whoever connects is refused rather than left waiting.
fn reserve(key: &str, address: SocketAddr) -> anyhow::Result<TcpSocket> {
    let reserved = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A node that starts again must not wait for the connections of its last life to be forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        std::io::Result::Ok(socket)
    };
    reserved().with_context(|| format!("`{key}`: cannot listen on {address}"))
}

fn listen(key: &str, address: SocketAddr, socket: TcpSocket) -> anyhow::Result<TcpListener> {
    socket
        .listen(BACKLOG)
        .with_context(|| format!("`{key}`: cannot listen on {address}"))
}

/// Builds what serves clients, and takes them from then on.
async fn open_door(
    config: &Config,
    door: TcpSocket,
    backends: &Backends,
    (status, life): (&Status, &Life),
) -> anyhow::Result<(SocketAddr, Gateway, Delivery)> {
    let (gateway, delivery) = assemble(config, backends, (status, life)).await?;
    let listener = listen("listen", config.listen, door)?;
    let address = listener.local_addr()?;
    let serving = gateway.clone();
    life.run("gateway", async move { serving.serve(listener).await });
    status.serves();
    tracing::info!(%address, number = backends.bus.node().number.get(), "node started");
    Ok((address, gateway, delivery))
}

/// Delivery, service and gateway on top of the backends.
async fn assemble(
    config: &Config,
    backends: &Backends,
    (status, life): (&Status, &Life),
) -> anyhow::Result<(Gateway, Delivery)> {
    let delivery = Delivery::new(DeliveryParts {
        store: backends.store.clone(),
        bus: backends.bus.clone(),
        clock: backends.clock.clone(),
        tracker: life.tracker.clone(),
        token: life.token.clone(),
    });
    delivery.start();
    let parts = || AccountParts {
        store: backends.store.clone(),
        delivery: delivery.clone(),
        clock: backends.clock.clone(),
        ids: backends.ids.clone(),
        settings: settings::accounts(config),
        tracker: life.tracker.clone(),
        token: life.token.clone(),
    };
    let accounts = start_accounts(parts, backends.store_may_come_back, status).await?;
    let chats = Chats::new(ChatParts {
        store: backends.store.clone(),
        delivery: delivery.clone(),
        clock: backends.clock.clone(),
        ids: backends.ids.clone(),
        tracker: life.tracker.clone(),
        homes: true,
        token: life.token.clone(),
    });
    let gateway = Gateway::new(GatewayParts {
        service: Service { accounts, chats },
        delivery: delivery.clone(),
        clock: backends.clock.clone(),
        limits: settings::gateway(config),
        origins: config.origins.clone(),
        web: config.web.enabled,
        tracker: life.tracker.clone(),
        token: life.token.clone(),
    });
    Ok((gateway, delivery))
}

/// Loads keys and revocations; a shared store that goes away in between is waited for.
async fn start_accounts(
    parts: impl Fn() -> AccountParts,
    store_may_come_back: bool,
    status: &Status,
) -> anyhow::Result<Accounts> {
    loop {
        let error = match Accounts::start(parts()).await {
            Ok(accounts) => return Ok(accounts),
            Err(error) => error,
        };
        let passing = matches!(
            error,
            ServiceError::Unavailable(_) | ServiceError::OutcomeUnknown { .. }
        );
        if !(passing && store_may_come_back) {
            return Err(error).context("accounts");
        }
        tracing::warn!(%error, "not ready: the store went away while accounts were loaded; asking again");
        status.waits(format!("accounts are not loaded yet: {error}"));
        tokio::time::sleep(ASK_AGAIN_AFTER).await;
    }
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

#[cfg(test)]
mod tests;
