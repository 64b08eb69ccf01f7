//! What the application and the REST interface ask of the task.

use std::time::Duration;

use parlour_model::{Timestamp, UserId};
use parlour_protocol::{Secret, SignedIn};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Closing, Driver, FLUSH_WITHIN};
use crate::SavedSession;
use crate::machine::{Command, Input, Output};

/// Something to do.
#[derive(Debug)]
pub(crate) enum Work {
    /// For the machine.
    Command(Command),
    /// Go on with the session that was kept, if there is one; told whose it is.
    Restore(oneshot::Sender<Option<UserId>>),
    /// Start with a new session.
    SignIn(Box<SignedIn>, oneshot::Sender<()>),
    /// Forget everything.
    SignOut(oneshot::Sender<()>),
    /// A call was refused because this access token has expired.
    TokenExpired(Secret),
    /// Send what can be sent, then end.
    Close(oneshot::Sender<()>),
}

impl Driver {
    pub(super) fn take_work(&mut self, now: Timestamp, work: Work, out: &mut Output) {
        match work {
            Work::Command(command) => self.machine.handle(now, Input::Command(command), out),
            Work::Restore(reply) => {
                let session = self.machine.session().cloned();
                let user = session.as_ref().map(|session| session.user);
                if let Some(session) = session {
                    self.machine.handle(now, Input::SignedIn(session), out);
                }
                self.after_commit(reply, user);
            }
            Work::SignIn(signed_in, reply) => {
                let session = saved_session(now, *signed_in);
                self.machine.handle(now, Input::SignedIn(session), out);
                self.after_commit(reply, ());
            }
            Work::SignOut(reply) => {
                self.machine.handle(now, Input::SignedOut, out);
                self.after_commit(reply, ());
            }
            Work::TokenExpired(token) => {
                self.machine.handle(now, Input::TokenExpired(token), out);
            }
            Work::Close(done) => {
                let until = Instant::now() + FLUSH_WITHIN;
                self.closing = Some(Closing { until, done });
                let flush = Input::Command(Command::Flush);
                self.machine.handle(now, flush, out);
            }
        }
    }
}

/// What is kept of a sign-in.
pub(super) fn saved_session(now: Timestamp, signed_in: SignedIn) -> SavedSession {
    SavedSession {
        user: signed_in.user.id,
        session: signed_in.session.id,
        access_token: signed_in.access_token,
        expires_at: now.plus(Duration::from_secs(signed_in.expires_in)),
        refresh_token: signed_in.refresh_token,
    }
}
