//! Removing what has expired: event keys after 14 days, claims after their time.
//!
//! Readers treat an expired row as absent, so removing it is only about room, and goes in small steps.

use parlour_model::Timestamp;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::rows::{count, int};
use crate::sql;

/// Rows of one table removed in one step.
pub(crate) const STEP_ROWS_MAX: usize = 500;

/// Whether anything has expired.
pub(crate) fn is_due(conn: &Connection, now: Timestamp) -> Result<bool, Failure> {
    sql::exists(
        conn,
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM event_keys WHERE expires_at <= ?1)
             OR EXISTS (SELECT 1 FROM claims WHERE expires_at <= ?1)",
        [int(now.as_millis())],
    )
}

/// Removes some expired rows; answers how many of the table that had most.
pub(crate) fn step(conn: &Connection, now: Timestamp) -> Result<usize, Failure> {
    Ok(event_keys(conn, now)?.max(claims(conn, now)?))
}

fn event_keys(conn: &Connection, now: Timestamp) -> Result<usize, Failure> {
    let expired: Vec<(i64, [u8; 16], i64)> = sql::all(
        conn,
        "SELECT chat, key, author FROM event_keys WHERE expires_at <= ?1
         ORDER BY expires_at LIMIT ?2",
        params![int(now.as_millis()), count(STEP_ROWS_MAX)],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    for row in &expired {
        let query = "DELETE FROM event_keys WHERE chat = ?1 AND key = ?2 AND author = ?3";
        sql::change(conn, query, params![row.0, row.1, row.2])?;
    }
    Ok(expired.len())
}

fn claims(conn: &Connection, now: Timestamp) -> Result<usize, Failure> {
    let expired: Vec<(String, String)> = sql::all(
        conn,
        "SELECT space, name FROM claims WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2",
        params![int(now.as_millis()), count(STEP_ROWS_MAX)],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for row in &expired {
        let query = "DELETE FROM claims WHERE space = ?1 AND name = ?2";
        sql::change(conn, query, params![row.0, row.1])?;
    }
    Ok(expired.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::memory;

    #[test]
    fn a_step_removes_what_has_expired_and_no_more_than_its_share() {
        let conn = memory();
        for n in 0..STEP_ROWS_MAX + 2 {
            conn.execute(
                "INSERT INTO event_keys VALUES (1, 1, ?1, NULL, NULL, ?2)",
                params![(n as u128).to_le_bytes(), 10],
            )
            .unwrap();
        }
        conn.execute(
            "INSERT INTO event_keys VALUES (2, 1, zeroblob(16), NULL, NULL, 11)",
            (),
        )
        .unwrap();
        let now = Timestamp::from_millis(10);
        assert!(!is_due(&conn, Timestamp::from_millis(9)).unwrap());
        assert!(is_due(&conn, now).unwrap());
        let steps: Vec<usize> = (0..3).map(|_| step(&conn, now).unwrap()).collect();
        assert_eq!(steps, [STEP_ROWS_MAX, 2, 0]);
        let left: i64 = conn
            .query_row("SELECT count(*) FROM event_keys", (), |row| row.get(0))
            .unwrap();
        assert_eq!(left, 1);
    }
}
