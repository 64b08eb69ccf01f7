//! Reports to the operators.

use parlour_model::{
    ChatId, Report, ReportId, ReportReason, Reported, Seq, Timestamp, UserId, limits,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checks::{InvalidField, at_most, target_fits};

/// `POST /reports`: about a user, a chat, or a message named by chat and seq.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportRequest {
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The chat, or the chat of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatId>,
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub seq: Option<Seq>,
    /// Why.
    pub reason: ReportReason,
    /// More in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::REPORT_NOTE_BYTES_MAX), extend("x-max-bytes" = limits::REPORT_NOTE_BYTES_MAX))]
    pub note: Option<String>,
}

/// What a report shall be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportSubject {
    /// A user.
    User(UserId),
    /// A whole chat.
    Chat(ChatId),
    /// One message.
    Message(ChatId, Seq),
}

impl ReportRequest {
    /// What it is about, if it is about one thing and its note is short enough.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn subject(&self) -> Result<ReportSubject, InvalidField> {
        let note = self.note.as_deref().map_or(0, str::len);
        at_most("note", note, limits::REPORT_NOTE_BYTES_MAX, "bytes")?;
        match (self.user, self.chat, self.seq) {
            (Some(user), None, None) => Ok(ReportSubject::User(user)),
            (None, Some(chat), None) => Ok(ReportSubject::Chat(chat)),
            (None, Some(chat), Some(seq)) => {
                target_fits("seq", seq)?;
                Ok(ReportSubject::Message(chat, seq))
            }
            (_, None, Some(_)) => Err(InvalidField::new("chat", "must be there with a seq")),
            (Some(_), Some(_), _) => {
                let why = "name either a user or a chat: the author of a message is known";
                Err(InvalidField::new("user", why))
            }
            (None, None, None) => {
                let why = "name a user, a chat, or a message by chat and seq";
                Err(InvalidField::new("user", why))
            }
        }
    }
}

/// The answer to [`ReportRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportAccepted {
    /// Names the report to operators.
    pub id: ReportId,
}

/// A report as operators read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportBody {
    /// Its id.
    pub id: ReportId,
    /// Who reports.
    pub reporter: UserId,
    /// The user it is about; of a message its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The chat it is about, or of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatId>,
    /// The message it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// Why.
    pub reason: ReportReason,
    /// More in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

impl From<Report> for ReportBody {
    fn from(report: Report) -> Self {
        let (user, chat, seq) = match report.about {
            Reported::User(user) => (Some(user), None, None),
            Reported::Chat(chat) => (None, Some(chat), None),
            Reported::Message { chat, seq, author } => (Some(author), Some(chat), Some(seq)),
        };
        Self {
            id: report.id,
            reporter: report.reporter,
            user,
            chat,
            seq,
            reason: report.reason,
            note: report.note,
            created_at: report.at,
        }
    }
}

/// `GET /reports` on the port of the operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportsPage {
    /// By rising id: the oldest first.
    pub reports: Vec<ReportBody>,
    /// The `after` of the next page; absent where there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<ReportId>,
}
