//! Names that must be unique: who claims first owns.

use std::time::Duration;

use tokio::task::JoinSet;

use super::Fixture;
use super::room::random_number;
use crate::{Claim, ClaimSpace, SharedStore};

const SPACES: [ClaimSpace; 4] = [
    ClaimSpace::UserName,
    ClaimSpace::DirectPair,
    ClaimSpace::ChatCreation,
    ClaimSpace::Registration,
];

/// The first wins, the others learn the owner, and the owner wins again.
pub async fn the_first_to_claim_a_name_owns_it(fixture: &dyn Fixture) {
    let store = fixture.store();
    for space in SPACES {
        let (name, first, second) = (new_name(), random_number(), random_number());
        assert_eq!(owner(&store, space, &name).await, None);
        assert_eq!(claim(&store, space, &name, first).await, Claim::Won);
        for _ in 0..2 {
            assert_eq!(
                claim(&store, space, &name, second).await,
                Claim::Taken(first)
            );
            assert_eq!(claim(&store, space, &name, first).await, Claim::Won);
            assert_eq!(owner(&store, space, &name).await, Some(first));
        }
    }
}

/// One name in two spaces, and two names in one, are different things; names are compared as they are.
pub async fn claims_of_different_names_and_spaces_are_apart(fixture: &dyn Fixture) {
    let store = fixture.store();
    let name = new_name();
    let mut owners = Vec::new();
    for space in SPACES {
        for name in [
            name.clone(),
            format!("{name}:x"),
            name.to_uppercase(),
            format!("{name} "),
        ] {
            let owner = random_number();
            assert_eq!(
                claim(&store, space, &name, owner).await,
                Claim::Won,
                "{space:?} {name:?}"
            );
            owners.push((space, name, owner));
        }
    }
    for (space, name, expected) in owners {
        assert_eq!(owner(&store, space, &name).await, Some(expected));
    }
}

/// A claim with a time to live ends by itself; without one it never does.
pub async fn a_claim_ends_with_its_time_to_live(fixture: &dyn Fixture) {
    let (store, clock) = (fixture.store(), fixture.clock());
    let (short, lasting) = (new_name(), new_name());
    let (first, second) = (random_number(), random_number());
    let (space, ttl) = (ClaimSpace::ChatCreation, Some(Duration::from_secs(3_600)));
    assert_eq!(
        store.claim(space, &short, first, ttl).await.expect("claim"),
        Claim::Won
    );
    assert_eq!(claim(&store, space, &lasting, first).await, Claim::Won);
    clock.advance(Duration::from_secs(3_599));
    assert_eq!(
        store
            .claim(space, &short, second, ttl)
            .await
            .expect("claim"),
        Claim::Taken(first)
    );
    assert_eq!(owner(&store, space, &short).await, Some(first));
    clock.advance(Duration::from_secs(400 * 24 * 3_600));
    assert_eq!(
        claim(&store, space, &lasting, second).await,
        Claim::Taken(first)
    );
    if fixture.expires_by_clock() {
        assert_eq!(owner(&store, space, &short).await, None);
        assert_eq!(
            store
                .claim(space, &short, second, ttl)
                .await
                .expect("claim"),
            Claim::Won
        );
        assert_eq!(owner(&store, space, &short).await, Some(second));
    }
}

/// Of many who claim at once exactly one wins, and the others learn who.
pub async fn a_name_raced_by_many_has_one_owner(fixture: &dyn Fixture) {
    let store = fixture.store();
    let second = fixture
        .second_node()
        .await
        .map_or_else(|| fixture.store(), |node| node.store);
    for _ in 0..6 {
        let name = new_name();
        let mut racers = JoinSet::new();
        for racer in 0..8 {
            let store = if racer % 2 == 0 { &store } else { &second }.clone();
            let (name, me) = (name.clone(), random_number());
            racers
                .spawn(async move { (me, claim(&store, ClaimSpace::DirectPair, &name, me).await) });
        }
        let answers = racers.join_all().await;
        let winners: Vec<u64> = answers
            .iter()
            .filter(|(_, claim)| *claim == Claim::Won)
            .map(|(me, _)| *me)
            .collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        for (me, claim) in answers {
            assert_eq!(
                claim,
                if me == winners[0] {
                    Claim::Won
                } else {
                    Claim::Taken(winners[0])
                }
            );
        }
    }
}

async fn claim(store: &SharedStore, space: ClaimSpace, name: &str, owner: u64) -> Claim {
    store.claim(space, name, owner, None).await.expect("claim")
}

async fn owner(store: &SharedStore, space: ClaimSpace, name: &str) -> Option<u64> {
    store.owner(space, name).await.expect("owner")
}

fn new_name() -> String {
    format!("name-{}", random_number())
}
