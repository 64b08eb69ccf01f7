//! Conditional writes that may be repeated: what an answer says, and what a lost one does not.
//!
//! Only [`Tries`] can send them, and they are had only from [`ScyllaStore::settle`], which sees how the whole call ends. So no
//! call that has sent one says that nothing happened, whatever failed after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parlour_store::StoreError;
use scylla::serialize::row::SerializeRow;

use crate::ScyllaStore;
use crate::cql::{Cql, CqlError, Statement};
use crate::doubt::or_unknown;

/// The tries of one call to write on conditions.
pub(crate) struct Tries {
    cql: Cql,
    may_stand: Arc<AtomicBool>,
}

impl ScyllaStore {
    /// Runs a call that writes on conditions. Once one of its tries has applied, or was not answered and may still apply, no
    /// failure of the call is definite.
    pub(crate) async fn settle<T, F>(&self, call: impl FnOnce(Tries) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let may_stand = Arc::new(AtomicBool::new(false));
        let tries = Tries {
            cql: self.cql.clone(),
            may_stand: Arc::clone(&may_stand),
        };
        let answer = call(tries).await;
        answer.map_err(|error| or_unknown(error, may_stand.load(Ordering::Relaxed)))
    }
}

impl Tries {
    /// Whether a conditional write surely applied. `false` says nothing: it was refused, or may still apply. What is
    /// true then is what a read at `LOCAL_SERIAL` says, and the write must be one that may be repeated.
    pub(crate) async fn applies(
        &self,
        statement: &'static Statement,
        values: impl SerializeRow,
    ) -> Result<bool, StoreError> {
        let applied = match self.cql.conditional(statement, values).await {
            Ok(answer) if !answer.applied => return Ok(false),
            Ok(_) => true,
            Err(CqlError::Unknown(_) | CqlError::Corrupt(_)) => false,
            Err(error) => return Err(error.into()),
        };
        self.may_stand.store(true, Ordering::Relaxed);
        Ok(applied)
    }
}
