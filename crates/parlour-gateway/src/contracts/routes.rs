//! The documents as a node serves them: made once, named by an `ETag`, the same for everybody.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::{asyncapi, openapi, page, pretty};
use crate::rest::Route;

const JSON: &str = "application/json";

static OPENAPI: LazyLock<Served> =
    LazyLock::new(|| Served::new(JSON, pretty(&openapi::document())));
static ASYNCAPI: LazyLock<Served> =
    LazyLock::new(|| Served::new(JSON, pretty(&asyncapi::document())));

static PAGE: LazyLock<Served> = LazyLock::new(|| {
    let page = page::page(&openapi::document(), &asyncapi::document());
    Served::new("text/html; charset=utf-8", page)
});
static STYLE: LazyLock<Served> =
    LazyLock::new(|| Served::new("text/css; charset=utf-8", page::STYLE.to_owned()));

/// What the page may do: show itself, in its own style.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of the documents.
pub(crate) fn routes() -> Vec<Route> {
    let route = |path, served: &'static LazyLock<Served>| {
        Route::new(Method::GET, path, async move |headers: HeaderMap| {
            served.answer(&headers)
        })
    };
    vec![
        route("/openapi.json", &OPENAPI),
        route("/asyncapi.json", &ASYNCAPI),
        route("/docs", &PAGE),
        route("/docs/style.css", &STYLE),
    ]
}

/// A document ready to be sent.
struct Served {
    media_type: &'static str,
    etag: HeaderValue,
    text: Bytes,
}

impl Served {
    fn new(media_type: &'static str, text: String) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let etag = HeaderValue::from_str(&format!("\"{:016x}\"", hasher.finish()));
        Self {
            media_type,
            etag: etag.expect("hexadecimal digits are a header value"),
            text: text.into(),
        }
    }

    /// The document, or that it is as the asking side has it.
    fn answer(&self, asked: &HeaderMap) -> Response {
        let known = asked
            .get(IF_NONE_MATCH)
            .and_then(|known| known.to_str().ok());
        let is_known = known.is_some_and(|known| known.split(',').any(|one| self.is(one)));
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(CONTENT_TYPE, self.media_type)], self.text.clone()).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(ETAG, self.etag.clone());
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        // Kept, and asked about each time: a new version of the server says something else.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }

    /// Whether one of the names in an `If-None-Match` is this document's. A proxy may have made it a weak one.
    fn is(&self, name: &str) -> bool {
        let name = name.trim();
        name == "*" || name.strip_prefix("W/").unwrap_or(name).as_bytes() == self.etag.as_bytes()
    }
}
