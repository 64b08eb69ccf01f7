//! Messages over HTTP: sending, history, changing, and how far they got.

use serde_json::{Value, json};

use crate::http::Call;
use crate::world::{Person, World};

struct Scene {
    world: World,
    ann: Person,
    bob: Person,
    chat: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let chat = world.direct(&ann, &bob).await;
        Self {
            world,
            ann,
            bob,
            chat,
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/chats/{}/messages{rest}", self.chat)
    }

    async fn page(&self, query: &str) -> (Vec<u64>, Value) {
        let reply = self
            .world
            .call(Call::get(&self.path(query)).by(&self.ann))
            .await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let page = reply.json();
        let messages = page["messages"].as_array().unwrap().iter();
        (messages.map(|m| m["seq"].as_u64().unwrap()).collect(), page)
    }
}

fn text(text: &str) -> Value {
    json!({"body": {"type": "text", "text": text}})
}

#[tokio::test]
async fn sending_is_exactly_once_by_its_key() {
    let scene = Scene::new().await;
    let key = scene.world.key();
    let send = |body: Value| {
        Call::post(&scene.path(""))
            .by(&scene.ann)
            .header("idempotency-key", &key)
            .json(&body)
    };
    let first = scene.world.call(send(text("x"))).await;
    let again = scene.world.call(send(text("x"))).await;
    assert_eq!((first.status, again.status), (201, 200));
    let (first, again) = (first.json(), again.json());
    assert_eq!(
        (&first["duplicate"], &again["duplicate"]),
        (&json!(false), &json!(true))
    );
    assert_eq!((&first["seq"], &first["id"]), (&again["seq"], &again["id"]));
    let other = scene.world.call(send(text("y"))).await;
    assert_eq!(
        (other.status, other.problem().as_str()),
        (409, "key_reused")
    );
    assert_eq!(
        (&other.json()["seq"], &other.json()["outcome"]),
        (&first["seq"], &json!("not_stored"))
    );
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_by_the_headers_name() {
    let scene = Scene::new().await;
    let send = || Call::post(&scene.path("")).by(&scene.ann).json(&text("x"));
    let random = "5f0c7a4e-3f5f-4b5e-8f1a-0a4d7b2c9e11";
    for call in [
        send(),
        send().header("idempotency-key", "no"),
        send().header("idempotency-key", random),
    ] {
        let refused = scene.world.call(call).await;
        assert_eq!(
            (refused.status, refused.field().as_str()),
            (400, "idempotency-key")
        );
    }
    let old = parlour_model::EventKey::generate(parlour_model::Timestamp::from_millis(1_000));
    let refused = scene
        .world
        .call(send().header("idempotency-key", &old.to_string()))
        .await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (400, "key_time")
    );
}

#[tokio::test]
async fn history_is_paged_from_anywhere_by_seq_and_by_id() {
    let scene = Scene::new().await;
    let mut ids = Vec::new();
    for number in 2..=10 {
        let sent = scene
            .world
            .say(&scene.ann, &scene.chat, &number.to_string())
            .await;
        ids.push(sent["id"].as_str().unwrap().to_owned());
    }
    let (latest, page) = scene.page("?limit=3").await;
    assert_eq!(latest, [8, 9, 10]);
    assert_eq!(
        (&page["has_before"], &page["has_after"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(page["at"], 10);
    assert_eq!(scene.page("?limit=3&before=8").await.0, [5, 6, 7]);
    assert_eq!(scene.page("?limit=2&after=3").await.0, [4, 5]);
    assert_eq!(scene.page("?limit=3&around=6").await.0, [5, 6, 7]);
    let by_id = format!("?limit=3&before={}", ids[6]);
    assert_eq!(scene.page(&by_id).await.0, [5, 6, 7]);
    let wrong = [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?before=3&after=2", "after"),
        ("?before=-1", "before"),
        ("?around=x", "around"),
    ];
    for (query, field) in wrong {
        let refused = scene
            .world
            .call(Call::get(&scene.path(query)).by(&scene.ann))
            .await;
        assert_eq!(
            (refused.status, refused.field().as_str()),
            (400, field),
            "{query}"
        );
    }
    let unknown = format!("?before={}", 1_u64 << 60);
    let refused = scene
        .world
        .call(Call::get(&scene.path(&unknown)).by(&scene.ann))
        .await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (404, "message_not_found")
    );
}

#[tokio::test]
async fn a_message_is_read_edited_and_deleted_by_its_author() {
    let scene = Scene::new().await;
    let sent = scene.world.say(&scene.ann, &scene.chat, "first").await;
    let one = scene.path(&format!("/{}", sent["seq"]));
    let by_id = scene.path(&format!("/{}", sent["id"].as_str().unwrap()));
    let edit = |by: &Person| Call::new("PATCH", &one).by(by).json(&text("second"));
    let refused = scene.world.call(edit(&scene.bob)).await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (403, "forbidden")
    );
    assert_eq!(scene.world.call(edit(&scene.ann)).await.status, 200);
    let seen = scene
        .world
        .call(Call::get(&by_id).by(&scene.bob))
        .await
        .json();
    assert_eq!(
        (&seen["body"]["text"], &seen["key"]),
        (&json!("second"), &Value::Null)
    );
    let own = scene
        .world
        .call(Call::get(&one).by(&scene.ann))
        .await
        .json();
    assert!(own["key"].is_string() && own["status"] == "sent", "{own}");
    assert_eq!(
        scene
            .world
            .call(Call::new("DELETE", &one).by(&scene.bob))
            .await
            .status,
        403
    );
    assert_eq!(
        scene
            .world
            .call(Call::new("DELETE", &by_id).by(&scene.ann))
            .await
            .status,
        200
    );
    let gone = scene
        .world
        .call(Call::get(&one).by(&scene.bob))
        .await
        .json();
    assert_eq!(gone["deleted"], true);
    assert!(!gone.to_string().contains("second"), "{gone}");
    for unknown in ["/99", "/0"] {
        let refused = scene
            .world
            .call(Call::get(&scene.path(unknown)).by(&scene.ann))
            .await;
        assert_eq!(
            (refused.status, refused.problem().as_str()),
            (404, "message_not_found")
        );
    }
    let nonsense = scene
        .world
        .call(Call::get(&scene.path("/x")).by(&scene.ann))
        .await;
    assert_eq!(
        (nonsense.status, nonsense.field().as_str()),
        (400, "message")
    );
}

#[tokio::test]
async fn marks_and_receipts_say_how_far_a_message_got() {
    let scene = Scene::new().await;
    let sent = scene.world.say(&scene.ann, &scene.chat, "x").await;
    let one = scene.path(&format!("/{}", sent["seq"]));
    let receipts = || async {
        let path = format!("{one}/receipts");
        scene
            .world
            .call(Call::get(&path).by(&scene.ann))
            .await
            .json()
    };
    let mark = |status: &str| {
        Call::new("PUT", &format!("{one}/status"))
            .by(&scene.bob)
            .json(&json!({"status": status}))
    };
    let of_bob = |status: &str| json!([{"user": scene.bob.id, "status": status}]);
    assert_eq!(receipts().await["receipts"], of_bob("sent"));
    let delivered = scene.world.call(mark("delivered")).await;
    assert_eq!(
        (delivered.status, delivered.json()),
        (200, json!({"delivered": 2, "read": 0}))
    );
    assert_eq!(receipts().await["receipts"], of_bob("delivered"));
    assert_eq!(
        scene.world.call(mark("read")).await.json(),
        json!({"delivered": 2, "read": 2})
    );
    assert_eq!(receipts().await["receipts"], of_bob("read"));
    let own = scene
        .world
        .call(Call::get(&one).by(&scene.ann))
        .await
        .json();
    assert_eq!(own["status"], "read");
    assert_eq!(scene.world.call(mark("eaten")).await.field(), "status");
}

#[tokio::test]
async fn receipts_of_a_group_are_paged() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let mut others = Vec::new();
    for number in 0..3 {
        others.push(world.person(&format!("user{number}")).await);
    }
    let chat = world.group(&ann, &others.iter().collect::<Vec<_>>()).await;
    let sent = world.say(&ann, &chat, "x").await;
    let path = format!("/chats/{chat}/messages/{}/receipts?limit=2", sent["seq"]);
    let first = world.call(Call::get(&path).by(&ann)).await.json();
    assert_eq!(first["receipts"].as_array().unwrap().len(), 2);
    let path = format!("{path}&cursor={}", first["next"].as_str().unwrap());
    let second = world.call(Call::get(&path).by(&ann)).await.json();
    assert_eq!(second["receipts"].as_array().unwrap().len(), 1);
    assert_eq!(second["next"], Value::Null);
}
