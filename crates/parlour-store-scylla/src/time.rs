//! What time it is for the store: the one clock that all nodes of a deployment can see.

use std::time::Duration;

use parlour_model::{Clock, Timestamp};
use scylla::value::CqlTimestamp;

use crate::cql::Statement;
use crate::{Connection, OpenError};

/// How many times the store is asked. Each answer may come from another of its nodes; one whose clock is wrong is outvoted.
const ASKED: usize = 7;

static TIME: Statement = Statement::new("time", "SELECT toTimestamp(now()) FROM system.local");

impl Connection {
    /// By how many milliseconds the store's clock is ahead of `clock`; negative if it is behind. The median of some
    /// answers, each right within half the time it took.
    ///
    /// # Errors
    /// [`OpenError::Store`] if the store does not answer.
    pub async fn is_ahead_of(&self, clock: &dyn Clock) -> Result<i64, OpenError> {
        let mut ahead = Vec::with_capacity(ASKED);
        while ahead.len() < ASKED {
            let asked = clock.now();
            let answer = self.cql.one::<(CqlTimestamp,)>(&TIME, ()).await?;
            let halfway = halfway(asked, clock.now());
            ahead.extend(answer.map(|(CqlTimestamp(time),)| time - signed(halfway)));
        }
        ahead.sort_unstable();
        Ok(ahead[ASKED / 2])
    }
}

fn halfway(from: Timestamp, to: Timestamp) -> Timestamp {
    let took = to.since(from).as_millis();
    let half = u64::try_from(took / 2).unwrap_or(u64::MAX);
    from.plus(Duration::from_millis(half))
}

fn signed(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
