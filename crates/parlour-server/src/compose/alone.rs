//! One node alone: a local folder, and a bus inside the process.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use parlour_bus::LocalNetwork;
use parlour_model::{Clock, IdGenerator, NodeNumber, Timestamp, limits};
use parlour_store_embedded::{EmbeddedStore, Options};

use super::{Backends, Ground};
use crate::Config;

/// How many reads of the embedded store run at once.
const READERS: usize = 4;

/// Opens the folder.
pub(super) fn open(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Backends> {
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
    Ok(Backends {
        store: embedded.clone(),
        bus: Arc::new(bus),
        clock: Arc::clone(clock),
        ids,
        store_may_come_back: false,
        ground: Box::new(Alone(embedded)),
    })
}

struct Alone(Arc<EmbeddedStore>);

#[async_trait]
impl Ground for Alone {
    fn failure(&self) -> LocalBoxFuture<'static, String> {
        let embedded = Arc::clone(&self.0);
        async move { embedded.failed().await }.boxed_local()
    }

    async fn close(self: Box<Self>) {
        self.0.close().await;
    }
}
