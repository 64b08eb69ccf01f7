//! One embedded file, and how it is answered: whole, packed, or "you have it already".

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use rust_embed::EmbeddedFile;

/// How the name of a packed copy ends. Every browser takes gzip, over plain HTTP too.
pub(super) const PACKED: &str = ".gz";

/// The name stands for the content: it never has to be asked for again.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// May be kept, and is compared with ours before each use.
const COMPARED: HeaderValue = HeaderValue::from_static("no-cache");

/// A file of the web client.
pub(super) struct File {
    content_type: HeaderValue,
    caching: HeaderValue,
    plain: Encoded,
    packed: Option<Encoded>,
}

/// The same content in one encoding; each has a tag of its own.
struct Encoded {
    bytes: Bytes,
    tag: HeaderValue,
}

impl File {
    /// A file, its packed copy if there is one, and whether its name stands for its content.
    pub(super) fn new(plain: EmbeddedFile, packed: Option<EmbeddedFile>, hashed: bool) -> Self {
        Self {
            content_type: content_type(plain.metadata.mimetype()),
            caching: if hashed { FOR_EVER } else { COMPARED },
            plain: Encoded::new(plain),
            packed: packed.map(Encoded::new),
        }
    }

    /// The answer to a request with these headers.
    pub(super) fn answer(&self, request: &HeaderMap) -> Response {
        let packed = self.packed.as_ref().filter(|_| takes_gzip(request));
        let encoded = packed.unwrap_or(&self.plain);
        let mut headers = HeaderMap::from_iter([
            (CACHE_CONTROL, self.caching.clone()),
            (ETAG, encoded.tag.clone()),
        ]);
        if self.packed.is_some() {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if names(request, &encoded.tag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        if packed.is_some() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        (headers, Body::from(encoded.bytes.clone())).into_response()
    }
}

impl Encoded {
    fn new(file: EmbeddedFile) -> Self {
        let hash = file.metadata.sha256_hash();
        let tag: String = hash[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let tag = HeaderValue::try_from(format!("\"{tag}\""));
        let bytes = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        Self {
            bytes,
            tag: tag.expect("hexadecimal digits are a header value"),
        }
    }
}

/// Everything of ours that is text is UTF-8.
fn content_type(kind: &str) -> HeaderValue {
    let charset = if kind.starts_with("text/") {
        "; charset=utf-8"
    } else {
        ""
    };
    HeaderValue::try_from(format!("{kind}{charset}")).expect("a type is a header value")
}

/// Whether the client takes gzip. Whoever weighs encodings against each other with `q` gets it all the same, unless it is 0.
fn takes_gzip(request: &HeaderMap) -> bool {
    items(request, &ACCEPT_ENCODING).any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|q| q.parse().ok())
            == Some(0.0_f32);
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// Whether the client says that it has what `tag` names. A proxy that packed it anew made the tag a weak one.
fn names(request: &HeaderMap, tag: &HeaderValue) -> bool {
    items(request, &IF_NONE_MATCH).any(|item| {
        item == "*" || item.strip_prefix("W/").unwrap_or(item).as_bytes() == tag.as_bytes()
    })
}

/// The items of a header that is a list.
fn items<'a>(request: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = request.get_all(name).into_iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}
