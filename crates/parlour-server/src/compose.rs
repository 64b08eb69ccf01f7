//! Which store and which bus a node runs on. The only place that names a backend.

use std::sync::Arc;

use parlour_bus::{LocalNetwork, SharedBus};
use parlour_model::{Clock, IdGenerator, NodeNumber, Timestamp, limits};
use parlour_store::SharedStore;
use parlour_store_embedded::{EmbeddedStore, OpenError, Options};

use crate::Config;

/// How many reads of the embedded store run at once.
const READERS: usize = 4;

/// What everything else of a node stands on.
pub(crate) struct Backends {
    pub(crate) store: SharedStore,
    pub(crate) bus: SharedBus,
    pub(crate) ids: Arc<IdGenerator>,
    embedded: Arc<EmbeddedStore>,
}

impl Backends {
    /// Opens the embedded default: one local folder, and a bus inside the process.
    pub(crate) fn open(config: &Config, clock: &Arc<dyn Clock>) -> Result<Self, OpenError> {
        let ids = IdGenerator::new(NodeNumber::ZERO, Arc::clone(clock), Timestamp::default());
        let ids = Arc::new(ids);
        let options = Options {
            clock: Arc::clone(clock),
            ids: Arc::clone(&ids),
            bucket_events: limits::BUCKET_EVENTS,
            readers: READERS,
        };
        let embedded = Arc::new(EmbeddedStore::open(&config.data, options)?);
        let bus = LocalNetwork::new().join(Arc::clone(clock));
        Ok(Self {
            store: embedded.clone(),
            bus: Arc::new(bus),
            ids,
            embedded,
        })
    }

    /// Completes, with the reason, when the store can promise nothing any more.
    pub(crate) fn failure(&self) -> impl Future<Output = String> + use<> {
        let embedded = Arc::clone(&self.embedded);
        async move { embedded.failed().await }
    }

    /// Ends what the backends run; every commit that was acknowledged is on disk already.
    pub(crate) async fn close(&self) {
        self.embedded.close().await;
    }
}
