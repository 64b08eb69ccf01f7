//! Accounts, sessions, users, status, presence, privacy and reports.

use parlour_model::{ChosenStatus, Presence, ReportId, SessionId, UserId, UserName};
use parlour_protocol::{
    BlockBody, LoginRequest, PasswordChange, PresenceBody, PresenceQuery, PrivacyBody,
    PrivacyPatch, ProfilePatch, RefreshRequest, RegisterRequest, ReportAccepted, ReportRequest,
    Secret, SessionBody, SessionsBody, SignedIn, StatusRequest, UserBody, UsersPage,
};
use reqwest::Method;
use uuid::Uuid;

use super::{Rest, with_body, with_key};
use crate::ClientError;

/// The errors of every call: [`ClientError::Refused`], [`ClientError::Unreachable`],
/// [`ClientError::Unreadable`], and [`ClientError::NotSignedIn`] where a user is needed.
impl Rest {
    /// Registers a user. With the same `key` it may be asked again after a lost answer.
    ///
    /// # Errors
    /// As every call.
    pub async fn register(
        &self,
        body: &RegisterRequest,
        key: Option<Uuid>,
    ) -> Result<SignedIn, ClientError> {
        let request = self.request(Method::POST, "/auth/register");
        self.call_openly(with_key(with_body(request, body), key))
            .await
    }

    /// Logs a user in.
    ///
    /// # Errors
    /// As every call.
    pub async fn login(&self, body: &LoginRequest) -> Result<SignedIn, ClientError> {
        let request = self.request(Method::POST, "/auth/login");
        self.call_openly(with_body(request, body)).await
    }

    /// A new access token for a refresh token, which is used up by it.
    ///
    /// # Errors
    /// As every call.
    pub async fn refresh(&self, refresh_token: Secret) -> Result<SignedIn, ClientError> {
        let request = self.request(Method::POST, "/auth/refresh");
        let body = RefreshRequest { refresh_token };
        self.call_openly(with_body(request, &body)).await
    }

    /// Ends this session.
    ///
    /// # Errors
    /// As every call.
    pub async fn logout(&self) -> Result<(), ClientError> {
        self.call_for_nothing(self.request(Method::POST, "/auth/logout"))
            .await
    }

    /// Changes the password, which ends all other sessions.
    ///
    /// # Errors
    /// As every call.
    pub async fn change_password(&self, body: &PasswordChange) -> Result<(), ClientError> {
        let request = self.request(Method::POST, "/auth/password");
        self.call_for_nothing(with_body(request, body)).await
    }

    /// All sessions of the user.
    ///
    /// # Errors
    /// As every call.
    pub async fn sessions(&self) -> Result<Vec<SessionBody>, ClientError> {
        let body: SessionsBody = self.call(self.get("/sessions")).await?;
        Ok(body.sessions)
    }

    /// Ends one session.
    ///
    /// # Errors
    /// As every call.
    pub async fn revoke(&self, session: SessionId) -> Result<(), ClientError> {
        let path = format!("/sessions/{session}");
        self.call_for_nothing(self.request(Method::DELETE, path))
            .await
    }

    /// Ends all sessions but this one.
    ///
    /// # Errors
    /// As every call.
    pub async fn revoke_others(&self) -> Result<(), ClientError> {
        self.call_for_nothing(self.request(Method::DELETE, "/sessions"))
            .await
    }

    /// Users whose user name or display name begins with `query`, in pages.
    ///
    /// # Errors
    /// As every call.
    pub async fn search_users(
        &self,
        query: &str,
        cursor: Option<&str>,
    ) -> Result<UsersPage, ClientError> {
        let request = self.get("/users").query(&[("query", query)]);
        self.call(request.query(&[("cursor", cursor)])).await
    }

    /// The user with exactly this name.
    ///
    /// # Errors
    /// As every call.
    pub async fn user_by_name(&self, name: &UserName) -> Result<Option<UserBody>, ClientError> {
        let request = self.get("/users").query(&[("username", name.as_str())]);
        let page: UsersPage = self.call(request).await?;
        Ok(page.users.into_iter().next())
    }

    /// The user with this id.
    ///
    /// # Errors
    /// As every call.
    pub async fn user(&self, user: UserId) -> Result<UserBody, ClientError> {
        self.call(self.get(format!("/users/{user}"))).await
    }

    /// Changes the user's own profile.
    ///
    /// # Errors
    /// As every call.
    pub async fn update_profile(&self, patch: &ProfilePatch) -> Result<UserBody, ClientError> {
        let request = self.request(Method::PATCH, "/me");
        self.call(with_body(request, patch)).await
    }

    /// Sets the status the user chose.
    ///
    /// # Errors
    /// As every call.
    pub async fn set_status(&self, status: ChosenStatus) -> Result<(), ClientError> {
        let request = self.request(Method::PUT, "/me/status");
        self.call_for_nothing(with_body(request, &StatusRequest { status }))
            .await
    }

    /// What others may see of the user.
    ///
    /// # Errors
    /// As every call.
    pub async fn privacy(&self) -> Result<PrivacyBody, ClientError> {
        self.call(self.get("/me/privacy")).await
    }

    /// Chooses what others may see of the user.
    ///
    /// # Errors
    /// As every call.
    pub async fn set_privacy(&self, patch: &PrivacyPatch) -> Result<PrivacyBody, ClientError> {
        let request = self.request(Method::PATCH, "/me/privacy");
        self.call(with_body(request, patch)).await
    }

    /// Tells the operators of a user, a chat or a message. With the same `key` it may be asked again after a lost answer.
    ///
    /// # Errors
    /// As every call.
    pub async fn report(
        &self,
        body: &ReportRequest,
        key: Option<Uuid>,
    ) -> Result<ReportId, ClientError> {
        let request = self.request(Method::POST, "/reports");
        let accepted: ReportAccepted = self.call(with_key(with_body(request, body), key)).await?;
        Ok(accepted.id)
    }

    /// The presence of these users.
    ///
    /// # Errors
    /// As every call.
    pub async fn presence(&self, users: &[UserId]) -> Result<Vec<Presence>, ClientError> {
        let body = PresenceQuery {
            users: users.to_vec(),
        };
        let request = self.request(Method::POST, "/presence");
        let body: PresenceBody = self.call(with_body(request, &body)).await?;
        Ok(body.presence)
    }

    /// Blocks a user, or takes the block back.
    ///
    /// # Errors
    /// As every call.
    pub async fn block(&self, user: UserId, on: bool) -> Result<(), ClientError> {
        let method = if on { Method::POST } else { Method::DELETE };
        self.call_for_nothing(self.request(method, format!("/users/{user}/block")))
            .await
    }

    /// Whether this user has blocked that one. The other way round nobody is told.
    ///
    /// # Errors
    /// As every call.
    pub async fn has_blocked(&self, user: UserId) -> Result<bool, ClientError> {
        let body: BlockBody = self.call(self.get(format!("/users/{user}/block"))).await?;
        Ok(body.blocked)
    }
}
