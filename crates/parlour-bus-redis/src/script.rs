//! The scripts that run inside Redis.
//!
//! Numbers in scripts are doubles, so whatever may exceed 2^53 is handled as text.

use std::sync::LazyLock;

use fred::util::sha1_hash;

/// A script and the name under which Redis remembers it.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) source: &'static str,
    pub(crate) digest: String,
}

macro_rules! scripts {
    ($($name:ident = $file:literal),* $(,)?) => {
        $(pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!(concat!("scripts/", $file))));)*
    };
}

scripts! {
    PUBLISH = "publish.lua",
    TAKE_LEASE = "take_lease.lua",
    RENEW_LEASE = "renew_lease.lua",
    END_LEASE = "end_lease.lua",
    LIVE_NODES = "live_nodes.lua",
    REGISTER = "register.lua",
    SETTLE = "settle.lua",
    TAKE_UNIT = "take_unit.lua",
}

impl Script {
    fn new(source: &'static str) -> Self {
        Self {
            source,
            digest: sha1_hash(source),
        }
    }
}
