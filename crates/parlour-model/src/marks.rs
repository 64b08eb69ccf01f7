//! Watermarks: how far a user has received and read a chat.

use serde::{Deserialize, Serialize};

use crate::{Countable, Seq};

/// A user's watermarks in one chat. `read <= delivered <= head`, and neither ever falls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Everything up to here reached one of the user's devices.
    pub delivered: Seq,
    /// Everything up to here was read.
    pub read: Seq,
    /// The countable number at `read`.
    pub read_countable: Countable,
}

/// Raises one watermark up to a seq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Delivered up to here.
    Delivered(Seq),
    /// Read, and so delivered, up to here.
    Read(Seq),
}

impl Mark {
    /// The seq it names.
    #[must_use]
    pub fn seq(self) -> Seq {
        match self {
            Self::Delivered(seq) | Self::Read(seq) => seq,
        }
    }

    /// The greater of two marks of one kind, or both in one: a read covers the delivered at or below it.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Delivered(_), Self::Read(_)) => false,
            _ => self.seq() >= other.seq(),
        }
    }
}

/// How many events a member has not read: derived from the log, never counted.
#[must_use]
pub fn unread(head: Countable, read: Countable, joined: Countable) -> u64 {
    head.get().saturating_sub(read.max(joined).get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unread_counts_from_the_later_of_reading_and_joining_and_never_below_zero() {
        let count = |head, read, joined| {
            unread(
                Countable::new(head),
                Countable::new(read),
                Countable::new(joined),
            )
        };
        assert_eq!(count(10, 4, 0), 6);
        assert_eq!(count(10, 4, 7), 3);
        assert_eq!(count(10, 12, 0), 0);
    }

    #[test]
    fn a_read_mark_covers_a_delivered_one_but_not_the_other_way_round() {
        let (low, high) = (Seq::new(3), Seq::new(5));
        assert!(Mark::Read(high).covers(Mark::Delivered(low)));
        assert!(!Mark::Read(low).covers(Mark::Delivered(high)));
        assert!(!Mark::Delivered(high).covers(Mark::Read(low)));
        assert!(Mark::Delivered(high).covers(Mark::Delivered(high)));
    }
}
