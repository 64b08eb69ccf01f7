//! What every store must do: one suite of cases, each an async function over a [`Fixture`].
//!
//! An implementation writes one function that makes a fixture, and one line that makes a test of each case:
//!
//! ```text
//! parlour_store::conformance_tests!(fixture); // async fn fixture() -> impl Fixture
//! ```
//!
//! Rules of the suite:
//! - The store under test has buckets of **4 events** (if it has buckets), so that every case crosses some.
//! - A case starts with chats and users of its own and random names, so cases neither depend on an order nor on
//!   an empty store.
//! - A case speaks to the traits only. Where a store may choose, the case accepts each choice.
//! - Time moves by the fixture's clock alone; no case sleeps. A case that is kept waiting fails ([`in_time`]).

mod list;
mod people;
mod projector;
mod room;

pub mod accounts;
pub mod cancel;
pub mod chat_row;
pub mod claims;
pub mod creation;
pub mod durability;
pub mod keyring;
pub mod keys;
pub mod membership;
pub mod messages;
pub mod order;
pub mod paging;
pub mod projection;
pub mod reads;
pub mod reports;
pub mod rights;
pub mod search;
pub mod sessions;
pub mod summary;
pub mod watermarks;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parlour_model::{Event, ManualClock};

use crate::SharedStore;

/// A store under test, with the clock that it reads.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The store: after [`Fixture::reopen`] the one that was opened last.
    fn store(&self) -> SharedStore;

    /// The clock of the store.
    fn clock(&self) -> Arc<ManualClock>;

    /// Closes the store and opens it again on the same data. The case has given up its own handles.
    /// `false`: this store cannot be reopened, and cases about it are skipped.
    async fn reopen(&self) -> bool;

    /// Another node on the same data with its own clock and node number; `None` if a store of this kind has
    /// one writer.
    async fn second_node(&self) -> Option<Node> {
        None
    }

    /// Whether what ends by itself (event keys after 14 days, claims with a `ttl`) ends by the fixture's clock.
    /// A store that leaves this to its database says no, and the case looks only at what holds before the end.
    fn expires_by_clock(&self) -> bool {
        true
    }

    /// Writes the effects of an event once more, as a projector that comes late does. `false`: this store has
    /// no such moment, because effects are part of the commit.
    async fn project_again(&self, _event: &Event) -> bool {
        false
    }
}

/// One node's handle of a store with several writers.
pub struct Node {
    /// The store as this node opened it.
    pub store: SharedStore,
    /// The clock of this node.
    pub clock: Arc<ManualClock>,
}

/// How long a case may take. A store that is right needs seconds; one that is wrong may keep a case waiting.
const CASE_TAKES_AT_MOST: Duration = Duration::from_secs(120);

/// Runs a case, and ends it when it takes too long.
///
/// # Panics
/// Where the store breaks its contract, or keeps the case waiting.
pub async fn in_time(name: &str, case: impl Future<Output = ()>) {
    let ended = tokio::time::timeout(CASE_TAKES_AT_MOST, case).await;
    assert!(
        ended.is_ok(),
        "{name} was kept waiting for {CASE_TAKES_AT_MOST:?}"
    );
}

/// What a case returns until it has run. It panics where the store breaks its contract.
pub type Running<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One case of the suite.
pub struct Case {
    /// The sentence that it shows, as an identifier.
    pub name: &'static str,
    /// Runs it.
    pub run: for<'a> fn(&'a dyn Fixture) -> Running<'a>,
}

pub use list::cases;
