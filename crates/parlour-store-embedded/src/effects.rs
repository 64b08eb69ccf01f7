//! What events do to the tables that project the logs.
//!
//! Each cell is written only by a seq above the one it carries, so effects may come late, twice and in any order.
//! Nothing is ever deleted. What events do to messages is in [`message_state`](crate::message_state).

use parlour_model::{AppData, Change, Content, Event, OverlayChange, Seq, Title, effects};
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::message_state::Cell;
use crate::rows::{self, int};
use crate::sql;

/// Writes the effects of an event.
pub(crate) fn apply(conn: &Connection, event: &Event) -> Result<(), Failure> {
    for change in effects(event) {
        match change {
            Change::Chat { .. } => set_chat(conn, event, &change)?,
            Change::Joined { .. } => set_joined(conn, event, &change)?,
            Change::Left { user } => set_left(conn, event, user.get())?,
            Change::Role { user, role } => {
                set_role(conn, event, user.get(), rows::role_number(role))?;
            }
            // A message that is not there yet cannot be meant.
            Change::Overlay { target, .. } if target >= event.seq => {}
            Change::Overlay { target, change } => set_overlay(conn, event, target, change)?,
        }
    }
    Ok(())
}

fn set_chat(conn: &Connection, event: &Event, change: &Change) -> Result<(), Failure> {
    let Change::Chat {
        title,
        history,
        data,
        at,
    } = change
    else {
        return Ok(());
    };
    let created = match &event.content {
        Content::ChatCreated { chat_type, .. } => Some(rows::chat_type_number(*chat_type)),
        _ => None,
    };
    let seq = int(event.seq.get());
    sql::change(
        conn,
        "INSERT INTO chats (chat, chat_type, created_at, title, title_seq, history, history_seq,
             updated_at, updated_seq, data, data_seq)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (chat) DO UPDATE SET
             chat_type = coalesce(chat_type, excluded.chat_type),
             created_at = coalesce(created_at, excluded.created_at),
             title = iif(excluded.title_seq > title_seq, excluded.title, title),
             title_seq = max(title_seq, excluded.title_seq),
             history = iif(excluded.history_seq > history_seq, excluded.history, history),
             history_seq = max(history_seq, excluded.history_seq),
             updated_at = iif(excluded.updated_seq > updated_seq, excluded.updated_at, updated_at),
             updated_seq = max(updated_seq, excluded.updated_seq),
             data = iif(excluded.data_seq > data_seq, excluded.data, data),
             data_seq = max(data_seq, excluded.data_seq)",
        params![
            int(event.chat.get()),
            created,
            created.map(|_| int(event.sent_at.as_millis())),
            title.as_ref().map(Title::as_str),
            if title.is_some() { seq } else { 0 },
            history.map(rows::history_number),
            if history.is_some() { seq } else { 0 },
            int(at.as_millis()),
            seq,
            data.as_ref().map(AppData::canonical),
            if data.is_some() { seq } else { 0 },
        ],
    )?;
    Ok(())
}

fn set_joined(conn: &Connection, event: &Event, change: &Change) -> Result<(), Failure> {
    let Change::Joined {
        user,
        role,
        countable,
        at,
    } = change
    else {
        return Ok(());
    };
    sql::change(
        conn,
        "INSERT INTO members (chat, user, role, role_seq, joined, state_seq, joined_seq,
             joined_countable, joined_at)
         VALUES (?1, ?2, ?3, ?4, 1, ?4, ?4, ?5, ?6)
         ON CONFLICT (chat, user) DO UPDATE SET
             role = iif(excluded.role_seq > role_seq, excluded.role, role),
             role_seq = max(role_seq, excluded.role_seq),
             joined = iif(excluded.state_seq > state_seq, 1, joined),
             state_seq = max(state_seq, excluded.state_seq),
             joined_countable = iif(excluded.joined_seq > joined_seq, excluded.joined_countable,
                 joined_countable),
             joined_at = iif(excluded.joined_seq > joined_seq, excluded.joined_at, joined_at),
             joined_seq = max(joined_seq, excluded.joined_seq)",
        params![
            int(event.chat.get()),
            int(user.get()),
            rows::role_number(*role),
            int(event.seq.get()),
            int(countable.get()),
            int(at.as_millis()),
        ],
    )?;
    Ok(())
}

fn set_left(conn: &Connection, event: &Event, user: u64) -> Result<(), Failure> {
    sql::change(
        conn,
        "INSERT INTO members (chat, user, joined, state_seq, left_seq) VALUES (?1, ?2, 0, ?3, ?3)
         ON CONFLICT (chat, user) DO UPDATE SET
             joined = iif(excluded.state_seq > state_seq, 0, joined),
             state_seq = max(state_seq, excluded.state_seq),
             left_seq = max(left_seq, excluded.left_seq)",
        params![int(event.chat.get()), int(user), int(event.seq.get())],
    )?;
    Ok(())
}

fn set_role(conn: &Connection, event: &Event, user: u64, role: i64) -> Result<(), Failure> {
    sql::change(
        conn,
        "INSERT INTO members (chat, user, role, role_seq) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (chat, user) DO UPDATE SET
             role = iif(excluded.role_seq > role_seq, excluded.role, role),
             role_seq = max(role_seq, excluded.role_seq)",
        params![int(event.chat.get()), int(user), role, int(event.seq.get())],
    )?;
    Ok(())
}

fn set_overlay(
    conn: &Connection,
    event: &Event,
    target: Seq,
    change: OverlayChange,
) -> Result<(), Failure> {
    let cell = Cell {
        chat: event.chat,
        target,
        seq: event.seq,
    };
    match change {
        OverlayChange::Edited { body, at, .. } => {
            cell.edit(conn, &rows::body_json(&body), int(at.as_millis()))
        }
        OverlayChange::Deleted => cell.delete(conn),
        OverlayChange::Pinned(on) => cell.pin(conn, on),
        OverlayChange::Reaction { user, emoji, on } => {
            cell.react(conn, user.get(), emoji.as_str(), on)
        }
    }
}
