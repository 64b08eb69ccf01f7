//! The REST interface, typed: one method per route, and nothing clever.
//!
//! Bodies are JSON. A failed call is the server's error as it came, or [`ClientError::Unreachable`]: then nobody
//! knows whether it was done. A call whose access token has expired is repeated once with a fresh one.

mod accounts;
mod chats;
mod messages;

use std::fmt::Display;
use std::time::Duration;

use parlour_protocol::{Encoding, ErrorBody, Problem, Retry, Secret, decode_body, encode_body};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, watch};

use crate::{ClientError, SavedSession};

/// How long one call may take.
const CALL_WITHIN: Duration = Duration::from_secs(30);
/// How long a fresh access token may take.
const TOKEN_WITHIN: Duration = Duration::from_secs(10);

/// The REST interface of one server, for one signed-in user or for nobody.
#[derive(Debug, Clone)]
pub struct Rest {
    http: reqwest::Client,
    base: Url,
    tokens: Option<Tokens>,
}

/// Where calls get their access token from.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    /// The session as it is now.
    pub(crate) current: watch::Receiver<Option<SavedSession>>,
    /// Takes the access tokens that have turned out to be expired.
    pub(crate) expired: mpsc::Sender<Secret>,
}

impl Rest {
    /// The interface of the server at `base` (`https://host`), for nobody: enough to register and to log in.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] if `base` is not an HTTP address.
    pub fn new(http: reqwest::Client, base: &str) -> Result<Self, ClientError> {
        Ok(Self {
            http,
            base: server_url(base)?,
            tokens: None,
        })
    }

    /// The same for a user.
    pub(crate) fn with_tokens(self, tokens: Tokens) -> Self {
        Self {
            tokens: Some(tokens),
            ..self
        }
    }

    fn request(&self, method: Method, path: impl Display) -> RequestBuilder {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/api/v1{path}"));
        self.http.request(method, url).timeout(CALL_WITHIN)
    }

    fn get(&self, path: impl Display) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// Calls with a user's token and reads the answer.
    async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        read(self.send(request).await?).await
    }

    /// Calls with a user's token; the answer says only whether it is done.
    async fn call_for_nothing(&self, request: RequestBuilder) -> Result<(), ClientError> {
        self.send(request).await.map(drop)
    }

    /// Calls without a token.
    async fn call_openly<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, ClientError> {
        read(check(request.send().await?).await?).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let tokens = self.tokens.as_ref().ok_or(ClientError::NotSignedIn)?;
        let token = tokens.current().ok_or(ClientError::NotSignedIn)?;
        let again = request.try_clone();
        let first = check(request.bearer_auth(token.expose()).send().await?).await;
        let expired = |error: &ClientError| {
            error
                .refused()
                .is_some_and(|error| error.retry == Retry::Refresh)
        };
        match (first, again) {
            (Err(error), Some(again)) if expired(&error) => {
                let token = tokens.fresh(token).await.ok_or(error)?;
                check(again.bearer_auth(token.expose()).send().await?).await
            }
            (first, _) => first,
        }
    }
}

impl Tokens {
    fn current(&self) -> Option<Secret> {
        access_token(&self.current.borrow())
    }

    /// The access token that comes after `expired`, if one comes in time.
    async fn fresh(&self, expired: Secret) -> Option<Secret> {
        let mut current = self.current.clone();
        self.expired.send(expired.clone()).await.ok()?;
        let changed = current.wait_for(|now| access_token(now) != Some(expired.clone()));
        let session = tokio::time::timeout(TOKEN_WITHIN, changed).await.ok()?;
        access_token(&*session.ok()?)
    }
}

fn access_token(session: &Option<SavedSession>) -> Option<Secret> {
    let session = session.as_ref()?;
    Some(session.access_token.clone())
}

/// The address of a server, checked.
pub(crate) fn server_url(text: &str) -> Result<Url, ClientError> {
    let url = Url::parse(text).map_err(|error| ClientError::Invalid(format!("{text}: {error}")))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err(ClientError::Invalid(format!(
            "{text}: not the address of a server (http://host or https://host)"
        ))),
    }
}

/// A request with a body.
fn with_body<T: Serialize>(request: RequestBuilder, body: &T) -> RequestBuilder {
    request
        .header("content-type", Encoding::Json.media_type())
        .body(encode_body(body, Encoding::Json))
}

/// A request that may be repeated without being done twice.
fn with_key(request: RequestBuilder, key: Option<impl Display>) -> RequestBuilder {
    match key {
        Some(key) => request.header("idempotency-key", key.to_string()),
        None => request,
    }
}

async fn check(response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let bytes = response.bytes().await?;
    match decode_body::<Problem>(Encoding::Json, &bytes) {
        Ok(problem) => Err(ErrorBody::from(problem).into()),
        // Something between us and the server answered.
        Err(_) => Err(ClientError::Unreachable(format!("HTTP status {status}"))),
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ClientError> {
    Ok(decode_body(Encoding::Json, &response.bytes().await?)?)
}

impl From<reqwest::Error> for ClientError {
    fn from(error: reqwest::Error) -> Self {
        // The address may hold a token one day: keep it out of logs.
        let error = error.without_url();
        let mut reason = error.to_string();
        // What it comes from says more than the error itself.
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            reason = format!("{reason}: {cause}");
            source = cause.source();
        }
        Self::Unreachable(reason)
    }
}
