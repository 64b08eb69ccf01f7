//! One node of many: a shared store, a bus between the nodes, and a number that no other node has.
//!
//! Opened from the store upwards and closed the other way round: the number outlives everything that makes ids with it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use parlour_bus::LastingTasks;
use parlour_bus_redis::{JoinError, Options as BusOptions, RedisBus};
use parlour_model::{Clock, IdGenerator, limits};
use parlour_store::StoreError;
use parlour_store_scylla::{
    Connection, NodeLease, OpenError, Options as StoreOptions, SchemaReport, ScyllaStore,
    apply_schema as apply,
};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::number::Number;
use super::{Backends, Ground, clock, options};
use crate::Config;
use crate::status::Status;

/// The first pause before a store that is away is asked again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));
/// How long the bus may remember an earlier holder of this node's number that ended without leaving.
const FORGOTTEN_WITHIN: Duration = Duration::from_secs(15);
/// How long leaving the bus may take; what is left behind runs out by itself.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// Opens the store, takes a number and joins the bus.
pub(super) async fn open(
    config: &Config,
    own: &Arc<dyn Clock>,
    status: &Status,
) -> anyhow::Result<Backends> {
    let tracker = TaskTracker::new();
    let (connection, agreed) = reach(config, own, status).await?;
    let clock: Arc<dyn Clock> = Arc::<clock::Agreed>::clone(&agreed);
    let lease = lease(config, (&connection, &clock), status).await?;
    let number = Number::keep(lease, &clock, &tracker);
    let token = CancellationToken::new();
    let guard = token.clone().drop_guard();
    let comparing = clock::compare(connection.clone(), agreed, token.clone());
    let tasks = LastingTasks::default();
    tasks.spawn("comparison of clocks", (&tracker, &token), comparing);
    let below = (&connection, &number);
    match stand(config, &clock, below, (status, &tracker, &token)).await {
        Ok((store, bus)) => Ok(Backends {
            store: store.clone(),
            bus: bus.clone(),
            clock,
            ids: Arc::clone(number.ids()),
            store_may_come_back: true,
            ground: Box::new(Cluster {
                number,
                store,
                bus,
                tasks,
                token: guard,
                tracker,
            }),
        }),
        Err(error) => {
            number.release().await;
            Err(error)
        }
    }
}

/// Makes or completes the tables.
pub(super) async fn apply_schema(config: &Config) -> anyhow::Result<String> {
    let (wanted, schema) = (
        options::store(&config.store)?,
        options::schema(&config.store),
    );
    let report = apply(&wanted, &schema).await?;
    Ok(described(&config.store.keyspace, &report))
}

/// What an operator is told of it.
fn described(keyspace: &str, report: &SchemaReport) -> String {
    let made = if report.keyspace_created {
        format!("keyspace {keyspace}: created")
    } else {
        format!("keyspace {keyspace}: is there")
    };
    let SchemaReport { from, to, .. } = *report;
    match from {
        0 => format!("{made}\ntables: created, version {to}"),
        _ if from == to => format!("{made}\ntables: are of version {to} already, nothing to do"),
        _ => format!("{made}\ntables: brought from version {from} to {to}"),
    }
}

struct Cluster {
    number: Number,
    store: Arc<ScyllaStore>,
    bus: Arc<RedisBus>,
    tasks: LastingTasks,
    token: DropGuard,
    tracker: TaskTracker,
}

#[async_trait]
impl Ground for Cluster {
    fn failure(&self) -> LocalBoxFuture<'static, String> {
        let lost = self.number.lost();
        let (bus, tasks) = (self.bus.failure(), self.tasks.failure());
        async move {
            tokio::select! {
                why = lost => why,
                why = bus => why,
                why = tasks => why,
            }
        }
        .boxed_local()
    }

    async fn close(self: Box<Self>) {
        if timeout(LEAVE_WITHIN, self.bus.leave()).await.is_err() {
            tracing::warn!(
                "the bus was not left in time; the others see this node go in some seconds"
            );
        }
        self.number.release().await;
        drop(self.token);
        self.tracker.close();
        if timeout(LEAVE_WITHIN, self.tracker.wait()).await.is_err() {
            tracing::warn!("some tasks of the bus did not end in time");
        }
        self.store.close().await;
    }
}

/// A connection to the store, and the clock that goes by its time.
async fn reach(
    config: &Config,
    own: &Arc<dyn Clock>,
    status: &Status,
) -> anyhow::Result<(Connection, Arc<clock::Agreed>)> {
    let wanted = options::store(&config.store)?;
    let connection = patiently(status, || Connection::open(wanted.clone())).await?;
    let clock = patiently(status, || clock::agreed(&connection, own)).await?;
    Ok((connection, clock))
}

/// A number leased in the store.
async fn lease(
    config: &Config,
    (connection, clock): (&Connection, &Arc<dyn Clock>),
    status: &Status,
) -> anyhow::Result<NodeLease> {
    let holder = holder(config);
    let lease = patiently(status, || {
        connection.lease_node_number(&holder, Arc::clone(clock))
    });
    let lease = lease.await?;
    tracing::info!(number = lease.number().get(), %holder, "this node has its number");
    Ok(lease)
}

/// The store over the connection, and the bus under the number.
async fn stand(
    config: &Config,
    clock: &Arc<dyn Clock>,
    (connection, number): (&Connection, &Number),
    (status, tracker, token): (&Status, &TaskTracker, &CancellationToken),
) -> anyhow::Result<(Arc<ScyllaStore>, Arc<RedisBus>)> {
    let ids = number.ids();
    let open = || ScyllaStore::open(connection.clone(), store_options(config, clock, ids));
    let store = patiently(status, open).await?;
    let (credentials, tls) = (
        options::bus_credentials(&config.bus)?,
        options::bus_tls(&config.bus)?,
    );
    let join = || {
        RedisBus::join(BusOptions {
            topology: options::topology(&config.bus),
            credentials: credentials.clone(),
            tls: tls.clone(),
            number: number.get(),
            deployment: connection.deployment(),
            clock: Arc::clone(clock),
            tracker: tracker.clone(),
            token: token.child_token(),
        })
    };
    let bus = joined(status, join).await.context("the bus")?;
    Ok((Arc::new(store), Arc::new(bus)))
}

fn store_options(config: &Config, clock: &Arc<dyn Clock>, ids: &Arc<IdGenerator>) -> StoreOptions {
    StoreOptions {
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        replication: config.store.replication.clone(),
        bucket_events: limits::BUCKET_EVENTS,
    }
}

/// Asks until the store answers, and says meanwhile what is waited for. What it definitely refuses is an error.
async fn patiently<T, F>(status: &Status, ask: impl Fn() -> F) -> Result<T, OpenError>
where
    F: Future<Output = Result<T, OpenError>>,
{
    let mut pause = PAUSES.0;
    loop {
        let error = match Box::pin(ask()).await {
            Err(error) if passes(&error) => error,
            answer => return answer,
        };
        tracing::warn!(again_in_s = pause.as_secs(), "not ready: {error}");
        status.waits(error.to_string());
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Whether the same call may succeed later, with nothing changed by an operator.
fn passes(error: &OpenError) -> bool {
    matches!(
        error,
        OpenError::Unreachable { .. }
            | OpenError::Store(StoreError::Unavailable(_) | StoreError::Unknown(_))
    )
}

/// Joins the bus. The store gave this number to nobody else, so whoever the bus knows under it has ended or is about
/// to be forgotten.
async fn joined<F>(status: &Status, join: impl Fn() -> F) -> Result<RedisBus, JoinError>
where
    F: Future<Output = Result<RedisBus, JoinError>>,
{
    let forgotten_at = Instant::now() + FORGOTTEN_WITHIN;
    loop {
        match Box::pin(join()).await {
            Err(error @ JoinError::DuplicateNode(_)) if Instant::now() < forgotten_at => {
                tracing::info!(
                    "not ready: the bus still knows an earlier holder of this node's number"
                );
                status.waits(error.to_string());
                sleep(PAUSES.0).await;
            }
            answer => return answer,
        }
    }
}

/// What operators read beside this node's number.
fn holder(config: &Config) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!(
        "{} {} pid {}",
        host.trim(),
        config.listen,
        std::process::id()
    )
}
