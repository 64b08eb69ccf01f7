//! [`Claims`]: a row per name; whoever writes it first owns it until it ends by itself.
//!
//! A claim whose answer was lost is settled by asking again: the same claim of the same owner may be written any
//! number of times, and a read at `LOCAL_SERIAL` says who was first.

use std::time::Duration;

use async_trait::async_trait;
use parlour_store::{Claim, ClaimSpace, Claims, StoreError};

use crate::ScyllaStore;
use crate::columns::{int, number};
use crate::cql::Statement;

/// How often a claim is tried when its answers are lost or the name changes state meanwhile.
const TRIES_MAX: usize = 4;
/// The longest time to live that a cell can have: 20 years.
const TTL_SECONDS_MAX: u64 = 630_720_000;

static CLAIM: Statement = Statement::new(
    "claims_claim",
    "INSERT INTO claims (space, name, owner) VALUES (?, ?, ?) IF NOT EXISTS USING TTL ?",
);
static EXTEND: Statement = Statement::new(
    "claims_extend",
    "UPDATE claims USING TTL ? SET owner = ? WHERE space = ? AND name = ? IF owner = ?",
);
static OWNER: Statement = Statement::new(
    "claims_owner",
    "SELECT owner FROM claims WHERE space = ? AND name = ?",
);

#[async_trait]
impl Claims for ScyllaStore {
    async fn claim(
        &self,
        space: ClaimSpace,
        name: &str,
        owner: u64,
        ttl: Option<Duration>,
    ) -> Result<Claim, StoreError> {
        let (space, ttl) = (space.as_str(), seconds(ttl));
        self.settle(|tries| async move {
            for _ in 0..TRIES_MAX {
                let values = (space, name, int(owner), ttl);
                if tries.applies(&CLAIM, values).await? {
                    return Ok(Claim::Won);
                }
                let found: Option<(Option<i64>,)> =
                    self.cql.one_serial(&OWNER, (space, name)).await?;
                match found.and_then(|(owner,)| owner) {
                    Some(other) if other != int(owner) => return Ok(Claim::Taken(number(other)?)),
                    // The owner's again, and as long as they ask for now.
                    Some(_) => {
                        let values = (ttl, int(owner), space, name, int(owner));
                        if tries.applies(&EXTEND, values).await? {
                            return Ok(Claim::Won);
                        }
                    }
                    // The answer was lost and the claim with it, or it has just ended.
                    None => {}
                }
            }
            Err(StoreError::Unknown(format!("the claim of {name}")))
        })
        .await
    }

    async fn owner(&self, space: ClaimSpace, name: &str) -> Result<Option<u64>, StoreError> {
        let found: Option<(Option<i64>,)> = self.cql.one(&OWNER, (space.as_str(), name)).await?;
        found.and_then(|(owner,)| owner).map(number).transpose()
    }
}

/// A time to live as a statement takes it: whole seconds, zero for none.
fn seconds(ttl: Option<Duration>) -> i32 {
    let Some(ttl) = ttl else { return 0 };
    let rounded_up = u64::from(ttl.subsec_nanos() > 0);
    let seconds = ttl.as_secs().saturating_add(rounded_up);
    i32::try_from(seconds.clamp(1, TTL_SECONDS_MAX)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_live_is_never_rounded_down_to_none() {
        assert_eq!(seconds(None), 0);
        assert_eq!(seconds(Some(Duration::ZERO)), 1);
        assert_eq!(seconds(Some(Duration::from_millis(1_001))), 2);
        assert_eq!(seconds(Some(Duration::MAX)), 630_720_000);
    }
}
