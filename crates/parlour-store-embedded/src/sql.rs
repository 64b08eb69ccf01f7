//! The three shapes of a statement: one row, all rows, a change. Every statement is prepared once per
//! connection and kept.

use rusqlite::{Connection, Params, Row};

use crate::failure::Failure;

/// Statements kept per connection: more than the crate has.
pub(crate) const STATEMENTS_KEPT_MAX: usize = 128;

/// The first row, if there is one.
pub(crate) fn one<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    decode: impl FnOnce(&Row<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(decode).transpose()
}

/// All rows.
pub(crate) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    decode: impl FnMut(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut statement = conn.prepare_cached(sql)?;
    statement.query_and_then(params, decode)?.collect()
}

/// Whether there is a row.
pub(crate) fn exists(conn: &Connection, sql: &str, params: impl Params) -> Result<bool, Failure> {
    Ok(conn.prepare_cached(sql)?.exists(params)?)
}

/// Changes rows, and says how many.
pub(crate) fn change(conn: &Connection, sql: &str, params: impl Params) -> Result<usize, Failure> {
    Ok(conn.prepare_cached(sql)?.execute(params)?)
}
