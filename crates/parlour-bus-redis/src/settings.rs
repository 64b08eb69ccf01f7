//! How connections to Redis are made: where to, who as, how patiently.

use std::time::Duration;

use fred::clients::Client;
use fred::types::RespVersion;
use fred::types::config::{
    ClusterDiscoveryPolicy, Config, ConnectionConfig, PerformanceConfig, ReconnectPolicy, Server,
    ServerConfig, TcpConfig, TlsConfig, TlsHostMapping, UnresponsiveConfig,
};
use secrecy::ExposeSecret;

use crate::{JoinError, Options, Topology};

/// How long Redis may take to answer.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_millis(1_500);
/// Packs that were read and wait for the task that hands them on.
const READ_PACKS_MAX: usize = 65_536;
/// Commands that wait for the connection.
const COMMANDS_WAITING_MAX: usize = 16_384;

/// How sessions are made.
#[derive(Debug)]
pub(crate) struct Settings {
    config: Config,
}

impl Settings {
    pub(crate) fn new(options: &Options) -> Result<Self, JoinError> {
        let (server, hostnames) = match &options.topology {
            Topology::One(host) => (
                ServerConfig::Centralized {
                    server: server(host)?,
                },
                TlsHostMapping::None,
            ),
            Topology::Cluster(hosts) => (
                ServerConfig::Clustered {
                    hosts: hosts
                        .iter()
                        .map(|host| server(host))
                        .collect::<Result<_, _>>()?,
                    policy: ClusterDiscoveryPolicy::UseCache,
                },
                TlsHostMapping::DefaultHost,
            ),
        };
        let credentials = options.credentials.as_ref();
        let tls = options.tls.as_ref().map(|tls| TlsConfig {
            connector: rustls::ClientConfig::clone(tls).into(),
            hostnames,
        });
        Ok(Self {
            config: Config {
                fail_fast: false,
                server,
                version: RespVersion::RESP3,
                username: credentials.and_then(|credentials| credentials.username.clone()),
                password: credentials
                    .map(|credentials| credentials.password.expose_secret().to_owned()),
                tls,
                ..Config::default()
            },
        })
    }

    /// A client that has not begun to connect.
    pub(crate) fn client(&self) -> Client {
        let performance = PerformanceConfig {
            default_command_timeout: ANSWER_WITHIN,
            // queue: packs read from Redis
            broadcast_channel_capacity: READ_PACKS_MAX,
            ..PerformanceConfig::default()
        };
        let connection = ConnectionConfig {
            connection_timeout: ANSWER_WITHIN,
            internal_command_timeout: ANSWER_WITHIN,
            // queue: commands waiting for Redis
            max_command_buffer_len: COMMANDS_WAITING_MAX,
            unresponsive: UnresponsiveConfig {
                max_timeout: Some(Duration::from_secs(3)),
                interval: Duration::from_secs(1),
            },
            tcp: TcpConfig {
                nodelay: Some(true),
                ..TcpConfig::default()
            },
            ..ConnectionConfig::default()
        };
        let mut policy = ReconnectPolicy::new_exponential(0, 20, 2_000, 2);
        policy.set_jitter(30);
        Client::new(
            self.config.clone(),
            Some(performance),
            Some(connection),
            Some(policy),
        )
    }
}

/// `host:port`, where the host may be an IPv6 address in brackets.
fn server(address: &str) -> Result<Server, JoinError> {
    let parts = address.rsplit_once(':');
    let parts = parts.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    let wrong = || JoinError::Address(address.to_owned());
    let (host, port) = parts
        .filter(|(host, _)| !host.is_empty())
        .ok_or_else(wrong)?;
    Ok(Server::new(host.trim_matches(['[', ']']), port))
}
