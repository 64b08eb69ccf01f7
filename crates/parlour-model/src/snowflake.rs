//! Snowflake ids: `0 | 41 bits of milliseconds since 2025 | 12 bits counter | 10 bits node`.
//!
//! The layout is Twitter's Snowflake (2010) with counter and node exchanged: with the node in the low
//! bits, counting up by one always passes every other node's id of the same millisecond.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Clock, NodeNumber, Timestamp};

/// 2025-01-01T00:00:00Z.
const EPOCH_MS: u64 = 1_735_689_600_000;
const NODE_BITS: u32 = 10;
const COUNTER_BITS: u32 = 12;

/// Makes the ids of one node. Ids rise, also when the clock stands still or steps back.
#[derive(Debug)]
pub struct IdGenerator {
    node: NodeNumber,
    clock: Arc<dyn Clock>,
    /// Milliseconds and counter of the last id, without the node.
    last: AtomicU64,
    /// Milliseconds up to which the node number is leased.
    until: AtomicU64,
}

/// The lease of the node number ran out: another node may hold the number now, so no id is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease of this node's number ran out")]
pub struct NumberLapsed;

impl IdGenerator {
    /// A generator for `node` whose ids all lie after `floor`: the last time at which an earlier holder
    /// of the node number may have made one.
    #[must_use]
    pub fn new(node: NodeNumber, clock: Arc<dyn Clock>, floor: Timestamp) -> Self {
        let last = AtomicU64::new((ticks(floor) + 1) << COUNTER_BITS);
        let until = AtomicU64::new(u64::MAX);
        Self {
            node,
            clock,
            last,
            until,
        }
    }

    /// Says up to when the node number is leased: no id is made with a later time. A number of which this is never
    /// said is this node's for ever.
    pub fn leased_until(&self, until: Timestamp) {
        self.until.store(ticks(until), Ordering::SeqCst);
    }

    /// The next id.
    ///
    /// # Errors
    /// [`NumberLapsed`] until the lease is renewed.
    pub fn next_id(&self) -> Result<u64, NumberLapsed> {
        self.next_id_after(0)
    }

    /// The next id, greater than `head` (another event's id, or 0) whatever the clocks say. A head ahead
    /// of this node's clock is passed by counting, without dragging this node's own ids along.
    ///
    /// # Errors
    /// [`NumberLapsed`] until the lease is renewed.
    pub fn next_id_after(&self, head: u64) -> Result<u64, NumberLapsed> {
        let wall = ticks(self.clock.now()) << COUNTER_BITS;
        let until = self.until.load(Ordering::SeqCst);
        let mut own = 0;
        self.last
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| {
                own = wall.max(last + 1);
                (own >> COUNTER_BITS <= until).then_some(own)
            })
            .map_err(|_| NumberLapsed)?;
        let above_head = (head >> NODE_BITS) + 1;
        Ok(self.compose(own.max(above_head)))
    }

    fn compose(&self, time_and_counter: u64) -> u64 {
        time_and_counter << NODE_BITS | u64::from(self.node.get())
    }

    /// The time inside an id.
    #[must_use]
    pub fn time_of(id: u64) -> Timestamp {
        Timestamp::from_millis((id >> (NODE_BITS + COUNTER_BITS)) + EPOCH_MS)
    }

    /// The smallest id of a time: where a search by time starts.
    #[must_use]
    pub fn first_of(time: Timestamp) -> u64 {
        ticks(time) << (NODE_BITS + COUNTER_BITS)
    }
}

fn ticks(time: Timestamp) -> u64 {
    time.as_millis().saturating_sub(EPOCH_MS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ManualClock;

    const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn generator(node: u16, clock: &Arc<ManualClock>) -> IdGenerator {
        let clock: Arc<dyn Clock> = clock.clone();
        IdGenerator::new(NodeNumber::new(node).unwrap(), clock, Timestamp::default())
    }

    #[test]
    fn ids_rise_when_the_clock_stands_still_and_when_it_steps_back() {
        let clock = Arc::new(ManualClock::new(START));
        let ids = generator(7, &clock);
        let mut last = ids.next_id().unwrap();
        for step in 0..10_000 {
            if step == 5_000 {
                clock.set(START.minus(Duration::from_secs(3_600)));
            }
            let id = ids.next_id().unwrap();
            assert!(id > last);
            last = id;
        }
    }

    #[test]
    fn an_id_passes_the_head_of_a_node_whose_clock_is_ahead_and_is_not_dragged_along() {
        let clock = Arc::new(ManualClock::new(START));
        let ahead = Arc::new(ManualClock::new(START.plus(Duration::from_secs(3_600))));
        let (low, high) = (generator(0, &clock), generator(1023, &ahead));
        let head = high.next_id().unwrap();
        let passed = low.next_id_after(head).unwrap();
        assert!(passed > head);
        assert_eq!(IdGenerator::time_of(low.next_id().unwrap()), START);
    }

    #[test]
    fn the_next_holder_of_a_node_number_starts_above_the_floor() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(START));
        let floor = START.plus(Duration::from_secs(5));
        let ids = IdGenerator::new(NodeNumber::ZERO, clock, floor);
        assert!(IdGenerator::time_of(ids.next_id().unwrap()) > floor);
    }

    #[test]
    fn an_id_stays_below_two_to_the_63rd_for_69_years() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(
            EPOCH_MS + (1 << 41) - 1,
        )));
        assert!(i64::try_from(generator(1023, &clock).next_id().unwrap()).is_ok());
    }

    #[test]
    fn no_id_is_made_after_the_lease_of_the_number() {
        let clock = Arc::new(ManualClock::new(START));
        let ids = generator(7, &clock);
        ids.leased_until(START.plus(Duration::from_secs(10)));
        assert!(ids.next_id().is_ok());
        clock.set(START.plus(Duration::from_secs(11)));
        assert_eq!(ids.next_id(), Err(NumberLapsed));
        assert_eq!(ids.next_id_after(1), Err(NumberLapsed));
        ids.leased_until(START.plus(Duration::from_secs(20)));
        assert!(ids.next_id().is_ok());
    }
}
