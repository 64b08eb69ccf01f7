//! Pages of lines: which lines they hold, and whether there are more on either side.

use parlour_model::{ChatId, Event, Seq, Visible, limits};
use parlour_store::{Anchor, Page, StoreError};

use super::lines::{Found, Lines};
use crate::ScyllaStore;

impl ScyllaStore {
    /// A page of lines around `anchor`, all within `visible`, which ends at the head.
    pub(super) async fn read_page(
        &self,
        chat: ChatId,
        anchor: Anchor,
        limit: usize,
        visible: Visible,
    ) -> Result<Page, StoreError> {
        let lines = Lines {
            store: self,
            chat,
            visible,
            lineless_max: limits::PAGE_LINELESS_EVENTS_MAX,
        };
        let found = match anchor {
            Anchor::Latest => lines.before(Seq::LIMIT, limit).await?,
            Anchor::Before(seq) => lines.before(seq, limit).await?,
            Anchor::After(seq) => lines.after(seq, limit).await?,
            Anchor::Around(seq) => lines.around(seq, limit).await?,
        };
        let at = visible.through;
        Ok(Page {
            messages: self.lay_over(chat, found.lines, at).await?,
            has_before: found.has_before,
            has_after: found.has_after,
            at,
        })
    }
}

/// The lines of a page, ascending, and what lies beside them.
struct Stretch {
    lines: Vec<Event>,
    has_before: bool,
    has_after: bool,
}

impl Lines<'_> {
    async fn before(&self, end: Seq, limit: usize) -> Result<Stretch, StoreError> {
        let found = self.below(end, limit).await?;
        Ok(Stretch {
            has_before: found.more,
            has_after: self.any_from(end).await?,
            lines: found.lines,
        })
    }

    async fn after(&self, start: Seq, limit: usize) -> Result<Stretch, StoreError> {
        let found = self.from(start.next(), limit).await?;
        Ok(Stretch {
            has_before: self.any_below(start.next()).await?,
            has_after: found.more,
            lines: found.lines,
        })
    }

    /// Half of the lines below `seq`, the rest from it on; where one side is short, the other fills up.
    async fn around(&self, seq: Seq, limit: usize) -> Result<Stretch, StoreError> {
        let (below, from) = tokio::try_join!(
            Box::pin(self.below(seq, limit)),
            Box::pin(self.from(seq, limit)),
        )?;
        Ok(joined(below, from, limit))
    }
}

fn joined(below: Found, from: Found, limit: usize) -> Stretch {
    let below_due = (limit / 2).max(limit.saturating_sub(from.lines.len()));
    let left_out = below.lines.len().saturating_sub(below_due);
    let mut lines: Vec<Event> = below.lines.into_iter().skip(left_out).collect();
    let from_due = limit - lines.len();
    let has_after = from.more || from.lines.len() > from_due;
    lines.extend(from.lines.into_iter().take(from_due));
    Stretch {
        lines,
        has_before: below.more || left_out > 0,
        has_after,
    }
}
