//! Pages of lines: which seqs they hold, and whether there are more on either side.
//!
//! Lines have a table of their own, so a page costs what it holds, however many edits and reactions lie between.
//! Everything of a page is read in one snapshot.

use parlour_model::{ChatId, Event, Seq, Visible};
use parlour_store::{Anchor, Page};
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::overlay;
use crate::rows::{self, EVENT, count, int};
use crate::sql;
use crate::writing::read_head;

/// A page of lines around `anchor`, all within `visible`.
pub(crate) fn read(
    conn: &Connection,
    chat: ChatId,
    anchor: Anchor,
    limit: usize,
    visible: Visible,
) -> Result<Page, Failure> {
    let head = read_head(conn, chat)?.map_or(Seq::ZERO, |head| head.seq);
    let lines = Lines {
        conn,
        chat,
        visible: Visible {
            after: visible.after,
            through: visible.through.min(head),
        },
    };
    let limit = limit.max(1);
    let events = match anchor {
        Anchor::Latest => lines.below(Seq::LIMIT, limit)?,
        Anchor::Before(seq) => lines.below(seq, limit)?,
        Anchor::After(seq) => lines.from(seq.next(), limit)?,
        Anchor::Around(seq) => lines.around(seq, limit)?,
    };
    lines.page(events, anchor)
}

/// The lines one reader may see.
struct Lines<'a> {
    conn: &'a Connection,
    chat: ChatId,
    visible: Visible,
}

impl Lines<'_> {
    /// The last lines below `end`, ascending.
    fn below(&self, end: Seq, limit: usize) -> Result<Vec<Event>, Failure> {
        let query = format!(
            "SELECT {EVENT} FROM lines
             WHERE chat = ?1 AND seq > ?2 AND seq <= ?3
             ORDER BY seq DESC LIMIT ?4"
        );
        let through = self.visible.through.min(end.previous());
        let mut events = self.query(&query, self.visible.after, through, limit)?;
        events.reverse();
        Ok(events)
    }

    /// The first lines from `start` on.
    fn from(&self, start: Seq, limit: usize) -> Result<Vec<Event>, Failure> {
        let query = format!(
            "SELECT {EVENT} FROM lines
             WHERE chat = ?1 AND seq > ?2 AND seq <= ?3
             ORDER BY seq LIMIT ?4"
        );
        let after = self.visible.after.max(start.previous());
        self.query(&query, after, self.visible.through, limit)
    }

    /// Half of the lines below `seq`, the rest from it on; where one side is short, the other fills up.
    fn around(&self, seq: Seq, limit: usize) -> Result<Vec<Event>, Failure> {
        let mut below = self.below(seq, limit)?;
        let mut from = self.from(seq, limit)?;
        let below_due = (limit / 2).max(limit.saturating_sub(from.len()));
        let mut events = below.split_off(below.len().saturating_sub(below_due));
        from.truncate(limit - events.len());
        events.append(&mut from);
        Ok(events)
    }

    fn query(
        &self,
        query: &str,
        after: Seq,
        through: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, Failure> {
        let range = params![
            int(self.chat.get()),
            int(after.get()),
            int(through.get()),
            count(limit)
        ];
        sql::all(self.conn, query, range, |row| rows::event(self.chat, row))
    }

    /// Whether any visible line lies after `after` up to `through`.
    fn any(&self, after: Seq, through: Seq) -> Result<bool, Failure> {
        let after = after.max(self.visible.after);
        let through = through.min(self.visible.through);
        sql::exists(
            self.conn,
            "SELECT 1 FROM lines
             WHERE chat = ?1 AND seq > ?2 AND seq <= ?3",
            params![int(self.chat.get()), int(after.get()), int(through.get())],
        )
    }

    fn page(&self, events: Vec<Event>, anchor: Anchor) -> Result<Page, Failure> {
        let (before, after) = match (events.first(), events.last(), anchor) {
            (Some(first), Some(last), _) => (first.seq.previous(), last.seq),
            // An empty page lies where its anchor is.
            (_, _, Anchor::Before(seq)) => (Seq::ZERO, seq.previous()),
            (_, _, Anchor::After(seq)) => (seq, Seq::LIMIT),
            (_, _, Anchor::Latest | Anchor::Around(_)) => (Seq::ZERO, Seq::LIMIT),
        };
        let at = self.visible.through;
        Ok(Page {
            has_before: self.any(Seq::ZERO, before)?,
            has_after: self.any(after, Seq::LIMIT)?,
            messages: overlay::lay_over(self.conn, self.chat, events, at)?,
            at,
        })
    }
}
