//! Sessions: the devices somebody is signed in on, and signing out of them.
//!
//! A revocation is durable first, then known here, then told to the connections everywhere. A session that was not used for
//! 90 days counts as ended, and a user has at most 100.

use parlour_model::{SessionId, Timestamp, UserId, limits};
use parlour_store::NewSession;

use super::{Accounts, Inner};
use crate::{Actor, Missing, ServiceError};

/// One device's sign-in, as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// What the user calls the device.
    pub device: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to about a minute.
    pub last_active_at: Timestamp,
}

impl From<parlour_store::Session> for Session {
    fn from(stored: parlour_store::Session) -> Self {
        Self {
            id: stored.id,
            user: stored.user,
            device: stored.device,
            created_at: stored.created_at,
            last_active_at: stored.last_active_at,
        }
    }
}

impl Session {
    /// A session that was opened just now.
    pub(super) fn opened(new: &NewSession) -> Self {
        Self {
            id: new.id,
            user: new.user,
            device: new.device.clone(),
            created_at: new.at,
            last_active_at: new.at,
        }
    }
}

impl Accounts {
    /// The actor's live sessions, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn sessions(&self, actor: &Actor) -> Result<Vec<Session>, ServiceError> {
        let stored = self.inner.store.read(|s| s.sessions_of(actor.user)).await?;
        let now = self.inner.clock.now();
        let used = stored.into_iter().filter(|s| !is_unused(s, now));
        Ok(used.map(Session::from).collect())
    }

    /// Signs out of the actor's own session. Doing it again is no error.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`], [`ServiceError::OutcomeUnknown`]: call again.
    pub async fn logout(&self, actor: &Actor) -> Result<(), ServiceError> {
        self.inner
            .revoke_here(actor.user, actor.session)
            .await
            .map(drop)
    }

    /// Revokes one of the actor's sessions. Doing it again is no error.
    ///
    /// # Errors
    /// [`Missing::Session`] for one that is not theirs; else as [`Accounts::logout`].
    pub async fn revoke(&self, actor: &Actor, session: SessionId) -> Result<(), ServiceError> {
        if self.inner.revoke_here(actor.user, session).await? {
            Ok(())
        } else {
            Err(ServiceError::NotFound(Missing::Session))
        }
    }

    /// Revokes all of the actor's sessions but this one.
    ///
    /// # Errors
    /// As [`Accounts::logout`].
    pub async fn revoke_all(&self, actor: &Actor) -> Result<(), ServiceError> {
        self.inner.revoke_others(actor).await
    }
}

impl Inner {
    /// Revokes a session of `user` and lets everybody know; answers whether it is a session of theirs.
    pub(super) async fn revoke_here(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<bool, ServiceError> {
        let now = self.clock.now();
        let was_live = self
            .store
            .write(|s| s.revoke_session(user, session, now))
            .await?;
        // One that was not live may be one that an unanswered attempt has just revoked.
        let is_theirs = was_live || self.is_session_of(user, session).await?;
        if is_theirs {
            self.tell(&[session], now);
        }
        Ok(is_theirs)
    }

    async fn is_session_of(&self, user: UserId, session: SessionId) -> Result<bool, ServiceError> {
        let stored = self.store.read(|s| s.session(session)).await?;
        Ok(stored.is_some_and(|session| session.user == user))
    }

    /// Revokes all sessions of the actor but their own, and lets everybody know. What an unanswered attempt revoked is
    /// not named by the next; the poll brings it.
    pub(super) async fn revoke_others(&self, actor: &Actor) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let revoked = self
            .store
            .write(|s| s.revoke_sessions(actor.user, Some(actor.session), now))
            .await?;
        self.tell(&revoked, now);
        Ok(())
    }

    /// Makes room after a session was opened: ends what was not used for too long, and of more live sessions than a user
    /// may have those that were idle for longest. Best effort: the next sign-in tries again.
    pub(super) async fn end_surplus_sessions(&self, opened: &NewSession) {
        if let Err(error) = self.try_end_surplus_sessions(opened).await {
            tracing::info!(user = %opened.user, %error, "old sessions were not ended");
        }
    }

    async fn try_end_surplus_sessions(&self, opened: &NewSession) -> Result<(), ServiceError> {
        let user = opened.user;
        let sessions = self.store.read(|s| s.sessions_of(user)).await?;
        for session in surplus(sessions, opened) {
            self.revoke_here(user, session).await?;
        }
        Ok(())
    }

    fn tell(&self, revoked: &[SessionId], now: Timestamp) {
        if !revoked.is_empty() {
            self.revocations.learn(revoked, now);
            self.delivery.revoked(revoked);
        }
    }
}

/// Whether a session was not used for so long that it counts as ended.
pub(super) fn is_unused(session: &parlour_store::Session, now: Timestamp) -> bool {
    now.since(session.last_active_at) >= limits::SESSION_UNUSED_MAX
}

/// The sessions that end because `opened` was opened.
fn surplus(mut sessions: Vec<parlour_store::Session>, opened: &NewSession) -> Vec<SessionId> {
    sessions.retain(|session| session.id != opened.id);
    sessions.sort_by_key(|session| (session.last_active_at, session.id));
    let room = limits::SESSIONS_PER_USER_MAX - 1;
    let over = sessions.len().saturating_sub(room);
    let ends = sessions
        .iter()
        .enumerate()
        .filter(|(place, session)| *place < over || is_unused(session, opened.at));
    ends.map(|(_, session)| session.id).collect()
}
