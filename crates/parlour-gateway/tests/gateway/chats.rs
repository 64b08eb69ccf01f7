//! Chats and members over HTTP.

use serde_json::{Value, json};

use crate::http::Call;
use crate::world::{Person, World};

#[tokio::test]
async fn a_direct_chat_exists_once_whoever_asks() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let create = |by: &Person, with: &Person| {
        Call::post("/chats")
            .by(by)
            .json(&json!({"type": "direct", "user": with.id}))
    };
    let first = world.call(create(&ann, &bob)).await;
    let second = world.call(create(&bob, &ann)).await;
    assert_eq!((first.status, second.status), (201, 200));
    assert_eq!(first.json()["id"], second.json()["id"]);
    let chat = first.json();
    assert_eq!(
        (&chat["type"], &chat["head"], &chat["unread"]),
        (&json!("direct"), &json!(1), &json!(0))
    );
    assert_eq!(chat["member_count"], 2);
    assert_eq!(world.call(create(&ann, &ann)).await.status, 400);
}

#[tokio::test]
async fn a_group_created_twice_with_one_key_is_one_group() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let key = world.key();
    let create = |title: &str| {
        let body =
            json!({"type": "group", "title": title, "users": [bob.id], "history": "since_join"});
        Call::post("/chats")
            .by(&ann)
            .header("idempotency-key", &key)
            .json(&body)
    };
    let first = world.call(create("Crew")).await;
    let second = world.call(create("Crew")).await;
    assert_eq!((first.status, second.status), (201, 200));
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!(
        (&first.json()["role"], &first.json()["title"]),
        (&json!("owner"), &json!("Crew"))
    );
    let other = world.call(create("Other")).await;
    assert_eq!(
        (other.status, other.problem().as_str()),
        (409, "key_reused")
    );
}

#[tokio::test]
async fn the_list_is_by_last_activity_with_unread_and_last_message_and_pages() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut chats = vec![world.direct(&ann, &bob).await];
    for _ in 0..4 {
        chats.push(world.group(&ann, &[&bob]).await);
    }
    world.say(&bob, &chats[1], "news").await;
    let first = world
        .call(Call::get("/chats?limit=3").by(&ann))
        .await
        .json();
    let newest = &first["chats"][0];
    assert_eq!(
        (&newest["id"], &newest["unread"]),
        (&json!(chats[1]), &json!(1))
    );
    assert_eq!(newest["last_message"]["body"]["text"], "news");
    let mut listed: Vec<Value> = first["chats"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 3);
    let path = format!("/chats?limit=3&cursor={}", first["next"].as_str().unwrap());
    let second = world.call(Call::get(&path).by(&ann)).await.json();
    assert_eq!(second["next"], Value::Null);
    listed.extend(second["chats"].as_array().unwrap().clone());
    let mut ids: Vec<&str> = listed
        .iter()
        .map(|chat| chat["id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    chats.sort_unstable();
    assert_eq!(ids, chats);
    for wrong in [
        "/chats?limit=0",
        "/chats?limit=201",
        "/chats?limit=x",
        "/chats?limit=1&limit=2",
    ] {
        assert_eq!(world.call(Call::get(wrong).by(&ann)).await.field(), "limit");
    }
    let cursor = world
        .call(Call::get("/chats?cursor=nonsense").by(&ann))
        .await;
    assert_eq!((cursor.status, cursor.field().as_str()), (400, "cursor"));
}

#[tokio::test]
async fn the_own_last_message_of_a_chat_says_how_far_it_got() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let seq = &world.say(&ann, &chat, "news").await["seq"];
    let one = format!("/chats/{chat}");
    let last = async |reader| {
        let list = world.call(Call::get("/chats").by(reader)).await.json();
        let single = world.call(Call::get(&one).by(reader)).await.json();
        let of_list = list["chats"][0]["last_message"].clone();
        assert_eq!(of_list, single["last_message"]);
        (of_list["seq"].clone(), of_list["status"].clone())
    };
    assert_eq!(last(&ann).await, (seq.clone(), json!("sent")));
    for status in ["delivered", "read"] {
        let mark = Call::new("PUT", &format!("{one}/messages/{seq}/status"))
            .by(&bob)
            .json(&json!({"status": status}));
        assert_eq!(world.call(mark).await.status, 200);
        assert_eq!(last(&ann).await, (seq.clone(), json!(status)));
    }
    assert_eq!(last(&bob).await, (seq.clone(), Value::Null));
}

#[tokio::test]
async fn a_group_is_renamed_by_its_admins() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.group(&ann, &[&bob]).await;
    let rename = |by: &Person, body: Value| {
        Call::new("PATCH", &format!("/chats/{chat}"))
            .by(by)
            .json(&body)
    };
    let renamed = world.call(rename(&ann, json!({"title": "Better"}))).await;
    assert_eq!(
        (renamed.status, &renamed.json()["title"]),
        (200, &json!("Better"))
    );
    let refused = world.call(rename(&bob, json!({"title": "Mine"}))).await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (403, "forbidden")
    );
    let nameless = world.call(rename(&ann, json!({"title": null}))).await;
    assert_eq!((nameless.status, nameless.field().as_str()), (400, "title"));
    let seen = world
        .call(Call::get(&format!("/chats/{chat}")).by(&bob))
        .await
        .json();
    assert_eq!(seen["title"], "Better");
}

#[tokio::test]
async fn members_come_go_rise_and_hand_over() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let carol = world.person("carol").await;
    let chat = world.group(&ann, &[&bob]).await;
    let members = format!("/chats/{chat}/members");
    let member = |person: &Person| format!("{members}/{}", person.id);
    let add = json!({"users": [carol.id]});
    let refused = world.call(Call::post(&members).by(&bob).json(&add)).await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (403, "forbidden")
    );
    assert_eq!(
        world
            .call(Call::post(&members).by(&ann).json(&add))
            .await
            .status,
        204
    );
    let role = |by: &Person, of: &Person, role: &str| {
        Call::new("PATCH", &member(of))
            .by(by)
            .json(&json!({"role": role}))
    };
    assert_eq!(world.call(role(&ann, &bob, "admin")).await.status, 204);
    assert_eq!(world.call(role(&ann, &bob, "king")).await.field(), "role");
    assert_eq!(world.call(role(&ann, &carol, "owner")).await.status, 204);
    let listed = world.call(Call::get(&members).by(&bob)).await.json();
    let roles: Vec<(&str, &str)> = listed["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| (m["user"].as_str().unwrap(), m["role"].as_str().unwrap()))
        .collect();
    assert!(
        roles.contains(&(&carol.id, "owner")) && roles.contains(&(&bob.id, "admin")),
        "{roles:?}"
    );
    assert_eq!(
        world
            .call(Call::new("DELETE", &member(&ann)).by(&carol))
            .await
            .status,
        204
    );
    assert_eq!(
        world.call(Call::get(&members).by(&ann)).await.problem(),
        "chat_not_found"
    );
    let leave = Call::post(&format!("/chats/{chat}/leave")).by(&bob);
    assert_eq!(world.call(leave.clone()).await.status, 204);
    assert_eq!(world.call(leave).await.problem(), "chat_not_found");
    let nobody = json!({"users": ["77"]});
    let unknown = world
        .call(Call::post(&members).by(&carol).json(&nobody))
        .await;
    assert_eq!(
        (unknown.status, unknown.problem().as_str()),
        (404, "user_not_found")
    );
    let empty = world
        .call(Call::post(&members).by(&carol).json(&json!({"users": []})))
        .await;
    assert_eq!((empty.status, empty.field().as_str()), (400, "users"));
}

#[tokio::test]
async fn members_are_paged_and_those_who_are_there_can_be_asked_for() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let mut others = Vec::new();
    for number in 0..4 {
        others.push(world.person(&format!("user{number}")).await);
    }
    let chat = world.group(&ann, &others.iter().collect::<Vec<_>>()).await;
    let mut seen = Vec::new();
    let mut path = format!("/chats/{chat}/members?limit=2");
    loop {
        let page = world.call(Call::get(&path).by(&ann)).await.json();
        let members = page["members"].as_array().unwrap();
        seen.extend(
            members
                .iter()
                .map(|m| m["user"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => path = format!("/chats/{chat}/members?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    let _online = world.online(&others[2]).await;
    let there = world
        .call(Call::get(&format!("/chats/{chat}/members?online=true")).by(&ann))
        .await;
    let there = there.json();
    assert_eq!(there["members"].as_array().unwrap().len(), 1);
    assert_eq!(there["members"][0]["user"], others[2].id);
    let wrong = world
        .call(Call::get(&format!("/chats/{chat}/members?online=maybe")).by(&ann))
        .await;
    assert_eq!((wrong.status, wrong.field().as_str()), (400, "online"));
}
