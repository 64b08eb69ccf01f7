//! Users: they exist once their name points to them.

use std::time::Duration;

use parlour_model::{AppData, Audience, ChosenStatus, Clock, DisplayName, Privacy, User, UserName};
use serde_json::json;
use tokio::task::JoinSet;

use super::Fixture;
use super::people::{claim_name, new_prefix, register, unborn};
use super::room::new_user;
use crate::{LastKnown, NewUser, ProfileChange, SharedStore, StoreError};

/// A row alone is nobody; with the claim of its name it is a user, by id, by name and in the search.
pub async fn a_user_exists_once_their_name_points_to_them(fixture: &dyn Fixture) {
    let store = fixture.store();
    let new = unborn(fixture, &new_prefix(), "Somebody New");
    store.put_user(new.clone()).await.expect("put_user");
    assert_unknown(&store, &new.user).await;
    claim_name(&store, &new.user).await;
    assert_known(&store, &new.user).await;
}

/// Of two rows with one name only the one that the name points to is a user.
pub async fn a_row_whose_name_points_elsewhere_is_nobody(fixture: &dyn Fixture) {
    let store = fixture.store();
    let name = new_prefix();
    let loser = unborn(fixture, &name, "Too late");
    store.put_user(loser.clone()).await.expect("put_user");
    let winner = register(&store, unborn(fixture, &name, "In time")).await;
    assert_eq!(store.user(loser.user.id).await.expect("user"), None);
    assert_known(&store, &winner).await;
    let both = store
        .users(&[loser.user.id, winner.id])
        .await
        .expect("users");
    assert_eq!(both, [winner]);
}

/// Writing a row again is no error; another row under the same id is.
pub async fn an_id_is_one_users(fixture: &dyn Fixture) {
    let store = fixture.store();
    let new = unborn(fixture, &new_prefix(), "First");
    store.put_user(new.clone()).await.expect("put_user");
    store
        .put_user(new.clone())
        .await
        .expect("a retry is no error");
    let mut other = unborn(fixture, &new_prefix(), "Second");
    other.user.id = new.user.id;
    let refused = store.put_user(other.clone()).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))), "{refused:?}");
    claim_name(&store, &new.user).await;
    assert_known(&store, &new.user).await;
    assert_eq!(
        store
            .user_by_name(&other.user.username)
            .await
            .expect("user_by_name"),
        None
    );
}

/// Several users are answered at once, those who do not exist left out.
pub async fn users_who_do_not_exist_are_left_out(fixture: &dyn Fixture) {
    let store = fixture.store();
    let mut known = Vec::new();
    for _ in 0..3 {
        known.push(register(&store, unborn(fixture, &new_prefix(), "Known")).await);
    }
    let ids = [known[2].id, new_user(), known[0].id, known[1].id];
    let mut users = store.users(&ids).await.expect("users");
    users.sort_by_key(|user| user.id);
    known.sort_by_key(|user| user.id);
    assert_eq!(users, known);
    assert!(store.users(&[]).await.expect("users").is_empty());
}

/// A profile changes where the change says so, and nowhere else.
pub async fn a_profile_changes_field_by_field(fixture: &dyn Fixture) {
    let (store, clock) = (fixture.store(), fixture.clock());
    let mut user = register(&store, unborn(fixture, &new_prefix(), "Before")).await;
    let display_name = Some(DisplayName::new("After").expect("a display name"));
    let avatar = "https://example.org/a.png".to_owned();
    let data = AppData::from_value(json!({"badge": [1, {"b": "ü"}], "a": null}));
    let changes = [
        (display_name, None, None),
        (None, Some(Some(avatar)), None),
        (None, None, Some(data.expect("an object"))),
        (None, None, None),
        (None, Some(None), None),
        (None, None, Some(AppData::default())),
    ];
    for (display_name, avatar_url, data) in changes {
        clock.advance(Duration::from_secs(5));
        let change = ProfileChange {
            display_name,
            avatar_url,
            data,
            at: clock.now(),
        };
        user = changed(user, change.clone());
        let answer = store.update_user(user.id, change).await;
        assert_eq!(answer.expect("update_user"), user);
        assert_known(&store, &user).await;
    }
    let nobody = store
        .update_user(new_user(), ProfileChange::default())
        .await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");
}

/// What a profile is after a change.
fn changed(user: User, change: ProfileChange) -> User {
    User {
        display_name: change.display_name.unwrap_or(user.display_name),
        avatar_url: change.avatar_url.unwrap_or(user.avatar_url),
        data: change.data.unwrap_or(user.data),
        updated_at: change.at,
        ..user
    }
}

/// A user is registered with the data that came with them.
pub async fn a_new_user_has_the_data_they_came_with(fixture: &dyn Fixture) {
    let store = fixture.store();
    let mut new = unborn(fixture, &new_prefix(), "With data");
    new.user.data = AppData::from_value(json!({"team": "blue"})).expect("an object");
    let user = register(&store, new).await;
    assert_known(&store, &user).await;
}

/// The password hash is the last one that was set, and a stranger has none.
pub async fn a_password_hash_is_replaced(fixture: &dyn Fixture) {
    let store = fixture.store();
    let new = unborn(fixture, &new_prefix(), "Careful");
    let NewUser {
        user,
        password_hash,
    } = new.clone();
    register(&store, new).await;
    let stored = async |id| store.password_hash(id).await.expect("password_hash");
    assert_eq!(stored(user.id).await, Some(password_hash));
    store
        .set_password_hash(user.id, "$argon2id$new")
        .await
        .expect("set_password_hash");
    assert_eq!(stored(user.id).await.as_deref(), Some("$argon2id$new"));
    assert_eq!(stored(new_user()).await, None);
    let nobody = store.set_password_hash(new_user(), "$argon2id$x").await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");
}

/// Bringing a hash up to date never undoes a change: of many at once that expect one hash, one replaces it.
pub async fn a_password_hash_is_replaced_only_if_expected(fixture: &dyn Fixture) {
    let store = fixture.store();
    let new = unborn(fixture, &new_prefix(), "Careful");
    let (id, first) = (new.user.id, new.password_hash.clone());
    register(&store, new).await;
    let mut racers = JoinSet::new();
    for racer in 0..8 {
        let (store, first, hash) = (store.clone(), first.clone(), format!("$argon2id${racer}"));
        racers.spawn(async move {
            let replaced = store.replace_password_hash(id, &first, &hash).await;
            replaced.expect("replace_password_hash").then_some(hash)
        });
    }
    let winners: Vec<String> = racers.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    let stored = store.password_hash(id).await.expect("password_hash");
    assert_eq!(stored.as_ref(), Some(&winners[0]));
}

/// A block has a direction, and setting it twice is setting it.
pub async fn a_block_has_a_direction(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (a, b) = (new_user(), new_user());
    let blocked = async |x, y| store.is_blocked(x, y).await.expect("is_blocked");
    assert!(!blocked(a, b).await);
    for on in [true, true, false, false, true] {
        store.set_block(a, b, on).await.expect("set_block");
        assert_eq!((blocked(a, b).await, blocked(b, a).await), (on, false));
    }
    store.set_block(b, a, true).await.expect("set_block");
    store.set_block(a, b, false).await.expect("set_block");
    assert_eq!((blocked(a, b).await, blocked(b, a).await), (false, true));
}

/// Status is what was chosen last, last seen is the latest time, and both are answered in the order asked.
pub async fn last_known_is_answered_in_order(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let a = register(&store, unborn(fixture, &new_prefix(), "A"))
        .await
        .id;
    let b = register(&store, unborn(fixture, &new_prefix(), "B"))
        .await
        .id;
    store
        .set_status(a, ChosenStatus::Busy)
        .await
        .expect("set_status");
    store
        .set_status(a, ChosenStatus::Invisible)
        .await
        .expect("set_status");
    for seconds in [20, 30, 10, 30] {
        let at = now.plus(Duration::from_secs(seconds));
        store.set_last_seen(b, at).await.expect("set_last_seen");
    }
    let known = |status, last_seen| LastKnown {
        status,
        last_seen,
        ..LastKnown::default()
    };
    let b_seen = Some(now.plus(Duration::from_secs(30)));
    let expected = [
        known(ChosenStatus::Online, b_seen),
        LastKnown::default(),
        known(ChosenStatus::Invisible, None),
        known(ChosenStatus::Online, b_seen),
    ];
    let asked = [b, new_user(), a, b];
    assert_eq!(
        store.last_known(&asked).await.expect("last_known"),
        expected
    );
}

/// What others may see is what was chosen last, and has nothing to do with status and last seen.
pub async fn privacy_is_what_was_chosen_last(fixture: &dyn Fixture) {
    let (store, now) = (fixture.store(), fixture.clock().now());
    let user = register(&store, unborn(fixture, &new_prefix(), "Private")).await;
    let mut expected = LastKnown::default();
    for last_seen in [Audience::Nobody, Audience::Nobody, Audience::Everyone] {
        expected.privacy = Privacy { last_seen };
        let set = store.set_privacy(user.id, expected.privacy).await;
        set.expect("set_privacy");
        assert_eq!(last_known(&store, &user).await, expected);
    }
    expected.privacy.last_seen = Audience::Nobody;
    let set = store.set_privacy(user.id, expected.privacy).await;
    set.expect("set_privacy");
    expected.status = ChosenStatus::Away;
    let set = store.set_status(user.id, expected.status).await;
    set.expect("set_status");
    expected.last_seen = Some(now);
    let set = store.set_last_seen(user.id, now).await;
    set.expect("set_last_seen");
    assert_eq!(last_known(&store, &user).await, expected);
}

async fn last_known(store: &SharedStore, user: &User) -> LastKnown {
    let known = store.last_known(&[user.id]).await.expect("last_known");
    known[0]
}

async fn assert_known(store: &SharedStore, user: &User) {
    assert_eq!(
        store.user(user.id).await.expect("user").as_ref(),
        Some(user)
    );
    assert_eq!(by_name(store, &user.username).await.as_ref(), Some(user));
    let found = store.search_users(user.username.as_str(), None, 10).await;
    assert_eq!(found.expect("search_users"), std::slice::from_ref(user));
}

async fn assert_unknown(store: &SharedStore, user: &User) {
    assert_eq!(store.user(user.id).await.expect("user"), None);
    assert_eq!(by_name(store, &user.username).await, None);
    let found = store.search_users(user.username.as_str(), None, 10).await;
    assert!(found.expect("search_users").is_empty());
}

async fn by_name(store: &SharedStore, name: &UserName) -> Option<User> {
    store.user_by_name(name).await.expect("user_by_name")
}
