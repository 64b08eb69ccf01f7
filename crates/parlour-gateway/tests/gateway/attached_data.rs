//! What an application keeps with users and chats.

use parlour_model::limits;
use serde_json::{Value, json};

use crate::http::Call;
use crate::world::{Person, World};

fn patch(path: &str, by: &Person, body: &Value) -> Call {
    Call::new("PATCH", path).by(by).json(body)
}

#[tokio::test]
async fn a_user_carries_data_that_others_see() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let data = json!({"badge": {"level": 3, "of": [1, 2.5, null]}, "t": "ü"});
    let changed = world.call(patch("/me", &ann, &json!({"data": data}))).await;
    assert_eq!((changed.status, &changed.json()["data"]), (200, &data));
    let seen = world.call(Call::get(&format!("/users/{}", ann.id)).by(&bob));
    assert_eq!(seen.await.json()["data"], data);
    let name = json!({"display_name": "Annabel"});
    let kept = world.call(patch("/me", &ann, &name)).await;
    assert_eq!(kept.json()["data"], data);
    let unset = world.call(patch("/me", &ann, &json!({"data": null}))).await;
    assert_eq!(unset.status, 200);
    assert!(unset.json().get("data").is_none(), "{unset:?}");
}

#[tokio::test]
async fn a_chat_carries_data_and_everybody_is_told_of_a_change() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let data = json!({"project": 17});
    let body = json!({"type": "group", "title": "G", "users": [bob.id], "data": data});
    let created = world.call(Call::post("/chats").by(&ann).json(&body)).await;
    assert_eq!((created.status, &created.json()["data"]), (201, &data));
    let path = format!("/chats/{}", created.json()["id"].as_str().unwrap());
    let mut online = world.online(&bob).await;
    let data = json!({"project": 18});
    let changed = world.call(patch(&path, &ann, &json!({"data": data}))).await;
    assert_eq!((changed.status, &changed.json()["data"]), (200, &data));
    let event = online.next("event").await;
    assert_eq!(
        (&event["kind"], &event["data"], event.get("title")),
        (&json!("chat_changed"), &data, None)
    );
    let seen = world.call(Call::get(&path).by(&bob)).await.json();
    assert_eq!((&seen["data"], &seen["title"]), (&data, &json!("G")));
    let unset = world.call(patch(&path, &ann, &json!({"data": null}))).await;
    assert!(unset.json().get("data").is_none(), "{unset:?}");
    assert_eq!(online.next("event").await["data"], json!({}));
    let lines = world
        .call(Call::get(&format!("{path}/messages")).by(&bob))
        .await;
    let lines = lines.json()["messages"].as_array().unwrap().clone();
    let kinds: Vec<&Value> = lines.iter().map(|line| &line["kind"]).collect();
    assert_eq!(kinds, ["chat_created"], "data alone is no line");
}

#[tokio::test]
async fn the_data_of_a_chat_are_its_admins() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let group = world.group(&ann, &[&bob]).await;
    let direct = world.direct(&ann, &bob).await;
    let data = json!({"data": {"a": 1}});
    for (chat, by) in [(&group, &bob), (&direct, &ann)] {
        let refused = world
            .call(patch(&format!("/chats/{chat}"), by, &data))
            .await;
        assert_eq!(
            (refused.status, refused.problem().as_str()),
            (403, "forbidden")
        );
    }
}

#[tokio::test]
async fn data_beyond_their_limits_are_refused_by_name() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let group = world.group(&ann, &[]).await;
    let mut deep = json!({});
    for _ in 0..limits::DATA_NESTING_MAX {
        deep = json!({"k": deep});
    }
    let large = json!({"k": "x".repeat(limits::DATA_BYTES_MAX)});
    for wrong in [json!([1]), json!("x"), json!(7), large, deep] {
        for path in ["/me".to_owned(), format!("/chats/{group}")] {
            let refused = world
                .call(patch(&path, &ann, &json!({"data": wrong})))
                .await;
            assert_eq!((refused.status, refused.field().as_str()), (400, "data"));
        }
        let body = json!({"type": "group", "title": "G", "users": [], "data": wrong});
        let refused = world.call(Call::post("/chats").by(&ann).json(&body)).await;
        assert_eq!((refused.status, refused.field().as_str()), (400, "data"));
    }
}
