//! Why the store cannot be opened, each as the sentence that mends it.

use std::collections::BTreeMap;

use parlour_store::StoreError;

use crate::cql::CqlError;

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody answered. Starting again may succeed.
    #[error(
        "the store at {hosts} cannot be reached: {reason}; check that it runs, the hosts, user and password, and TLS"
    )]
    Unreachable {
        /// The hosts that were asked.
        hosts: String,
        /// What the driver says.
        reason: String,
    },
    /// An option cannot be right.
    #[error("{0}")]
    Options(String),
    /// The keyspace or its tables are not there.
    #[error("the keyspace {keyspace} has no tables of Parlour; run `parlour schema apply` once")]
    SchemaMissing {
        /// The keyspace.
        keyspace: String,
    },
    /// The tables are of another version.
    #[error("the tables are of version {found}, this Parlour needs {needed}; {}", mend_version(*found, *needed))]
    SchemaVersion {
        /// Of the tables.
        found: u32,
        /// Of this program.
        needed: u32,
    },
    /// Somebody else holds the lock of the schema.
    #[error(
        "another `parlour schema apply` is at work and has not ended; wait for it, or two minutes if it died, and try again"
    )]
    SchemaLocked,
    /// The keyspace has other replicas than configured.
    #[error(
        "the keyspace {keyspace} is replicated as {found:?}, configured is {configured:?}; correct `store.replication`, \
         or ALTER KEYSPACE and repair"
    )]
    Replication {
        /// The keyspace.
        keyspace: String,
        /// As the store has it.
        found: BTreeMap<String, String>,
        /// As configured.
        configured: BTreeMap<String, u8>,
    },
    /// The deployment was made with other buckets.
    #[error(
        "this deployment has buckets of {found} events and this node would use {configured}: they would fork the logs; \
         use the same version and settings on all nodes"
    )]
    BucketEvents {
        /// As the store has it.
        found: u64,
        /// As this node would use.
        configured: u64,
    },
    /// The store refuses transactions or serial reads, or answers transactions or write timestamps wrongly.
    #[error(
        "the store does not do what commits need ({reason}); use ScyllaDB or Cassandra 4.1 or later with lightweight \
         transactions. ScyllaDB before 2025.4 has none in a keyspace with tablets: if that is what this one is, and it is \
         empty, drop it and run `parlour schema apply`, or create it yourself with `AND tablets = {{'enabled': false}}`"
    )]
    NoTransactions {
        /// What it did.
        reason: String,
    },
    /// All node numbers have a holder.
    #[error("all 1,024 node numbers are taken; stop nodes, or wait a minute for those that died")]
    NumbersTaken,
    /// A statement was not answered. Starting again may succeed.
    #[error("the store did not answer: {0}; try again")]
    Store(#[from] StoreError),
}

impl From<CqlError> for OpenError {
    /// Whatever is asked while the store is opened is right on every store that commits can stand on: one that refuses it
    /// lacks something, mostly transactions. One that is slow says nothing about them.
    fn from(error: CqlError) -> Self {
        match error {
            CqlError::Invalid(reason) => Self::NoTransactions { reason },
            other => Self::Store(other.into()),
        }
    }
}

fn mend_version(found: u32, needed: u32) -> &'static str {
    if found < needed {
        "run `parlour schema apply`"
    } else {
        "start the newer version that made them"
    }
}
