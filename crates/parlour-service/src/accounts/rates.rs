//! How often somebody may try a password or register.
//!
//! Every limit is held twice: by this node, which refuses without asking anybody, and by all nodes together. While the
//! other nodes cannot be asked, each node's own limit stands alone, so an outage loosens a limit at most to once per node.
//! Where there is one node, both say the same.

use std::sync::Arc;

use parlour_delivery::{Delivery, Quota, Taken};
use parlour_model::{Clock, UserName};

use super::limiter::{HeldBy, Limiter, too_often};
use super::pseudonyms::Pseudonyms;
use super::{Rate, RateSettings};
use crate::ServiceError;

/// Where a request comes from, as far as rates are concerned: an address as text, chosen by the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin with this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

/// All rates of accounts.
pub(super) struct Rates {
    delivery: Delivery,
    pseudonyms: Pseudonyms,
    checks_per_username_and_origin: Option<Limit>,
    checks_per_username: Option<Limit>,
    logins_per_origin: Option<Limit>,
    registrations_per_origin: Option<Limit>,
}

/// One rate, held here and everywhere.
struct Limit {
    /// Keeps its keys apart from those of other limits.
    name: &'static str,
    here: Limiter,
    everywhere: Quota,
}

impl Rates {
    /// The configured rates, by `clock` here and by the bus everywhere.
    pub(super) fn new(
        settings: &RateSettings,
        clock: &Arc<dyn Clock>,
        (delivery, pseudonyms): (Delivery, Pseudonyms),
    ) -> Self {
        let limit = |name, rate: Option<Rate>| rate.map(|rate| Limit::new(name, rate, clock));
        Self {
            delivery,
            pseudonyms,
            checks_per_username_and_origin: limit(
                "checks-name-origin",
                settings.checks_per_username_and_origin,
            ),
            checks_per_username: limit("checks-name", settings.checks_per_username),
            logins_per_origin: limit("logins", settings.logins_per_origin),
            registrations_per_origin: limit("registrations", settings.registrations_per_origin),
        }
    }

    /// Takes one login by `name` from `origin`. The origin first, the name last: nobody is to use up a stranger's name by
    /// what they were refused themselves.
    pub(super) async fn take_login(
        &self,
        name: &UserName,
        origin: &Origin,
    ) -> Result<(), ServiceError> {
        let (name, origin) = (name.as_str(), origin.0.as_str());
        self.take(self.logins_per_origin.as_ref(), &[origin])
            .await?;
        let pair = &[name, origin];
        self.take(self.checks_per_username_and_origin.as_ref(), pair)
            .await?;
        self.take(self.checks_per_username.as_ref(), &[name]).await
    }

    /// Takes one password check of `name` by somebody who is signed in as them. That is an origin of its own, so that
    /// strangers cannot use it up.
    pub(super) async fn take_password_check(&self, name: &UserName) -> Result<(), ServiceError> {
        let alone = &[name.as_str()];
        self.take(self.checks_per_username_and_origin.as_ref(), alone)
            .await
    }

    /// Takes one registration from `origin`.
    pub(super) async fn take_registration(&self, origin: &Origin) -> Result<(), ServiceError> {
        let origin = &[origin.0.as_str()];
        self.take(self.registrations_per_origin.as_ref(), origin)
            .await
    }

    async fn take(&self, limit: Option<&Limit>, whose: &[&str]) -> Result<(), ServiceError> {
        let Some(limit) = limit else { return Ok(()) };
        limit.here.take(whose)?;
        let key = self.pseudonyms.of(limit.name, whose);
        match self.delivery.take_shared(&key, limit.everywhere).await {
            None | Some(Taken::Yes) => Ok(()),
            Some(Taken::No { retry_after }) => Err(too_often(retry_after, HeldBy::AllNodes)),
        }
    }
}

impl Limit {
    fn new(name: &'static str, rate: Rate, clock: &Arc<dyn Clock>) -> Self {
        Self {
            name,
            here: Limiter::new(rate, clock),
            everywhere: Quota {
                burst: rate.burst.get(),
                per_minute: rate.per_minute.get(),
            },
        }
    }
}
