//! The web client beside the endpoints: whether it was built or not, `/` is a page, and its own host may connect.

use crate::http::Call;
use crate::socket::JSON;
use crate::upgrade::upgrade;
use crate::world::{Setup, World};

#[tokio::test]
async fn the_page_of_a_node_may_open_a_connection_to_it() {
    let world = World::new().await;
    let page = Call::raw("GET", "/").send(world.address).await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("connect-src 'self'"), "{policy}");
    let own = format!("http://{}", world.address);
    let headers = [("origin", own.as_str()), ("sec-websocket-protocol", JSON)];
    assert_eq!(upgrade(world.address, &headers).await, 101);
}

#[tokio::test]
async fn what_is_no_file_is_a_problem_as_everywhere() {
    let world = World::new().await;
    for path in ["/assets/none.js", "/none", "/api/v1/none", "/index.html"] {
        let answer = Call::raw("GET", path).send(world.address).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (404, "invalid"),
            "{path}"
        );
    }
    let posted = Call::raw("POST", "/").send(world.address).await;
    assert_eq!((posted.status, posted.problem().as_str()), (405, "invalid"));
}

#[tokio::test]
async fn an_office_behind_one_address_loads_its_pages_and_what_is_no_file_still_counts() {
    let mut setup = Setup::default();
    (
        setup.limits.requests_per_second,
        setup.limits.requests_burst,
    ) = (1, 2);
    let world = World::with(setup).await;
    let get = async |path: &str| Call::raw("GET", path).send(world.address).await.status;
    for _ in 0..20 {
        assert_eq!(get("/").await, 200);
    }
    assert_eq!((get("/none").await, get("/none").await), (404, 404));
    assert_eq!(get("/none").await, 429);
    assert_eq!(get("/api/v1/chats").await, 429);
    assert_eq!(get("/openapi.json").await, 429);
    assert_eq!(get("/").await, 200);
}

#[tokio::test]
async fn switched_off_there_is_no_page() {
    let world = World::with(Setup {
        web: false,
        ..Setup::default()
    })
    .await;
    let answer = Call::raw("GET", "/").send(world.address).await;
    assert_eq!((answer.status, answer.problem().as_str()), (404, "invalid"));
}
