//! [`Reports`]: one row each, never changed.

use async_trait::async_trait;
use parlour_model::{ChatId, Report, ReportId, ReportReason, Reported, Seq, UserId};
use parlour_store::{Reports, StoreError};
use rusqlite::{Connection, Row, params};

use crate::failure::Failure;
use crate::rows::{self, count, int};
use crate::{EmbeddedStore, sql};

#[async_trait]
impl Reports for EmbeddedStore {
    async fn put_report(&self, report: Report) -> Result<(), StoreError> {
        self.write(move |writing| put(writing.conn, &report)).await
    }

    async fn reports(
        &self,
        after: Option<ReportId>,
        limit: usize,
    ) -> Result<Vec<Report>, StoreError> {
        self.read(move |conn| page(conn, after, limit)).await
    }
}

fn put(conn: &Connection, report: &Report) -> Result<(), Failure> {
    let (user, chat, seq) = match report.about {
        Reported::User(user) => (Some(user), None, None),
        Reported::Chat(chat) => (None, Some(chat), None),
        Reported::Message { chat, seq, author } => (Some(author), Some(chat), Some(seq)),
    };
    sql::change(
        conn,
        "INSERT INTO reports (id, reporter, user, chat, seq, reason, note, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        params![
            int(report.id.get()),
            int(report.reporter.get()),
            user.map(|user| int(user.get())),
            chat.map(|chat| int(chat.get())),
            seq.map(|seq| int(seq.get())),
            reason_number(report.reason),
            report.note,
            int(report.at.as_millis()),
        ],
    )?;
    Ok(())
}

fn page(conn: &Connection, after: Option<ReportId>, limit: usize) -> Result<Vec<Report>, Failure> {
    let query = "SELECT id, reporter, user, chat, seq, reason, note, at FROM reports
                 WHERE id > ?1 ORDER BY id LIMIT ?2";
    let after = after.map_or(0, |id| int(id.get()));
    sql::all(conn, query, params![after, count(limit)], decode)
}

fn decode(row: &Row<'_>) -> Result<Report, Failure> {
    Ok(Report {
        id: ReportId::new(rows::number(row, 0)?)?,
        reporter: UserId::new(rows::number(row, 1)?)?,
        about: about(row)?,
        reason: reason(rows::number(row, 5)?)?,
        note: row.get(6)?,
        at: rows::time(row, 7)?,
    })
}

fn about(row: &Row<'_>) -> Result<Reported, Failure> {
    let user = rows::optional(row, 2)?.map(UserId::new).transpose()?;
    let chat = rows::optional(row, 3)?.map(ChatId::new).transpose()?;
    let seq = rows::optional(row, 4)?.map(Seq::new);
    match (user, chat, seq) {
        (Some(user), None, None) => Ok(Reported::User(user)),
        (None, Some(chat), None) => Ok(Reported::Chat(chat)),
        (Some(author), Some(chat), Some(seq)) => Ok(Reported::Message { chat, seq, author }),
        _ => Err(Failure::corrupt("a report is about nothing that exists")),
    }
}

fn reason_number(reason: ReportReason) -> i64 {
    match reason {
        ReportReason::Spam => 0,
        ReportReason::Abuse => 1,
        ReportReason::Violence => 2,
        ReportReason::Other => 3,
    }
}

fn reason(number: u64) -> Result<ReportReason, Failure> {
    match number {
        0 => Ok(ReportReason::Spam),
        1 => Ok(ReportReason::Abuse),
        2 => Ok(ReportReason::Violence),
        3 => Ok(ReportReason::Other),
        other => Err(Failure::corrupt(format!("{other} is not a reason"))),
    }
}
