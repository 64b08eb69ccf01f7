//! What a conditional statement answers: whether it applied, and what stood there if not.
//!
//! ScyllaDB answers one row per statement, Cassandra one row per row that was read, and the columns depend on the
//! conditions. So columns are asked for by name, and every one may be missing.

use std::sync::Arc;

use scylla::response::query_result::QueryResult;
use scylla::value::{CqlValue, Row};
use uuid::Uuid;

use super::CqlError;

/// The answer of a conditional statement or batch.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Whether it happened.
    pub(crate) applied: bool,
    /// What was found instead; may be less than everything.
    pub(crate) rows: Vec<AnswerRow>,
}

/// One row of an answer.
#[derive(Debug)]
pub(crate) struct AnswerRow {
    names: Arc<[String]>,
    values: Vec<Option<CqlValue>>,
}

impl Answer {
    pub(super) fn read(result: QueryResult) -> Result<Self, CqlError> {
        let result = result.into_rows_result().map_err(CqlError::corrupt)?;
        let specs = result.column_specs();
        let names: Arc<[String]> = specs.iter().map(|spec| spec.name().to_owned()).collect();
        let mut rows = Vec::new();
        for row in result.rows::<Row>().map_err(CqlError::corrupt)? {
            let values = row.map_err(CqlError::corrupt)?.columns;
            let names = Arc::clone(&names);
            rows.push(AnswerRow { names, values });
        }
        let applied = rows.first().and_then(|row| row.boolean("[applied]"));
        let applied = applied.ok_or_else(|| CqlError::corrupt("no [applied] in the answer"))?;
        Ok(Self { applied, rows })
    }

    /// The first number that any row has in this column.
    pub(crate) fn bigint(&self, name: &str) -> Option<i64> {
        self.rows.iter().find_map(|row| row.bigint(name))
    }
}

#[cfg(test)]
impl Answer {
    /// The answer of a refusal with these columns.
    pub(crate) fn refused(names: &[&str], rows: Vec<Vec<Option<CqlValue>>>) -> Self {
        let names: Arc<[String]> = names.iter().map(|name| (*name).to_owned()).collect();
        let row = |values| AnswerRow {
            names: Arc::clone(&names),
            values,
        };
        Self {
            applied: false,
            rows: rows.into_iter().map(row).collect(),
        }
    }
}

impl AnswerRow {
    /// The number in a column.
    pub(crate) fn bigint(&self, name: &str) -> Option<i64> {
        self.value(name)?.as_bigint()
    }

    /// The small number in a column.
    pub(crate) fn tinyint(&self, name: &str) -> Option<i8> {
        self.value(name)?.as_tinyint()
    }

    /// The truth in a column.
    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        self.value(name)?.as_boolean()
    }

    /// The UUID in a column.
    pub(crate) fn uuid(&self, name: &str) -> Option<Uuid> {
        self.value(name)?.as_uuid()
    }

    /// The bytes in a column.
    pub(crate) fn blob(&self, name: &str) -> Option<&[u8]> {
        self.value(name)?.as_blob().map(Vec::as_slice)
    }

    fn value(&self, name: &str) -> Option<&CqlValue> {
        let column = self.names.iter().position(|known| known == name)?;
        self.values.get(column)?.as_ref()
    }
}
