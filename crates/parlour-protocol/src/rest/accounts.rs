//! Registering, logging in, refreshing, and the sessions of a user's devices.

use parlour_model::{DisplayName, SessionId, Timestamp, UserName, limits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::UserBody;
use crate::Secret;
use crate::checks::{InvalidField, device_fits};

/// `POST /auth/register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegisterRequest {
    /// Unique for ever.
    pub username: UserName,
    /// 8 to 256 characters.
    #[schemars(length(min = *limits::PASSWORD_CHARS.start(), max = *limits::PASSWORD_CHARS.end()))]
    pub password: Secret,
    /// What others read; the user name if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<DisplayName>,
    /// What the user calls this device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::DEVICE_CHARS_MAX), regex(pattern = limits::PLAIN_PATTERN))]
    pub device: Option<String>,
}

/// `POST /auth/login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoginRequest {
    /// Who.
    pub username: UserName,
    /// Their password.
    #[schemars(length(max = *limits::PASSWORD_CHARS.end()))]
    pub password: Secret,
    /// What the user calls this device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::DEVICE_CHARS_MAX), regex(pattern = limits::PLAIN_PATTERN))]
    pub device: Option<String>,
}

/// `POST /auth/refresh`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefreshRequest {
    /// The latest refresh token; it is good for one use.
    pub refresh_token: Secret,
}

/// The answer to registering, logging in and refreshing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedIn {
    /// The user's own profile.
    pub user: UserBody,
    /// The session of this device.
    pub session: SessionBody,
    /// Sent with every request and in `hello`.
    pub access_token: Secret,
    /// The life of the access token, in seconds.
    pub expires_in: u64,
    /// For the next access token.
    pub refresh_token: Secret,
}

/// `POST /auth/password`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PasswordChange {
    /// The password until now.
    #[schemars(length(max = *limits::PASSWORD_CHARS.end()))]
    pub current_password: Secret,
    /// The password from now on: 8 to 256 characters.
    #[schemars(length(min = *limits::PASSWORD_CHARS.start(), max = *limits::PASSWORD_CHARS.end()))]
    pub new_password: Secret,
}

/// A session: one device's sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionBody {
    /// Its id.
    pub id: SessionId,
    /// What the user called the device; empty if they did not.
    #[serde(default)]
    pub device: String,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_active_at: Timestamp,
    /// Whether it is the one that asks.
    #[serde(default)]
    pub current: bool,
}

/// `GET /sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionsBody {
    /// All that live.
    pub sessions: Vec<SessionBody>,
}

impl RegisterRequest {
    /// Whether the password and the device name are within their limits.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        new_password("password", &self.password)?;
        device_fits(self.device.as_deref())
    }
}

impl LoginRequest {
    /// Whether the device name is within its limit. The password is whatever it is.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        at_most_a_password("password", &self.password)?;
        device_fits(self.device.as_deref())
    }
}

impl PasswordChange {
    /// Whether the new password is within its limits.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        at_most_a_password("current_password", &self.current_password)?;
        new_password("new_password", &self.new_password)
    }
}

fn new_password(field: &'static str, password: &Secret) -> Result<(), InvalidField> {
    let range = limits::PASSWORD_CHARS;
    if range.contains(&password.expose().chars().count()) {
        return Ok(());
    }
    let reason = format!("must have {} to {} characters", range.start(), range.end());
    Err(InvalidField::new(field, reason))
}

/// Nobody has a longer password, and hashing one is not free.
fn at_most_a_password(field: &'static str, password: &Secret) -> Result<(), InvalidField> {
    let max = *limits::PASSWORD_CHARS.end();
    if password.expose().chars().count() <= max {
        Ok(())
    } else {
        Err(InvalidField::new(
            field,
            format!("has at most {max} characters"),
        ))
    }
}
