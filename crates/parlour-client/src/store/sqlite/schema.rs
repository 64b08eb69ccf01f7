//! The tables of the file and its settings.

use rusqlite::Connection;

use crate::StoreError;

/// Raised whenever the tables change; a file of a later version is refused.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE session (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        user INTEGER NOT NULL,
        session INTEGER NOT NULL,
        access_token TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        refresh_token TEXT NOT NULL
    ) STRICT;
    CREATE TABLE chats (
        chat INTEGER PRIMARY KEY,
        applied INTEGER NOT NULL,
        others INTEGER NOT NULL,
        unseen INTEGER NOT NULL,
        read INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE events (
        chat INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (chat, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE outbox (
        place INTEGER PRIMARY KEY,
        chat INTEGER NOT NULL,
        key TEXT NOT NULL,
        first_key TEXT NOT NULL,
        operation TEXT NOT NULL,
        applied INTEGER,
        uncertain INTEGER NOT NULL,
        cancelled INTEGER NOT NULL,
        held_back INTEGER NOT NULL
    ) STRICT;
";

/// Empties every table.
pub(super) const WIPE: &str =
    "DELETE FROM session; DELETE FROM chats; DELETE FROM events; DELETE FROM outbox;";

/// Sets the file up, and makes the tables of a new one.
pub(super) fn prepare(connection: &Connection) -> Result<(), StoreError> {
    // Exclusive: two clients on one file would each overwrite the other's cursors.
    connection.execute_batch(
        "PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;",
    )?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        VERSION => Ok(()),
        0 => Ok(connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
        ))?),
        later => Err(StoreError::message(format!(
            "the file has version {later}, this program knows {VERSION}"
        ))),
    }
}
