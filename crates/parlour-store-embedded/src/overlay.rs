//! Messages in their current state, and no newer than their reader's rights.
//!
//! The tables hold the latest state only. Where a message has changed after `through`, its state at `through` is
//! put together again from the log, so nothing newer shows. A deletion is the exception that never hurts: a body
//! that is gone is gone for every reader.

use std::collections::{BTreeMap, BTreeSet};

use parlour_model::{
    ChatId, Emoji, Event, Message, Overlay, OverlayChange, Seq, Timestamp, UserId,
};
use rusqlite::{Connection, Row, params};

use crate::failure::Failure;
use crate::rows::{self, EVENT, int};
use crate::sql;

/// Lays over each event (ascending, of one chat) what happened to it up to `through`.
pub(crate) fn lay_over(
    conn: &Connection,
    chat: ChatId,
    events: Vec<Event>,
    through: Seq,
) -> Result<Vec<Message>, Failure> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Ok(Vec::new());
    };
    let range = (first.seq, last.seq);
    let mut states = read_states(conn, chat, range)?;
    let mut reactions = read_reactions(conn, chat, range)?;
    events
        .into_iter()
        .map(|event| {
            let overlay = match states.remove(&event.seq) {
                Some((changed, _)) if changed > through => at(conn, chat, event.seq, through)?,
                Some((_, overlay)) => Overlay {
                    reactions: reactions.remove(&event.seq).unwrap_or_default(),
                    ..overlay
                },
                None => Overlay::default(),
            };
            Ok(Message::new(event, overlay))
        })
        .collect()
}

/// The states without reactions, by target, each with the seq of the latest change.
fn read_states(
    conn: &Connection,
    chat: ChatId,
    (first, last): (Seq, Seq),
) -> Result<BTreeMap<Seq, (Seq, Overlay)>, Failure> {
    let rows = sql::all(
        conn,
        "SELECT target, changed_seq, body, edited_at, deleted_seq, pinned FROM overlay
         WHERE chat = ?1 AND target BETWEEN ?2 AND ?3",
        params![int(chat.get()), int(first.get()), int(last.get())],
        |row| Ok((rows::seq(row, 0)?, (rows::seq(row, 1)?, state(row)?))),
    )?;
    Ok(rows.into_iter().collect())
}

fn state(row: &Row<'_>) -> Result<Overlay, Failure> {
    let body: Option<String> = row.get(2)?;
    let body = body.map(|json| rows::body(&json)).transpose()?;
    let edited_at = rows::optional(row, 3)?.map(Timestamp::from_millis);
    Ok(Overlay {
        edited: body.zip(edited_at),
        deleted: rows::seq(row, 4)? > Seq::ZERO,
        pinned: row.get(5)?,
        reactions: BTreeMap::new(),
    })
}

type Reactions = BTreeMap<Emoji, Vec<UserId>>;

/// The reactions that are on, by target; users of one emoji by rising id.
fn read_reactions(
    conn: &Connection,
    chat: ChatId,
    (first, last): (Seq, Seq),
) -> Result<BTreeMap<Seq, Reactions>, Failure> {
    let rows = sql::all(
        conn,
        "SELECT target, emoji, user FROM reactions
         WHERE chat = ?1 AND target BETWEEN ?2 AND ?3 AND is_on = 1
         ORDER BY target, emoji, user",
        params![int(chat.get()), int(first.get()), int(last.get())],
        |row| {
            let emoji = Emoji::new(row.get::<_, String>(1)?).map_err(Failure::corrupt)?;
            Ok((
                rows::seq(row, 0)?,
                emoji,
                UserId::new(rows::number(row, 2)?)?,
            ))
        },
    )?;
    let mut reactions: BTreeMap<Seq, Reactions> = BTreeMap::new();
    for (target, emoji, user) in rows {
        let users = reactions.entry(target).or_default();
        users.entry(emoji).or_default().push(user);
    }
    Ok(reactions)
}

/// The state of one message as the log up to `through` says.
fn at(conn: &Connection, chat: ChatId, target: Seq, through: Seq) -> Result<Overlay, Failure> {
    let query = format!(
        "SELECT {EVENT} FROM changes INDEXED BY changes_by_target
         WHERE chat = ?1 AND target = ?2 AND seq > ?2 AND seq <= ?3 ORDER BY seq"
    );
    let range = params![int(chat.get()), int(target.get()), int(through.get())];
    let events = sql::all(conn, &query, range, |row| rows::event(chat, row))?;
    Ok(fold(&events))
}

/// What these events, ascending and all about one message, have made of it.
fn fold(events: &[Event]) -> Overlay {
    let mut overlay = Overlay::default();
    let mut reactions: BTreeMap<Emoji, BTreeSet<UserId>> = BTreeMap::new();
    let changes =
        events
            .iter()
            .flat_map(parlour_model::effects)
            .filter_map(|change| match change {
                parlour_model::Change::Overlay { change, .. } => Some(change),
                _ => None,
            });
    for change in changes {
        match change {
            OverlayChange::Edited { body, at, .. } => overlay.edited = Some((body, at)),
            OverlayChange::Deleted => overlay.deleted = true,
            OverlayChange::Pinned(on) => overlay.pinned = on,
            OverlayChange::Reaction {
                user,
                emoji,
                on: true,
            } => {
                reactions.entry(emoji).or_default().insert(user);
            }
            OverlayChange::Reaction { user, emoji, .. } => {
                reactions.entry(emoji).or_default().remove(&user);
            }
        }
    }
    overlay.reactions = reactions
        .into_iter()
        .filter(|(_, users)| !users.is_empty())
        .map(|(emoji, users)| (emoji, users.into_iter().collect()))
        .collect();
    overlay
}
