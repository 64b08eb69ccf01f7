//! From the operator's configuration to the settings of each part.

use std::time::Duration;

use parlour_gateway::{GatewayLimits, ProxyNetwork, TrustedProxies};
use parlour_service::{AccountSettings, Rate, RateSettings};

use crate::Config;
use crate::config::Registration;

/// Settings of the accounts.
pub(crate) fn accounts(config: &Config) -> AccountSettings {
    let per_minute = |count: u32| Some(Rate::new(count, count));
    AccountSettings {
        issuer: config.tokens.issuer.clone(),
        access_token_lifetime: Duration::from_secs(config.tokens.access_seconds),
        key_rotation: Duration::from_secs(config.tokens.key_rotation_hours * 3_600),
        registration_open: config.registration == Registration::Open,
        rates: RateSettings {
            logins_per_origin: per_minute(config.limits.logins_per_minute),
            registrations_per_origin: per_minute(config.limits.registrations_per_minute),
            ..RateSettings::default()
        },
        ..AccountSettings::default()
    }
}

/// What the gateway accepts.
pub(crate) fn gateway(config: &Config) -> GatewayLimits {
    GatewayLimits {
        connections: config.limits.connections,
        connects_per_second: config.limits.connects_per_second,
        frames_per_second: config.limits.frames_per_second,
        frames_burst: config.limits.frames_burst,
        requests_per_second: config.limits.requests_per_second,
        requests_burst: config.limits.requests_burst,
        trusted_proxies: TrustedProxies::new(trusted(config)),
        ..GatewayLimits::default()
    }
}

/// The proxies whose word is believed. The configuration was checked: what is none is not in it.
fn trusted(config: &Config) -> Vec<ProxyNetwork> {
    let networks = config.trusted_proxies.iter();
    networks.filter_map(|text| text.parse().ok()).collect()
}
