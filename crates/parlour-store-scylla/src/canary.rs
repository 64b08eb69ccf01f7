//! What a node tries before it serves: the two things that everything else stands on.
//!
//! A conditional batch applies once, and a write with an older write timestamp changes nothing. A store that gets either
//! wrong would lose messages quietly, so the node refuses to start on it.

use uuid::Uuid;

use crate::OpenError;
use crate::cql::{Answer, Cql, Statement, Values};

static HEAD: Statement = Statement::new(
    "canary_head",
    "UPDATE canary SET head = 1 WHERE id = ? IF head = NULL",
);
static ROW: Statement = Statement::new(
    "canary_row",
    "INSERT INTO canary (id, kind, value) VALUES (?, 1, 1) IF NOT EXISTS",
);
static RAISE: Statement = Statement::new(
    "canary_raise",
    "UPDATE canary SET value = ? WHERE id = ? AND kind = 2",
);
static READ: Statement = Statement::new(
    "canary_read",
    "SELECT value FROM canary WHERE id = ? AND kind = 2",
);

/// Tries both.
pub(crate) async fn sing(cql: &Cql) -> Result<(), OpenError> {
    let id = Uuid::new_v4();
    if !batch(cql, id).await?.applied {
        return Err(wrong("a conditional batch on nothing was refused"));
    }
    if batch(cql, id).await?.applied {
        return Err(wrong("a conditional batch was applied twice"));
    }
    let register = Uuid::new_v4();
    for value in [5, 3] {
        let values = (value, register);
        cql.write_at(&RAISE, values, value).await?;
    }
    match cql.one::<(Option<i64>,)>(&READ, (register,)).await? {
        Some((Some(5),)) => Ok(()),
        other => Err(wrong(&format!(
            "of 5 and 3, written with these numbers as write timestamps, {other:?} was left"
        ))),
    }
}

async fn batch(cql: &Cql, id: Uuid) -> Result<Answer, OpenError> {
    let statements: Vec<(&'static Statement, Values)> =
        vec![(&HEAD, Box::new((id,))), (&ROW, Box::new((id,)))];
    Ok(cql.conditional_batch("canary_batch", statements).await?)
}

fn wrong(reason: &str) -> OpenError {
    OpenError::NoTransactions {
        reason: reason.to_owned(),
    }
}
