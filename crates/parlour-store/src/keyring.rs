//! Secret keys that all nodes of a deployment share.

use async_trait::async_trait;
use parlour_model::Timestamp;

use crate::StoreError;

/// The keys of the deployment, kept in the store so that every node signs and checks alike.
#[async_trait]
pub trait Keyring: Send + Sync {
    /// Adds a key unless one of this purpose and id exists, and answers the one that is stored: two nodes that
    /// add at once end up with one key.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn add_key(&self, key: StoredKey) -> Result<StoredKey, StoreError>;

    /// All keys of a purpose, by rising `created_at`.
    ///
    /// # Errors
    /// None that say anything about the keys.
    async fn keys(&self, purpose: KeyPurpose) -> Result<Vec<StoredKey>, StoreError>;

    /// Forgets keys of a purpose whose `expires_at` is before `now`.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn drop_expired_keys(
        &self,
        purpose: KeyPurpose,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Signs access tokens.
    AccessToken,
    /// Derives refresh tokens.
    RefreshToken,
}

impl KeyPurpose {
    /// The name of the purpose in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// A secret key.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Names it, in tokens too.
    pub id: String,
    /// The secret bytes.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When nothing made with it is good any more; `None` for never.
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredKey({} {})", self.purpose.as_str(), self.id)
    }
}
