//! Reaching the store: hosts, TLS, credentials, and the facts of the deployment that hold for every node.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parlour_store::StoreError;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::OpenError;
use crate::columns::corrupt;
use crate::cql::{Cql, CqlError, Statement};
use crate::schema;

/// How long one TCP and TLS connection may take to come up.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long reaching the cluster may take in all.
const REACH_WITHIN: Duration = Duration::from_secs(30);
/// Silence after which a connection is probed, and how long the probe may take.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(5));

/// How often to ask while nobody answers.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

static ALIVE: Statement = Statement::new("alive", "SELECT release_version FROM system.local");
static REPLICATION: Statement = Statement::new(
    "replication",
    "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?",
);
static SETTING: Statement = Statement::new("setting", "SELECT value FROM settings WHERE name = ?");

/// Where the store is and who asks.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Some nodes of the cluster, each `host:port`; the others are found through them.
    pub hosts: Vec<String>,
    /// The keyspace: a lower-case letter, then up to 47 lower-case letters, digits and `_`.
    pub keyspace: String,
    /// The datacenter whose nodes are asked; `None` if there is only one.
    pub datacenter: Option<String>,
    /// User and password, where the store wants them.
    pub credentials: Option<Credentials>,
    /// TLS to the store; `None` speaks plainly.
    pub tls: Option<Arc<rustls::ClientConfig>>,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// A connection to a store whose tables are there. Clones share it.
#[derive(Debug, Clone)]
pub struct Connection {
    pub(crate) cql: Cql,
    keyspace: String,
    deployment: Uuid,
}

impl Connection {
    /// Connects, and checks keyspace and version of the tables.
    ///
    /// # Errors
    /// [`OpenError`] says what an operator can do; after [`OpenError::Unreachable`] and [`OpenError::Store`] the
    /// same call may succeed.
    pub async fn open(options: ConnectOptions) -> Result<Self, OpenError> {
        let cql = connect(&options).await?;
        let keyspace = options.keyspace;
        if replication(&cql, &keyspace).await?.is_none() {
            return Err(OpenError::SchemaMissing { keyspace });
        }
        enter(&cql, &keyspace).await?;
        schema::check_version(&cql, &keyspace).await?;
        let deployment = setting(&cql, "deployment").await?;
        let deployment = deployment
            .parse()
            .map_err(|_| corrupt(format!("the deployment {deployment} is no UUID")))?;
        Ok(Self {
            cql,
            keyspace,
            deployment,
        })
    }

    /// The name of this deployment: random, written once when its tables were made.
    #[must_use]
    pub fn deployment(&self) -> Uuid {
        self.deployment
    }

    /// Compares what the store has with what this node is configured to use.
    pub(crate) async fn check(
        &self,
        configured: &BTreeMap<String, u8>,
        bucket_events: u64,
    ) -> Result<(), OpenError> {
        let found = replication(&self.cql, &self.keyspace).await?;
        check_replication(&self.keyspace, found.unwrap_or_default(), configured)?;
        check_bucket_events(&self.cql, bucket_events).await
    }
}

/// Opens a session outside of any keyspace.
pub(crate) async fn connect(options: &ConnectOptions) -> Result<Cql, OpenError> {
    check_name(&options.keyspace)?;
    if options.hosts.is_empty() {
        let reason = "name at least one node of the store in `store.hosts`";
        return Err(OpenError::Options(reason.to_owned()));
    }
    let mut builder = SessionBuilder::new()
        .known_nodes(&options.hosts)
        .keyspaces_to_fetch([&options.keyspace])
        .connection_timeout(CONNECT_WITHIN)
        .keepalive_interval(KEEPALIVE.0)
        .keepalive_timeout(KEEPALIVE.1)
        .tls_context(options.tls.clone());
    if let Some(datacenter) = &options.datacenter {
        builder = builder.prefer_datacenter(datacenter.clone());
    }
    if let Some(credentials) = &options.credentials {
        builder = builder.user(&credentials.username, credentials.password.expose_secret());
    }
    let unreachable = |reason: String| OpenError::Unreachable {
        hosts: options.hosts.join(", "),
        reason,
    };
    match tokio::time::timeout(REACH_WITHIN, builder.build()).await {
        Ok(Ok(session)) => {
            check_datacenter(options.datacenter.as_deref(), &datacenters(&session))?;
            let cql = Cql::new(session).background();
            let answered = answers(&cql).await;
            answered.map_err(|error| unreachable(error.to_string()))?;
            Ok(cql)
        }
        Ok(Err(error)) => Err(unreachable(error.to_string())),
        Err(_) => Err(unreachable(format!("no answer within {REACH_WITHIN:?}"))),
    }
}

/// The datacenters of all nodes that the store knows, also of those that are down.
fn datacenters(session: &Session) -> BTreeSet<String> {
    let cluster = session.get_cluster_state();
    let nodes = cluster.get_nodes_info().iter();
    nodes.filter_map(|node| node.datacenter.clone()).collect()
}

/// A request goes to no other datacenter: one that the store does not have would never be reached.
fn check_datacenter(named: Option<&str>, found: &BTreeSet<String>) -> Result<(), OpenError> {
    let Some(named) = named.filter(|named| !found.is_empty() && !found.contains(*named)) else {
        return Ok(());
    };
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    Err(OpenError::Options(format!(
        "`store.datacenter` is {named:?}, and the store has no such datacenter, but {:?}: name one of these, in the same \
         spelling, also in `store.replication`",
        found.join(", ")
    )))
}

/// Waits for the first answer: a session is there before the connections that it will use.
async fn answers(cql: &Cql) -> Result<(), CqlError> {
    let deadline = Instant::now() + CONNECT_WITHIN;
    loop {
        match cql.one::<(String,)>(&ALIVE, ()).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => sleep(LOOK_AGAIN).await,
        }
    }
}

/// Makes the keyspace the session's own.
pub(crate) async fn enter(cql: &Cql, keyspace: &str) -> Result<(), OpenError> {
    let entered = cql.session().use_keyspace(keyspace, false).await;
    entered.map_err(|error| StoreError::Unavailable(error.to_string()).into())
}

/// How a keyspace is replicated: copies by datacenter; `None` if there is no such keyspace.
pub(crate) async fn replication(
    cql: &Cql,
    keyspace: &str,
) -> Result<Option<BTreeMap<String, String>>, OpenError> {
    let row = cql
        .one::<(HashMap<String, String>,)>(&REPLICATION, (keyspace,))
        .await?;
    Ok(row.map(|(replication,)| replication.into_iter().collect()))
}

/// Compares the replication of a keyspace with the configured one.
pub(crate) fn check_replication(
    keyspace: &str,
    found: BTreeMap<String, String>,
    configured: &BTreeMap<String, u8>,
) -> Result<(), OpenError> {
    let by_topology = found
        .get("class")
        .is_some_and(|class| class.ends_with("NetworkTopologyStrategy"));
    let copies: BTreeMap<&str, Option<u8>> = found
        .iter()
        .filter(|(name, _)| *name != "class")
        .map(|(datacenter, copies)| (datacenter.as_str(), copies.parse().ok()))
        .collect();
    let wanted: BTreeMap<&str, Option<u8>> = configured
        .iter()
        .map(|(datacenter, copies)| (datacenter.as_str(), Some(*copies)))
        .collect();
    if by_topology && copies == wanted {
        return Ok(());
    }
    Err(OpenError::Replication {
        keyspace: keyspace.to_owned(),
        found,
        configured: configured.clone(),
    })
}

/// Compares the size of the buckets with the one of the deployment.
pub(crate) async fn check_bucket_events(cql: &Cql, configured: u64) -> Result<(), OpenError> {
    let text = setting(cql, "bucket_events").await?;
    let found = text
        .parse()
        .map_err(|_| corrupt(format!("{text} is no number of events")))?;
    if found == configured {
        Ok(())
    } else {
        Err(OpenError::BucketEvents { found, configured })
    }
}

async fn setting(cql: &Cql, name: &'static str) -> Result<String, StoreError> {
    let row = cql.one_serial::<(String,)>(&SETTING, (name,)).await?;
    row.map(|(value,)| value)
        .ok_or_else(|| corrupt(format!("the setting {name} is missing")))
}

fn check_name(keyspace: &str) -> Result<(), OpenError> {
    let starts = keyspace.starts_with(|c: char| c.is_ascii_lowercase());
    let made_of = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if starts && keyspace.len() <= 48 && keyspace.chars().all(made_of) {
        return Ok(());
    }
    Err(OpenError::Options(format!(
        "{keyspace:?} is no name of a keyspace: use a lower-case letter, then up to 47 lower-case letters, digits and `_`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyspace_has_a_plain_name() {
        for good in ["parlour", "p", "chat_2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "2x", "_x", "Parlour", "a-b", "a;b", &"x".repeat(49)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_datacenter_is_refused_when_the_store_is_known_to_have_others() {
        let found = BTreeSet::from(["east".to_owned(), "west".to_owned()]);
        assert!(check_datacenter(Some("east"), &found).is_ok());
        assert!(check_datacenter(None, &found).is_ok());
        let refused = check_datacenter(Some("East"), &found)
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("\"East\"") && refused.contains("\"east, west\""),
            "{refused}"
        );
        // The nodes have not said where they are: whether this is right will be seen.
        assert!(check_datacenter(Some("east"), &BTreeSet::new()).is_ok());
    }

    #[test]
    fn replication_is_compared_by_datacenter() {
        let found = |pairs: &[(&str, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            pairs.collect::<BTreeMap<_, _>>()
        };
        let configured = BTreeMap::from([("dc1".to_owned(), 3)]);
        let topology = (
            "class",
            "org.apache.cassandra.locator.NetworkTopologyStrategy",
        );
        let check = |pairs: &[(&str, &str)]| check_replication("k", found(pairs), &configured);
        assert!(check(&[topology, ("dc1", "3")]).is_ok());
        assert!(check(&[topology, ("dc1", "1")]).is_err());
        assert!(check(&[topology, ("dc1", "3"), ("dc2", "3")]).is_err());
        assert!(check(&[("class", "SimpleStrategy"), ("dc1", "3")]).is_err());
    }
}
