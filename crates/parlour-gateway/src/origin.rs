//! Which browser pages may connect.
//!
//! A browser says in `Origin` which site a page came from, and nothing else does: clients that are no browsers send none and pass.
//! An origin passes if it is listed, exactly as browsers write it, or if the page came from this very host.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};

/// The origins that may connect besides our own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins(Vec<String>);

impl Origins {
    /// These, each like `https://chat.example.org`, and pages served under the host they connect to.
    #[must_use]
    pub(crate) fn new(origins: Vec<String>) -> Self {
        Self(origins)
    }

    /// Whether a request with these headers may open a connection.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => true,
            (Some(origin), None) => self.allow_origin(origin, headers.get(HOST)),
            // Two are none a browser sent.
            (Some(_), Some(_)) => false,
        }
    }

    /// Whether pages of `origin` may read answers of the `host` they asked.
    pub(crate) fn allow_origin(&self, origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        self.0.iter().any(|allowed| allowed == origin) || is_of_host(origin, host)
    }
}

/// Whether `origin` is a page of `host`, by either scheme: behind a proxy that ends TLS we see only one of them.
fn is_of_host(origin: &str, host: Option<&HeaderValue>) -> bool {
    let page = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    match (page, host.and_then(|host| host.to_str().ok())) {
        (Some(page), Some(host)) => !host.is_empty() && page.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: Option<&str>, host: &str) -> bool {
        let origins = Origins::new(vec!["https://chat.example.org".to_owned()]);
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        origins.allow(&headers)
    }

    #[test]
    fn no_origin_the_own_host_and_listed_ones_pass() {
        assert!(allowed(None, "node:8080"));
        assert!(allowed(Some("http://node:8080"), "node:8080"));
        assert!(allowed(Some("https://node:8080"), "node:8080"));
        assert!(allowed(Some("https://chat.example.org"), "node:8080"));
    }

    #[test]
    fn everything_else_does_not() {
        for origin in [
            "null",
            "",
            "https://evil.example",
            "https://chat.example.org.evil.example",
            "https://chat.example.org:444",
            "http://chat.example.org",
            "https://chat.example.org/",
            "ftp://node:8080",
            "node:8080",
            "http://node:8081",
        ] {
            assert!(!allowed(Some(origin), "node:8080"), "{origin}");
        }
        assert!(!allowed(Some("http://"), ""));
    }

    #[test]
    fn two_origins_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(ORIGIN, "https://chat.example.org".parse().unwrap());
        headers.append(ORIGIN, "https://chat.example.org".parse().unwrap());
        let origins = Origins::new(vec!["https://chat.example.org".to_owned()]);
        assert!(!origins.allow(&headers));
    }
}
