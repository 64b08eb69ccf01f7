//! From the operator's configuration to the options of store and bus.

use std::sync::Arc;

use parlour_bus_redis::{Credentials as BusCredentials, Topology};
use parlour_model::limits;
use parlour_store_scylla::{ConnectOptions, Credentials as StoreCredentials, SchemaOptions};
use rustls::ClientConfig;
use secrecy::SecretString;

use crate::config::{BusConfig, StoreConfig};
use crate::{Config, tls};

/// How to reach the store; reads the files of password and certificates.
pub(super) fn store(config: &StoreConfig) -> anyhow::Result<ConnectOptions> {
    let credentials = config.login()?.map(|login| StoreCredentials {
        username: login.username.unwrap_or_default(),
        password: SecretString::from(login.password.expose().to_owned()),
    });
    Ok(ConnectOptions {
        hosts: config.hosts.clone(),
        keyspace: config.keyspace.clone(),
        datacenter: config.datacenter.clone(),
        credentials,
        tls: store_tls(config)?,
    })
}

/// What the tables are made with.
pub(super) fn schema(config: &StoreConfig) -> SchemaOptions {
    SchemaOptions {
        replication: config.replication.clone(),
        bucket_events: limits::BUCKET_EVENTS,
    }
}

/// Where Redis is.
pub(super) fn topology(config: &BusConfig) -> Topology {
    match config.hosts.as_slice() {
        [only] if !config.cluster => Topology::One(only.clone()),
        hosts => Topology::Cluster(hosts.to_vec()),
    }
}

/// How to sign in to Redis, if at all; reads the password's file.
pub(super) fn bus_credentials(config: &BusConfig) -> anyhow::Result<Option<BusCredentials>> {
    Ok(config.login()?.map(|login| BusCredentials {
        username: login.username,
        password: SecretString::from(login.password.expose().to_owned()),
    }))
}

/// How connections to Redis are encrypted, if at all; reads the certificates.
pub(super) fn bus_tls(config: &BusConfig) -> anyhow::Result<Option<Arc<ClientConfig>>> {
    let ca_file = config.tls_ca_file.as_deref();
    let wanted = config.tls.then(|| tls::client("bus", ca_file));
    wanted.transpose()
}

fn store_tls(config: &StoreConfig) -> anyhow::Result<Option<Arc<ClientConfig>>> {
    let ca_file = config.tls_ca_file.as_deref();
    let wanted = config.tls.then(|| tls::client("store", ca_file));
    wanted.transpose()
}

/// Reads every file that the configuration names, and keeps nothing.
pub(super) fn check_files(config: &Config) -> anyhow::Result<()> {
    store(&config.store)?;
    bus_credentials(&config.bus)?;
    bus_tls(&config.bus)?;
    Ok(())
}
