//! Conditional writes that may be repeated: what an answer says, and what a lost one does not.

use parlour_store::StoreError;
use scylla::serialize::row::SerializeRow;

use crate::ScyllaStore;
use crate::cql::{CqlError, Statement};

impl ScyllaStore {
    /// Whether a conditional write surely applied. `false` says nothing: it was refused, or may still apply. What is
    /// true then is what a read at `LOCAL_SERIAL` says, and the write must be one that may be repeated.
    pub(crate) async fn applies(
        &self,
        statement: &'static Statement,
        values: impl SerializeRow,
    ) -> Result<bool, StoreError> {
        match self.cql.conditional(statement, values).await {
            Ok(answer) => Ok(answer.applied),
            Err(CqlError::Unknown(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
