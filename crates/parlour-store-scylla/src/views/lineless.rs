//! Stretches of logs without a line, as walks have found them: nobody reads through them a second time.
//!
//! What an event is never changes, so a stretch stays true. Forgetting one costs time and nothing else.

use moka::ops::compute::Op;
use moka::sync::Cache;
use parlour_model::{ChatId, Seq};

/// Chats whose stretches are remembered.
const CHATS_MAX: u64 = 10_000;
/// Stretches remembered of one chat: the longest.
const STRETCHES_MAX: usize = 16;

/// The events after the first seq up to and including the second.
type Stretch = (Seq, Seq);

/// What walks have learnt, of all chats.
#[derive(Debug)]
pub(crate) struct Lineless {
    chats: Cache<ChatId, Vec<Stretch>>,
}

impl Lineless {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            chats: Cache::new(CHATS_MAX),
        }
    }

    /// No event after `after` up to and including `through` is a line.
    pub(super) fn learn(&self, chat: ChatId, (after, through): Stretch) {
        self.chats.entry(chat).and_compute_with(|known| {
            let known = known.map(moka::Entry::into_value).unwrap_or_default();
            Op::Put(joined(known, (after, through)))
        });
    }

    /// The last seq at or before `through` that may be a line.
    pub(super) fn down_from(&self, chat: ChatId, through: Seq) -> Seq {
        let stretch = self.around(chat, |(after, end)| after < through && through <= end);
        stretch.map_or(through, |(after, _)| after)
    }

    /// The last seq at or behind `after` before which there is no line.
    pub(super) fn up_from(&self, chat: ChatId, after: Seq) -> Seq {
        let stretch = self.around(chat, |(start, end)| start <= after && after < end);
        stretch.map_or(after, |(_, end)| end)
    }

    fn around(&self, chat: ChatId, is_it: impl Fn(Stretch) -> bool) -> Option<Stretch> {
        let known = self.chats.get(&chat)?;
        known.into_iter().find(|stretch| is_it(*stretch))
    }
}

/// The stretches with one more, which is one with those that it touches.
fn joined(known: Vec<Stretch>, new: Stretch) -> Vec<Stretch> {
    let touches = |of: &Stretch| of.0 <= new.1 && new.0 <= of.1;
    let (touching, mut apart): (Vec<Stretch>, Vec<Stretch>) = known.into_iter().partition(touches);
    let join = |a: Stretch, b: Stretch| (a.0.min(b.0), a.1.max(b.1));
    apart.push(touching.into_iter().fold(new, join));
    apart.sort_by_key(|(after, through)| std::cmp::Reverse(through.since(*after)));
    apart.truncate(STRETCHES_MAX);
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat() -> ChatId {
        ChatId::new(1).unwrap()
    }

    fn stretch(after: u64, through: u64) -> Stretch {
        (Seq::new(after), Seq::new(through))
    }

    #[test]
    fn stretches_that_touch_are_one() {
        let lineless = Lineless::new();
        for (after, through) in [(10, 20), (30, 40), (20, 30)] {
            lineless.learn(chat(), stretch(after, through));
        }
        assert_eq!(lineless.down_from(chat(), Seq::new(40)), Seq::new(10));
        assert_eq!(lineless.down_from(chat(), Seq::new(11)), Seq::new(10));
        assert_eq!(lineless.up_from(chat(), Seq::new(10)), Seq::new(40));
        // Outside of it everything may be a line.
        for seq in [10, 41].map(Seq::new) {
            assert_eq!(lineless.down_from(chat(), seq), seq);
        }
        for seq in [9, 40].map(Seq::new) {
            assert_eq!(lineless.up_from(chat(), seq), seq);
        }
    }

    #[test]
    fn of_many_stretches_the_longest_are_remembered() {
        let mut known = Vec::new();
        for i in 1..=40 {
            known = joined(known, stretch(i * 100, i * 100 + i));
        }
        assert_eq!(known.len(), STRETCHES_MAX);
        assert_eq!(known[0], stretch(4_000, 4_040));
        assert_eq!(known[15], stretch(2_500, 2_525));
    }
}
