//! [`Keyring`]: secret keys by purpose and id; the first of an id stays.
//!
//! Rows are written and forgotten on conditions only, so that clocks of nodes decide nothing.

use async_trait::async_trait;
use parlour_model::Timestamp;
use parlour_store::{KeyPurpose, Keyring, StoreError, StoredKey};

use crate::ScyllaStore;
use crate::codes;
use crate::columns::int;
use crate::cql::Statement;

/// How often a key is tried when its answers are lost.
const TRIES_MAX: usize = 4;

static ADD: Statement = Statement::new(
    "keys_add",
    "INSERT INTO keys (purpose, id, secret, created_at, expires_at) VALUES (?, ?, ?, ?, ?)
     IF NOT EXISTS",
);
static ONE: Statement = Statement::new(
    "keys_one",
    "SELECT id, secret, created_at, expires_at FROM keys WHERE purpose = ? AND id = ?",
);
static ALL: Statement = Statement::new(
    "keys_all",
    "SELECT id, secret, created_at, expires_at FROM keys WHERE purpose = ?",
);
static DROP: Statement = Statement::new(
    "keys_drop",
    "DELETE FROM keys WHERE purpose = ? AND id = ? IF expires_at = ?",
);

/// `expires_at` is zero for never.
type KeyRow = (String, Vec<u8>, i64, i64);

#[async_trait]
impl Keyring for ScyllaStore {
    async fn add_key(&self, key: StoredKey) -> Result<StoredKey, StoreError> {
        let purpose = key.purpose.as_str();
        self.settle(|tries| async move {
            for _ in 0..TRIES_MAX {
                let created_at = int(key.created_at.as_millis());
                let expires_at = expiry(key.expires_at);
                let values = (purpose, &key.id, &key.secret, created_at, expires_at);
                if tries.applies(&ADD, values).await? {
                    return Ok(key);
                }
                let found: Option<KeyRow> = self.cql.one_serial(&ONE, (purpose, &key.id)).await?;
                if let Some(row) = found {
                    return decode(key.purpose, row);
                }
            }
            Err(StoreError::Unknown(format!("the key {}", key.id)))
        })
        .await
    }

    async fn keys(&self, purpose: KeyPurpose) -> Result<Vec<StoredKey>, StoreError> {
        let rows: Vec<KeyRow> = self.cql.all(&ALL, (purpose.as_str(),)).await?;
        let keys = rows.into_iter().map(|row| decode(purpose, row));
        let mut keys = keys.collect::<Result<Vec<StoredKey>, StoreError>>()?;
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(keys)
    }

    async fn drop_expired_keys(
        &self,
        purpose: KeyPurpose,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for key in self.keys(purpose).await? {
            if key.expires_at.is_some_and(|at| at < now) {
                // A refusal means that somebody else has forgotten it.
                let values = (purpose.as_str(), &key.id, expiry(key.expires_at));
                self.cql.conditional(&DROP, values).await?;
            }
        }
        Ok(())
    }
}

fn expiry(at: Option<Timestamp>) -> i64 {
    at.map_or(0, |at| int(at.as_millis()))
}

fn decode(purpose: KeyPurpose, row: KeyRow) -> Result<StoredKey, StoreError> {
    let (id, secret, created_at, expires_at) = row;
    Ok(StoredKey {
        purpose,
        id,
        secret,
        created_at: codes::time(created_at)?,
        expires_at: codes::time_or_never(Some(expires_at))?,
    })
}
