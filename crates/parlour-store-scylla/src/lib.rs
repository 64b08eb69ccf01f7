//! The store of a cluster, over CQL: ScyllaDB, and Cassandra.
//!
//! The hard choice here: **one conditional batch decides everything**. Event, event key and head of a chat lie in one
//! partition, so order, exactly-once and the author's rights are settled by one lightweight transaction, whatever
//! clocks, caches and other nodes believe.
//!
//! Invariants:
//! - A definite answer is given only after the store has decided: by an applied batch, a refusal with its reason, or
//!   reads at `LOCAL_SERIAL`.
//! - What was sent and not answered is unknown until such a read has settled it.
//! - Transactions are `LOCAL_SERIAL` with commits at `LOCAL_QUORUM`, other calls `LOCAL_QUORUM`, never mixed with others.
//! - No type of the driver leaves this crate.

mod canary;
mod connect;
mod node_number;
mod open_error;
mod schema;
mod time;

mod codes;
mod columns;
mod cql;
mod doubt;
mod known;
mod settle;
mod together;

mod chat_log;
mod log;

mod project;
mod views;

mod accounts;
mod claims;
mod keyring;
mod marks;
mod reports;
mod sessions;

// Tests inside the crate use the fixture of those outside, which name the crate.
#[cfg(test)]
extern crate self as parlour_store_scylla;
#[cfg(test)]
#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::collections::BTreeMap;
use std::sync::Arc;

use parlour_model::{Clock, IdGenerator};

pub use connect::{ConnectOptions, Connection, Credentials};
pub use node_number::NodeLease;
pub use open_error::OpenError;
pub use schema::{SchemaOptions, SchemaReport, apply_schema};

use cql::Cql;
use known::Known;
use log::{HeadCache, Layout, LogReader};
use project::erasure::Erased;
use views::Lineless;

/// What a store is opened with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Tells the time of commits and of what ends by itself.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of events.
    pub ids: Arc<IdGenerator>,
    /// Copies by datacenter, as configured: compared with what the keyspace has.
    pub replication: BTreeMap<String, u8>,
    /// Events per bucket: compared with what the deployment was made with.
    pub bucket_events: u64,
}

/// A store over CQL, as one node uses it.
#[derive(Debug)]
pub struct ScyllaStore {
    pub(crate) cql: Cql,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) log: LogReader,
    pub(crate) heads: HeadCache,
    pub(crate) known: Known,
    pub(crate) lineless: Lineless,
    pub(crate) erased: Erased,
}

impl ScyllaStore {
    /// Opens the store over a connection, after comparing the deployment with the options and trying whether the store
    /// does what commits need.
    ///
    /// # Errors
    /// [`OpenError`] says what an operator can do; after [`OpenError::Store`] the same call may succeed.
    pub async fn open(connection: Connection, options: Options) -> Result<Self, OpenError> {
        connection
            .check(&options.replication, options.bucket_events)
            .await?;
        canary::sing(&connection.cql).await?;
        let cql = connection.cql.interactive();
        let layout = Layout::new(options.bucket_events);
        Ok(Self {
            log: LogReader {
                cql: cql.clone(),
                layout,
            },
            cql,
            heads: HeadCache::new(),
            clock: options.clock,
            ids: options.ids,
            known: Known::new(),
            lineless: Lineless::new(),
            erased: Erased::new(),
        })
    }

    /// Ends the store. Connections close when the last clone of the [`Connection`] is gone; nothing is buffered here, so
    /// nothing is lost.
    #[expect(
        clippy::unused_async,
        reason = "callers close every store in the same way, and others have to wait"
    )]
    pub async fn close(&self) {}
}
