//! [`Keyring`]: secret keys by purpose and id; the first of an id stays.

use async_trait::async_trait;
use parlour_model::Timestamp;
use parlour_store::{KeyPurpose, Keyring, StoreError, StoredKey};
use rusqlite::{Connection, Row, params};

use crate::failure::Failure;
use crate::rows::{self, int};
use crate::{EmbeddedStore, sql};

#[async_trait]
impl Keyring for EmbeddedStore {
    async fn add_key(&self, key: StoredKey) -> Result<StoredKey, StoreError> {
        self.write(move |writing| add(writing.conn, &key)).await
    }

    async fn keys(&self, purpose: KeyPurpose) -> Result<Vec<StoredKey>, StoreError> {
        self.read(move |conn| read(conn, purpose)).await
    }

    async fn drop_expired_keys(
        &self,
        purpose: KeyPurpose,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |writing| drop_expired(writing.conn, purpose, now))
            .await
    }
}

fn add(conn: &Connection, key: &StoredKey) -> Result<StoredKey, Failure> {
    sql::change(
        conn,
        "INSERT INTO keyring (purpose, id, secret, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        params![
            key.purpose.as_str(),
            key.id,
            key.secret,
            int(key.created_at.as_millis()),
            key.expires_at.map(|at| int(at.as_millis())),
        ],
    )?;
    let stored = sql::one(
        conn,
        "SELECT id, secret, created_at, expires_at FROM keyring WHERE purpose = ?1 AND id = ?2",
        params![key.purpose.as_str(), key.id],
        |row| decode(key.purpose, row),
    )?;
    stored.ok_or_else(|| Failure::corrupt("a key that was just written is missing"))
}

fn read(conn: &Connection, purpose: KeyPurpose) -> Result<Vec<StoredKey>, Failure> {
    sql::all(
        conn,
        "SELECT id, secret, created_at, expires_at FROM keyring WHERE purpose = ?1
         ORDER BY created_at, id",
        [purpose.as_str()],
        |row| decode(purpose, row),
    )
}

fn drop_expired(conn: &Connection, purpose: KeyPurpose, now: Timestamp) -> Result<(), Failure> {
    sql::change(
        conn,
        "DELETE FROM keyring WHERE purpose = ?1 AND expires_at < ?2",
        params![purpose.as_str(), int(now.as_millis())],
    )?;
    Ok(())
}

fn decode(purpose: KeyPurpose, row: &Row<'_>) -> Result<StoredKey, Failure> {
    Ok(StoredKey {
        purpose,
        id: row.get(0)?,
        secret: row.get(1)?,
        created_at: rows::time(row, 2)?,
        expires_at: rows::optional(row, 3)?.map(Timestamp::from_millis),
    })
}
