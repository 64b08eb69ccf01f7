//! HTTP requests that are wrong: each is answered by a problem that names what is wrong.

use std::time::Duration;

use parlour_gateway::TrustedProxies;
use serde_json::json;

use crate::http::Call;
use crate::world::{Setup, World};

#[tokio::test]
async fn what_does_not_exist_is_a_problem_and_no_page() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    // `/` is the web client's page.
    for path in [
        "/nothing",
        "/assets/nothing.js",
        "/api/v1",
        "/api/v1/",
        "/api/v2/chats",
        "/api/v1/chats/1/2/3/4",
        "/favicon.ico",
    ] {
        let reply = world.call(Call::raw("GET", path).by(&ann)).await;
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (404, "invalid"),
            "{path}"
        );
        assert!(reply.header("x-request-id").is_some());
    }
    for (method, path) in [("PUT", "/chats"), ("DELETE", "/me"), ("BREW", "/users")] {
        let reply = world.call(Call::new(method, path).by(&ann)).await;
        assert_eq!(
            (reply.status, reply.field().as_str()),
            (405, "method"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_by_the_name_of_its_field() {
    let world = World::new().await;
    let register = |body: &[u8]| Call::post("/auth/register").body(body);
    let deep = format!(
        "{{\"username\":{}{}}}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let wrong: [(&[u8], &str); 11] = [
        (b"", "body"),
        (b"nonsense", "body"),
        (b"[]", "body"),
        (b"{} {}", "body"),
        (b"{\"username\":\"\xc3\x28\"}", "body"),
        (b"{\"username\":\"ann\",\"username\":\"bob\"}", "body"),
        (b"{}", "username"),
        (b"{\"username\":5}", "username"),
        (
            b"{\"username\":\"a b\",\"password\":\"long enough\"}",
            "username",
        ),
        (b"{\"username\":\"ann\",\"password\":\"short\"}", "password"),
        (deep.as_bytes(), "username"),
    ];
    for (body, field) in wrong {
        let reply = world.call(register(body)).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (400, "invalid"),
            "{shown}"
        );
        assert_eq!(reply.field(), field, "{shown}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_as_such() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let large = json!({"display_name": "x".repeat(70_000)});
    let reply = world
        .call(Call::new("PATCH", "/me").by(&ann).json(&large))
        .await;
    assert_eq!((reply.status, reply.problem().as_str()), (413, "too_large"));
    let chat = world.direct(&ann, &world.person("bob").await).await;
    let long = json!({"body": {"type": "text", "text": "x".repeat(20_000)}});
    let path = format!("/chats/{chat}/messages");
    let call = Call::post(&path)
        .by(&ann)
        .header("idempotency-key", &world.key());
    let reply = world.call(call.json(&long)).await;
    assert_eq!((reply.status, reply.field().as_str()), (400, "body.text"));
}

#[tokio::test]
async fn forged_and_expired_tokens_are_refused_before_anything_is_read() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let calls = [
        Call::get("/chats"),
        Call::get("/chats").header("authorization", "Basic YTpi"),
        Call::get("/chats").header("authorization", &ann.token),
        Call::get("/chats").token("nonsense"),
        Call::get("/chats").token(&ann.refresh_token),
        Call::post("/chats").token("nonsense").body("not JSON"),
    ];
    for call in calls {
        let shown = format!("{call:?}");
        let reply = world.call(call).await;
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (401, "token_invalid"),
            "{shown}"
        );
    }
    world.clock.advance(Duration::from_secs(11 * 60));
    let reply = world.call(Call::get("/chats").by(&ann)).await;
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (401, "token_expired")
    );
    assert_eq!(reply.json()["retry"], "refresh");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let mut setup = Setup::default();
    (
        setup.limits.requests_per_second,
        setup.limits.requests_burst,
    ) = (1, 5);
    let world = World::with(setup).await;
    for _ in 0..5 {
        assert_eq!(world.call(Call::get("/chats")).await.status, 401);
    }
    let refused = world.call(Call::get("/chats")).await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (429, "rate_limited")
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.call(Call::get("/chats")).await.status, 401);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_rate() {
    for (trusted, expected) in [(&["127.0.0.0/8"][..], 401), (&[][..], 429)] {
        let mut setup = Setup::default();
        (
            setup.limits.requests_per_second,
            setup.limits.requests_burst,
        ) = (1, 2);
        let networks = trusted.iter().map(|text| text.parse().unwrap());
        setup.limits.trusted_proxies = TrustedProxies::new(networks.collect());
        let world = World::with(setup).await;
        let ask = async |client: &str| {
            let call = Call::get("/chats").header("x-forwarded-for", client);
            world.call(call).await.status
        };
        assert_eq!(ask("192.0.2.1").await, 401);
        assert_eq!(ask("8.8.8.8, 192.0.2.1").await, 401);
        assert_eq!(ask("9.9.9.9, 192.0.2.1").await, 429, "a client's own words");
        assert_eq!(ask("192.0.2.2").await, expected, "{trusted:?}");
    }
}

#[tokio::test]
async fn ids_that_are_none_are_named() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let wrong = [
        ("/chats/x", "chat"),
        ("/chats/0", "chat"),
        ("/chats/-1", "chat"),
        ("/users/x", "user"),
        ("/users/99999999999999999999", "user"),
    ];
    for (path, field) in wrong {
        let reply = world.call(Call::get(path).by(&ann)).await;
        assert_eq!(
            (reply.status, reply.field().as_str()),
            (400, field),
            "{path}"
        );
    }
    let nobody = world.call(Call::get("/users/77").by(&ann)).await;
    assert_eq!(
        (nobody.status, nobody.problem().as_str()),
        (404, "user_not_found")
    );
    let group = json!({"type": "group", "title": "x", "users": ["77"]});
    let reply = world.call(Call::post("/chats").by(&ann).json(&group)).await;
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (404, "user_not_found")
    );
    let channel = json!({"type": "channel", "title": "x"});
    let reply = world
        .call(Call::post("/chats").by(&ann).json(&channel))
        .await;
    assert_eq!((reply.status, reply.field().as_str()), (400, "type"));
}
