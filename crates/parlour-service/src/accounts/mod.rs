//! Accounts: who somebody is, on which devices, and what others see of them.
//!
//! One file per use case, each an `impl` block of [`Accounts`]; below them the parts they share. Invariants:
//! - A password is hashed only in the bounded pool, and an unknown user costs as much as a wrong password.
//! - A user name has one owner for ever; who loses the race for it is told that it is taken.
//! - A revoked session's access token is refused within five seconds on every node, although it is stateless.
//! - Replacing keys signs nobody out.

mod settings;

mod authenticate;
mod change_password;
mod login;
mod presence;
mod profiles;
mod refresh;
mod register;
mod sessions;
mod sign_in;
mod users;

mod access_tokens;
mod activity;
mod limiter;
mod passwords;
mod pseudonyms;
mod rates;
mod refresh_tokens;
mod revocations;
mod signing_keys;
mod tasks;

use std::sync::Arc;

use parlour_delivery::Delivery;
use parlour_model::{Clock, IdGenerator};
use parlour_store::SharedStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use limiter::Limiter;
pub use login::Credentials;
pub use profiles::ProfileChange;
pub use rates::Origin;
pub use register::Registration;
pub use sessions::Session;
pub use settings::{AccountSettings, PasswordSettings, Rate, RateSettings};
pub use sign_in::SignedIn;
pub use users::UserPage;

use crate::ServiceError;
use crate::patience::PatientStore;
use access_tokens::AccessTokens;
use activity::Activity;
use passwords::Passwords;
use rates::Rates;
use refresh_tokens::RefreshTokens;
use revocations::Revocations;
use signing_keys::SigningKeys;

/// What accounts are built from.
pub struct AccountParts {
    /// Where everything is kept.
    pub store: SharedStore,
    /// Who closes the connections of revoked sessions and shows presence.
    pub delivery: Delivery,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids of users and sessions.
    pub ids: Arc<IdGenerator>,
    /// What the operator set.
    pub settings: AccountSettings,
    /// Whose tasks these are.
    pub tracker: TaskTracker,
    /// Ends the tasks.
    pub token: CancellationToken,
}

/// Everything users may do with their accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

/// What the use cases share.
struct Inner {
    store: PatientStore,
    delivery: Delivery,
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
    settings: AccountSettings,
    passwords: Passwords,
    rates: Rates,
    access_tokens: AccessTokens,
    refresh_tokens: RefreshTokens,
    revocations: Revocations,
    activity: Activity,
    tracker: TaskTracker,
}

impl Accounts {
    /// Accounts on these parts: keys loaded or made and tried out, the sessions revoked lately known, and the
    /// tasks running that keep both so.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] names a setting that cannot work; otherwise the store or the cryptography
    /// does not work, and the node must not serve.
    pub async fn start(parts: AccountParts) -> Result<Self, ServiceError> {
        let (tracker, token) = (parts.tracker.clone(), parts.token.clone());
        let accounts = Self {
            inner: Arc::new(Inner::load(parts).await?),
        };
        accounts.poll_revocations().await?;
        tasks::spawn(&accounts, &tracker, &token);
        Ok(accounts)
    }
}

impl Inner {
    async fn load(parts: AccountParts) -> Result<Self, ServiceError> {
        let settings = parts.settings;
        settings.check()?;
        let clock = parts.clock;
        let store = PatientStore::new(parts.store, settings.store_within);
        let keys = SigningKeys::load(
            store.clone(),
            Arc::clone(&clock),
            settings.key_rotation,
            settings.access_token_lifetime,
        )
        .await?;
        let refresh_tokens = RefreshTokens::load(&store, &*clock).await?;
        let everywhere = (parts.delivery.clone(), refresh_tokens.pseudonyms());
        Ok(Self {
            delivery: parts.delivery,
            ids: parts.ids,
            passwords: Passwords::new(&settings.passwords, parts.tracker.clone())?,
            rates: Rates::new(&settings.rates, &clock, everywhere),
            access_tokens: AccessTokens::new(keys, Arc::clone(&clock), &settings).await?,
            refresh_tokens,
            revocations: Revocations::new(settings.access_token_lifetime),
            activity: Activity::default(),
            tracker: parts.tracker,
            store,
            clock,
            settings,
        })
    }
}
