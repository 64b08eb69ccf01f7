//! Making the tables: versioned, idempotent, never destructive, and safe when two nodes do it at once.
//!
//! A change of the schema is not a transaction on every store this speaks to: two nodes that create one table at the
//! same time may leave two of it. So whoever changes it holds a lock: a row with a time to live, won by a conditional
//! insert. Only keyspace and lock table are made without it, and the lock table names its own identity, so that two who
//! make it make the same.

mod keyspace;
mod lock;
mod transactions;

use std::collections::BTreeMap;
use std::time::Duration;

use parlour_store::StoreError;
use rand::RngExt;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::connect::{self, ConnectOptions};
use crate::cql::{Cql, Statement};
use crate::{OpenError, columns::limit};
use lock::{Holder, Lock};

/// The tables, version by version. A version that was published never changes.
const VERSIONS: &[&str] = &[
    include_str!("../schema/001_log.cql"),
    include_str!("../schema/002_projection.cql"),
    include_str!("../schema/003_people.cql"),
    include_str!("../schema/004_erasures.cql"),
];
/// How long to wait for another's lock: it ends by itself before.
const WAIT_FOR_LOCK: Duration = Duration::from_secs(180);
/// How long a table may be listed and not be there.
const WAIT_FOR_TABLE: Duration = Duration::from_secs(10);
/// How long a store may fail to answer: one whose nodes are just starting settles within it.
const KEEP_TRYING: Duration = Duration::from_secs(120);
/// How often to look whether another's work is done.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

static VERSION: Statement = Statement::new(
    "schema_version",
    "SELECT version FROM schema_version WHERE name = 'tables'",
);
static LOCK_TABLE: Statement = Statement::new(
    "schema_table",
    "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'schema_version'",
);
static SET_VERSION: Statement = Statement::new(
    "schema_set_version",
    "UPDATE schema_version SET version = ? WHERE name = 'tables' IF version = ?",
);
static SET: Statement = Statement::new(
    "setting_write",
    "INSERT INTO settings (name, value) VALUES (?, ?) IF NOT EXISTS",
);

/// What the keyspace shall be.
#[derive(Debug, Clone)]
pub struct SchemaOptions {
    /// Copies by datacenter.
    pub replication: BTreeMap<String, u8>,
    /// Events per bucket: written once, compared ever after.
    pub bucket_events: u64,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaReport {
    /// The version of the tables before; 0 if there were none.
    pub from: u32,
    /// The version now.
    pub to: u32,
    /// Whether the keyspace was made.
    pub keyspace_created: bool,
}

/// Makes the keyspace and brings its tables to the version of this program. Idempotent; two at once are safe; nothing is
/// ever dropped or emptied. A store that was reached and then does not answer is asked again for two minutes.
///
/// # Errors
/// [`OpenError`] says what an operator can do. Whatever was done stays, and calling again goes on from there.
pub async fn apply_schema(
    connect: &ConnectOptions,
    options: &SchemaOptions,
) -> Result<SchemaReport, OpenError> {
    let cql = connect::connect(connect).await?;
    let mut holder = Holder::new();
    let began = Instant::now();
    loop {
        match apply(&cql, &connect.keyspace, options, &mut holder).await {
            Err(error) if may_pass(&error, began.elapsed()) => {
                tracing::warn!(%error, "changing the schema is tried again");
                sleep(LOOK_AGAIN).await;
            }
            done => return done,
        }
    }
}

/// Whether the next attempt may succeed after so long.
fn may_pass(error: &OpenError, tried_for: Duration) -> bool {
    match error {
        OpenError::Store(StoreError::Unavailable(_) | StoreError::Unknown(_)) => {
            tried_for < KEEP_TRYING
        }
        // A node that does not know a table that was just made refuses what is asked of it.
        OpenError::NoTransactions { .. } => tried_for < WAIT_FOR_TABLE,
        _ => false,
    }
}

/// One attempt. `holder` names who holds the lock, the same in every attempt until it was given back: one that was taken
/// without an answer is our own.
async fn apply(
    cql: &Cql,
    keyspace: &str,
    options: &SchemaOptions,
    holder: &mut Holder,
) -> Result<SchemaReport, OpenError> {
    let keyspace_created = keyspace::make(cql, keyspace, options).await?;
    if !has_lock_table(cql, keyspace).await? {
        make_lock_table(cql, keyspace).await?;
    }
    connect::enter(cql, keyspace).await?;
    wait_for_lock_table(cql).await?;
    let from = migrate(cql, options, holder).await?;
    transactions::prepare(cql).await?;
    connect::check_bucket_events(cql, options.bucket_events).await?;
    Ok(SchemaReport {
        from,
        to: newest(),
        keyspace_created,
    })
}

/// Whether the tables are of this program's version.
pub(crate) async fn check_version(cql: &Cql, keyspace: &str) -> Result<(), OpenError> {
    let missing = || OpenError::SchemaMissing {
        keyspace: keyspace.to_owned(),
    };
    if !has_lock_table(cql, keyspace).await? {
        return Err(missing());
    }
    match version(cql).await? {
        0 => Err(missing()),
        found if found == newest() => Ok(()),
        found => Err(wrong_version(found)),
    }
}

fn newest() -> u32 {
    u32::try_from(VERSIONS.len()).expect("a handful of versions")
}

fn wrong_version(found: u32) -> OpenError {
    let needed = newest();
    OpenError::SchemaVersion { found, needed }
}

async fn version(cql: &Cql) -> Result<u32, OpenError> {
    let row = cql.one_serial::<(Option<i32>,)>(&VERSION, ()).await?;
    let version = row.and_then(|(version,)| version).unwrap_or(0);
    Ok(u32::try_from(version).unwrap_or(0))
}

async fn has_lock_table(cql: &Cql, keyspace: &str) -> Result<bool, OpenError> {
    let row = cql.one::<(String,)>(&LOCK_TABLE, (keyspace,)).await?;
    Ok(row.is_some())
}

async fn make_lock_table(cql: &Cql, keyspace: &str) -> Result<(), OpenError> {
    let text = format!(
        "CREATE TABLE IF NOT EXISTS {keyspace}.schema_version \
         (name text PRIMARY KEY, version int, holder uuid) WITH id = {}",
        lock_table_id(keyspace)
    );
    change(cql, &text).await
}

/// A table that somebody else is just making is listed a moment before it can be used.
async fn wait_for_lock_table(cql: &Cql) -> Result<(), OpenError> {
    let deadline = Instant::now() + WAIT_FOR_TABLE;
    loop {
        match version(cql).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => sleep(LOOK_AGAIN).await,
        }
    }
}

/// The identity of a keyspace's lock table: the same for whoever makes it, another one for every keyspace.
fn lock_table_id(keyspace: &str) -> Uuid {
    // FNV-1a over 128 bits: stable over versions of this program and of its compiler.
    let hash = keyspace.bytes().fold(
        0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128,
        |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b),
    );
    uuid::Builder::from_custom_bytes(hash.to_be_bytes()).into_uuid()
}

/// Brings the tables to the newest version; answers which they had.
async fn migrate(
    cql: &Cql,
    options: &SchemaOptions,
    holder: &mut Holder,
) -> Result<u32, OpenError> {
    let deadline = Instant::now() + WAIT_FOR_LOCK;
    loop {
        let from = version(cql).await?;
        if from == newest() {
            return Ok(from);
        }
        if from > newest() {
            return Err(wrong_version(from));
        }
        if let Some(lock) = Lock::take(cql, holder).await? {
            let migrated = lock.migrate(options).await;
            lock.release().await;
            return migrated;
        }
        if Instant::now() > deadline {
            return Err(OpenError::SchemaLocked);
        }
        sleep(LOOK_AGAIN.mul_f64(rand::rng().random_range(0.5..1.5))).await;
    }
}

impl Lock<'_> {
    async fn migrate(&self, options: &SchemaOptions) -> Result<u32, OpenError> {
        let from = version(self.cql).await?;
        for (number, text) in (1_u32..).zip(VERSIONS).skip(from as usize) {
            for statement in statements(text) {
                self.keep().await?;
                change(self.cql, &statement).await?;
            }
            if number == 1 {
                self.write_settings(options).await?;
            }
            let before = (number > 1).then_some(limit(number as usize - 1));
            let values = (limit(number as usize), before);
            let answer = self.cql.conditional(&SET_VERSION, values).await?;
            if !answer.applied {
                return Err(OpenError::SchemaLocked);
            }
            tracing::info!(version = number, "the tables are of a new version");
        }
        Ok(from)
    }

    async fn write_settings(&self, options: &SchemaOptions) -> Result<(), OpenError> {
        let bucket_events = options.bucket_events.to_string();
        let deployment = Uuid::new_v4().to_string();
        for (name, value) in [("bucket_events", bucket_events), ("deployment", deployment)] {
            self.cql.conditional(&SET, (name, value)).await?;
        }
        Ok(())
    }
}

/// The statements of a file, without comments.
fn statements(text: &str) -> Vec<String> {
    let without_comments: Vec<&str> = text
        .lines()
        .map(|line| line.split_once("--").map_or(line, |(code, _)| code))
        .collect();
    let code = without_comments.join("\n");
    let statements = code.split(';').map(str::trim);
    statements
        .filter(|statement| !statement.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Runs one change of the schema and waits until all nodes have it.
async fn change(cql: &Cql, text: &str) -> Result<(), OpenError> {
    match cql.session().query_unpaged(text, ()).await {
        Ok(_) => Ok(()),
        Err(ExecutionError::LastAttemptError(RequestAttemptError::DbError(
            DbError::Unauthorized | DbError::SyntaxError | DbError::Invalid,
            reason,
        ))) => Err(OpenError::Options(format!(
            "the store refuses to change its schema: {reason}"
        ))),
        // Copies are nearly all that can be configured here.
        Err(ExecutionError::LastAttemptError(RequestAttemptError::DbError(
            DbError::ConfigError,
            reason,
        ))) => Err(OpenError::Options(format!(
            "the store refuses to change its schema: {reason}; compare `store.replication` with its datacenters, and \
             with how many nodes and racks each has"
        ))),
        Err(error) => Err(StoreError::Unavailable(error.to_string()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_of_every_version_can_be_repeated() {
        for text in VERSIONS {
            let statements = statements(text);
            assert!(!statements.is_empty());
            for statement in statements {
                assert!(
                    statement.starts_with("CREATE TABLE IF NOT EXISTS"),
                    "{statement}"
                );
            }
        }
    }

    #[test]
    fn the_lock_table_of_a_keyspace_is_always_the_same() {
        assert_eq!(lock_table_id("parlour"), lock_table_id("parlour"));
        assert_ne!(lock_table_id("parlour"), lock_table_id("parlour2"));
    }
}
