//! Users for cases about accounts.

use parlour_model::{AppData, Clock, DisplayName, User, UserName};

use super::Fixture;
use super::room::{new_user, random_number};
use crate::{Claim, ClaimSpace, NewUser, SharedStore};

/// Nine letters that no other case starts a name with.
pub(super) fn new_prefix() -> String {
    let mut number = random_number();
    let mut letter = || {
        let letter = char::from(b'a' + u8::try_from(number % 26).expect("below 26"));
        number /= 26;
        letter
    };
    (0..9).map(|_| letter()).collect()
}

/// A user of this name who is not stored yet.
pub(super) fn unborn(fixture: &dyn Fixture, username: &str, display_name: &str) -> NewUser {
    let now = fixture.clock().now();
    NewUser {
        user: User {
            id: new_user(),
            username: UserName::new(username).expect("a user name"),
            display_name: DisplayName::new(display_name).expect("a display name"),
            avatar_url: None,
            data: AppData::default(),
            created_at: now,
            updated_at: now,
        },
        password_hash: format!("$argon2id$of-{username}"),
    }
}

/// Stores a user and claims the name.
pub(super) async fn register(store: &SharedStore, new: NewUser) -> User {
    store.put_user(new.clone()).await.expect("put_user");
    claim_name(store, &new.user).await;
    new.user
}

/// Claims the name of a user, which makes them exist.
pub(super) async fn claim_name(store: &SharedStore, user: &User) {
    let (name, owner) = (user.username.as_str(), user.id.get());
    let claim = store.claim(ClaimSpace::UserName, name, owner, None).await;
    assert_eq!(claim.expect("claim"), Claim::Won);
}
