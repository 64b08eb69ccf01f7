//! What events do to messages: bodies, deletions, pins and reactions, each cell under its seq.
//!
//! A deletion is sticky. It empties the message's body and the bodies of its edits wherever they lie, and does the
//! same to edits that are written later.

use parlour_model::{Body, ChatId, Content, Seq};
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::rows::{self, EVENT, int};
use crate::sql;

/// A change of one message's state, by the event `seq`.
pub(crate) struct Cell {
    pub(crate) chat: ChatId,
    pub(crate) target: Seq,
    pub(crate) seq: Seq,
}

impl Cell {
    /// The message has a new body.
    pub(crate) fn edit(&self, conn: &Connection, body: &str, at: i64) -> Result<(), Failure> {
        let deleted = sql::one(
            conn,
            "INSERT INTO overlay (chat, target, edit_seq, changed_seq, body, edited_at)
             VALUES (?1, ?2, ?3, ?3, ?4, ?5)
             ON CONFLICT (chat, target) DO UPDATE SET
                 body = iif(deleted_seq = 0 AND excluded.edit_seq > edit_seq, excluded.body, body),
                 edited_at = iif(deleted_seq = 0 AND excluded.edit_seq > edit_seq,
                     excluded.edited_at, edited_at),
                 edit_seq = max(edit_seq, excluded.edit_seq),
                 changed_seq = max(changed_seq, excluded.changed_seq)
             RETURNING deleted_seq > 0",
            params![
                int(self.chat.get()),
                int(self.target.get()),
                int(self.seq.get()),
                body,
                at
            ],
            |row| Ok(row.get::<_, bool>(0)?),
        )?;
        if deleted == Some(true) {
            self.erase_edits(conn)?;
        }
        Ok(())
    }

    /// The message is deleted.
    pub(crate) fn delete(&self, conn: &Connection) -> Result<(), Failure> {
        sql::change(
            conn,
            "INSERT INTO overlay (chat, target, deleted_seq, changed_seq) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (chat, target) DO UPDATE SET
                 body = NULL,
                 edited_at = NULL,
                 deleted_seq = max(deleted_seq, excluded.deleted_seq),
                 changed_seq = max(changed_seq, excluded.changed_seq)",
            params![
                int(self.chat.get()),
                int(self.target.get()),
                int(self.seq.get())
            ],
        )?;
        self.erase_message(conn)?;
        self.erase_edits(conn)
    }

    /// The message is pinned or not.
    pub(crate) fn pin(&self, conn: &Connection, on: bool) -> Result<(), Failure> {
        sql::change(
            conn,
            "INSERT INTO overlay (chat, target, pinned_seq, changed_seq, pinned)
             VALUES (?1, ?2, ?3, ?3, ?4)
             ON CONFLICT (chat, target) DO UPDATE SET
                 pinned = iif(excluded.pinned_seq > pinned_seq, excluded.pinned, pinned),
                 pinned_seq = max(pinned_seq, excluded.pinned_seq),
                 changed_seq = max(changed_seq, excluded.changed_seq)",
            params![
                int(self.chat.get()),
                int(self.target.get()),
                int(self.seq.get()),
                on
            ],
        )?;
        Ok(())
    }

    /// A user's reaction is on or off.
    pub(crate) fn react(
        &self,
        conn: &Connection,
        user: u64,
        emoji: &str,
        on: bool,
    ) -> Result<(), Failure> {
        let at = params![
            int(self.chat.get()),
            int(self.target.get()),
            int(self.seq.get())
        ];
        sql::change(
            conn,
            "INSERT INTO overlay (chat, target, changed_seq) VALUES (?1, ?2, ?3)
             ON CONFLICT (chat, target) DO UPDATE SET
                 changed_seq = max(changed_seq, excluded.changed_seq)",
            at,
        )?;
        sql::change(
            conn,
            "INSERT INTO reactions (chat, target, seq, emoji, user, is_on)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (chat, target, emoji, user) DO UPDATE SET
                 is_on = excluded.is_on, seq = excluded.seq
             WHERE excluded.seq > seq",
            params![
                int(self.chat.get()),
                int(self.target.get()),
                int(self.seq.get()),
                emoji,
                int(user),
                on
            ],
        )?;
        Ok(())
    }

    /// Empties the message itself; everything else about the event stays.
    fn erase_message(&self, conn: &Connection) -> Result<(), Failure> {
        let query =
            format!("SELECT {EVENT} FROM lines WHERE chat = ?1 AND seq = ?2 AND erased = 0");
        let at = params![int(self.chat.get()), int(self.target.get())];
        let event = sql::one(conn, &query, at, |row| rows::event(self.chat, row))?;
        let Some(Content::Message { reply_to, .. }) = event.map(|event| event.content) else {
            return Ok(());
        };
        let body = Body::text("");
        let emptied = rows::content_json(&Content::Message { body, reply_to });
        sql::change(
            conn,
            "UPDATE lines SET content = ?3, erased = 1 WHERE chat = ?1 AND seq = ?2",
            params![int(self.chat.get()), int(self.target.get()), emptied],
        )?;
        Ok(())
    }

    /// Empties every edit of the message.
    fn erase_edits(&self, conn: &Connection) -> Result<(), Failure> {
        let query = format!(
            "SELECT {EVENT} FROM changes INDEXED BY changes_by_target
             WHERE chat = ?1 AND target = ?2 AND erased = 0"
        );
        let at = params![int(self.chat.get()), int(self.target.get())];
        for event in sql::all(conn, &query, at, |row| rows::event(self.chat, row))? {
            if let Content::MessageEdited { target, .. } = event.content {
                let body = Body::text("");
                let emptied = rows::content_json(&Content::MessageEdited { target, body });
                sql::change(
                    conn,
                    "UPDATE changes SET content = ?3, erased = 1 WHERE chat = ?1 AND seq = ?2",
                    params![int(self.chat.get()), int(event.seq.get()), emptied],
                )?;
            }
        }
        Ok(())
    }
}
