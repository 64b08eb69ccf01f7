//! Limits that hold over all nodes, by Redis' clock.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parlour_bus::{BusError, Quota, Quotas, Taken};

use crate::RedisBus;
use crate::keys;
use crate::script::TAKE_UNIT;
use crate::session::{self, Repeat};

#[async_trait]
impl Quotas for RedisBus {
    async fn take(&self, key: &str, quota: Quota) -> Result<Taken, BusError> {
        let (session, _) = self.core().usable()?;
        let times = [quota.interval(), quota.refill()];
        let args = times.map(|time| Bytes::from(time.as_micros().to_string()));
        let key = keys::quota(key);
        let answer = session
            .run(&TAKE_UNIT, &[&key], args.into(), Repeat::No)
            .await?;
        let wait = session::number(&answer);
        let wait = wait.ok_or_else(|| BusError::Unavailable("a quota is no number".to_owned()))?;
        Ok(match wait {
            0 => Taken::Yes,
            micros => Taken::No {
                retry_after: Duration::from_micros(micros),
            },
        })
    }
}
