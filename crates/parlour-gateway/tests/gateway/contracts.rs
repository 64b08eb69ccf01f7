//! The documents as a client gets them.

use std::path::Path;

use serde_json::Value;

use crate::http::{Call, Reply};
use crate::world::World;

const DOCUMENTS: [(&str, &str); 4] = [
    ("/openapi.json", "application/json"),
    ("/asyncapi.json", "application/json"),
    ("/docs", "text/html; charset=utf-8"),
    ("/docs/style.css", "text/css; charset=utf-8"),
];

async fn get(world: &World, path: &str, known: Option<&str>) -> Reply {
    let call = Call::raw("GET", path);
    let call = match known {
        Some(etag) => call.header("if-none-match", etag),
        None => call,
    };
    world.call(call).await
}

#[tokio::test]
async fn anybody_may_read_the_documents_and_keep_them() {
    let world = World::new().await;
    for (path, media_type) in DOCUMENTS {
        let whole = get(&world, path, None).await;
        assert_eq!(
            (whole.status, whole.header("content-type")),
            (200, Some(media_type))
        );
        assert_eq!(whole.header("cache-control"), Some("no-cache"));
        assert!(!whole.body.is_empty());
        let etag = whole.header("etag").unwrap();
        for known in [
            etag.to_owned(),
            format!("\"other\", W/{etag}"),
            "*".to_owned(),
        ] {
            let kept = get(&world, path, Some(&known)).await;
            assert_eq!(
                (kept.status, kept.body.as_str()),
                (304, ""),
                "{path} {known}"
            );
            assert_eq!(kept.header("etag"), Some(etag));
        }
        let changed = get(&world, path, Some("\"other\"")).await;
        assert_eq!((changed.status, &changed.body), (200, &whole.body));
    }
}

#[tokio::test]
async fn the_served_documents_are_the_published_ones() {
    let world = World::new().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for document in parlour_gateway::published(&root).unwrap() {
        let Some(name) = document.path.strip_prefix("docs/contracts/") else {
            continue;
        };
        let served = get(&world, &format!("/{name}"), None).await;
        assert_eq!(
            served.json(),
            serde_json::from_str::<Value>(&document.text).unwrap()
        );
    }
}

#[tokio::test]
async fn the_page_may_load_its_style_and_nothing_else() {
    let world = World::new().await;
    let page = get(&world, "/docs", None).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self';"),
        "{policy}"
    );
    assert!(page.body.contains("href=\"docs/style.css\""));
}
