//! Stretches of a log, without a hole.
//!
//! A row missing at or below a known head is asked for again at `LOCAL_SERIAL`: a quorum can show a hole while a decided
//! commit has reached one replica only. What is missing then is missing, and said to be.

use parlour_model::{ChatId, Event, Seq};
use parlour_store::StoreError;

use super::row::{self, EventRow};
use super::{Bucket, LogReader};
use crate::columns::{corrupt, int, limit, number};
use crate::cql::Statement;

static RANGE: Statement = Statement::new(
    "log_range",
    "SELECT seq, id, event_author, event_key, content, sent_at, countable, prev_effect, erased
     FROM log WHERE chat_id = ? AND bucket = ? AND kind = 0 AND pos > ? AND pos <= ? LIMIT ?",
);
static HEAD_SEQ: Statement = Statement::new(
    "log_head_seq",
    "SELECT DISTINCT head_seq FROM log WHERE chat_id = ? AND bucket = ?",
);

/// Rows asked for at once: at the largest bodies this is a few megabytes.
const ROWS_MAX: usize = 128;

/// A stretch inside one bucket.
#[derive(Clone, Copy)]
struct Stretch {
    chat: ChatId,
    bucket: Bucket,
    after: Seq,
    through: Seq,
}

impl LogReader {
    /// Events after `after` up to and including `through`, ascending and without a hole, at most `count`. Fewer mean that
    /// the head or `through` was reached. `known` is a seq that certainly exists, or zero.
    pub(crate) async fn events(
        &self,
        chat: ChatId,
        after: Seq,
        through: Seq,
        (count, known): (usize, Seq),
    ) -> Result<Vec<Event>, StoreError> {
        let mut events: Vec<Event> = Vec::new();
        let mut last = after;
        while last < through && events.len() < count {
            let bucket = self.layout.bucket_of(last.next());
            let rows = (count - events.len()).min(ROWS_MAX) as u64;
            let stretch = Stretch {
                chat,
                bucket,
                after: last,
                through: through
                    .min(*self.layout.seqs_of(bucket).end())
                    .min(last.plus(rows)),
            };
            let (mut found, is_whole) = self.stretch(stretch, known).await?;
            last = last.plus(found.len() as u64);
            events.append(&mut found);
            if !is_whole {
                break;
            }
        }
        Ok(events)
    }

    /// The events of a stretch from its start on, and whether it is whole; if not, the log ends there.
    async fn stretch(
        &self,
        stretch: Stretch,
        known: Seq,
    ) -> Result<(Vec<Event>, bool), StoreError> {
        let rows = self.cql.all::<EventRow>(&RANGE, stretch.values()).await?;
        let events = stretch.without_hole(rows)?;
        if stretch.is_whole(&events) {
            return Ok((events, true));
        }
        let end = stretch.after.plus(events.len() as u64);
        let head = self.head_seq(stretch).await?.max(known);
        if head <= end {
            return Ok((events, false));
        }
        self.stretch_again(stretch, head).await
    }

    /// The same with every decided commit; a hole that is left is real.
    async fn stretch_again(
        &self,
        stretch: Stretch,
        head: Seq,
    ) -> Result<(Vec<Event>, bool), StoreError> {
        metrics::counter!("parlour_store_holes_read_again_total").increment(1);
        let values = stretch.values();
        let rows = self.cql.all_serial::<EventRow>(&RANGE, values).await?;
        let events = stretch.without_hole(rows)?;
        let end = stretch.after.plus(events.len() as u64);
        if end < head.min(stretch.through) {
            let (missing, chat) = (end.next(), stretch.chat);
            return Err(corrupt(format!(
                "event {missing} of chat {chat} is missing"
            )));
        }
        let is_whole = stretch.is_whole(&events);
        Ok((events, is_whole))
    }

    async fn head_seq(&self, stretch: Stretch) -> Result<Seq, StoreError> {
        let at = (int(stretch.chat.get()), stretch.bucket.get());
        let row = self.cql.one::<(Option<i64>,)>(&HEAD_SEQ, at).await?;
        let head = row.and_then(|(head,)| head).map(number).transpose()?;
        Ok(Seq::new(head.unwrap_or(0)))
    }
}

impl Stretch {
    fn values(self) -> (i64, i32, i64, i64, i32) {
        (
            int(self.chat.get()),
            self.bucket.get(),
            int(self.after.get()),
            int(self.through.get()),
            limit(ROWS_MAX),
        )
    }

    /// The events up to the first that is missing.
    fn without_hole(self, rows: Vec<EventRow>) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::with_capacity(rows.len());
        let mut last = self.after;
        for row in rows {
            match row::event(self.chat, row)? {
                Some(event) if event.seq == last.next() => {
                    last = event.seq;
                    events.push(event);
                }
                _ => break,
            }
        }
        Ok(events)
    }

    fn is_whole(self, events: &[Event]) -> bool {
        self.after.plus(events.len() as u64) >= self.through
    }
}
