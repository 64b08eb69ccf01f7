//! Every row of the access table, held against what its route answers to those it is not for.

use parlour_gateway::{ACCESS, Row, Who};
use serde_json::{Value, json};

use crate::http::{Call, Reply};
use crate::world::{Person, World};

/// A group with everybody a row may speak of, and somebody of no business there.
struct Scene {
    world: World,
    owner: Person,
    member: Person,
    stranger: Person,
    chat: String,
    /// A message of the owner.
    message: u64,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let (owner, member) = (world.person("owner").await, world.person("member").await);
        let stranger = world.person("stranger").await;
        let chat = world.group(&owner, &[&member]).await;
        let message = world.say(&owner, &chat, "secret").await["seq"]
            .as_u64()
            .unwrap();
        Self {
            world,
            owner,
            member,
            stranger,
            chat,
            message,
        }
    }

    /// A request that would be served if `by` were the right one.
    fn call(&self, row: &Row, chat: &str) -> Call {
        let path = row
            .path
            .replace("{chat}", chat)
            .replace("{user}", &self.member.id)
            .replace("{message}", &self.message.to_string())
            .replace("{session}", &self.owner.session);
        let call = Call::raw(row.method.as_str(), &path);
        let call = call.header("idempotency-key", &self.world.key());
        match body(row, &self.stranger) {
            Some(body) => call.json(&body),
            None => call,
        }
    }

    async fn answer(&self, row: &Row, by: Option<&Person>, chat: &str) -> Reply {
        let call = self.call(row, chat);
        self.world
            .call(match by {
                Some(person) => call.by(person),
                None => call,
            })
            .await
    }
}

/// A body that is right for the route.
fn body(row: &Row, somebody: &Person) -> Option<Value> {
    let last = row.path.rsplit('/').next().unwrap();
    let text = json!({"body": {"type": "text", "text": "x"}});
    Some(match (row.method.as_str(), last) {
        ("POST", "messages") | ("PATCH", "{message}") => text,
        ("PUT", "status") if row.path.contains("{message}") => json!({"status": "read"}),
        ("POST", "members") => json!({"users": [somebody.id]}),
        ("PATCH", "{user}") => json!({"role": "admin"}),
        ("PATCH", "{chat}") => json!({"title": "x"}),
        _ => return None,
    })
}

#[tokio::test]
async fn without_a_token_only_open_routes_answer() {
    let scene = Scene::new().await;
    for row in &ACCESS {
        let reply = scene.answer(row, None, &scene.chat).await;
        let refused = reply.status == 401 && reply.problem() == "token_invalid";
        assert_eq!(refused, row.who != Who::Anybody, "{row:?}: {reply:?}");
    }
}

#[tokio::test]
async fn to_a_stranger_a_chat_of_others_looks_like_none_by_every_route() {
    let scene = Scene::new().await;
    let under_a_chat = ACCESS.iter().filter(|row| row.path.contains("{chat}"));
    let mut seen = 0;
    for row in under_a_chat {
        let forbidden = scene.answer(row, Some(&scene.stranger), &scene.chat).await;
        let unknown = scene.answer(row, Some(&scene.stranger), "77").await;
        assert_eq!(forbidden.status, 404, "{row:?}: {forbidden:?}");
        assert_eq!(forbidden.problem(), "chat_not_found", "{row:?}");
        assert_eq!(forbidden.body, unknown.body, "{row:?}");
        seen += 1;
    }
    assert!(seen >= 14, "{seen}");
}

#[tokio::test]
async fn what_is_for_authors_admins_and_owners_is_forbidden_to_members() {
    let scene = Scene::new().await;
    let other = scene.world.person("other").await;
    let path = format!("/chats/{}/members", scene.chat);
    let add = json!({"users": [other.id]});
    let added = scene
        .world
        .call(Call::post(&path).by(&scene.owner).json(&add))
        .await;
    assert_eq!(added.status, 204);
    for row in ACCESS.iter().filter(|row| row.path.contains("{chat}")) {
        let reply = scene.answer(row, Some(&other), &scene.chat).await;
        match row.who {
            Who::Author | Who::Admin | Who::Owner => {
                let refused = (reply.status, reply.problem());
                assert_eq!(refused, (403, "forbidden".to_owned()), "{row:?}");
            }
            Who::Member => assert!(reply.status < 300, "{row:?}: {reply:?}"),
            Who::Anybody | Who::SignedIn => panic!("{row:?}"),
        }
        if row.path.ends_with("/leave") {
            // What follows would be a stranger's.
            return_to(&scene, &other).await;
        }
    }
}

async fn return_to(scene: &Scene, person: &Person) {
    let path = format!("/chats/{}/members", scene.chat);
    let add = json!({"users": [person.id]});
    let added = scene
        .world
        .call(Call::post(&path).by(&scene.owner).json(&add))
        .await;
    assert_eq!(added.status, 204);
}

#[tokio::test]
async fn the_owner_may_do_what_is_for_members_authors_admins_and_owners() {
    for row in ACCESS.iter().filter(|row| row.path.contains("{chat}")) {
        if row.path.ends_with("/leave") {
            // An owner hands over before leaving.
            continue;
        }
        let scene = Scene::new().await;
        let reply = scene.answer(row, Some(&scene.owner), &scene.chat).await;
        assert!(reply.status < 300, "{row:?}: {reply:?}");
    }
}
