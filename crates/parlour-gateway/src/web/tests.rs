//! The answers over a small page of four files; whatever was really built is embedded the same way.

use axum::body::{Body, to_bytes};
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderName, Method, Request};
use tower::ServiceExt;

use super::*;

#[derive(RustEmbed)]
#[folder = "src/web/sample"]
struct Sample;

#[derive(RustEmbed)]
#[folder = "src/web/no-such-folder"]
#[allow_missing = true]
struct Missing;

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &HeaderName) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(router: Router, method: Method, path: &str, headers: &[(HeaderName, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 10_000).await.unwrap();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn get_sample(path: &str, headers: &[(HeaderName, &str)]) -> Answer {
    ask(routes_of::<Sample, ()>(), Method::GET, path, headers).await
}

const SCRIPT: &str = "/assets/index-1a2b.js";

#[tokio::test]
async fn the_page_is_compared_each_time_and_hashed_files_are_kept_for_ever() {
    let page = get_sample("/", &[]).await;
    assert_eq!(page.body, "<!doctype html><title>Sample</title>\n");
    assert_eq!(page.header(&CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(page.header(&CACHE_CONTROL), "no-cache");
    assert_eq!(
        get_sample("/sw.js", &[]).await.header(&CACHE_CONTROL),
        "no-cache"
    );
    let script = get_sample(SCRIPT, &[]).await;
    assert_eq!(
        script.header(&CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(
        script.header(&CACHE_CONTROL),
        "public, max-age=31536000, immutable"
    );
}

#[tokio::test]
async fn who_has_it_already_is_told_so() {
    let tag = get_sample("/", &[]).await.header(&ETAG).to_owned();
    assert_eq!(tag.len(), 34, "{tag}");
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"x\", {tag}"),
        "*".to_owned(),
    ] {
        let answer = get_sample("/", &[(IF_NONE_MATCH, &known)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{known}");
        assert_eq!(answer.header(&ETAG), tag);
        assert_eq!(answer.header(&CACHE_CONTROL), "no-cache");
    }
    assert_eq!(
        get_sample("/", &[(IF_NONE_MATCH, "\"another\"")])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn the_packed_copy_goes_to_who_takes_it_under_a_tag_of_its_own() {
    let plain = get_sample(SCRIPT, &[]).await;
    for accepted in ["gzip", "br, GZIP;q=0.5", "deflate , gzip"] {
        let packed = get_sample(SCRIPT, &[(ACCEPT_ENCODING, accepted)]).await;
        assert_eq!(packed.body, "stands for the packed copy\n", "{accepted}");
        assert_eq!(packed.header(&CONTENT_ENCODING), "gzip");
        assert_eq!(packed.header(&VARY), "accept-encoding");
        assert_eq!(packed.header(&CONTENT_TYPE), plain.header(&CONTENT_TYPE));
        assert_ne!(packed.header(&ETAG), plain.header(&ETAG));
    }
    for refused in ["", "br", "gzip;q=0", "gzip; q=0.0", "notgzip"] {
        let answer = get_sample(SCRIPT, &[(ACCEPT_ENCODING, refused)]).await;
        assert_eq!(answer.body, plain.body, "{refused}");
        assert_eq!(answer.header(&CONTENT_ENCODING), "");
        assert_eq!(answer.header(&VARY), "accept-encoding");
    }
}

#[tokio::test]
async fn head_says_how_long_it_would_be() {
    let answer = ask(routes_of::<Sample, ()>(), Method::HEAD, SCRIPT, &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header(&CONTENT_LENGTH), "23");
}

#[tokio::test]
async fn only_files_of_the_page_are_there_and_only_to_read() {
    let paths = [
        "/index.html",
        "/assets/",
        "/assets/index-1a2b.js.gz",
        "/assets/../sw.js",
        "/assets/%2e%2e%2fsw.js",
        "/assets/other.js",
        "/sw.js/",
        "//",
    ];
    for path in paths {
        assert_eq!(get_sample(path, &[]).await.status, 404, "{path}");
    }
    let answer = ask(routes_of::<Sample, ()>(), Method::POST, "/", &[]).await;
    assert_eq!((answer.status, answer.header(&ALLOW)), (405, "GET,HEAD"));
}

#[tokio::test]
async fn nothing_inline_and_nothing_foreign_runs() {
    for path in ["/", SCRIPT, "/sw.js"] {
        let answer = get_sample(path, &[]).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        for allowance in ["unsafe", "http", "*", "blob:"] {
            assert!(!policy.contains(allowance), "{policy}");
        }
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        assert_eq!(answer.headers["cross-origin-opener-policy"], "same-origin");
        assert!(answer.headers.contains_key("permissions-policy"));
    }
}

#[tokio::test]
async fn without_a_built_client_the_page_says_how_to_build_it() {
    let answer = ask(routes_of::<Missing, ()>(), Method::GET, "/", &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("npm run build"), "{}", answer.body);
    assert!(answer.headers.contains_key("content-security-policy"));
    let asset = ask(routes_of::<Missing, ()>(), Method::GET, SCRIPT, &[]).await;
    assert_eq!(asset.status, 404);
}
