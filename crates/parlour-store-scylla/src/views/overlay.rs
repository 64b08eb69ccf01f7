//! Messages in their current state, and no newer than their reader's rights.
//!
//! The overlay holds the latest state only. Where a message has changed after `through`, its state at `through` is put
//! together again from the log, so nothing newer shows. A deletion is the exception that never hurts: a body that is
//! gone is gone for every reader.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use parlour_model::{
    Change, ChatId, Emoji, Event, Message, Overlay, OverlayChange, Seq, UserId, effects,
};
use parlour_store::StoreError;

use crate::ScyllaStore;
use crate::codes;
use crate::columns::{corrupt, int};
use crate::cql::Statement;
use crate::together::together;

static STATES: Statement = Statement::new(
    "overlay_range",
    "SELECT target, changed_seq, body, edited_at, deleted_seq, pinned, reactions FROM overlay
     WHERE chat_id = ? AND bucket = ? AND target >= ? AND target <= ?",
);
static CHANGES: Statement = Statement::new(
    "changes_through",
    "SELECT seq, is_edit FROM changes
     WHERE chat_id = ? AND bucket = ? AND target = ? AND seq <= ?",
);

type StateRow = (
    i64,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<bool>,
    Option<HashMap<(String, i64), bool>>,
);

/// The latest state of a message, with the seq of the latest change.
struct State {
    changed: Seq,
    overlay: Overlay,
}

impl ScyllaStore {
    /// Lays over each line (ascending, of one chat) what happened to it up to `through`.
    pub(super) async fn lay_over(
        &self,
        chat: ChatId,
        lines: Vec<Event>,
        through: Seq,
    ) -> Result<Vec<Message>, StoreError> {
        let mut states = self.states(chat, &lines).await?;
        let mut messages = Vec::with_capacity(lines.len());
        for line in lines {
            let overlay = match states.remove(&line.seq) {
                Some(state) if state.changed > through => {
                    self.overlay_at(chat, line.seq, through).await?
                }
                Some(state) => state.overlay,
                None => Overlay::default(),
            };
            messages.push(Message::new(line, overlay));
        }
        Ok(messages)
    }

    /// The states of these lines, those that nothing happened to left out.
    async fn states(
        &self,
        chat: ChatId,
        lines: &[Event],
    ) -> Result<BTreeMap<Seq, State>, StoreError> {
        let mut ranges: BTreeMap<i32, (Seq, Seq)> = BTreeMap::new();
        for line in lines {
            let bucket = self.log.layout.bucket_of(line.seq).get();
            let range = ranges.entry(bucket).or_insert((line.seq, line.seq));
            range.1 = range.1.max(line.seq);
        }
        let reads = ranges.into_iter().map(|(bucket, (first, last))| {
            let range = (int(chat.get()), bucket, int(first.get()), int(last.get()));
            self.cql.all::<StateRow>(&STATES, range)
        });
        let rows = together(reads.collect()).await?;
        rows.into_iter().flatten().map(state).collect()
    }

    /// The state of one message as the log up to `through` says.
    async fn overlay_at(
        &self,
        chat: ChatId,
        target: Seq,
        through: Seq,
    ) -> Result<Overlay, StoreError> {
        let (chat_id, bucket, of) = self.place(chat, target);
        let range = (chat_id, bucket, of, int(through.get()));
        let rows: Vec<(i64, Option<bool>)> = self.cql.all(&CHANGES, range).await?;
        let reads = that_show(rows).into_iter().map(|seq| async move {
            let seq = codes::seq(Some(seq))?;
            self.log.event_known(chat, seq).await
        });
        let events = together(reads.collect()).await?;
        Ok(fold(&events))
    }
}

/// Of all changes (seq, and whether it is an edit) those that show: of the edits, each with a body of its own, the last.
fn that_show(changes: Vec<(i64, Option<bool>)>) -> Vec<i64> {
    let is_edit = |(_, is_edit): &(i64, Option<bool>)| *is_edit == Some(true);
    let last_edit = changes.iter().rposition(is_edit);
    let seqs = changes.into_iter().enumerate();
    seqs.filter(|(at, change)| !is_edit(change) || Some(*at) == last_edit)
        .map(|(_, (seq, _))| seq)
        .collect()
}

fn state(row: StateRow) -> Result<(Seq, State), StoreError> {
    let (target, changed, body, edited_at, deleted, pinned, reactions) = row;
    // An empty body is what a deletion leaves.
    let body = body.filter(|json| !json.is_empty());
    let body = body.map(|json| codes::body(&json)).transpose()?;
    let edited_at = edited_at.map(codes::time).transpose()?;
    let state = State {
        changed: codes::seq(changed)?,
        overlay: Overlay {
            edited: body.zip(edited_at),
            deleted: deleted.is_some(),
            pinned: pinned.unwrap_or(false),
            reactions: reactions_on(reactions.unwrap_or_default())?,
        },
    };
    Ok((codes::seq(Some(target))?, state))
}

/// The reactions that are on; users of one emoji by rising id.
fn reactions_on(
    cells: HashMap<(String, i64), bool>,
) -> Result<BTreeMap<Emoji, Vec<UserId>>, StoreError> {
    let mut reactions: BTreeMap<Emoji, Vec<UserId>> = BTreeMap::new();
    for ((emoji, user), _) in cells.into_iter().filter(|(_, is_on)| *is_on) {
        let emoji = Emoji::new(emoji).map_err(corrupt)?;
        reactions.entry(emoji).or_default().push(codes::user(user)?);
    }
    reactions.values_mut().for_each(|users| users.sort());
    Ok(reactions)
}

/// What these events, ascending and all about one message, have made of it.
fn fold(events: &[Event]) -> Overlay {
    let mut overlay = Overlay::default();
    let mut reactions: BTreeMap<Emoji, BTreeSet<UserId>> = BTreeMap::new();
    for change in events.iter().flat_map(effects) {
        let Change::Overlay { change, .. } = change else {
            continue;
        };
        match change {
            OverlayChange::Edited { body, at, .. } => overlay.edited = Some((body, at)),
            OverlayChange::Deleted => overlay.deleted = true,
            OverlayChange::Pinned(on) => overlay.pinned = on,
            OverlayChange::Reaction { user, emoji, on } => {
                let users = reactions.entry(emoji).or_default();
                if on {
                    users.insert(user);
                } else {
                    users.remove(&user);
                }
            }
        }
    }
    reactions.retain(|_, users| !users.is_empty());
    let in_order = |(emoji, users): (Emoji, BTreeSet<UserId>)| (emoji, users.into_iter().collect());
    overlay.reactions = reactions.into_iter().map(in_order).collect();
    overlay
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_edits_the_last_alone_is_read() {
        let mut changes: Vec<_> = (2..1_000).map(|seq| (seq, Some(true))).collect();
        changes.extend([(1_000, Some(false)), (1_001, None)]);
        changes.insert(0, (1, Some(false)));
        assert_eq!(that_show(changes), [1, 999, 1_000, 1_001]);
        assert!(that_show(Vec::new()).is_empty());
    }
}
