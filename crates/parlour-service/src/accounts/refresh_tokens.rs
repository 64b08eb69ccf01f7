//! Refresh tokens: unforgeable names of "number n of this session".
//!
//! A token is not stored; it is derived, so the same number always gives the same token. Its MAC is verified in
//! constant time before the store is asked anything: a forged token costs no read and can revoke nothing.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parlour_model::{Clock, SessionId};
use parlour_store::{KeyPurpose, StoredKey};
use secrecy::SecretString;

use super::pseudonyms::Pseudonyms;
use crate::ServiceError;
use crate::patience::PatientStore;

/// Keeps this use of the key apart from any other.
const LABEL: &[u8] = b"parlour refresh token 1";
/// From the key that signs, another one is derived for what is not a token.
const PSEUDONYM_LABEL: &[u8] = b"parlour pseudonyms 1";
/// Session id, number, salt, MAC.
const PARTS: [usize; 4] = [8, 8, 16, 32];
const TOKEN_BYTES: usize = PARTS[0] + PARTS[1] + PARTS[2] + PARTS[3];
const SIGNED_BYTES: usize = TOKEN_BYTES - PARTS[3];

/// What a genuine refresh token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RefreshToken {
    /// The session.
    pub(super) session: SessionId,
    /// The number in the session's chain.
    pub(super) number: u64,
    /// The session's salt.
    pub(super) salt: [u8; 16],
}

/// Makes and verifies refresh tokens with the deployment's key.
pub(super) struct RefreshTokens {
    /// Newest first: that one signs, all verify.
    keys: Vec<hmac::Key>,
}

impl fmt::Debug for RefreshTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshTokens(…)")
    }
}

impl RefreshTokens {
    /// The keys in `store`, the first one made if there is none.
    pub(super) async fn load(
        store: &PatientStore,
        clock: &dyn Clock,
    ) -> Result<Self, ServiceError> {
        let mut stored = store.read(|s| s.keys(KeyPurpose::RefreshToken)).await?;
        if stored.is_empty() {
            let first = first_key(clock)?;
            // Another node may be faster: the answer is the key that is stored.
            stored.push(store.write(|s| s.add_key(first.clone())).await?);
        }
        let key = |stored: &StoredKey| hmac::Key::new(hmac::HMAC_SHA256, &stored.secret);
        Ok(Self {
            keys: stored.iter().rev().map(key).collect(),
        })
    }

    /// Pseudonyms by a key derived from the one that signs: every node has it, and it says nothing of that one.
    pub(super) fn pseudonyms(&self) -> Pseudonyms {
        let derived = hmac::sign(&self.keys[0], PSEUDONYM_LABEL);
        Pseudonyms::new(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The text of a token: always the same for the same token.
    pub(super) fn write(&self, token: &RefreshToken) -> SecretString {
        let mut bytes = Vec::with_capacity(TOKEN_BYTES);
        bytes.extend(token.session.get().to_be_bytes());
        bytes.extend(token.number.to_be_bytes());
        bytes.extend(token.salt);
        let mac = hmac::sign(&self.keys[0], &labelled(&bytes));
        bytes.extend(mac.as_ref());
        URL_SAFE_NO_PAD.encode(&bytes).into()
    }

    /// The token in `text`, if this deployment made it.
    pub(super) fn read(&self, text: &str) -> Option<RefreshToken> {
        // The exact length first: nothing longer is decoded.
        if text.len() != TOKEN_BYTES.div_ceil(3) * 4 - (3 - TOKEN_BYTES % 3) % 3 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signed, mac) = bytes.split_at_checked(SIGNED_BYTES)?;
        let signed_by = |key: &hmac::Key| hmac::verify(key, &labelled(signed), mac).is_ok();
        if !self.keys.iter().any(signed_by) {
            return None;
        }
        let (session, rest) = signed.split_first_chunk::<8>()?;
        let (number, salt) = rest.split_first_chunk::<8>()?;
        Some(RefreshToken {
            session: SessionId::new(u64::from_be_bytes(*session)).ok()?,
            number: u64::from_be_bytes(*number),
            salt: salt.try_into().ok()?,
        })
    }
}

fn labelled(bytes: &[u8]) -> Vec<u8> {
    [LABEL, bytes].concat()
}

fn first_key(clock: &dyn Clock) -> Result<StoredKey, ServiceError> {
    let mut secret = vec![0; 32];
    aws_lc_rs::rand::fill(&mut secret)
        .map_err(|_| ServiceError::Unavailable("no randomness for a key".to_owned()))?;
    Ok(StoredKey {
        purpose: KeyPurpose::RefreshToken,
        id: "1".to_owned(),
        secret,
        created_at: clock.now(),
        expires_at: None,
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn tokens(secret: u8) -> RefreshTokens {
        RefreshTokens {
            keys: vec![hmac::Key::new(hmac::HMAC_SHA256, &[secret; 32])],
        }
    }

    fn token() -> RefreshToken {
        RefreshToken {
            session: SessionId::new(77).unwrap(),
            number: 3,
            salt: [9; 16],
        }
    }

    #[test]
    fn a_token_says_what_it_was_made_of_and_is_always_the_same() {
        let text = tokens(1).write(&token());
        assert_eq!(tokens(1).read(text.expose_secret()), Some(token()));
        assert_eq!(
            text.expose_secret(),
            tokens(1).write(&token()).expose_secret()
        );
    }

    #[test]
    fn a_token_with_any_one_character_changed_is_refused() {
        let text = tokens(1).write(&token()).expose_secret().to_owned();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(tokens(1).read(&changed), None, "{at}");
        }
        for wrong in ["", "x", &text[1..], &format!("{text}A"), &"é".repeat(43)] {
            assert_eq!(tokens(1).read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_token_of_another_deployment_is_refused_and_one_of_an_older_key_is_not() {
        let old = tokens(1).write(&token());
        assert_eq!(tokens(2).read(old.expose_secret()), None);
        let keys = [tokens(2).keys, tokens(1).keys].concat();
        let both = RefreshTokens { keys };
        assert_eq!(both.read(old.expose_secret()), Some(token()));
    }
}
