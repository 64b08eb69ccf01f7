//! Which store and which bus a node runs on. The only place that names a backend.

mod alone;
mod clock;
mod cluster;
mod number;
mod options;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use parlour_bus::SharedBus;
use parlour_model::{Clock, IdGenerator};
use parlour_store::SharedStore;

use crate::Config;
use crate::config::StoreKind;
use crate::status::Status;

/// What everything else of a node stands on.
pub(crate) struct Backends {
    pub(crate) store: SharedStore,
    pub(crate) bus: SharedBus,
    /// What everything above tells the time by; all nodes on one store agree on it.
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    /// Whether a store that is away while the node starts is waited for. A local folder does not come back by waiting.
    pub(crate) store_may_come_back: bool,
    ground: Box<dyn Ground>,
}

/// What lies below the seams and is known here alone.
#[async_trait]
trait Ground: Send + Sync {
    /// Completes, with the reason, when the node must stop at once.
    fn failure(&self) -> LocalBoxFuture<'static, String>;

    /// Ends what the backends run; every commit that was acknowledged is durable already.
    async fn close(self: Box<Self>);
}

impl Backends {
    /// Opens what the configuration names. A shared store that is away is waited for, and `status` says so.
    ///
    /// # Errors
    /// A sentence that says what an operator must change.
    pub(crate) async fn open(
        config: &Config,
        clock: &Arc<dyn Clock>,
        status: &Status,
    ) -> anyhow::Result<Self> {
        match config.store.kind {
            StoreKind::Embedded => alone::open(config, clock),
            // Erased: the futures of the drivers are too large and too deep to become part of everybody's.
            StoreKind::Scylla => cluster::open(config, clock, status).boxed_local().await,
        }
    }

    /// Completes, with the reason, when the node must stop at once: its store can promise nothing any more, another
    /// node may be using its number, or a task has ended without which the others must not believe it alive.
    pub(crate) fn failure(&self) -> impl Future<Output = String> + use<> {
        self.ground.failure()
    }

    /// Ends what the backends run; every commit that was acknowledged is durable already.
    pub(crate) async fn close(self) {
        self.ground.close().await;
    }
}

/// Makes or completes the tables of a shared store, and says what was done.
///
/// # Errors
/// A sentence that says what an operator must change.
pub(crate) async fn apply_schema(config: &Config) -> anyhow::Result<String> {
    if config.store.kind == StoreKind::Embedded {
        anyhow::bail!("the embedded store makes its tables itself; there is nothing to apply");
    }
    cluster::apply_schema(config).boxed_local().await
}

/// Checks what the configuration names besides values: files of passwords and certificates.
///
/// # Errors
/// A sentence that names the key.
pub(crate) fn check_files(config: &Config) -> anyhow::Result<()> {
    options::check_files(config)
}
