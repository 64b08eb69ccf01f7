//! Making every table ready for transactions before anybody waits for one.
//!
//! Where `ScyllaDB` keeps a table in tablets, the first transaction on it makes a table for the state of its transactions:
//! a change of the schema, which takes longer than a person's request may.

use scylla::value::Row;

use crate::OpenError;
use crate::cql::{Cql, Statement};

/// A read of nothing from each table that has conditional writes.
static READS: [Statement; 11] = [
    read("SELECT id FROM canary WHERE id = 00000000-0000-0000-0000-000000000000 LIMIT 1"),
    read("SELECT blocker FROM blocks WHERE blocker = 0 AND blocked = 0"),
    read("SELECT owner FROM claims WHERE space = 'none' AND name = 'none'"),
    read("SELECT id FROM keys WHERE purpose = 'none' LIMIT 1"),
    read("SELECT chat_id FROM log WHERE chat_id = 0 AND bucket = 0 LIMIT 1"),
    read("SELECT number FROM node_numbers WHERE part = 0 LIMIT 1"),
    read("SELECT month FROM reports WHERE month = 0 LIMIT 1"),
    read("SELECT name FROM schema_version WHERE name = 'none'"),
    read("SELECT session_id FROM sessions WHERE session_id = 0"),
    read("SELECT name FROM settings WHERE name = 'none'"),
    read("SELECT user_id FROM users WHERE user_id = 0"),
];

const fn read(text: &'static str) -> Statement {
    Statement::new("schema_first_transaction", text)
}

/// Reads each table serially, which is a transaction. One after the other: so are changes of the schema.
pub(super) async fn prepare(cql: &Cql) -> Result<(), OpenError> {
    for read in &READS {
        cql.one_serial::<Row>(read, ()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The table of a statement: the word after the one that leads to it.
    fn table(text: &str) -> &str {
        let is_before = |word: &&str| ["INTO", "UPDATE", "FROM"].contains(word);
        let mut words = text.split_whitespace().skip_while(|word| !is_before(word));
        words.nth(1).expect("a statement names its table")
    }

    /// The tables of all conditional statements in the sources under `dir`.
    fn written_conditionally(dir: &Path, tables: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(dir).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                written_conditionally(&path, tables);
                continue;
            }
            let source = std::fs::read_to_string(&path).expect("a source");
            let is_conditional = |text: &&str| {
                let kinds = ["INSERT INTO ", "UPDATE ", "DELETE "];
                kinds.iter().any(|kind| text.starts_with(kind))
                    && text.split_whitespace().any(|word| word == "IF")
            };
            let found = source.split('"').filter(is_conditional);
            tables.extend(found.map(|text| table(text).to_owned()));
        }
    }

    #[test]
    fn every_table_with_conditional_writes_is_made_ready() {
        let mut written = BTreeSet::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        written_conditionally(&sources, &mut written);
        let read = READS.iter().map(|read| table(read.text()).to_owned());
        assert_eq!(read.collect::<BTreeSet<_>>(), written);
    }
}
