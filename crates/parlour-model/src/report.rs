//! Reports: what users tell the operators about others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChatId, ReportId, Seq, Timestamp, UserId};

/// What a user told the operators. Never changes. It holds no copy of what is reported: whatever is deleted is gone
/// here too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its id: a Snowflake, so reports rise with time.
    pub id: ReportId,
    /// Who reports.
    pub reporter: UserId,
    /// What is reported.
    pub about: Reported,
    /// Why.
    pub reason: ReportReason,
    /// What the reporter adds in words.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// A user.
    User(UserId),
    /// A whole chat.
    Chat(ChatId),
    /// One message.
    Message {
        /// Its chat.
        chat: ChatId,
        /// Its position.
        seq: Seq,
        /// Who wrote it, as the log says.
        author: UserId,
    },
}

/// Why something is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportReason {
    /// Unwanted advertising.
    Spam,
    /// Insults and harassment.
    Abuse,
    /// Violence or threats of it.
    Violence,
    /// Something else; the note says what.
    Other,
}
