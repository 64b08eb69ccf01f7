//! A store in one SQLite file: WAL, synchronous FULL, one transaction per batch.
//!
//! SQLite blocks, so every call runs on tokio's blocking threads; the connection is behind a mutex that no await spans.

mod schema;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use parlour_model::{ChatId, Seq, SessionId, Timestamp, UserId};
use parlour_protocol::{Secret, WireEvent};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{Batch, LocalStore, Outgoing, Progress, Saved, SavedSession, StoreError};

/// Keeps everything in one file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the store in `file`, making it if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be opened, is of a later version, or is used by another process.
    pub fn open(file: impl AsRef<Path>) -> Result<Self, StoreError> {
        let connection = Connection::open(file)?;
        schema::prepare(&connection)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        let work = move || {
            // An unfinished transaction of a panicked call was rolled back when it was dropped.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut connection)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(StoreError::new)?
    }
}

#[async_trait]
impl LocalStore for SqliteStore {
    async fn load(&self) -> Result<Saved, StoreError> {
        self.run(|connection| {
            Ok(Saved {
                session: load_session(connection)?,
                chats: load_all(connection, "SELECT * FROM chats", progress)?
                    .into_iter()
                    .collect(),
                outbox: load_all(connection, "SELECT * FROM outbox ORDER BY place", outgoing)?,
            })
        })
        .await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            apply(&transaction, &batch)?;
            Ok(transaction.commit()?)
        })
        .await
    }

    async fn events(
        &self,
        chat: ChatId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Arc<WireEvent>>, StoreError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT event FROM events WHERE chat = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
            )?;
            let before = before.unwrap_or(Seq::LIMIT).get();
            let rows = statement.query_map(params![chat.get(), before, limit], |row| {
                json::<WireEvent>(row, 0)
            })?;
            let mut page = rows
                .map(|event| event.map(Arc::new))
                .collect::<Result<Vec<_>, _>>()?;
            page.reverse();
            Ok(page)
        })
        .await
    }
}

fn load_session(connection: &Connection) -> Result<Option<SavedSession>, StoreError> {
    let session = |row: &Row<'_>| {
        Ok(SavedSession {
            user: id(row, "user", UserId::new)?,
            session: id(row, "session", SessionId::new)?,
            access_token: Secret::new(row.get::<_, String>("access_token")?),
            expires_at: Timestamp::from_millis(row.get("expires_at")?),
            refresh_token: Secret::new(row.get::<_, String>("refresh_token")?),
        })
    };
    let found = connection.query_row("SELECT * FROM session", [], session);
    Ok(found.optional()?)
}

fn load_all<T>(
    connection: &Connection,
    query: &str,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare(query)?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn progress(row: &Row<'_>) -> rusqlite::Result<(ChatId, Progress)> {
    let chat = id(row, "chat", ChatId::new)?;
    let progress = Progress {
        applied: Seq::new(row.get("applied")?),
        others: Seq::new(row.get("others")?),
        unseen: Seq::new(row.get("unseen")?),
        read: Seq::new(row.get("read")?),
    };
    Ok((chat, progress))
}

fn outgoing(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    let key = |column: &str| {
        let text: String = row.get(column)?;
        text.parse().map_err(unreadable)
    };
    Ok(Outgoing {
        order: row.get("place")?,
        chat: id(row, "chat", ChatId::new)?,
        key: key("key")?,
        first_key: key("first_key")?,
        operation: json(row, "operation")?,
        applied: row.get::<_, Option<u64>>("applied")?.map(Seq::new),
        uncertain: row.get("uncertain")?,
        cancelled: row.get("cancelled")?,
        held_back: row.get("held_back")?,
    })
}

fn apply(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), StoreError> {
    if batch.wipe {
        transaction.execute_batch(schema::WIPE)?;
    }
    if let Some(session) = &batch.session {
        put_session(transaction, session)?;
    }
    for chat in &batch.dropped {
        transaction
            .prepare_cached("DELETE FROM events WHERE chat = ?")?
            .execute([chat.get()])?;
    }
    for event in &batch.events {
        let text = serde_json::to_string(&**event).map_err(StoreError::new)?;
        transaction
            .prepare_cached("INSERT INTO events (chat, seq, event) VALUES (?, ?, ?)")?
            .execute(params![event.chat.get(), event.seq.get(), text])?;
    }
    for (chat, progress) in &batch.chats {
        put_progress(transaction, *chat, progress.as_ref())?;
    }
    for (order, outgoing) in &batch.outbox {
        put_outgoing(transaction, *order, outgoing.as_ref())?;
    }
    Ok(())
}

fn put_session(transaction: &Transaction<'_>, session: &SavedSession) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO session (one, user, session, access_token, expires_at, refresh_token)
         VALUES (1, ?, ?, ?, ?, ?)",
    )?;
    statement.execute(params![
        session.user.get(),
        session.session.get(),
        session.access_token.expose(),
        session.expires_at.as_millis(),
        session.refresh_token.expose(),
    ])?;
    Ok(())
}

fn put_progress(
    transaction: &Transaction<'_>,
    chat: ChatId,
    progress: Option<&Progress>,
) -> Result<(), StoreError> {
    let Some(progress) = progress else {
        transaction
            .prepare_cached("DELETE FROM chats WHERE chat = ?")?
            .execute([chat.get()])?;
        return Ok(());
    };
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO chats (chat, applied, others, unseen, read) VALUES (?, ?, ?, ?, ?)",
    )?;
    statement.execute(params![
        chat.get(),
        progress.applied.get(),
        progress.others.get(),
        progress.unseen.get(),
        progress.read.get(),
    ])?;
    Ok(())
}

fn put_outgoing(
    transaction: &Transaction<'_>,
    order: u64,
    outgoing: Option<&Outgoing>,
) -> Result<(), StoreError> {
    let Some(outgoing) = outgoing else {
        transaction
            .prepare_cached("DELETE FROM outbox WHERE place = ?")?
            .execute([order])?;
        return Ok(());
    };
    let operation = serde_json::to_string(&outgoing.operation).map_err(StoreError::new)?;
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO outbox
         (place, chat, key, first_key, operation, applied, uncertain, cancelled, held_back)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    statement.execute(params![
        outgoing.order,
        outgoing.chat.get(),
        outgoing.key.to_string(),
        outgoing.first_key.to_string(),
        operation,
        outgoing.applied.map(Seq::get),
        outgoing.uncertain,
        outgoing.cancelled,
        outgoing.held_back,
    ])?;
    Ok(())
}

fn id<T, E>(row: &Row<'_>, column: &str, new: fn(u64) -> Result<T, E>) -> rusqlite::Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    new(row.get(column)?).map_err(unreadable)
}

fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: impl rusqlite::RowIndex,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(unreadable)
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(error)
    }
}
