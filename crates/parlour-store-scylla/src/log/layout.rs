//! Which bucket holds which seq: arithmetic, the same on every node.

use std::ops::RangeInclusive;

use parlour_model::Seq;

/// The number of a bucket of a chat: 0, 1, 2 …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bucket(i32);

impl Bucket {
    /// The bucket of seq 1.
    pub(crate) const FIRST: Self = Self(0);

    /// The bucket with this number, as a column holds it.
    pub(crate) fn new(number: i32) -> Self {
        Self(number)
    }

    /// The number, as a column holds it.
    pub(crate) fn get(self) -> i32 {
        self.0
    }

    /// The next bucket.
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The bucket before; `None` before the first.
    pub(crate) fn previous(self) -> Option<Self> {
        (self.0 > 0).then(|| Self(self.0 - 1))
    }

    /// All buckets from this up to and including `last`.
    pub(crate) fn through(self, last: Self) -> impl Iterator<Item = Self> + use<> {
        (self.0..=last.0).map(Self)
    }

    /// How many buckets lie from `earlier` up to, not including, this; zero if `earlier` is not earlier.
    pub(crate) fn since(self, earlier: Self) -> usize {
        usize::try_from(self.0 - earlier.0).unwrap_or(0)
    }

    /// The bucket this many later.
    pub(crate) fn plus(self, count: usize) -> Self {
        Self(i32::try_from(count).map_or(i32::MAX, |count| self.0.saturating_add(count)))
    }
}

/// How many events a bucket holds. One number for a whole deployment, for ever.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    events: u64,
}

impl Layout {
    /// Buckets of this many events, at least one.
    pub(crate) fn new(bucket_events: u64) -> Self {
        Self {
            events: bucket_events.max(1),
        }
    }

    /// The bucket of a seq. Seq zero counts to the first.
    pub(crate) fn bucket_of(self, seq: Seq) -> Bucket {
        let number = seq.previous().get() / self.events;
        Bucket(i32::try_from(number).unwrap_or(i32::MAX))
    }

    /// The seqs of a bucket.
    pub(crate) fn seqs_of(self, bucket: Bucket) -> RangeInclusive<Seq> {
        let number = u64::try_from(bucket.0).unwrap_or(0);
        let first = number.saturating_mul(self.events).saturating_add(1);
        Seq::new(first)..=Seq::new(first.saturating_add(self.events - 1))
    }

    /// Whether a log that ends with `head` goes on in a bucket after that of `head`.
    pub(crate) fn is_sealed_by(self, head: Seq) -> bool {
        head > Seq::ZERO && head.get().is_multiple_of(self.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seq_lies_in_the_bucket_that_says_so() {
        for events in [1, 3, 4, 16_384] {
            let layout = Layout::new(events);
            for seq in (1..70_000).map(Seq::new) {
                let bucket = layout.bucket_of(seq);
                let seqs = layout.seqs_of(bucket);
                assert!(seqs.contains(&seq), "{seq} of {events}");
                assert_eq!(layout.is_sealed_by(seq), *seqs.end() == seq);
                assert_eq!(layout.bucket_of(seqs.end().next()), bucket.next());
            }
        }
        assert_eq!(Layout::new(4).bucket_of(Seq::ZERO), Bucket::FIRST);
        assert!(!Layout::new(4).is_sealed_by(Seq::ZERO));
    }
}
