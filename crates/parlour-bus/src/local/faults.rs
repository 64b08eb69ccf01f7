//! Broken links between the nodes of one process.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::Place;
use crate::{BusError, Channels, Health, LocalBus, LocalNetwork, NodeRef, ResyncReason};

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Deliver,
    /// It is lost, and nobody is told.
    Drop,
    /// It arrives twice.
    Double,
    /// It waits until [`crate::LocalNetwork::release_held`].
    Hold,
    /// It is not taken: the publish fails.
    Refuse,
}

/// Decides about each packet by its receiver and bytes.
pub type LinkFault = Arc<dyn Fn(&NodeRef, &Bytes) -> Fate + Send + Sync>;

/// All links, with their fault.
#[derive(Default)]
pub(super) struct Links {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fault: Option<LinkFault>,
    held: Vec<(NodeRef, Bytes)>,
    trips: Trips,
}

/// Journeys of packets that take time. What waits for the same node travels together.
#[derive(Default)]
struct Trips {
    take: Option<Duration>,
    arrivals: HashMap<NodeRef, Instant>,
    count: u64,
}

/// Answers on their way back to one node.
#[derive(Debug, Default)]
pub(super) struct Answers {
    to_lose: AtomicUsize,
    unwatches_to_lose: AtomicUsize,
    settlements_to_refuse: AtomicUsize,
    watches_to_refuse: AtomicUsize,
    most_watched_at_once: AtomicUsize,
    settlements: AtomicUsize,
}

impl Answers {
    /// An answer, unless it gets lost: what was asked for has happened all the same.
    pub(super) fn bring<T>(&self, answer: T) -> Result<T, BusError> {
        lose_next(&self.to_lose).map(|()| answer)
    }

    /// As [`Answers::bring`], for users that shall not be watched any more.
    pub(super) fn bring_unwatched(&self) -> Result<(), BusError> {
        lose_next(&self.unwatches_to_lose)
    }

    /// Whether so many users may be watched now.
    pub(super) fn let_watch(&self, users: usize) -> Result<(), BusError> {
        self.most_watched_at_once.fetch_max(users, Ordering::SeqCst);
        refuse_next(&self.watches_to_refuse)
    }

    /// Whether presence may be settled now.
    pub(super) fn let_settle(&self) -> Result<(), BusError> {
        self.settlements.fetch_add(1, Ordering::SeqCst);
        refuse_next(&self.settlements_to_refuse)
    }
}

fn lose_next(left: &AtomicUsize) -> Result<(), BusError> {
    if is_next(left) {
        return Err(BusError::Unavailable("the answer was lost".to_owned()));
    }
    Ok(())
}

fn refuse_next(left: &AtomicUsize) -> Result<(), BusError> {
    if is_next(left) {
        return Err(BusError::Unavailable("it was refused".to_owned()));
    }
    Ok(())
}

/// Whether one is left, which is taken.
fn is_next(left: &AtomicUsize) -> bool {
    let one_less = |left: usize| left.checked_sub(1);
    let order = Ordering::SeqCst;
    left.fetch_update(order, order, one_less).is_ok()
}

impl Links {
    pub(super) fn set(&self, fault: Option<LinkFault>) {
        self.lock().fault = fault;
    }

    pub(super) fn set_trips(&self, take: Option<Duration>) {
        self.lock().trips.take = take;
    }

    pub(super) fn trips(&self) -> u64 {
        self.lock().trips.count
    }

    /// Waits for the next journey to this node.
    pub(super) async fn travel(&self, to: &NodeRef) {
        let arrival = self.lock().trips.board(*to, Instant::now());
        if let Some(arrival) = arrival {
            tokio::time::sleep_until(arrival).await;
        }
    }

    pub(super) fn take_held(&self) -> Vec<(NodeRef, Bytes)> {
        std::mem::take(&mut self.lock().held)
    }

    /// What arrives of a packet.
    pub(super) fn pass(
        &self,
        to: &NodeRef,
        packet: Bytes,
    ) -> Result<Vec<(NodeRef, Bytes)>, BusError> {
        let mut state = self.lock();
        let fault = state.fault.as_ref();
        Ok(
            match fault.map_or(Fate::Deliver, |fault| fault(to, &packet)) {
                Fate::Deliver => vec![(*to, packet)],
                Fate::Drop => Vec::new(),
                Fate::Double => vec![(*to, packet.clone()), (*to, packet)],
                Fate::Hold => {
                    state.held.push((*to, packet));
                    Vec::new()
                }
                Fate::Refuse => return Err(BusError::Unavailable("it was refused".to_owned())),
            },
        )
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LocalNetwork {
    /// Lets every packet travel this long from now on; what waits for the same node travels together. `None` ends it.
    pub fn set_trips(&self, take: Option<Duration>) {
        self.shared.links.set_trips(take);
    }

    /// Lets a node's next `count` settlements of presence happen without an answer.
    pub fn lose_settlements(&self, bus: &LocalBus, count: usize) {
        bus.answers.to_lose.store(count, Ordering::SeqCst);
    }

    /// Refuses a node's next `count` settlements of presence: they do not happen.
    pub fn refuse_settlements(&self, bus: &LocalBus, count: usize) {
        let answers = &bus.answers;
        answers.settlements_to_refuse.store(count, Ordering::SeqCst);
    }

    /// How many settlements of presence a node has asked for.
    #[must_use]
    pub fn settlements(&self, bus: &LocalBus) -> usize {
        bus.answers.settlements.load(Ordering::SeqCst)
    }

    /// How many users a node has begun to watch by one call, at most.
    #[must_use]
    pub fn most_watched_at_once(&self, bus: &LocalBus) -> usize {
        bus.answers.most_watched_at_once.load(Ordering::SeqCst)
    }

    /// Lets the next `count` calls by which a node ceases to watch users happen without an answer.
    pub fn lose_unwatches(&self, bus: &LocalBus, count: usize) {
        bus.answers.unwatches_to_lose.store(count, Ordering::SeqCst);
    }

    /// Refuses the next `count` calls by which a node begins to watch users.
    pub fn refuse_watches(&self, bus: &LocalBus, count: usize) {
        bus.answers.watches_to_refuse.store(count, Ordering::SeqCst);
    }

    /// Lets a node find by its own clock that its lease has ended, as after a long sleep, or that it was renewed after all.
    /// Nobody is told: that is [`LocalNetwork::lapse`].
    pub fn set_lease_over(&self, bus: &LocalBus, is_over: bool) {
        bus.is_lease_over.store(is_over, Ordering::SeqCst);
    }

    /// Lets a node's lease lapse: it goes on under a new incarnation, and its routes are gone. A node that is cut off is told
    /// of it by [`LocalNetwork::restore`].
    pub fn lapse(&self, bus: &LocalBus) {
        let Some(sender) = self.shared.alive.sender(&bus.node()) else {
            return;
        };
        let incarnation = self.shared.next_incarnation();
        bus.incarnation.store(incarnation, Ordering::SeqCst);
        bus.is_lease_over.store(false, Ordering::SeqCst);
        self.shared.alive.enter(Place {
            node: bus.node(),
            sender: sender.clone(),
            health: bus.health.clone(),
        });
        if *bus.health.borrow() == Health::Away {
            bus.owes_lapse.store(true, Ordering::SeqCst);
        } else {
            sender.resync(ResyncReason::Lapsed);
        }
    }

    /// Forgets every user: who is where, what others see of them, and who looks. Nodes are not told: those whose lives
    /// ended with it [lapse](LocalNetwork::lapse).
    pub fn forget_users(&self) {
        self.shared.users.forget();
    }

    /// Cuts a node off from the bus, which answers it no call and brings it no packet, until [`LocalNetwork::restore`].
    pub fn cut_off(&self, bus: &LocalBus) {
        bus.health.send_replace(Health::Away);
    }

    /// Ends [`LocalNetwork::cut_off`].
    pub fn restore(&self, bus: &LocalBus) {
        bus.health.send_replace(Health::Up);
        let reason = if bus.owes_lapse.swap(false, Ordering::SeqCst) {
            ResyncReason::Lapsed
        } else {
            ResyncReason::Reconnected
        };
        if let Some(sender) = self.shared.alive.sender(&bus.node()) {
            sender.resync(reason);
        }
    }

    /// Lets a node die while its process still holds the bus: its calls fail from now on.
    pub fn crash(&self, bus: &LocalBus) {
        self.shared.alive.leave(&bus.node());
    }

    /// How many journeys packets have made while they took time.
    #[must_use]
    pub fn trips(&self) -> u64 {
        self.shared.links.trips()
    }
}

impl Trips {
    /// When the next journey to this node arrives.
    fn board(&mut self, to: NodeRef, now: Instant) -> Option<Instant> {
        let take = self.take?;
        let waiting = self.arrivals.get(&to).copied();
        let arrival = waiting.filter(|arrival| *arrival > now);
        Some(arrival.unwrap_or_else(|| {
            self.count += 1;
            self.arrivals.insert(to, now + take);
            now + take
        }))
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").finish_non_exhaustive()
    }
}
