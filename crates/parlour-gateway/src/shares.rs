//! How many of one kind each key holds at this moment, and no more than its share.
//!
//! Invariant: a key has an entry only while it holds something, so memory is bounded by what is held in all.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What every key holds.
pub(crate) struct Shares<K> {
    held: Arc<Mutex<HashMap<K, usize>>>,
    each_max: usize,
}

/// One of a key's, given back when dropped.
pub(crate) struct Share<K: Eq + Hash> {
    held: Arc<Mutex<HashMap<K, usize>>>,
    key: K,
}

impl<K: Eq + Hash + Copy> Shares<K> {
    /// Nobody holds any, and nobody will hold more than `each_max`.
    pub(crate) fn new(each_max: usize) -> Self {
        Self {
            held: Arc::default(),
            each_max,
        }
    }

    /// One more for `key`; `None` if it holds all it may.
    pub(crate) fn take(&self, key: K) -> Option<Share<K>> {
        let mut held = locked(&self.held);
        let of_key = held.entry(key).or_default();
        if *of_key >= self.each_max {
            return None;
        }
        *of_key += 1;
        let held = Arc::clone(&self.held);
        Some(Share { held, key })
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut held = locked(&self.held);
        if let Some(of_key) = held.get_mut(&self.key) {
            *of_key -= 1;
            if *of_key == 0 {
                held.remove(&self.key);
            }
        }
    }
}

/// Counts are whole between any two statements, so a panic elsewhere does not spoil them.
fn locked<K>(held: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_holds_its_share_and_no_more_whatever_others_hold() {
        let shares = Shares::new(2);
        let (first, second) = (shares.take("a"), shares.take("a"));
        assert!(first.is_some() && second.is_some());
        assert!(shares.take("a").is_none());
        let other = shares.take("b");
        assert!(other.is_some());
        drop(first);
        let again = shares.take("a");
        assert!(again.is_some() && shares.take("a").is_none());
        drop((second, other, again));
        assert!(
            locked(&shares.held).is_empty(),
            "nothing is kept of anybody"
        );
    }
}
