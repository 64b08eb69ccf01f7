//! Refreshing: the next pair of tokens for the last refresh token.
//!
//! A refresh token is used once. Its predecessor gives the same successor for a short while, so that a lost
//! answer signs nobody out; any other reuse means that two hold the same token, and ends the session for both. A session
//! that was not used for 90 days has ended.

use parlour_model::SessionId;
use parlour_store::Rotation;

use super::sessions::{Session, is_unused};
use super::sign_in::SignedIn;
use super::{Accounts, Inner};
use crate::{ServiceError, TokenProblem};

impl Accounts {
    /// The next access token and refresh token of a session.
    ///
    /// # Errors
    /// [`TokenProblem::Invalid`] for a token that is forged, used before, revoked or of a session unused for long; [`ServiceError::OutcomeUnknown`] and
    /// [`ServiceError::Unavailable`]: ask again with the same token.
    pub async fn refresh(&self, refresh_token: &str) -> Result<SignedIn, ServiceError> {
        let inner = &self.inner;
        let Some(token) = inner.refresh_tokens.read(refresh_token) else {
            return Err(refused("refresh_forged"));
        };
        let (now, grace) = (inner.clock.now(), inner.settings.refresh_grace);
        inner.refuse_unused(token.session).await?;
        let rotation = inner
            .store
            .write(|s| s.rotate(token.session, token.number, now, grace))
            .await?;
        let session = match rotation {
            Rotation::Rotated(session) | Rotation::Replay(session) => session,
            Rotation::Reused(session) => {
                tracing::warn!(session = %session.id, user = %session.user, "a used refresh token came back: session revoked");
                inner.revocations.learn(&[session.id], now);
                inner.delivery.revoked(&[session.id]);
                return Err(refused("refresh_reused"));
            }
            Rotation::Gone => return Err(refused("refresh_gone")),
        };
        // A restored backup may have given the id to another session; its salt is another.
        if session.salt != token.salt {
            return Err(refused("refresh_forged"));
        }
        let user = inner.store.read(|s| s.user(session.user)).await;
        let Some(user) = user.map_err(ServiceError::after_commit)? else {
            return Err(refused("refresh_gone"));
        };
        inner.activity.note(session.id, now);
        let (number, salt) = (session.refresh_number, session.salt);
        inner.signed_in(user, Session::from(session), number, salt)
    }
}

impl Inner {
    /// Refuses a session that was not used for too long, and revokes it. Of one that does not exist the rotation
    /// tells.
    async fn refuse_unused(&self, id: SessionId) -> Result<(), ServiceError> {
        let session = self.store.read(|s| s.session(id)).await?;
        let now = self.clock.now();
        match session.filter(|session| is_unused(session, now)) {
            None => Ok(()),
            Some(session) => {
                self.revoke_here(session.user, id).await?;
                Err(refused("refresh_unused"))
            }
        }
    }
}

fn refused(reason: &'static str) -> ServiceError {
    metrics::counter!("parlour_auth_failures_total", "reason" => reason).increment(1);
    ServiceError::Unauthenticated(TokenProblem::Invalid)
}
