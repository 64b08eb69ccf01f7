//! Reporting a user, a chat or a message to the operators.
//!
//! Whoever reports must see what they report: of a chat that is none of theirs nobody learns even that it exists. What
//! is reported is named and not copied, so that a deletion reaches it.

use parlour_model::{
    ChatId, Content, Report, ReportId, ReportReason, Reported, Seq, UserId, limits,
};
use parlour_store::{Claim, ClaimSpace};
use uuid::Uuid;

use super::Chats;
use super::policy::Operation;
use crate::accounts::Rate;
use crate::{Actor, Missing, ServiceError};

/// What somebody wants to tell the operators.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// About what.
    pub about: ReportAbout,
    /// Why.
    pub reason: ReportReason,
    /// More in words.
    pub note: Option<String>,
    /// Names this wish: the same key is the same report.
    pub idempotency_key: Option<Uuid>,
}

/// What a report shall be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportAbout {
    /// Another user.
    User(UserId),
    /// A chat that the actor is in.
    Chat(ChatId),
    /// A message that the actor may see.
    Message(ChatId, Seq),
}

/// How often one user may report, on one node.
pub(super) fn rate() -> Rate {
    Rate::new(10, 2)
}

impl Chats {
    /// Stores a report and answers its id. A repeated key answers the first report's id, whatever it is about now.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for oneself and for a long note; chat not found for who is no member; [`Missing::Message`],
    /// [`Missing::User`]; [`ServiceError::Busy`] beyond the actor's rate; [`ServiceError::Unavailable`] and
    /// [`ServiceError::OutcomeUnknown`]: call again with the same key.
    pub async fn report(&self, actor: &Actor, new: NewReport) -> Result<ReportId, ServiceError> {
        let inner = &self.inner;
        check_note(new.note.as_deref())?;
        inner.reports.take(&actor.user)?;
        let about = self.reported(actor, new.about).await?;
        let report = Report {
            id: self.report_id(actor.user, new.idempotency_key).await?,
            reporter: actor.user,
            about,
            reason: new.reason,
            note: new.note,
            at: inner.clock.now(),
        };
        inner.store.write(|s| s.put_report(report.clone())).await?;
        metrics::counter!("parlour_reports_total").increment(1);
        Ok(report.id)
    }

    /// What is reported, if the actor may see it.
    async fn reported(&self, actor: &Actor, about: ReportAbout) -> Result<Reported, ServiceError> {
        let inner = &self.inner;
        match about {
            ReportAbout::User(user) if user == actor.user => Err(ServiceError::Invalid {
                field: "user",
                reason: "must be somebody else".to_owned(),
            }),
            ReportAbout::User(user) => {
                inner.check_users_exist(&[user]).await?;
                Ok(Reported::User(user))
            }
            ReportAbout::Chat(chat) => {
                let read = Operation::Read;
                inner.gate.allow_now(chat, actor.user, read).await?;
                Ok(Reported::Chat(chat))
            }
            ReportAbout::Message(chat, seq) => {
                let line = self.message(actor, chat, seq).await?;
                match line.content {
                    Content::Message { .. } => Ok(Reported::Message {
                        chat,
                        seq,
                        author: line.author,
                    }),
                    _ => Err(ServiceError::NotFound(Missing::Message)),
                }
            }
        }
    }

    /// The id of a new report, or that under which this key has or will have stored one.
    async fn report_id(&self, user: UserId, key: Option<Uuid>) -> Result<ReportId, ServiceError> {
        let inner = &self.inner;
        let id = inner.ids.next_id()?;
        let claim = match key {
            None => Claim::Won,
            Some(key) => {
                let (space, name) = (ClaimSpace::Report, format!("{user}:{key}"));
                let ttl = Some(limits::KEY_REMEMBERED);
                let claim = inner.store.write(|s| s.claim(space, &name, id, ttl));
                claim.await?
            }
        };
        let id = match claim {
            Claim::Won => id,
            Claim::Taken(earlier) => earlier,
        };
        Ok(ReportId::new(id).expect("ids are positive and below 2^63"))
    }
}

fn check_note(note: Option<&str>) -> Result<(), ServiceError> {
    let max = limits::REPORT_NOTE_BYTES_MAX;
    if note.is_none_or(|note| note.len() <= max) {
        return Ok(());
    }
    Err(ServiceError::Invalid {
        field: "note",
        reason: format!("must have at most {max} bytes"),
    })
}
