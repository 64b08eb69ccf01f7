//! Telling the operators, and what others may see of when one was last there.

use serde_json::{Value, json};

use crate::http::{Call, Reply};
use crate::world::{Person, World};

async fn report(world: &World, by: &Person, body: &Value) -> Reply {
    world.call(Call::post("/reports").by(by).json(body)).await
}

#[tokio::test]
async fn a_user_a_chat_and_a_message_are_reported() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let seq = world.say(&bob, &chat, "rude").await["seq"].clone();
    let mut ids = Vec::new();
    for body in [
        json!({"user": bob.id, "reason": "spam"}),
        json!({"chat": chat, "reason": "abuse", "note": "all of it"}),
        json!({"chat": chat, "seq": seq, "reason": "violence", "note": "see there"}),
    ] {
        let reply = report(&world, &ann, &body).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        ids.push(reply.json()["id"].as_str().unwrap().to_owned());
    }
    let reports = world.store.reports(None, 10).await.unwrap();
    let stored: Vec<String> = reports.iter().map(|r| r.id.to_string()).collect();
    assert_eq!(stored, ids);
    let body = parlour_protocol::ReportBody::from(reports[2].clone());
    assert_eq!(body.user.unwrap().to_string(), bob.id, "the author");
    assert_eq!(body.note.as_deref(), Some("see there"));
}

#[tokio::test]
async fn a_report_sent_twice_with_one_key_is_one_report() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let key = world.key();
    let send = |by: &Person, about: &Person| {
        let body = json!({"user": about.id, "reason": "other"});
        let call = Call::post("/reports")
            .by(by)
            .header("idempotency-key", &key);
        world.call(call.json(&body))
    };
    let (first, second) = (send(&ann, &bob).await, send(&ann, &bob).await);
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.json(), second.json());
    // A key is its user's own.
    let others = send(&bob, &ann).await;
    assert_ne!(others.json(), first.json());
    assert_eq!(world.store.reports(None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_stranger_learns_nothing_by_reporting() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let eve = world.person("eve").await;
    let chat = world.direct(&ann, &bob).await;
    let seq = world.say(&bob, &chat, "private").await["seq"].clone();
    for (named, unnamed) in [
        (
            json!({"chat": chat, "reason": "spam"}),
            json!({"chat": "77", "reason": "spam"}),
        ),
        (
            json!({"chat": chat, "seq": seq, "reason": "spam"}),
            json!({"chat": "77", "seq": seq, "reason": "spam"}),
        ),
    ] {
        let (forbidden, unknown) = (
            report(&world, &eve, &named).await,
            report(&world, &eve, &unnamed).await,
        );
        assert_eq!((forbidden.status, unknown.status), (404, 404));
        assert_eq!(forbidden.problem(), "chat_not_found");
        assert_eq!(forbidden.body, unknown.body);
    }
    assert!(world.store.reports(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_report_about_nothing_is_refused_by_the_name_of_its_field() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let long = "x".repeat(1_001);
    for (wrong, field) in [
        (json!({"reason": "spam"}), "user"),
        (json!({"user": bob.id}), "reason"),
        (json!({"user": bob.id, "reason": "boredom"}), "reason"),
        (json!({"user": ann.id, "reason": "spam"}), "user"),
        (
            json!({"user": bob.id, "chat": chat, "reason": "spam"}),
            "user",
        ),
        (json!({"seq": 1, "reason": "spam"}), "chat"),
        (json!({"chat": chat, "seq": 0, "reason": "spam"}), "seq"),
        (
            json!({"user": bob.id, "reason": "spam", "note": long}),
            "note",
        ),
    ] {
        let refused = report(&world, &ann, &wrong).await;
        assert_eq!((refused.status, refused.field().as_str()), (400, field));
    }
    // Seq 1 is the creation of the chat, and no message; seq 9 is nothing yet.
    for seq in [1, 9] {
        let body = json!({"chat": chat, "seq": seq, "reason": "spam"});
        let refused = report(&world, &ann, &body).await;
        assert_eq!(refused.problem(), "message_not_found");
    }
    let nobody = json!({"user": "77", "reason": "spam"});
    assert_eq!(
        report(&world, &ann, &nobody).await.problem(),
        "user_not_found"
    );
}

#[tokio::test]
async fn who_reports_too_often_is_told_when_to_come_back() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let body = json!({"user": bob.id, "reason": "spam"});
    for _ in 0..10 {
        assert_eq!(report(&world, &ann, &body).await.status, 201);
    }
    let refused = report(&world, &ann, &body).await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (429, "rate_limited")
    );
    let other = json!({"user": ann.id, "reason": "spam"});
    assert_eq!(report(&world, &bob, &other).await.status, 201);
}

#[tokio::test]
async fn last_seen_is_hidden_from_others_and_not_from_oneself() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let choose = |body: Value| Call::new("PATCH", "/me/privacy").by(&bob).json(&body);
    let chosen = world.call(Call::get("/me/privacy").by(&bob)).await;
    assert_eq!(chosen.json(), json!({"last_seen": "everyone"}));
    let online = world.online(&bob).await;
    let invisible = Call::new("PUT", "/me/status").by(&bob);
    let invisible = invisible.json(&json!({"status": "invisible"}));
    assert_eq!(world.call(invisible).await.status, 204);
    let path = format!("/users/{}/status", bob.id);
    let seen = async |by: &Person| {
        let reply = world.call(Call::get(&path).by(by)).await.json();
        assert_eq!(reply["status"], "offline");
        reply["last_seen"].clone()
    };
    assert!(seen(&ann).await.is_u64());
    let chosen = world.call(choose(json!({"last_seen": "nobody"}))).await;
    assert_eq!(
        (chosen.status, chosen.json()),
        (200, json!({"last_seen": "nobody"}))
    );
    assert!(seen(&ann).await.is_null());
    assert!(seen(&bob).await.is_u64(), "one's own devices");
    let several = Call::post("/presence").by(&ann);
    let several = world.call(several.json(&json!({"users": [bob.id]}))).await;
    assert!(several.json()["presence"][0].get("last_seen").is_none());
    let unchanged = world.call(choose(json!({}))).await;
    assert_eq!(unchanged.json(), json!({"last_seen": "nobody"}));
    for wrong in [json!({"last_seen": null}), json!({"last_seen": "friends"})] {
        let refused = world.call(choose(wrong)).await;
        assert_eq!(
            (refused.status, refused.field().as_str()),
            (400, "last_seen")
        );
    }
    drop(online);
}

#[tokio::test]
async fn a_chat_is_left_and_not_deleted() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.group(&ann, &[&bob]).await;
    let delete = Call::new("DELETE", &format!("/chats/{chat}")).by(&ann);
    let refused = world.call(delete).await;
    assert_eq!((refused.status, refused.field().as_str()), (405, "method"));
    assert!(refused.json()["detail"].as_str().unwrap().contains("leave"));
}
