//! Keeping the lease of this node's number: renewed at a third of the time that the store holds it, long before it can be
//! another's.
//!
//! - Ids are made up to the time that the store has granted, never later: between a lapse and the next grant the node
//!   makes none, and sends are refused as "try again".
//! - A store that is away is asked again. A store that says the number is gone ends the node: somebody else may be
//!   making ids with it, and everything that carries the number would have to be built anew.

use std::sync::Arc;
use std::time::Duration;

#[cfg(test)]
mod tests;

use parlour_model::{Clock, IdGenerator, NodeNumber, Timestamp};
use parlour_store::StoreError;
use parlour_store_scylla::NodeLease;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the lease is looked at, and how soon a renewal that failed is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long one renewal may take.
const RENEW_WITHIN: Duration = Duration::from_secs(10);

/// How long giving the number back may take; it is free in a minute anyway.
const RELEASE_WITHIN: Duration = Duration::from_secs(3);

/// This node's number, kept until it is released.
pub(super) struct Number {
    number: NodeNumber,
    ids: Arc<IdGenerator>,
    failed: watch::Receiver<Option<String>>,
    token: CancellationToken,
    kept: JoinHandle<NodeLease>,
}

impl Number {
    /// Keeps a lease from now on.
    pub(super) fn keep(lease: NodeLease, clock: &Arc<dyn Clock>, tracker: &TaskTracker) -> Self {
        let number = lease.number();
        let ids = IdGenerator::new(number, Arc::clone(clock), lease.floor());
        let ids = Arc::new(ids);
        ids.leased_until(lease.until());
        let (sender, failed) = watch::channel(None);
        let token = CancellationToken::new();
        let keeper = Keeper {
            lease,
            ids: Arc::clone(&ids),
            clock: Arc::clone(clock),
            failed: sender,
            token: token.clone(),
        };
        let kept = tracker.spawn(keeper.keep());
        Self {
            number,
            ids,
            failed,
            token,
            kept,
        }
    }

    /// The number itself.
    pub(super) fn get(&self) -> NodeNumber {
        self.number
    }

    /// Makes the ids of this number.
    pub(super) fn ids(&self) -> &Arc<IdGenerator> {
        &self.ids
    }

    /// Completes, with the reason, when the number is lost.
    pub(super) fn lost(&self) -> impl Future<Output = String> + use<> {
        lost(self.failed.clone(), self.token.clone())
    }

    /// Gives the number back, so that the next node may take it at once. No id may be made any more.
    pub(super) async fn release(self) {
        self.token.cancel();
        let given_back = async {
            match self.kept.await {
                Ok(lease) => lease.release().await,
                Err(error) => {
                    tracing::error!(%error, "the keeper of the node's number ended badly");
                }
            }
        };
        if timeout(RELEASE_WITHIN, given_back).await.is_err() {
            tracing::warn!("the node's number was not given back in time; it is free in a minute");
        }
    }
}

async fn lost(mut failed: watch::Receiver<Option<String>>, token: CancellationToken) -> String {
    let why = match failed.wait_for(Option::is_some).await {
        Ok(why) => why.clone(),
        // It was released: nothing is lost any more.
        Err(_) if token.is_cancelled() => None,
        Err(_) => Some("nobody keeps the number of this node any more".to_owned()),
    };
    match why {
        Some(why) => why,
        None => std::future::pending().await,
    }
}

/// Something that can be prolonged.
trait Renewable: Send {
    /// Before when nobody else may take it.
    fn held_until(&self) -> Timestamp;

    /// Prolongs it, and answers up to when ids may be made, which may be later. [`StoreError::NotFound`] says that it is
    /// lost for good.
    fn renew(&mut self) -> impl Future<Output = Result<Timestamp, StoreError>> + Send;
}

impl Renewable for NodeLease {
    fn held_until(&self) -> Timestamp {
        NodeLease::held_until(self)
    }

    fn renew(&mut self) -> impl Future<Output = Result<Timestamp, StoreError>> + Send {
        NodeLease::renew(self)
    }
}

/// Keeps one lease.
struct Keeper<L> {
    lease: L,
    ids: Arc<IdGenerator>,
    clock: Arc<dyn Clock>,
    /// Told why the node must end.
    failed: watch::Sender<Option<String>>,
    token: CancellationToken,
}

impl<L: Renewable> Keeper<L> {
    /// Renews until the token ends it or the number is lost, and gives the lease back to be released.
    async fn keep(mut self) -> L {
        let mut renew_at = self.third();
        let mut is_failing = false;
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // Stopping outranks renewing.
                biased;
                () = self.token.cancelled() => return self.lease,
                _ = looks.tick() => {}
            }
            self.measure();
            if self.clock.now() < renew_at {
                continue;
            }
            match self.renew().await {
                Ok(until) => {
                    if is_failing {
                        tracing::info!("the lease of the node's number is renewed again");
                    }
                    is_failing = false;
                    self.ids.leased_until(until);
                    renew_at = self.third();
                }
                Err(StoreError::NotFound(_)) => {
                    let why = "the lease of this node's number ran out while the store was away, and the number may be \
                               another node's now; start the node again, and it takes a new one";
                    self.failed.send_replace(Some(why.to_owned()));
                    return self.lease;
                }
                Err(error) => {
                    if !is_failing {
                        let left_s = self.left().as_secs();
                        tracing::warn!(%error, left_s, "the lease of the node's number is not renewed; trying again");
                    }
                    is_failing = true;
                }
            }
        }
    }

    async fn renew(&mut self) -> Result<Timestamp, StoreError> {
        let renewed = timeout(RENEW_WITHIN, self.lease.renew()).await;
        renewed.unwrap_or_else(|_| Err(StoreError::Unknown("no answer in time".to_owned())))
    }

    /// When a third of the time has passed for which the number is held.
    fn third(&self) -> Timestamp {
        self.clock.now().plus(self.left() / 3)
    }

    fn left(&self) -> Duration {
        self.lease.held_until().since(self.clock.now())
    }

    fn measure(&self) {
        metrics::gauge!("parlour_node_number_lease_seconds").set(self.left().as_secs_f64());
    }
}
