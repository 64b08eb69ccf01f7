//! What a browser may do with the web client: run and load what this server sends, and nothing else.

use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;

/// Nothing inline, nothing foreign, nowhere to send a form, in nobody's frame. The WebSocket of the same host is `'self'`, too.
const CONTENT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
     font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Devices the web client has no use for, so that nothing that got into it has one either.
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), serial=(), hid=(), midi=()";

/// Adds the policy to an answer. `nosniff` is on every answer of a node.
pub(super) async fn protect(mut response: Response) -> Response {
    let headers = [
        (CONTENT_SECURITY_POLICY, CONTENT),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        // No other site's window keeps a hand on this one, or embeds its files.
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}
