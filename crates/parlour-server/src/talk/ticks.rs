//! How far one's own messages got in the open chat: with everybody else, as the marks of all others say.
//!
//! Marks are cumulative, so only the newest message that got further is news.

use std::collections::BTreeMap;

use parlour_model::{Seq, UserId};

/// How far a message got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// On a device of everybody else.
    Delivered,
    /// Read by everybody else.
    Read,
}

/// The marks of the others, and what is known of one's own newest message.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    others: BTreeMap<UserId, Marks>,
    own: Seq,
    told: Option<Reach>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    delivered: Seq,
    read: Seq,
}

impl Ticks {
    /// Somebody else belongs to the chat, and has come this far.
    pub(super) fn add(&mut self, user: UserId, (delivered, read): (Seq, Seq)) {
        self.others.insert(user, Marks { delivered, read });
    }

    /// Somebody else no longer belongs to the chat.
    pub(super) fn remove(&mut self, user: UserId) {
        self.others.remove(&user);
    }

    /// The marks of somebody else rose.
    pub(super) fn raise(&mut self, user: UserId, (delivered, read): (Seq, Seq)) {
        let marks = self.others.entry(user).or_default();
        marks.read = marks.read.max(read);
        marks.delivered = marks.delivered.max(delivered).max(marks.read);
    }

    /// The user has a message at this place.
    pub(super) fn sent(&mut self, seq: Seq) {
        if seq > self.own {
            self.own = seq;
            self.told = None;
        }
    }

    /// What has become known since the last time: the newest own message has got this far.
    pub(super) fn news(&mut self) -> Option<(Seq, Reach)> {
        let reach = self.reach();
        if reach <= self.told {
            return None;
        }
        self.told = reach;
        reach.map(|reach| (self.own, reach))
    }

    fn reach(&self) -> Option<Reach> {
        let read = self.others.values().map(|marks| marks.read).min()?;
        let delivered = self.others.values().map(|marks| marks.delivered).min()?;
        if self.own == Seq::default() || delivered < self.own {
            None
        } else if read < self.own {
            Some(Reach::Delivered)
        } else {
            Some(Reach::Read)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u64) -> UserId {
        UserId::new(number).unwrap()
    }

    fn seqs(delivered: u64, read: u64) -> (Seq, Seq) {
        (Seq::new(delivered), Seq::new(read))
    }

    fn with_bob() -> Ticks {
        let mut ticks = Ticks::default();
        ticks.add(user(2), seqs(1, 1));
        ticks
    }

    #[test]
    fn a_message_is_delivered_and_then_read_and_each_is_told_once() {
        let mut ticks = with_bob();
        ticks.sent(Seq::new(2));
        assert_eq!(ticks.news(), None);
        ticks.raise(user(2), seqs(2, 1));
        assert_eq!(ticks.news(), Some((Seq::new(2), Reach::Delivered)));
        assert_eq!(ticks.news(), None);
        ticks.raise(user(2), seqs(2, 2));
        assert_eq!(ticks.news(), Some((Seq::new(2), Reach::Read)));
        ticks.raise(user(2), seqs(1, 1));
        assert_eq!(ticks.news(), None, "marks never fall");
    }

    #[test]
    fn marks_that_come_before_the_answer_to_the_send_are_not_lost() {
        let mut ticks = with_bob();
        ticks.raise(user(2), seqs(2, 2));
        assert_eq!(ticks.news(), None);
        ticks.sent(Seq::new(2));
        assert_eq!(ticks.news(), Some((Seq::new(2), Reach::Read)));
    }

    #[test]
    fn in_a_group_the_slowest_counts() {
        let mut ticks = with_bob();
        ticks.add(user(3), seqs(1, 1));
        ticks.sent(Seq::new(2));
        ticks.raise(user(2), seqs(2, 2));
        assert_eq!(ticks.news(), None);
        ticks.raise(user(3), seqs(2, 0));
        assert_eq!(ticks.news(), Some((Seq::new(2), Reach::Delivered)));
        ticks.remove(user(3));
        assert_eq!(ticks.news(), Some((Seq::new(2), Reach::Read)));
    }

    #[test]
    fn alone_nothing_is_delivered() {
        let mut ticks = Ticks::default();
        ticks.sent(Seq::new(2));
        assert_eq!(ticks.news(), None);
    }
}
