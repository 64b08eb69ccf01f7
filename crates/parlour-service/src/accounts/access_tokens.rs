//! Access tokens: short-lived EdDSA JWTs.
//!
//! Nothing a token says is used before its signature is verified, but the name of its key. The algorithm is
//! pinned: every key here is Ed25519, whatever the header claims. Time is the service's own clock, not the
//! JWT library's.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use parlour_model::{Clock, SessionId, Timestamp, UserId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::AccountSettings;
use super::signing_keys::SigningKeys;
use crate::{Actor, ServiceError, TokenProblem};

/// How far the clocks of two nodes may differ without refusing each other's tokens.
pub(super) const LEEWAY: Duration = Duration::from_secs(5);
/// Longer texts are no tokens of ours and are not looked at.
const TOKEN_BYTES_MAX: usize = 2 * 1024;

/// Issues and verifies access tokens.
pub(super) struct AccessTokens {
    keys: SigningKeys,
    clock: Arc<dyn Clock>,
    issuer: String,
    audience: String,
    lifetime: Duration,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    /// Seconds, as all times of a JWT.
    iat: u64,
    nbf: u64,
    exp: u64,
}

impl AccessTokens {
    /// Tokens under these settings, signed by `keys`.
    ///
    /// # Errors
    /// When a token issued now does not verify: better at the start than at the first login.
    pub(super) async fn new(
        keys: SigningKeys,
        clock: Arc<dyn Clock>,
        settings: &AccountSettings,
    ) -> Result<Self, ServiceError> {
        // Somebody in this process may have installed it before us.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "nbf", "exp"]);
        // The library would ask the machine's clock: `verify` compares the times itself.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        let tokens = Self {
            keys,
            clock,
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            lifetime: settings.access_token_lifetime,
            validation,
        };
        tokens.test_itself().await?;
        Ok(tokens)
    }

    /// The keys behind the tokens.
    pub(super) fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    /// A token for this session of this user, and how long it is good.
    pub(super) fn issue(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<(SecretString, Duration), ServiceError> {
        let now = self.clock.now();
        let iat = now.as_millis() / 1_000;
        let exp = now.plus(self.lifetime).as_millis() / 1_000;
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user,
            sid: session,
            iat,
            nbf: iat,
            exp,
        };
        let key = self.keys.signing()?;
        let header = Header {
            kid: Some(key.id.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        let token = encode(&header, &claims, &key.signs)
            .map_err(|e| ServiceError::Unavailable(format!("no token can be signed: {e}")))?;
        Ok((token.into(), seconds(exp).since(now)))
    }

    /// Who holds `token`, if it is genuine and good now.
    pub(super) async fn verify(&self, token: &str) -> Result<Actor, ServiceError> {
        let invalid = ServiceError::Unauthenticated(TokenProblem::Invalid);
        if token.len() > TOKEN_BYTES_MAX {
            return Err(invalid);
        }
        let Some(kid) = decode_header(token).ok().and_then(|header| header.kid) else {
            return Err(invalid);
        };
        let key = self.keys.named(&kid).await?;
        let Ok(decoded) = decode::<Claims>(token, &key.verifies, &self.validation) else {
            return Err(invalid);
        };
        let claims = decoded.claims;
        let now = self.clock.now();
        if seconds(claims.nbf) > now.plus(LEEWAY) {
            return Err(invalid);
        }
        if seconds(claims.exp).plus(LEEWAY) <= now {
            return Err(ServiceError::Unauthenticated(TokenProblem::Expired));
        }
        Ok(Actor {
            user: claims.sub,
            session: claims.sid,
            expires_at: seconds(claims.exp),
        })
    }

    /// The public keys as a JSON Web Key Set, for whoever else must verify our tokens.
    pub(super) fn jwks(&self) -> JwkSet {
        let keys = self.keys.all().into_iter().filter_map(|key| {
            let mut jwk = Jwk::from_decoding_key(&key.verifies, Some(Algorithm::EdDSA)).ok()?;
            jwk.common.key_id = Some(key.id.clone());
            jwk.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
            Some(jwk)
        });
        JwkSet {
            keys: keys.collect(),
        }
    }

    async fn test_itself(&self) -> Result<(), ServiceError> {
        let user = UserId::new(1).expect("1 is an id");
        let session = SessionId::new(1).expect("1 is an id");
        let (token, _) = self.issue(user, session)?;
        let actor = self
            .verify(secrecy::ExposeSecret::expose_secret(&token))
            .await?;
        if (actor.user, actor.session) == (user, session) {
            Ok(())
        } else {
            Err(ServiceError::Unavailable(
                "access tokens do not verify".to_owned(),
            ))
        }
    }
}

fn seconds(since_epoch: u64) -> Timestamp {
    Timestamp::from_millis(since_epoch.saturating_mul(1_000))
}
