//! Users as others see them: search, profile, status.

use std::collections::BTreeSet;

use parlour_model::{ChosenStatus, DisplayName, User, UserId};
use parlour_service::{Actor, Missing, ProfileChange, Registration, ServiceError};

use crate::world::{Node, World, name, wanting};

async fn called(node: &Node, username: &str, display_name: &str) -> User {
    let wanted = Registration {
        display_name: Some(DisplayName::new(display_name).unwrap()),
        ..wanting(username)
    };
    node.accounts.register(wanted).await.unwrap().user
}

async fn world_with_ann() -> (World, Node, Actor) {
    let world = World::new();
    let node = world.node().await;
    let ann = node.register("ann").await;
    let actor = node.actor(&ann).await;
    (world, node, actor)
}

async fn found(node: &Node, actor: &Actor, query: &str) -> Vec<String> {
    let page = node.accounts.search(actor, query, None, 50).await.unwrap();
    assert_eq!(page.next, None);
    let names = page.users.iter().map(|user| user.username.to_string());
    names.collect()
}

fn invalid_field<T: std::fmt::Debug>(answer: Result<T, ServiceError>) -> &'static str {
    match answer {
        Err(ServiceError::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn users_are_found_by_the_beginning_of_either_name_without_accents_and_case() {
    let (_world, node, ann) = world_with_ann().await;
    called(&node, "zoe", "Zoë Ångström").await;
    called(&node, "bert", "Zorro").await;
    assert_eq!(found(&node, &ann, "zo").await, ["bert", "zoe"]);
    assert_eq!(found(&node, &ann, " ZOË ").await, ["zoe"]);
    assert_eq!(found(&node, &ann, "ang").await, ["zoe"]);
    assert_eq!(found(&node, &ann, "ＢＥ").await, ["bert"]);
    assert!(found(&node, &ann, "rro").await.is_empty());
}

#[tokio::test]
async fn pages_of_a_search_follow_each_other_without_hole_or_double() {
    let (_world, node, ann) = world_with_ann().await;
    for number in 0..7 {
        called(&node, &format!("bob{number}"), "Somebody").await;
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = node.accounts.search(&ann, "bob", after.as_deref(), 3).await;
        let page = page.unwrap();
        seen.extend(page.users.into_iter().map(|user| user.username));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted());
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 7);
}

#[tokio::test]
async fn a_query_or_cursor_that_is_none_is_refused_by_name() {
    let (_world, node, ann) = world_with_ann().await;
    let long = "x".repeat(129);
    for query in ["", " ", "a", " a ", "\u{301}\u{301}\u{301}", &long] {
        let answer = node.accounts.search(&ann, query, None, 50).await;
        assert_eq!(invalid_field(answer), "query", "{query}");
    }
    for cursor in ["", "%", "AA", "é"] {
        let answer = node.accounts.search(&ann, "ann", Some(cursor), 50).await;
        assert_eq!(invalid_field(answer), "cursor", "{cursor}");
    }
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_exact_name_or_not_at_all() {
    let (_world, node, ann) = world_with_ann().await;
    let bob = called(&node, "bob", "Bob").await;
    let accounts = &node.accounts;
    assert_eq!(accounts.user(&ann, bob.id).await.unwrap(), bob);
    assert_eq!(
        accounts.user_by_name(&ann, &name("BOB")).await.unwrap(),
        bob
    );
    let missing = ServiceError::NotFound(Missing::User);
    let nobody = UserId::new(4711).unwrap();
    assert_eq!(accounts.user(&ann, nobody).await, Err(missing.clone()));
    assert_eq!(
        accounts.user_by_name(&ann, &name("bo_")).await,
        Err(missing)
    );
}

#[tokio::test]
async fn a_profile_changes_where_it_is_told_to_and_is_found_by_its_new_name() {
    let (world, node, ann) = world_with_ann().await;
    world.pass(5);
    let picture = "https://example.org/a.png".to_owned();
    let change = ProfileChange {
        display_name: Some(DisplayName::new("Annabel").unwrap()),
        avatar_url: Some(Some(picture.clone())),
        data: None,
    };
    let changed = node.accounts.update_profile(&ann, change).await.unwrap();
    assert_eq!(changed.display_name.as_str(), "Annabel");
    assert_eq!(changed.avatar_url, Some(picture));
    assert!(changed.updated_at > changed.created_at);
    assert_eq!(found(&node, &ann, "annab").await, ["ann"]);
    let unset = ProfileChange {
        avatar_url: Some(None),
        ..ProfileChange::default()
    };
    let changed = node.accounts.update_profile(&ann, unset).await.unwrap();
    assert_eq!(
        (changed.avatar_url, changed.display_name.as_str()),
        (None, "Annabel")
    );
}

#[tokio::test]
async fn an_avatar_is_a_web_address() {
    let (_world, node, ann) = world_with_ann().await;
    let long = format!("https://example.org/{}", "x".repeat(1_024));
    for url in [
        "",
        "x",
        "https://",
        "javascript:alert(1)",
        "https://a b",
        &long,
    ] {
        let change = ProfileChange {
            avatar_url: Some(Some(url.to_owned())),
            ..ProfileChange::default()
        };
        let answer = node.accounts.update_profile(&ann, change).await;
        assert_eq!(invalid_field(answer), "avatar_url", "{url}");
    }
}

#[tokio::test]
async fn a_chosen_status_is_kept() {
    let (world, node, ann) = world_with_ann().await;
    let chosen = node.accounts.set_status(&ann, ChosenStatus::Busy).await;
    chosen.unwrap();
    let known = world.store.last_known(&[ann.user]).await.unwrap();
    assert_eq!(known[0].status, ChosenStatus::Busy);
    let seen = node.accounts.presence(&ann, &[ann.user]).await.unwrap();
    assert_eq!(seen.len(), 1);
    let many = vec![ann.user; 501];
    assert_eq!(
        invalid_field(node.accounts.presence(&ann, &many).await),
        "users"
    );
}
