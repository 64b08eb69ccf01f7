//! The search for users: by prefix of user name, display name or a word of it, with accents and case folded.

use std::slice::from_ref;

use parlour_model::{Clock, DisplayName, User, UserName};

use super::Fixture;
use super::people::{new_prefix, register, unborn};
use crate::{ProfileChange, SharedStore};

/// User name, display name and each word of it are found by their prefixes, a user once.
pub async fn a_user_is_found_by_each_of_their_names(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (name, first, last) = (new_prefix(), new_prefix(), new_prefix());
    let user = register(
        &store,
        unborn(fixture, &name, &format!("{first} van {last}")),
    )
    .await;
    let other = register(
        &store,
        unborn(fixture, &new_prefix(), &format!("{name} {first}")),
    )
    .await;
    assert_eq!(search(&store, &last).await, from_ref(&user));
    assert_eq!(search(&store, &last[..4]).await, from_ref(&user));
    assert_eq!(
        search(&store, &format!("{first} van {}", &last[..2])).await,
        from_ref(&user)
    );
    assert_eq!(
        search(&store, &name).await,
        by_name(vec![user.clone(), other.clone()])
    );
    assert_eq!(search(&store, &first).await, by_name(vec![user, other]));
    assert!(search(&store, &last[1..]).await.is_empty(), "not a prefix");
    assert!(search(&store, &format!("{last}x")).await.is_empty());
}

/// Accents, case and width make no difference, in any script.
pub async fn accents_and_case_make_no_difference(fixture: &dyn Fixture) {
    let store = fixture.store();
    let tail = new_prefix();
    let name = |start: &str| format!("{start}{tail}");
    let display = format!("{} {} {}", name("Ünïcödé"), name("ΆΛΦΑ"), name("Ｆｕｌｌ"));
    let user = register(&store, unborn(fixture, &new_prefix(), &display)).await;
    for start in [
        "unicode",
        "ÜNÏCÖDÉ",
        "u\u{308}nicode",
        "αλφα",
        "Άλφα",
        "full",
        "FULL",
    ] {
        assert_eq!(
            search(&store, &name(start)).await,
            from_ref(&user),
            "{start}"
        );
    }
    assert_eq!(
        search(&store, &name("UniCode").to_uppercase()).await,
        [user]
    );
}

/// Characters that a query language may find special stand for themselves.
pub async fn special_characters_stand_for_themselves(fixture: &dyn Fixture) {
    let store = fixture.store();
    let start = new_prefix();
    let dotted = register(&store, unborn(fixture, &format!("{start}a.b"), "Dotted")).await;
    let underscored = register(
        &store,
        unborn(fixture, &format!("{start}a_b"), "Underscored"),
    )
    .await;
    let odd = format!("{start}%*'\"\\");
    let odd_user = register(&store, unborn(fixture, &new_prefix(), &odd)).await;
    assert_eq!(search(&store, &format!("{start}a_")).await, [underscored]);
    assert_eq!(search(&store, &format!("{start}a.")).await, [dotted]);
    assert_eq!(search(&store, &odd).await, from_ref(&odd_user));
    assert_eq!(search(&store, &format!("{start}%")).await, [odd_user]);
    for wild in ["a%b", "*", "?", "%%", "_", "[a"] {
        assert!(
            search(&store, &format!("{start}{wild}")).await.is_empty(),
            "{wild}"
        );
    }
}

/// Results are paged by rising user name, each user once.
pub async fn found_users_are_paged_by_name(fixture: &dyn Fixture) {
    let store = fixture.store();
    let start = new_prefix();
    let mut users = Vec::new();
    for number in [7, 3, 0, 9, 1, 4, 8, 2, 6, 5] {
        let name = if number % 2 == 0 {
            format!("{start}{number}")
        } else {
            new_prefix()
        };
        users.push(register(&store, unborn(fixture, &name, &format!("{start} {start}x"))).await);
    }
    let users = by_name(users);
    for limit in [1, 3, 10, 100] {
        let (mut paged, mut after): (Vec<User>, Option<UserName>) = (Vec::new(), None);
        loop {
            let page = store
                .search_users(&start, after.as_ref(), limit)
                .await
                .expect("search_users");
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.username.clone());
            paged.extend(page);
        }
        assert_eq!(paged, users);
    }
}

/// A new display name is found at once, the old one no more, the user name still.
pub async fn a_changed_name_is_found_and_the_old_one_is_not(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (name, old, new) = (new_prefix(), new_prefix(), new_prefix());
    let user = register(&store, unborn(fixture, &name, &format!("{old} {old}"))).await;
    let change = ProfileChange {
        display_name: Some(DisplayName::new(&format!("Now {new}")).expect("a display name")),
        avatar_url: None,
        data: None,
        at: fixture.clock().now(),
    };
    let user = store
        .update_user(user.id, change)
        .await
        .expect("update_user");
    assert!(search(&store, &old).await.is_empty());
    assert_eq!(search(&store, &new).await, from_ref(&user));
    assert_eq!(search(&store, &name).await, [user]);
}

async fn search(store: &SharedStore, prefix: &str) -> Vec<User> {
    store
        .search_users(prefix, None, 100)
        .await
        .expect("search_users")
}

fn by_name(mut users: Vec<User>) -> Vec<User> {
    users.sort_by(|a, b| a.username.cmp(&b.username));
    users
}
