//! Opening a session: what a registration and a login end in.

use std::time::Duration;

use parlour_model::{SessionId, User, limits};
use parlour_store::{NewSession, StoreError};
use secrecy::SecretString;

use super::Inner;
use super::refresh_tokens::RefreshToken;
use super::sessions::Session;
use crate::ServiceError;
use crate::patience::failure;

/// Ids tried for one new thing before giving up; a second is needed only if two nodes share a number.
pub(super) const IDS_TRIED: usize = 3;

/// Somebody who is signed in now, with what their device needs to stay so.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// This device's session.
    pub session: Session,
    /// Goes with every request.
    pub access_token: SecretString,
    /// How long the access token is good.
    pub expires_in: Duration,
    /// Gets the next pair of tokens, once.
    pub refresh_token: SecretString,
}

/// The name of a device as it is kept: without white space around it, at most 64 characters.
pub(super) fn device_name(device: &str) -> Result<String, ServiceError> {
    let device = device.trim();
    let fits = device.chars().count() <= limits::DEVICE_CHARS_MAX;
    if fits && !device.chars().any(char::is_control) {
        Ok(device.to_owned())
    } else {
        Err(ServiceError::Invalid {
            field: "device",
            reason: format!(
                "must have at most {} characters and no control characters",
                limits::DEVICE_CHARS_MAX
            ),
        })
    }
}

impl Inner {
    /// Opens a session for `user`.
    pub(super) async fn open_session(
        &self,
        user: User,
        device: String,
    ) -> Result<SignedIn, ServiceError> {
        let mut salt = [0; 16];
        aws_lc_rs::rand::fill(&mut salt)
            .map_err(|_| ServiceError::Unavailable("no randomness for a session".to_owned()))?;
        let mut new = NewSession {
            id: self.new_session_id()?,
            user: user.id,
            device,
            salt,
            at: self.clock.now(),
        };
        for _ in 0..IDS_TRIED {
            match self.store.settle(|s| s.open_session(new.clone())).await {
                Ok(()) => {
                    self.end_surplus_sessions(&new).await;
                    return self.signed_in(user, Session::opened(&new), 1, salt);
                }
                Err(StoreError::Exists(_)) if self.is_stored(&new).await? => {
                    return self.signed_in(user, Session::opened(&new), 1, salt);
                }
                Err(StoreError::Exists(_)) => new.id = self.new_session_id()?,
                Err(error) => return Err(failure(error)),
            }
        }
        Err(ServiceError::Unavailable("no free session id".to_owned()))
    }

    /// The tokens of a session whose good refresh token has this number.
    pub(super) fn signed_in(
        &self,
        user: User,
        session: Session,
        number: u64,
        salt: [u8; 16],
    ) -> Result<SignedIn, ServiceError> {
        let (access_token, expires_in) = self.access_tokens.issue(user.id, session.id)?;
        let refresh_token = self.refresh_tokens.write(&RefreshToken {
            session: session.id,
            number,
            salt,
        });
        Ok(SignedIn {
            user,
            session,
            access_token,
            expires_in,
            refresh_token,
        })
    }

    /// Whether an attempt that was not answered has stored exactly this session: nobody else has its salt.
    async fn is_stored(&self, new: &NewSession) -> Result<bool, ServiceError> {
        let stored = self.store.read(|s| s.session(new.id)).await;
        let stored = stored.map_err(ServiceError::after_commit)?;
        Ok(stored.is_some_and(|s| s.user == new.user && s.salt == new.salt))
    }

    fn new_session_id(&self) -> Result<SessionId, ServiceError> {
        let id = self.ids.next_id()?;
        Ok(SessionId::new(id).expect("a Snowflake is a positive number below 2^63"))
    }
}
