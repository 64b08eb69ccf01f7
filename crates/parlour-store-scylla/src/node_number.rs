//! Leases of node numbers: no two nodes make ids with one number at the same time.
//!
//! Invariants:
//! - Only the `holder` cell ends by itself, a minute after it was written, wherever the limit of ids lies: a lease is
//!   kept by [`NodeLease::held_until`].
//! - `last_ms` stays and is the floor of whoever holds the number next: every renewal writes how far the holder's ids may
//!   go before it may make them, so ids of two holders are apart whatever their clocks say.
//! - Every claim and every renewal raises `last_ms`, so one that was not answered is told by it. A number that is taken
//!   and given back in a hurry moves it no further than needed: ids stay near the time of the clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parlour_model::{Clock, NodeNumber, Timestamp};
use parlour_store::StoreError;
use uuid::Uuid;

use crate::OpenError;
use crate::columns::{int, number};
use crate::connect::Connection;
use crate::cql::{Answer, Cql, CqlError, Statement, Values};

/// How long a number outlives its holder.
const LEASE: Duration = Duration::from_secs(60);
/// The same, as a statement takes it.
const LEASE_SECONDS: i32 = 60;
/// How far each grant lies above the one before at least: room for four million ids, should the clock be behind.
const STEP: Duration = Duration::from_secs(1);
/// There are as many numbers as ids have room for.
const NUMBERS: u16 = 1_024;

static ALL: Statement = Statement::new(
    "node_numbers",
    "SELECT number, holder, last_ms FROM node_numbers WHERE part = 0",
);
static HOLD: Statement = Statement::new(
    "node_number_hold",
    "UPDATE node_numbers USING TTL ? SET holder = ? WHERE part = 0 AND number = ? IF holder = ?",
);
static RAISE: Statement = Statement::new(
    "node_number_raise",
    "UPDATE node_numbers SET last_ms = ? WHERE part = 0 AND number = ? IF last_ms = ?",
);
static GIVE_BACK: Statement = Statement::new(
    "node_number_give_back",
    "DELETE holder FROM node_numbers WHERE part = 0 AND number = ? IF holder = ?",
);

type NumberRow = (i16, Option<String>, Option<i64>);

/// A node number that is this node's alone until [`NodeLease::held_until`], with ids that are its own up to
/// [`NodeLease::until`].
#[derive(Debug)]
pub struct NodeLease {
    cql: Cql,
    clock: Arc<dyn Clock>,
    holder: String,
    number: NodeNumber,
    floor: Timestamp,
    until: Timestamp,
    held_until: Timestamp,
}

impl Connection {
    /// Leases the lowest free node number for a minute. `holder` is what operators read beside it; two calls with one
    /// holder are two leases.
    ///
    /// # Errors
    /// [`OpenError::NumbersTaken`] when none is free; after [`OpenError::Store`] call again.
    pub async fn lease_node_number(
        &self,
        holder: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<NodeLease, OpenError> {
        let cql = self.cql.background();
        // A name that nobody else has: one lease never mistakes another for itself.
        let holder = format!("{holder} {}", Uuid::new_v4());
        let taken = numbers(&cql).await?;
        for candidate in (0..NUMBERS).filter_map(NodeNumber::new) {
            let last = match taken.get(&candidate.get()) {
                Some((Some(_), _)) => continue,
                Some((None, last)) => *last,
                None => None,
            };
            let floor = last.unwrap_or_default();
            let mut lease = NodeLease {
                cql: cql.clone(),
                clock: Arc::clone(&clock),
                holder: holder.clone(),
                number: candidate,
                floor,
                until: floor,
                held_until: clock.now(),
            };
            if lease.claim(last).await? {
                return Ok(lease);
            }
        }
        Err(OpenError::NumbersTaken)
    }
}

impl NodeLease {
    /// The number.
    #[must_use]
    pub fn number(&self) -> NodeNumber {
        self.number
    }

    /// An earlier holder may have made ids up to here: the first id lies above.
    #[must_use]
    pub fn floor(&self) -> Timestamp {
        self.floor
    }

    /// No id may carry a later time before the lease is renewed.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// No other node takes the number before. It is earlier than [`NodeLease::until`] where an earlier holder's clock was
    /// ahead, and renewals go by it.
    #[must_use]
    pub fn held_until(&self) -> Timestamp {
        self.held_until
    }

    /// Prolongs the lease by a minute from now and answers up to when ids may be made. Three times a minute is often
    /// enough. A lease that ran out is taken back if nobody has held the number since.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: the lease has run out, and another has held the number; lease a new one. After every
    /// other error the lease is as good as before: call again.
    pub async fn renew(&mut self) -> Result<Timestamp, StoreError> {
        let (until, held_until) = self.next();
        let answer = self.write(Some(&self.holder), Some(self.until), until);
        match answer.await {
            Ok(answer) if answer.applied => {}
            Ok(_) | Err(CqlError::Unknown(_)) => self.settle(until).await?,
            Err(error) => return Err(error.into()),
        }
        (self.until, self.held_until) = (until, held_until);
        Ok(until)
    }

    /// Gives the number back, so that the next node need not wait. A number that could not be given back is free in a
    /// minute.
    pub async fn release(self) {
        let values = (small(self.number), &self.holder);
        if let Err(error) = self.cql.conditional(&GIVE_BACK, values).await {
            tracing::warn!(%error, "the node number was not given back and is free in a minute");
        }
    }

    /// Takes a number that was free a moment ago. `false`: another was faster.
    async fn claim(&mut self, last: Option<Timestamp>) -> Result<bool, OpenError> {
        let (until, held_until) = self.next();
        let claimed = match self.write(None, last, until).await {
            Ok(answer) => answer.applied,
            Err(CqlError::Unknown(_)) => self.settle(until).await.is_ok(),
            Err(error) => return Err(error.into()),
        };
        if claimed {
            (self.until, self.held_until) = (until, held_until);
        }
        Ok(claimed)
    }

    /// Up to when ids may be made by a grant of now, and until when the number is held by it.
    fn next(&self) -> (Timestamp, Timestamp) {
        let held_until = self.clock.now().plus(LEASE);
        (held_until.max(self.until.plus(STEP)), held_until)
    }

    /// Writes holder and limit together, if both are as expected.
    async fn write(
        &self,
        before: Option<&String>,
        last: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<Answer, CqlError> {
        let number = small(self.number);
        let last = last.map(|last| int(last.as_millis()));
        let hold = (LEASE_SECONDS, self.holder.clone(), number, before.cloned());
        let raise = (int(until.as_millis()), number, last);
        let statements: Vec<(&'static Statement, Values)> =
            vec![(&HOLD, Box::new(hold)), (&RAISE, Box::new(raise))];
        self.cql
            .conditional_batch("node_number_batch", statements)
            .await
    }

    /// After an answer that leaves it open: is the number this lease's, and its limit written?
    async fn settle(&mut self, until: Timestamp) -> Result<(), StoreError> {
        let numbers = numbers(&self.cql).await?;
        match numbers.get(&self.number.get()) {
            Some((Some(holder), Some(last))) if *holder == self.holder => {
                if *last == until {
                    return Ok(());
                }
                // An earlier renewal without an answer has applied since: go on from it.
                self.until = self.until.max(*last);
                let reason = "the renewal of the node number was not applied";
                Err(StoreError::Unavailable(reason.to_owned()))
            }
            // It ran out, and nobody has held it since: every claim raises the limit.
            Some((None, Some(last))) if *last == self.until => self.take_back(until).await,
            _ => Err(StoreError::NotFound("the lease of this node's number")),
        }
    }

    /// Claims a number again that ran out while the store was away, under the limit that was its last.
    async fn take_back(&self, until: Timestamp) -> Result<(), StoreError> {
        match self.write(None, Some(self.until), until).await {
            Ok(answer) if answer.applied => Ok(()),
            Ok(_) | Err(CqlError::Unknown(_)) => {
                let reason = "the node number ran out and is not taken back yet";
                Err(StoreError::Unavailable(reason.to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

async fn numbers(
    cql: &Cql,
) -> Result<BTreeMap<u16, (Option<String>, Option<Timestamp>)>, CqlError> {
    let mut numbers = BTreeMap::new();
    for (row, holder, last) in cql.all_serial::<NumberRow>(&ALL, ()).await? {
        let last = last.map(number).transpose().map_err(CqlError::corrupt)?;
        let last = last.map(Timestamp::from_millis);
        numbers.insert(u16::try_from(row).unwrap_or(u16::MAX), (holder, last));
    }
    Ok(numbers)
}

fn small(number: NodeNumber) -> i16 {
    i16::try_from(number.get()).expect("a node number is below 1,024")
}
