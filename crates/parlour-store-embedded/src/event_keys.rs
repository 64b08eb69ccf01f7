//! The memory of event keys: which event a key became, or that it was cancelled.
//!
//! A key is remembered for 14 days from now or from its own time, whichever is later, so a cancelled key of a
//! client whose clock is ahead stays cancelled for as long as anybody could use it.

use parlour_model::{BodyHash, ChatId, EventKey, Seq, Timestamp, UserId, limits};
use parlour_store::{Cancellation, Lookup, Outcome};
use rusqlite::{Connection, params};

use crate::append::read;
use crate::failure::Failure;
use crate::rows::{self, int};
use crate::sql;
use crate::writing::Writing;

/// The name of one intention: unique per (chat, author).
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyName {
    /// The chat.
    pub(crate) chat: ChatId,
    /// Whose key.
    pub(crate) author: UserId,
    /// The key.
    pub(crate) key: EventKey,
}

/// What is known of a key.
pub(crate) enum Memory {
    /// It became this event, with content of this hash.
    Event { seq: Seq, hash: Vec<u8> },
    /// Nothing, for good.
    Cancelled,
}

impl KeyName {
    /// What is known of the key at `now`.
    pub(crate) fn look_up(
        &self,
        conn: &Connection,
        now: Timestamp,
    ) -> Result<Option<Memory>, Failure> {
        sql::one(
            conn,
            "SELECT seq, hash FROM event_keys
             WHERE chat = ?1 AND author = ?2 AND key = ?3 AND expires_at > ?4",
            params![
                int(self.chat.get()),
                int(self.author.get()),
                self.key.uuid().as_bytes(),
                int(now.as_millis()),
            ],
            |row| {
                Ok(match rows::optional(row, 0)? {
                    Some(seq) => Memory::Event {
                        seq: Seq::new(seq),
                        hash: row.get(1)?,
                    },
                    None => Memory::Cancelled,
                })
            },
        )
    }

    /// Remembers what the key became: an event, or nothing for good. Replaces a row that has expired.
    pub(crate) fn remember(
        &self,
        conn: &Connection,
        event: Option<(Seq, BodyHash)>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let (seq, hash) = event.unzip();
        sql::change(
            conn,
            "INSERT OR REPLACE INTO event_keys (chat, author, key, seq, hash, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                int(self.chat.get()),
                int(self.author.get()),
                self.key.uuid().as_bytes(),
                seq.map(|seq| int(seq.get())),
                hash.map(|hash| hash.0),
                int(now
                    .max(self.key.time())
                    .plus(limits::KEY_REMEMBERED)
                    .as_millis()),
            ],
        )?;
        Ok(())
    }
}

impl Memory {
    /// The outcome of a draft whose key is known.
    pub(crate) fn outcome(
        self,
        conn: &Connection,
        chat: ChatId,
        hash: BodyHash,
    ) -> Result<Outcome, Failure> {
        match self {
            Self::Cancelled => Ok(Outcome::Cancelled),
            Self::Event { seq, hash: stored } if stored == hash.0 => {
                read(conn, chat, seq).map(Outcome::Existing)
            }
            Self::Event { seq, .. } => read(conn, chat, seq).map(Outcome::KeyReused),
        }
    }
}

/// Takes the key out of use, unless it is an event.
pub(crate) fn cancel(writing: &mut Writing<'_>, name: KeyName) -> Result<Cancellation, Failure> {
    match name.look_up(writing.conn, writing.now)? {
        Some(Memory::Event { seq, .. }) => {
            read(writing.conn, name.chat, seq).map(Cancellation::Found)
        }
        Some(Memory::Cancelled) => Ok(Cancellation::Cancelled),
        None => {
            name.remember(writing.conn, None, writing.now)?;
            Ok(Cancellation::Cancelled)
        }
    }
}

/// What became of the key.
pub(crate) fn find(conn: &Connection, name: KeyName, now: Timestamp) -> Result<Lookup, Failure> {
    match name.look_up(conn, now)? {
        Some(Memory::Event { seq, .. }) => read(conn, name.chat, seq).map(Lookup::Found),
        Some(Memory::Cancelled) => Ok(Lookup::Cancelled),
        None => Ok(Lookup::Absent),
    }
}
