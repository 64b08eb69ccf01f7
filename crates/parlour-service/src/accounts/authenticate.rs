//! Who is asking: from an access token to an actor.

use super::Accounts;
use super::revocations::Standing;
use crate::{Actor, ServiceError, TokenProblem};

impl Accounts {
    /// The actor whom a token speaks for: genuine, for us, good now, and of a session that is not revoked. Usually
    /// answered from memory alone.
    ///
    /// # Errors
    /// [`TokenProblem::Expired`]: refresh; [`TokenProblem::Invalid`]: log in again; [`ServiceError::Unavailable`] or
    /// [`ServiceError::Busy`] where it cannot be told now.
    pub async fn authenticate(&self, access_token: &str) -> Result<Actor, ServiceError> {
        let answer = self.check_token(access_token).await;
        if let Err(ServiceError::Unauthenticated(problem)) = &answer {
            let reason = match problem {
                TokenProblem::Credentials => "credentials",
                TokenProblem::Invalid => "token_invalid",
                TokenProblem::Expired => "token_expired",
            };
            metrics::counter!("parlour_auth_failures_total", "reason" => reason).increment(1);
        }
        answer
    }

    /// The public keys that verify access tokens, as a JSON Web Key Set.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        serde_json::to_value(self.inner.access_tokens.jwks())
            .expect("a key set is texts under text keys")
    }

    async fn check_token(&self, access_token: &str) -> Result<Actor, ServiceError> {
        let inner = &self.inner;
        let actor = inner.access_tokens.verify(access_token).await?;
        let now = inner.clock.now();
        let live = match inner.revocations.standing(actor.session, now) {
            Standing::Live => true,
            Standing::Revoked => false,
            Standing::Unknown => {
                let stored = inner.store.read(|s| s.session(actor.session)).await?;
                stored.is_some_and(|session| session.revoked_at.is_none())
            }
        };
        if !live {
            return Err(ServiceError::Unauthenticated(TokenProblem::Invalid));
        }
        inner.activity.note(actor.session, now);
        Ok(actor)
    }
}
