//! [`Reports`]: one row each, never changed, in months that their ids name.

use async_trait::async_trait;
use parlour_model::{
    ChatId, IdGenerator, Report, ReportId, ReportReason, Reported, Seq, Timestamp, UserId,
};
use parlour_store::{Reports, StoreError};
use scylla::value::MaybeUnset;

use crate::ScyllaStore;
use crate::codes;
use crate::columns::{corrupt, int, limit, number};
use crate::cql::Statement;

/// Thirty days.
const MONTH_MS: u64 = 30 * 24 * 3_600 * 1_000;

static PUT: Statement = Statement::new(
    "reports_put",
    "INSERT INTO reports (month, report_id, reporter, user_id, chat_id, seq, reason, note, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS",
);
static NEXT: Statement = Statement::new(
    "reports_next",
    "SELECT report_id, reporter, user_id, chat_id, seq, reason, note, at FROM reports
     WHERE month = ? AND report_id > ? LIMIT ?",
);

type ReportRow = (
    i64,
    i64,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    i8,
    Option<String>,
    i64,
);

#[async_trait]
impl Reports for ScyllaStore {
    async fn put_report(&self, report: Report) -> Result<(), StoreError> {
        let (user, chat, seq) = match report.about {
            Reported::User(user) => (Some(user), None, None),
            Reported::Chat(chat) => (None, Some(chat), None),
            Reported::Message { chat, seq, author } => (Some(author), Some(chat), Some(seq)),
        };
        let values = (
            month(time_of(report.id)),
            int(report.id.get()),
            int(report.reporter.get()),
            MaybeUnset::from_option(user.map(|user| int(user.get()))),
            MaybeUnset::from_option(chat.map(|chat| int(chat.get()))),
            MaybeUnset::from_option(seq.map(|seq| int(seq.get()))),
            reason_code(report.reason),
            MaybeUnset::from_option(report.note.as_deref()),
            int(report.at.as_millis()),
        );
        // Refused means that it is there already.
        self.cql.conditional(&PUT, values).await?;
        Ok(())
    }

    async fn reports(
        &self,
        after: Option<ReportId>,
        rows_max: usize,
    ) -> Result<Vec<Report>, StoreError> {
        let first = month(after.map_or(IdGenerator::time_of(0), time_of));
        // One more, for nodes whose clocks are ahead.
        let last = month(self.clock.now()) + 1;
        let after = after.map_or(0, |id| int(id.get()));
        let mut reports = Vec::new();
        for month in first..=last {
            let range = (month, after, limit(rows_max - reports.len()));
            let rows: Vec<ReportRow> = self.cql.all(&NEXT, range).await?;
            for row in rows {
                reports.push(decode(row)?);
            }
            if reports.len() >= rows_max {
                break;
            }
        }
        Ok(reports)
    }
}

fn time_of(id: ReportId) -> Timestamp {
    IdGenerator::time_of(id.get())
}

fn month(time: Timestamp) -> i32 {
    i32::try_from(time.as_millis() / MONTH_MS).unwrap_or(i32::MAX - 1)
}

fn decode(row: ReportRow) -> Result<Report, StoreError> {
    let (id, reporter, user, chat, seq, reason, note, at) = row;
    Ok(Report {
        id: ReportId::new(number(id)?).map_err(corrupt)?,
        reporter: codes::user(reporter)?,
        about: about(user, chat, seq)?,
        reason: reason_of(reason)?,
        note,
        at: codes::time(at)?,
    })
}

fn about(user: Option<i64>, chat: Option<i64>, seq: Option<i64>) -> Result<Reported, StoreError> {
    let user: Option<UserId> = user.map(codes::user).transpose()?;
    let chat = chat.map(number).transpose()?.map(ChatId::new);
    let chat = chat.transpose().map_err(corrupt)?;
    let seq = seq.map(number).transpose()?.map(Seq::new);
    match (user, chat, seq) {
        (Some(user), None, None) => Ok(Reported::User(user)),
        (None, Some(chat), None) => Ok(Reported::Chat(chat)),
        (Some(author), Some(chat), Some(seq)) => Ok(Reported::Message { chat, seq, author }),
        _ => Err(corrupt("a report is about nothing that exists")),
    }
}

fn reason_code(reason: ReportReason) -> i8 {
    match reason {
        ReportReason::Spam => 0,
        ReportReason::Abuse => 1,
        ReportReason::Violence => 2,
        ReportReason::Other => 3,
    }
}

fn reason_of(code: i8) -> Result<ReportReason, StoreError> {
    match code {
        0 => Ok(ReportReason::Spam),
        1 => Ok(ReportReason::Abuse),
        2 => Ok(ReportReason::Violence),
        3 => Ok(ReportReason::Other),
        other => Err(corrupt(format_args!("{other} is not a reason"))),
    }
}
