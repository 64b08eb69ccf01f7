//! Finding lines in a log that also holds what is no line: edits, reactions, pins.
//!
//! A walk reads the log in growing windows and stops early: at [`limits::PAGE_SCAN_EVENTS_MAX`] events or
//! [`PAGE_BYTES_MAX`] of bodies once it has found a line. It never stops without one while there are events left, so no
//! page is empty while there are lines. Whether there are more is exact, unless a walk ended early: then it says yes.
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
}

/// The lines one reader may see.
pub(super) struct Lines<'a> {
    pub(super) store: &'a ScyllaStore,
    pub(super) chat: ChatId,
    pub(super) visible: Visible,
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
        let first = self.visible.after;
        let mut found = Found::default();
        let mut scanned = 0;
        let mut through = self.visible.through.min(end.previous());
        for window in windows(limit) {
            if through <= first {
                return Ok(found);
            }
            let after = first.max(Seq::new(through.get().saturating_sub(window as u64)));
            let events = self.window(after, through).await?;
            scanned += events.len();
            for event in events.into_iter().rev().filter(is_line) {
                if !found.has_room(limit, &event) {
                    found.more = true;
                    return Ok(found);
                }
                found.lines.push(event);
            }
            through = after;
            let is_full = found.lines.len() == limit && first == Seq::ZERO;
            if is_full || found.is_enough(scanned, limit) {
                found.more = through > first;
                return Ok(found);
            }
        }
        Ok(found)
    }

    /// The first lines from `start` on, at most `limit`.
    pub(super) async fn from(&self, start: Seq, limit: usize) -> Result<Found, StoreError> {
        let last = self.visible.through;
        let mut found = Found::default();
        let mut scanned = 0;
        let mut after = self.visible.after.max(start.previous());
        for window in windows(limit) {
            if after >= last {
                return Ok(found);
            }
            let through = last.min(after.plus(window as u64));
            let events = self.window(after, through).await?;
            scanned += events.len();
            for event in events.into_iter().filter(is_line) {
                if !found.has_room(limit, &event) {
                    found.more = true;
                    return Ok(found);
                }
                found.lines.push(event);
            }
            after = through;
            if found.is_enough(scanned, limit) {
                found.more = after < last;
                return Ok(found);
            }
        }
        Ok(found)
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
    fn is_enough(&self, scanned: usize, limit: usize) -> bool {
        scanned >= limits::PAGE_SCAN_EVENTS_MAX && (limit == 0 || !self.lines.is_empty())
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
