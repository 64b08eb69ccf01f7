//! Accounts over HTTP: signing in and out, sessions, profiles, presence, blocking.

use serde_json::{Value, json};

use crate::http::Call;
use crate::world::{PASSWORD, Person, World};

#[tokio::test]
async fn registering_answers_user_session_and_tokens() {
    let world = World::new().await;
    let body = json!({"username": "Ann", "password": PASSWORD, "display_name": "Ann B.", "device": "phone", "unknown": [1]});
    let reply = world.call(Call::post("/auth/register").json(&body)).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    let signed_in = reply.json();
    assert_eq!(signed_in["user"]["username"], "ann");
    assert_eq!(signed_in["user"]["display_name"], "Ann B.");
    assert_eq!(signed_in["session"]["device"], "phone");
    assert_eq!(signed_in["session"]["current"], true);
    assert_eq!(signed_in["expires_in"], 600);
    let again = world.call(Call::post("/auth/register").json(&body)).await;
    assert_eq!(
        (again.status, again.problem().as_str()),
        (409, "username_taken")
    );
}

#[tokio::test]
async fn a_registration_sent_twice_with_one_key_is_one_account() {
    let world = World::new().await;
    let body = json!({"username": "ann", "password": PASSWORD});
    let key = world.key();
    let mut users = Vec::new();
    // Bare, and in quotes as the header's specification has it.
    for written in [key.clone(), format!("\"{key}\"")] {
        let call = Call::post("/auth/register").header("idempotency-key", &written);
        let reply = world.call(call.json(&body)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        users.push(reply.json()["user"]["id"].clone());
    }
    assert_eq!(users[0], users[1]);
}

#[tokio::test]
async fn signing_in_needs_the_password_and_says_nothing_about_names() {
    let world = World::new().await;
    world.person("ann").await;
    let login = |name: &str, password: &str| {
        Call::post("/auth/login").json(&json!({"username": name, "password": password}))
    };
    assert_eq!(world.call(login("ann", PASSWORD)).await.status, 200);
    let wrong = world.call(login("ann", "wrong password")).await;
    let nobody = world.call(login("nobody", "wrong password")).await;
    assert_eq!(
        (wrong.status, wrong.problem().as_str()),
        (401, "token_invalid")
    );
    assert_eq!(wrong.body, nobody.body);
    assert_eq!(wrong.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_signing_out_ends_everything() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let refresh = |token: &str| Call::post("/auth/refresh").json(&json!({"refresh_token": token}));
    let reply = world.call(refresh(&ann.refresh_token)).await;
    assert_eq!(reply.status, 200);
    let fresh = Person::signed_in(&reply.json());
    assert_ne!(fresh.refresh_token, ann.refresh_token);
    let forged = world.call(refresh("nonsense")).await;
    assert_eq!(
        (forged.status, forged.problem().as_str()),
        (401, "token_invalid")
    );
    assert_eq!(
        world
            .call(Call::post("/auth/logout").by(&fresh))
            .await
            .status,
        204
    );
    let gone = world.call(Call::get("/sessions").by(&fresh)).await;
    assert_eq!(
        (gone.status, gone.problem().as_str()),
        (401, "token_invalid")
    );
    assert_eq!(world.call(refresh(&fresh.refresh_token)).await.status, 401);
}

#[tokio::test]
async fn sessions_are_listed_and_revoked_one_by_one_or_all_others() {
    let world = World::new().await;
    let phone = world.person("ann").await;
    let laptop = world.another_device("ann").await;
    let tablet = world.another_device("ann").await;
    let bob = world.person("bob").await;
    let listed = world.call(Call::get("/sessions").by(&phone)).await.json();
    let sessions = listed["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    let current: Vec<&Value> = sessions.iter().filter(|s| s["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["id"], phone.session);
    let revoke =
        |session: &str, by: &Person| Call::new("DELETE", &format!("/sessions/{session}")).by(by);
    for none_of_ours in [bob.session.as_str(), "77"] {
        let refused = world.call(revoke(none_of_ours, &phone)).await;
        assert_eq!(
            (refused.status, refused.problem().as_str()),
            (404, "invalid")
        );
    }
    assert_eq!(
        world.call(revoke(&laptop.session, &phone)).await.status,
        204
    );
    assert_eq!(
        world.call(Call::get("/sessions").by(&laptop)).await.status,
        401
    );
    assert_eq!(
        world
            .call(Call::new("DELETE", "/sessions").by(&phone))
            .await
            .status,
        204
    );
    assert_eq!(
        world.call(Call::get("/sessions").by(&tablet)).await.status,
        401
    );
    let left = world.call(Call::get("/sessions").by(&phone)).await.json();
    assert_eq!(left["sessions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn people_are_found_by_prefix_and_by_name() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    for name in ["anna", "annette", "bob"] {
        world.person(name).await;
    }
    let names = |page: &Value| -> Vec<String> {
        let users = page["users"].as_array().unwrap().iter();
        users
            .map(|user| user["username"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = world
        .call(Call::get("/users?query=ann&limit=2").by(&ann))
        .await
        .json();
    assert_eq!(names(&first), ["ann", "anna"]);
    let next = first["next"].as_str().unwrap();
    let path = format!("/users?query=ann&limit=2&cursor={next}");
    let second = world.call(Call::get(&path).by(&ann)).await.json();
    assert_eq!(
        (names(&second), &second["next"]),
        (vec!["annette".to_owned()], &Value::Null)
    );
    let exact = world
        .call(Call::get("/users?username=Bob").by(&ann))
        .await
        .json();
    assert_eq!(names(&exact), ["bob"]);
    for nobody in ["/users?username=carol", "/users?username=%F0%9F%A6%80"] {
        let none = world.call(Call::get(nobody).by(&ann)).await;
        assert_eq!((none.status, names(&none.json()).len()), (200, 0));
    }
    for wrong in ["/users", "/users?query=a&username=b"] {
        let refused = world.call(Call::get(wrong).by(&ann)).await;
        assert_eq!((refused.status, refused.field().as_str()), (400, "query"));
    }
}

#[tokio::test]
async fn a_profile_is_changed_by_its_owner_and_null_unsets() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let patch = |body: Value| Call::new("PATCH", "/me").by(&ann).json(&body);
    let changed = world
        .call(patch(
            json!({"display_name": "Änne", "avatar_url": "https://example.org/a.png"}),
        ))
        .await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let path = format!("/users/{}", ann.id);
    let seen = world.call(Call::get(&path).by(&bob)).await.json();
    assert_eq!(
        (&seen["display_name"], &seen["avatar_url"]),
        (&json!("Änne"), &json!("https://example.org/a.png"))
    );
    let unset = world.call(patch(json!({"avatar_url": null}))).await.json();
    assert_eq!(
        (&unset["display_name"], &unset["avatar_url"]),
        (&json!("Änne"), &Value::Null)
    );
    for (wrong, field) in [
        (json!({"display_name": null}), "display_name"),
        (json!({"display_name": " "}), "display_name"),
        (json!({"avatar_url": "javascript:x"}), "avatar_url"),
    ] {
        let refused = world.call(patch(wrong)).await;
        assert_eq!((refused.status, refused.field().as_str()), (400, field));
    }
}

#[tokio::test]
async fn presence_is_told_of_one_and_of_several() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let _online = world.online(&bob).await;
    let path = format!("/users/{}/status", bob.id);
    let status = |reply: crate::http::Reply| reply.json()["status"].clone();
    assert_eq!(
        status(world.call(Call::get(&path).by(&ann)).await),
        "online"
    );
    let set = |status: &str| {
        Call::new("PUT", "/me/status")
            .by(&bob)
            .json(&json!({"status": status}))
    };
    assert_eq!(world.call(set("invisible")).await.status, 204);
    assert_eq!(
        status(world.call(Call::get(&path).by(&ann)).await),
        "offline"
    );
    assert_eq!(world.call(set("asleep")).await.field(), "status");
    let body = json!({"users": [bob.id, ann.id]});
    let several = world
        .call(Call::post("/presence").by(&ann).json(&body))
        .await
        .json();
    let of: Vec<&Value> = several["presence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["user"])
        .collect();
    assert_eq!(of, [&json!(bob.id), &json!(ann.id)]);
    let nobody = world.call(Call::get("/users/77/status").by(&ann)).await;
    assert_eq!(
        (nobody.status, nobody.problem().as_str()),
        (404, "user_not_found")
    );
    let many = json!({"users": vec!["1"; 501]});
    let refused = world
        .call(Call::post("/presence").by(&ann).json(&many))
        .await;
    assert_eq!((refused.status, refused.field().as_str()), (400, "users"));
}

#[tokio::test]
async fn who_is_blocked_cannot_write_until_unblocked() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let block = |method: &str| Call::new(method, &format!("/users/{}/block", bob.id)).by(&ann);
    let by_ann = async || world.call(block("GET")).await.json()["blocked"].clone();
    assert_eq!(by_ann().await, false);
    assert_eq!(world.call(block("POST")).await.status, 204);
    assert_eq!(by_ann().await, true);
    let of_ann = Call::get(&format!("/users/{}/block", ann.id)).by(&bob);
    assert_eq!(world.call(of_ann).await.json(), json!({"blocked": false}));
    let nobody = Call::get("/users/77/block").by(&ann);
    assert_eq!(world.call(nobody).await.problem(), "user_not_found");
    let mut socket = world.online(&bob).await;
    let refused = socket.say(&chat, &world.key(), "hello?").await;
    assert_eq!(refused["code"], "blocked");
    assert_eq!(world.call(block("DELETE")).await.status, 204);
    assert_eq!(by_ann().await, false);
    assert_eq!(
        socket.say(&chat, &world.key(), "hello?").await["type"],
        "sent"
    );
    let myself = Call::post(&format!("/users/{}/block", ann.id)).by(&ann);
    assert_eq!(world.call(myself).await.status, 400);
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        Call::post("/auth/password").by(&ann).json(&body)
    };
    let wrong = world.call(change("wrong", "long enough")).await;
    assert_eq!(
        (wrong.status, wrong.field().as_str()),
        (400, "current_password")
    );
    let short = world.call(change(PASSWORD, "short")).await;
    assert_eq!(
        (short.status, short.field().as_str()),
        (400, "new_password")
    );
    assert_eq!(
        world.call(change(PASSWORD, "long enough")).await.status,
        204
    );
    let login = json!({"username": "ann", "password": "long enough"});
    assert_eq!(
        world
            .call(Call::post("/auth/login").json(&login))
            .await
            .status,
        200
    );
}
