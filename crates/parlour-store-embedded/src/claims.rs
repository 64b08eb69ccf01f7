//! [`Claims`]: a row per name; whoever writes it first owns it until it expires.

use std::time::Duration;

use async_trait::async_trait;
use parlour_model::Timestamp;
use parlour_store::{Claim, ClaimSpace, Claims, StoreError};
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::rows::{self, int};
use crate::writing::Writing;
use crate::{EmbeddedStore, sql};

#[async_trait]
impl Claims for EmbeddedStore {
    async fn claim(
        &self,
        space: ClaimSpace,
        name: &str,
        owner: u64,
        ttl: Option<Duration>,
    ) -> Result<Claim, StoreError> {
        let name = name.to_owned();
        self.write(move |writing| claim(writing, space, &name, (owner, ttl)))
            .await
    }

    async fn owner(&self, space: ClaimSpace, name: &str) -> Result<Option<u64>, StoreError> {
        let name = name.to_owned();
        let now = self.clock.now();
        self.read(move |conn| owner(conn, space, &name, now)).await
    }
}

fn claim(
    writing: &mut Writing<'_>,
    space: ClaimSpace,
    name: &str,
    (wanted_by, ttl): (u64, Option<Duration>),
) -> Result<Claim, Failure> {
    match owner(writing.conn, space, name, writing.now)? {
        Some(owner) if owner != wanted_by => return Ok(Claim::Taken(owner)),
        // The owner's again, and as long as they ask for now.
        Some(_) | None => {}
    }
    let expires_at = ttl.map(|ttl| int(writing.now.plus(ttl).as_millis()));
    sql::change(
        writing.conn,
        "INSERT OR REPLACE INTO claims (space, name, owner, expires_at) VALUES (?1, ?2, ?3, ?4)",
        params![space.as_str(), name, int(wanted_by), expires_at],
    )?;
    Ok(Claim::Won)
}

fn owner(
    conn: &Connection,
    space: ClaimSpace,
    name: &str,
    now: Timestamp,
) -> Result<Option<u64>, Failure> {
    sql::one(
        conn,
        "SELECT owner FROM claims
         WHERE space = ?1 AND name = ?2 AND (expires_at IS NULL OR expires_at > ?3)",
        params![space.as_str(), name, int(now.as_millis())],
        |row| rows::number(row, 0),
    )
}
