//! Making the keyspace: with the configured copies, and so that transactions work in it.

use crate::OpenError;
use crate::connect;
use crate::cql::{Cql, CqlError, Statement};

use super::{SchemaOptions, change};

/// The releases of ScyllaDB, from the first to the one after the last, whose keyspaces have tablets unless told otherwise,
/// and whose tablets know no transactions.
const WITHOUT_TRANSACTIONS: ((u32, u32), (u32, u32)) = ((6, 0), (2025, 4));

/// Only `ScyllaDB` has this table.
static RELEASE: Statement = Statement::new(
    "scylla_release",
    "SELECT version FROM system.versions WHERE key = 'local'",
);

/// Makes the keyspace unless it is there, and compares its copies. Answers whether it was made.
pub(super) async fn make(
    cql: &Cql,
    keyspace: &str,
    options: &SchemaOptions,
) -> Result<bool, OpenError> {
    let mut created = false;
    if connect::replication(cql, keyspace).await?.is_none() {
        let release = release(cql).await?;
        let text = statement(keyspace, options, without_tablets(release.as_deref()));
        change(cql, &text).await?;
        created = true;
    }
    let found = connect::replication(cql, keyspace).await?;
    connect::check_replication(keyspace, found.unwrap_or_default(), &options.replication)?;
    Ok(created)
}

fn statement(keyspace: &str, options: &SchemaOptions, without_tablets: bool) -> String {
    let copies: Vec<String> = options
        .replication
        .iter()
        .map(|(datacenter, copies)| format!("'{}': {copies}", datacenter.replace('\'', "''")))
        .collect();
    let tablets = if without_tablets {
        " AND tablets = {'enabled': false}"
    } else {
        ""
    };
    format!(
        "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = \
         {{'class': 'NetworkTopologyStrategy', {}}} AND durable_writes = true{tablets}",
        copies.join(", ")
    )
}

/// The release of `ScyllaDB`; `None` on another store.
async fn release(cql: &Cql) -> Result<Option<String>, OpenError> {
    match cql.one::<(Option<String>,)>(&RELEASE, ()).await {
        Ok(row) => Ok(row.and_then(|(release,)| release)),
        Err(CqlError::Invalid(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a keyspace has to be made without tablets, for its transactions to work. Other stores and releases before 6.0
/// would not understand it.
fn without_tablets(release: Option<&str>) -> bool {
    let mut numbers = release
        .unwrap_or_default()
        .split(['.', '-', '~'])
        .map_while(|number| number.parse::<u32>().ok());
    let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else {
        return false;
    };
    let (first, end) = WITHOUT_TRANSACTIONS;
    (first..end).contains(&(major, minor))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn tablets_are_turned_off_where_they_know_no_transactions() {
        for release in [
            "6.0.0",
            "6.2.3-0.20250119.bd005d10f",
            "2024.2.1",
            "2025.1.0",
            "2025.3.4",
        ] {
            assert!(without_tablets(Some(release)), "{release}");
        }
        for release in [
            "5.4.9",
            "2025.4.0",
            "2025.4.0~rc1",
            "2026.1.2",
            "",
            "dev",
            "4",
        ] {
            assert!(!without_tablets(Some(release)), "{release}");
        }
        assert!(!without_tablets(None));
    }

    #[test]
    fn a_keyspace_is_made_with_its_copies() {
        let options = SchemaOptions {
            replication: BTreeMap::from([("dc1".to_owned(), 3), ("dc2".to_owned(), 2)]),
            bucket_events: 4,
        };
        let plain = "CREATE KEYSPACE IF NOT EXISTS chat WITH replication = \
                     {'class': 'NetworkTopologyStrategy', 'dc1': 3, 'dc2': 2} AND durable_writes = true";
        assert_eq!(statement("chat", &options, false), plain);
        let without = format!("{plain} AND tablets = {{'enabled': false}}");
        assert_eq!(statement("chat", &options, true), without);
    }
}
