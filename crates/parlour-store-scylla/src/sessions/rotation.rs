//! Refresh tokens: one is good at a time, a lost answer can be asked for again, a stolen one ends the session.
//!
//! Each call leaves its own mark with the number it writes, so a call whose answer was lost can tell that it was the one.
//! Nothing is revoked on what a quorum says alone.

use std::time::Duration;

use parlour_model::{SessionId, Timestamp};
use parlour_store::{Rotation, Session, StoreError};
use uuid::Uuid;

use super::{Stored, TRIES_MAX};
use crate::ScyllaStore;
use crate::columns::int;
use crate::cql::Statement;
use crate::settle::Tries;

static ROTATE: Statement = Statement::new(
    "sessions_rotate",
    "UPDATE sessions SET refresh_number = ?, rotated_at = ?, rotated_by = ? WHERE session_id = ?
     IF refresh_number = ? AND revoked_at = 0",
);

/// A refresh token that somebody presents.
pub(super) struct Token {
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) grace: Duration,
}

/// What a token is in the light of a session.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// The one that is good now.
    Good,
    /// Used a moment ago, and its successor not yet.
    InGrace,
    /// Used long ago, or never issued.
    Bad,
}

impl ScyllaStore {
    pub(super) async fn rotate_token(
        &self,
        id: SessionId,
        token: &Token,
    ) -> Result<Rotation, StoreError> {
        self.settle(|tries| self.try_to_rotate(tries, id, token))
            .await
    }

    async fn try_to_rotate(
        &self,
        tries: Tries,
        id: SessionId,
        token: &Token,
    ) -> Result<Rotation, StoreError> {
        let call = Uuid::from_bytes(rand::random());
        let mut is_settled = false;
        let mut found = self.stored_session(id).await?;
        for _ in 0..TRIES_MAX {
            let Some(stored) = found.filter(Stored::is_live) else {
                return Ok(Rotation::Gone);
            };
            if stored.rotated_by == Some(call) {
                return Ok(self.rotated(stored.session, token.at).await);
            }
            match (token.standing(&stored), is_settled) {
                (Standing::InGrace, _) => return Ok(Rotation::Replay(stored.session)),
                (Standing::Good, _) => {
                    if replace_token(&tries, &stored.session, token, call).await? {
                        let successor = Session {
                            refresh_number: stored.session.refresh_number + 1,
                            ..stored.session
                        };
                        return Ok(self.rotated(successor, token.at).await);
                    }
                }
                (Standing::Bad, false) => {}
                (Standing::Bad, true) => {
                    if self.end(&tries, &stored.session, token.at).await? {
                        return Ok(Rotation::Reused(Session {
                            revoked_at: Some(token.at),
                            ..stored.session
                        }));
                    }
                }
            }
            found = self.stored_session_serial(id).await?;
            is_settled = true;
        }
        Err(StoreError::Unknown(format!("the rotation of session {id}")))
    }

    /// The answer for a session whose token has been replaced. Failing to note the time must not keep the new token from its
    /// owner, whose old one is soon taken for stolen.
    async fn rotated(&self, session: Session, at: Timestamp) -> Rotation {
        if let Err(error) = self.raise_activity(session.id, at).await {
            tracing::debug!(session = %session.id, %error, "the time of a rotation was not noted");
        }
        Rotation::Rotated(Session {
            last_active_at: session.last_active_at.max(at),
            ..session
        })
    }
}

async fn replace_token(
    tries: &Tries,
    session: &Session,
    token: &Token,
    call: Uuid,
) -> Result<bool, StoreError> {
    let good = int(session.refresh_number);
    let at = int(token.at.as_millis());
    let values = (good + 1, at, call, int(session.id.get()), good);
    tries.applies(&ROTATE, values).await
}

impl Stored {
    fn is_live(&self) -> bool {
        self.session.revoked_at.is_none()
    }
}

impl Token {
    fn standing(&self, stored: &Stored) -> Standing {
        let good = stored.session.refresh_number;
        let in_grace = stored
            .rotated_at
            .is_some_and(|rotated| self.at.since(rotated) <= self.grace);
        if self.number == good {
            Standing::Good
        } else if self.number.checked_add(1) == Some(good) && in_grace {
            Standing::InGrace
        } else {
            Standing::Bad
        }
    }
}
