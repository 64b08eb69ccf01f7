//! Finding lines in a log that also holds what is no line: edits, reactions, pins.
//!
//! A walk reads the log in growing windows and stops early: at [`limits::PAGE_SCAN_EVENTS_MAX`] events or
//! [`PAGE_BYTES_MAX`] of bodies once it has found a line. It never stops without one while there are events left, so no
//! page is empty while there are lines. A stretch without a line is remembered while it is walked, so that nobody reads it
//! again; one that is longer than a request may read ([`limits::PAGE_LINELESS_EVENTS_MAX`]) is read by several, each of
//! which but the last is told to come again. Whether there are more is exact, unless a walk ended early: then it says yes.
//! Seq 1 is always a line, so for a reader of everything there is more before wherever a walk ends.

use parlour_model::{ChatId, Content, Event, Seq, Visible, limits};
use parlour_store::StoreError;

use crate::ScyllaStore;
use crate::together::together;

/// Bytes of bodies in one page, beyond which it holds fewer lines than asked for.
const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Events read first by a walk, at least; each next window is twice as large.
const WINDOW_MIN: usize = 16;
/// Events read at once, at most.
const WINDOW_MAX: usize = 256;

/// Lines of a walk, ascending.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) lines: Vec<Event>,
    /// Whether there are more where the walk ended.
    pub(super) more: bool,
    bytes: usize,
    /// Events read for them.
    scanned: usize,
}

/// The lines one reader may see.
pub(super) struct Lines<'a> {
    pub(super) store: &'a ScyllaStore,
    pub(super) chat: ChatId,
    pub(super) visible: Visible,
    /// Events read at most before the first line.
    pub(super) lineless_max: usize,
}

impl Lines<'_> {
    /// The last lines below `end`, at most `limit`.
    pub(super) async fn below(&self, end: Seq, limit: usize) -> Result<Found, StoreError> {
        let mut found = self.down_from(end, limit).await?;
        found.lines.reverse();
        Ok(found)
    }

    /// The same, the newest line first.
    async fn down_from(&self, end: Seq, limit: usize) -> Result<Found, StoreError> {
        let (first, lineless) = (self.visible.after, &self.store.lineless);
        let mut found = Found::default();
        let mut through = self.visible.through.min(end.previous());
        // From here down the walk has met no line yet.
        let mut since = through;
        for window in windows(limit) {
            through = lineless.down_from(self.chat, through).max(first);
            if through <= first {
                return Ok(found);
            }
            let after = first.max(Seq::new(through.get().saturating_sub(window as u64)));
            let events = self.window(after, through).await?;
            found.scanned += events.len();
            for event in events.into_iter().rev().filter(is_line) {
                self.learn(event.seq, since);
                since = event.seq.previous();
                if !found.has_room(limit, &event) {
                    found.more = true;
                    return Ok(found);
                }
                found.lines.push(event);
            }
            self.learn(after, since);
            through = after;
            let is_full = found.lines.len() == limit && first == Seq::ZERO;
            if is_full || found.is_enough(limit) {
                found.more = through > first;
                return Ok(found);
            }
            self.check_length(&found)?;
        }
        Ok(found)
    }

    /// The first lines from `start` on, at most `limit`.
    pub(super) async fn from(&self, start: Seq, limit: usize) -> Result<Found, StoreError> {
        let (last, lineless) = (self.visible.through, &self.store.lineless);
        let mut found = Found::default();
        let mut after = self.visible.after.max(start.previous());
        // From here up the walk has met no line yet.
        let mut since = after;
        for window in windows(limit) {
            after = lineless.up_from(self.chat, after).min(last.max(after));
            if after >= last {
                return Ok(found);
            }
            let through = last.min(after.plus(window as u64));
            let events = self.window(after, through).await?;
            found.scanned += events.len();
            for event in events.into_iter().filter(is_line) {
                self.learn(since, event.seq.previous());
                since = event.seq;
                if !found.has_room(limit, &event) {
                    found.more = true;
                    return Ok(found);
                }
                found.lines.push(event);
            }
            self.learn(since, through);
            after = through;
            if found.is_enough(limit) {
                found.more = after < last;
                return Ok(found);
            }
            self.check_length(&found)?;
        }
        Ok(found)
    }

    /// Remembers that there is no line after `after` up to and including `through`, if that spares a read.
    fn learn(&self, after: Seq, through: Seq) {
        if through.since(after) >= WINDOW_MIN as u64 {
            self.store.lineless.learn(self.chat, (after, through));
        }
    }

    /// Ends a walk that has read more than one request may, and no line: the next goes on where it was.
    fn check_length(&self, found: &Found) -> Result<(), StoreError> {
        if !found.lines.is_empty() || found.scanned < self.lineless_max {
            return Ok(());
        }
        let (count, chat) = (found.scanned, self.chat);
        let reason = format!("{count} events of chat {chat} hold no line; ask again to read on");
        Err(StoreError::Unavailable(reason))
    }

    /// Whether there is any line below `end`.
    pub(super) async fn any_below(&self, end: Seq) -> Result<bool, StoreError> {
        if self.visible.after == Seq::ZERO {
            return Ok(self.visible.through.min(end.previous()) > Seq::ZERO);
        }
        Ok(self.below(end, 0).await?.more)
    }

    /// Whether there is any line from `start` on.
    pub(super) async fn any_from(&self, start: Seq) -> Result<bool, StoreError> {
        Ok(self.from(start, 0).await?.more)
    }

    /// The events of a stretch that is known to be there, bucket by bucket at once.
    async fn window(&self, after: Seq, through: Seq) -> Result<Vec<Event>, StoreError> {
        let log = &self.store.log;
        let last = log.layout.bucket_of(through);
        let buckets = log.layout.bucket_of(after.next()).through(last);
        let reads = buckets.map(|bucket| {
            let seqs = log.layout.seqs_of(bucket);
            let after = after.max(seqs.start().previous());
            let end = through.min(*seqs.end());
            let count = usize::try_from(end.since(after)).unwrap_or(usize::MAX);
            log.events(self.chat, after, end, (count, through))
        });
        let events = together(reads.collect()).await?;
        Ok(events.into_iter().flatten().collect())
    }
}

impl Found {
    /// Whether the line still fits; the first always does.
    fn has_room(&mut self, limit: usize, line: &Event) -> bool {
        self.bytes += body_bytes(line);
        self.lines.len() < limit && (self.lines.is_empty() || self.bytes <= PAGE_BYTES_MAX)
    }

    /// Whether a walk that has scanned this much may end here.
    fn is_enough(&self, limit: usize) -> bool {
        self.scanned >= limits::PAGE_SCAN_EVENTS_MAX && (limit == 0 || !self.lines.is_empty())
    }
}

/// The sizes of the windows of a walk for `limit` lines: one more than those would fit first, then ever more.
fn windows(limit: usize) -> impl Iterator<Item = usize> {
    let first = limit.saturating_add(1).clamp(WINDOW_MIN, WINDOW_MAX);
    std::iter::successors(Some(first), |window| Some((window * 2).min(WINDOW_MAX)))
}

fn is_line(event: &Event) -> bool {
    event.content.is_line()
}

fn body_bytes(event: &Event) -> usize {
    match &event.content {
        Content::Message { body, .. } => body.canonical().len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parlour_model::{Emoji, ManualClock};

    use super::*;
    use crate::fixture;
    use crate::fixture::chat::{Chat, created, message};

    /// A chat of two lines, 60 reactions and another line, and the lines of it that a walk of 40 events may find.
    async fn reacted_to(host: &str) -> (Chat, Seq) {
        let connection = fixture::connection(host).await;
        let clock = Arc::new(ManualClock::new(fixture::START));
        let store = Arc::new(fixture::open(&connection, 1, &clock).await);
        let chat = Chat::create(store, clock).await;
        let draft = |content| chat.draft_of(chat.owner, 0, content);
        let target = created(chat.append_one(draft(message("look"))).await).seq;
        let emoji = Emoji::new("👍").expect("an emoji");
        let reaction = |i: usize| Content::ReactionChanged {
            target,
            emoji: emoji.clone(),
            on: i.is_multiple_of(2),
        };
        for outcome in chat
            .append((0..60).map(|i| draft(reaction(i))).collect())
            .await
        {
            created(outcome);
        }
        let last = created(chat.append_one(draft(message("at last"))).await).seq;
        (chat, last)
    }

    fn lines(chat: &Chat, lineless_max: usize, visible: (Seq, Seq)) -> Lines<'_> {
        let (after, through) = visible;
        Lines {
            store: &chat.store,
            chat: chat.id,
            visible: Visible { after, through },
            lineless_max,
        }
    }

    fn seqs(found: Result<Found, StoreError>) -> Vec<u64> {
        let lines = found.expect("the walk ends").lines;
        lines.iter().map(|line| line.seq.get()).collect()
    }

    #[tokio::test]
    async fn a_long_stretch_without_a_line_is_read_once_and_by_several_requests() {
        let Some(host) = fixture::host() else { return };
        for is_down in [true, false] {
            let (chat, last) = reacted_to(&host).await;
            let walk = async |lineless_max| {
                let everything = lines(&chat, lineless_max, (Seq::ZERO, last));
                if is_down {
                    everything.below(last, 2).await
                } else {
                    everything.from(Seq::new(3), 2).await
                }
            };
            let first = walk(40).await;
            assert!(
                matches!(first, Err(StoreError::Unavailable(_))),
                "{first:?}"
            );
            let found = if is_down {
                vec![1, 2]
            } else {
                vec![last.get()]
            };
            assert_eq!(seqs(walk(40).await), found);
            // Nothing of it is read again.
            let again = walk(1).await.expect("no stretch is left");
            assert!(again.scanned <= 2, "{} events were read", again.scanned);
            assert_eq!(seqs(Ok(again)), found);
        }
    }

    #[tokio::test]
    async fn what_is_remembered_shows_nothing_that_a_reader_may_not_see() {
        let Some(host) = fixture::host() else { return };
        let (chat, last) = reacted_to(&host).await;
        let everything = lines(&chat, 1_000, (Seq::ZERO, last));
        assert_eq!(
            seqs(everything.below(Seq::LIMIT, 9).await),
            [1, 2, last.get()]
        );
        // From within the stretch, in either direction.
        let newcomer = lines(&chat, 1, (Seq::new(30), last));
        assert!(seqs(newcomer.below(last, 9).await).is_empty());
        assert_eq!(seqs(newcomer.from(Seq::FIRST, 9).await), [last.get()]);
        let former = lines(&chat, 1, (Seq::ZERO, Seq::new(30)));
        assert!(seqs(former.from(Seq::new(3), 9).await).is_empty());
        assert_eq!(seqs(former.below(Seq::LIMIT, 9).await), [1, 2]);
    }
}
