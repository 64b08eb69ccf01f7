//! What types cannot say about a configuration.

use parlour_gateway::ProxyNetwork;

use super::{Config, ConfigError, StoreKind};

impl Config {
    /// Checks what types cannot say.
    ///
    /// # Errors
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        let distinct = self.listen != self.admin_listen || self.listen.port() == 0;
        require(
            distinct,
            "admin_listen",
            "must not be the same address as `listen`",
        )?;
        let access = (60..=3_600).contains(&self.tokens.access_seconds);
        require(access, "tokens.access_seconds", "must be 60 to 3600")?;
        require(
            self.tokens.key_rotation_hours >= 1,
            "tokens.key_rotation_hours",
            "must be at least 1",
        )?;
        require(
            !self.tokens.issuer.is_empty(),
            "tokens.issuer",
            "must not be empty",
        )?;
        require(
            self.drain_seconds <= 600,
            "drain_seconds",
            "must be at most 600",
        )?;
        for origin in &self.origins {
            let plain = origin
                .split_once("://")
                .is_some_and(|(_, host)| !host.contains('/'));
            require(
                plain,
                "origins",
                "must be like `https://chat.example.org`, without a path",
            )?;
        }
        for proxy in &self.trusted_proxies {
            let must = "must be addresses or networks like `10.0.0.0/8`";
            let readable = proxy.parse::<ProxyNetwork>().is_ok();
            require(readable, "trusted_proxies", must)?;
        }
        self.limits.check()?;
        self.whole_cluster()?;
        self.store.check()?;
        self.bus.check()
    }

    /// A shared store needs a shared bus, and the other way round.
    fn whole_cluster(&self) -> Result<(), ConfigError> {
        match (self.store.kind, self.bus.is_redis()) {
            (StoreKind::Embedded, false) | (StoreKind::Scylla, true) => Ok(()),
            (StoreKind::Scylla, false) => Err(ConfigError::value(
                "bus.kind",
                "must be `redis`, because `store.kind` is `scylla`: nodes that share a store reach each other over \
                 Redis. Set `bus.kind` and `bus.hosts`",
            )),
            (StoreKind::Embedded, true) => Err(ConfigError::value(
                "store.kind",
                "must be `scylla`, because `bus.kind` is `redis`: a local folder cannot be shared by the nodes of a \
                 cluster. Set `store.kind`, `store.hosts` and `store.replication`, or leave `bus.kind` out for one \
                 node alone",
            )),
        }
    }
}

/// Refuses `key` with the sentence `must` unless it `holds`.
pub(super) fn require(
    holds: bool,
    key: &'static str,
    must: impl Into<String>,
) -> Result<(), ConfigError> {
    if holds {
        Ok(())
    } else {
        Err(ConfigError::value(key, must))
    }
}

/// Whether this is `host:port` with a port that can be dialled.
pub(super) fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let plain = !host.is_empty() && (bracketed || !host.contains(':'));
        plain && !host.contains(['/', '@', ' ']) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}
