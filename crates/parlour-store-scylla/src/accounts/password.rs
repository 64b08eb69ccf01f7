//! Password hashes: replaced on a condition, so that bringing a hash up to date never undoes a change.

use parlour_model::UserId;
use parlour_store::StoreError;

use crate::ScyllaStore;
use crate::columns::int;
use crate::cql::Statement;

/// How often a change is tried that others get in the way of, or whose answers are lost.
const TRIES_MAX: usize = 8;

static SET: Statement = Statement::new(
    "users_set_password",
    "UPDATE users SET password_hash = ? WHERE user_id = ? IF EXISTS",
);
static SWAP: Statement = Statement::new(
    "users_swap_password",
    "UPDATE users SET password_hash = ? WHERE user_id = ? IF password_hash = ?",
);

impl ScyllaStore {
    pub(super) async fn read_password_hash(
        &self,
        id: UserId,
    ) -> Result<Option<String>, StoreError> {
        let stored = self.existing(id).await?;
        Ok(stored.map(|stored| stored.password_hash))
    }

    pub(super) async fn put_password_hash(&self, id: UserId, hash: &str) -> Result<(), StoreError> {
        self.existing(id)
            .await?
            .ok_or(StoreError::NotFound("the user"))?;
        let answer = self.cql.conditional(&SET, (hash, int(id.get()))).await?;
        if answer.applied {
            Ok(())
        } else {
            Err(StoreError::NotFound("the user"))
        }
    }

    pub(super) async fn swap_password_hash(
        &self,
        id: UserId,
        expected: &str,
        hash: &str,
    ) -> Result<bool, StoreError> {
        let missing = || StoreError::NotFound("the user");
        self.existing(id).await?.ok_or_else(missing)?;
        self.settle(|tries| async move {
            for _ in 0..TRIES_MAX {
                let values = (hash, int(id.get()), expected);
                if tries.applies(&SWAP, values).await? {
                    return Ok(true);
                }
                let stored = self.stored_serial(id).await?.ok_or_else(missing)?;
                // A hash that is in place already is one whose writer was not told the first time.
                if stored.password_hash == hash {
                    return Ok(true);
                }
                if stored.password_hash != expected {
                    return Ok(false);
                }
            }
            Err(StoreError::Unknown(format!("the password of user {id}")))
        })
        .await
    }
}
