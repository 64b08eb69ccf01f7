//! What each kind of frame asks of the service, and the frame that answers it.

use parlour_model::{ChatId, ChosenStatus, EventKey, Mark, Timestamp};
use parlour_protocol::{
    CancelledFrame, ClientFrame, HistoryFrame, OkFrame, Reference, Secret, ServerFrame, WatchFrame,
};
use parlour_service::{Anchor, Cancellation, Post, ServiceError, TokenProblem};

use super::Client;
use crate::{messages, posts};

/// How a frame is answered.
#[derive(Default)]
pub(super) struct Answer {
    /// With this, if with anything.
    pub(super) frame: Option<ServerFrame>,
    /// When the new access token expires, if there is one.
    pub(super) token_expires_at: Option<Timestamp>,
}

impl From<ServerFrame> for Answer {
    fn from(frame: ServerFrame) -> Self {
        Self {
            frame: Some(frame),
            token_expires_at: None,
        }
    }
}

/// Whether a frame changes anything that outlives its connection.
pub(super) fn changes(frame: &ClientFrame) -> bool {
    match frame {
        ClientFrame::Send(_)
        | ClientFrame::Edit(_)
        | ClientFrame::Delete(_)
        | ClientFrame::React(_)
        | ClientFrame::Cancel(_)
        | ClientFrame::Delivered(_)
        | ClientFrame::Read(_)
        | ClientFrame::SetStatus(_) => true,
        ClientFrame::Hello(_)
        | ClientFrame::Sync(_)
        | ClientFrame::Typing(_)
        | ClientFrame::Watch(_)
        | ClientFrame::History(_)
        | ClientFrame::Refresh(_)
        | ClientFrame::Ping(_) => false,
    }
}

type Answered = Result<Answer, ServiceError>;

impl Client {
    /// Does what a frame asks for.
    pub(super) async fn answer(&self, frame: ClientFrame) -> Answered {
        let reference = frame.reference().cloned();
        match frame {
            frame @ (ClientFrame::Send(_)
            | ClientFrame::Edit(_)
            | ClientFrame::Delete(_)
            | ClientFrame::React(_)) => match posts::of(frame) {
                Some(post) => self.post(reference, post).await,
                None => Ok(Answer::default()),
            },
            ClientFrame::Cancel(frame) => self.cancel(reference, frame.chat, frame.key).await,
            ClientFrame::Delivered(frame) => {
                let mark = Mark::Delivered(frame.seq);
                self.mark(reference, frame.chat, mark).await
            }
            ClientFrame::Read(frame) => {
                let mark = Mark::Read(frame.seq);
                self.mark(reference, frame.chat, mark).await
            }
            ClientFrame::Typing(frame) => self.typing(frame.chat, frame.on).await,
            ClientFrame::Watch(frame) => self.watch(reference, frame).await,
            ClientFrame::SetStatus(frame) => self.set_status(reference, frame.status).await,
            ClientFrame::History(frame) => self.history(reference, &frame).await,
            ClientFrame::Refresh(frame) => self.refresh(reference, &frame.token).await,
            // The state machine answers these, or makes a sync of them.
            ClientFrame::Hello(_) | ClientFrame::Sync(_) | ClientFrame::Ping(_) => {
                Ok(Answer::default())
            }
        }
    }

    async fn post(&self, reference: Option<Reference>, post: Post) -> Answered {
        let posted = self.service.chats.post(&self.actor, post).await?;
        let sent = messages::posted(&posted.event, posted.duplicate);
        Ok(ServerFrame::Sent(sent.answering(reference)).into())
    }

    async fn cancel(&self, reference: Option<Reference>, chat: ChatId, key: EventKey) -> Answered {
        let cancelling = self.service.chats.cancel(&self.actor, chat, key);
        Ok(match cancelling.await? {
            Cancellation::Cancelled => ServerFrame::Cancelled(CancelledFrame { reference }).into(),
            Cancellation::Found(event) => {
                let sent = messages::posted(&event, true);
                ServerFrame::Sent(sent.answering(reference)).into()
            }
        })
    }

    async fn mark(&self, reference: Option<Reference>, chat: ChatId, mark: Mark) -> Answered {
        self.service.chats.mark(&self.actor, chat, mark).await?;
        Ok(ok(reference))
    }

    async fn typing(&self, chat: ChatId, on: bool) -> Answered {
        self.service.chats.typing(&self.actor, chat, on).await?;
        Ok(Answer::default())
    }

    async fn watch(&self, reference: Option<Reference>, frame: WatchFrame) -> Answered {
        let presence = self.connection.watch(frame.users, frame.chats).await;
        let ok = OkFrame {
            reference,
            presence: Some(presence),
            token_expires_at: None,
        };
        Ok(ServerFrame::Ok(ok).into())
    }

    async fn set_status(&self, reference: Option<Reference>, status: ChosenStatus) -> Answered {
        let accounts = &self.service.accounts;
        accounts.set_status(&self.actor, status).await?;
        Ok(ok(reference))
    }

    async fn history(&self, reference: Option<Reference>, frame: &HistoryFrame) -> Answered {
        let anchor = match (frame.before, frame.after, frame.around) {
            (Some(seq), _, _) => Anchor::Before(seq),
            (None, Some(seq), _) => Anchor::After(seq),
            (None, None, Some(seq)) => Anchor::Around(seq),
            (None, None, None) => Anchor::Latest,
        };
        let (chats, limit) = (&self.service.chats, frame.limit());
        let page = messages::page(chats, &self.actor, frame.chat, anchor, limit).await?;
        Ok(ServerFrame::Page(page.answering(reference)).into())
    }

    /// Takes a new access token of the same user and session.
    async fn refresh(&self, reference: Option<Reference>, token: &Secret) -> Answered {
        let accounts = &self.service.accounts;
        let actor = accounts.authenticate(token.expose()).await?;
        if (actor.user, actor.session) != (self.actor.user, self.actor.session) {
            return Err(ServiceError::Unauthenticated(TokenProblem::Invalid));
        }
        let token_expires_at = Some(actor.expires_at);
        let ok = OkFrame {
            reference,
            presence: None,
            token_expires_at,
        };
        Ok(Answer {
            frame: Some(ServerFrame::Ok(ok)),
            token_expires_at,
        })
    }
}

fn ok(reference: Option<Reference>) -> Answer {
    let ok = OkFrame {
        reference,
        ..OkFrame::default()
    };
    ServerFrame::Ok(ok).into()
}

/// The type of a frame, for the metrics.
pub(super) fn type_name(frame: &ClientFrame) -> &'static str {
    match frame {
        ClientFrame::Hello(_) => "hello",
        ClientFrame::Sync(_) => "sync",
        ClientFrame::Send(_) => "send",
        ClientFrame::Edit(_) => "edit",
        ClientFrame::Delete(_) => "delete",
        ClientFrame::React(_) => "react",
        ClientFrame::Cancel(_) => "cancel",
        ClientFrame::Delivered(_) => "delivered",
        ClientFrame::Read(_) => "read",
        ClientFrame::Typing(_) => "typing",
        ClientFrame::Watch(_) => "watch",
        ClientFrame::SetStatus(_) => "set_status",
        ClientFrame::History(_) => "history",
        ClientFrame::Refresh(_) => "refresh",
        ClientFrame::Ping(_) => "ping",
    }
}
