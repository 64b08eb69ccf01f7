//! The suite can fail: a store with any of these bugs does not pass the case that is there for it.
//!
//! Each bug is a thin wrapper around a store that passes. The case that shall find it first passes through the
//! wrapper without the bug, so what it finds is the bug.

mod fixture;
mod mutants {
    pub(super) mod accounts;
    pub(super) mod bug;
    pub(super) mod log;
}

use std::sync::Arc;

use async_trait::async_trait;
use parlour_model::ManualClock;
use parlour_store::SharedStore;
use parlour_store::conformance::{Case, Fixture, cases};
use tokio::task::JoinSet;

use fixture::{Embedded, embedded};
use mutants::bug::{BUGS, Bug, Mutant};

struct Mutated {
    inner: Embedded,
    bug: Option<Bug>,
}

#[async_trait]
impl Fixture for Mutated {
    fn store(&self) -> SharedStore {
        Arc::new(Mutant::new(self.inner.store(), self.bug))
    }

    fn clock(&self) -> Arc<ManualClock> {
        self.inner.clock()
    }

    async fn reopen(&self) -> bool {
        self.inner.reopen().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bug_is_found_by_the_case_that_is_there_for_it() {
    let mut missed = Vec::new();
    for (bug, name) in BUGS {
        let passed = run(case(name), None).await;
        passed.unwrap_or_else(|error| panic!("{name} fails without a bug: {error}"));
        if run(case(name), Some(*bug)).await.is_ok() {
            missed.push((bug, name));
        }
    }
    assert!(missed.is_empty(), "bugs that were not found: {missed:?}");
}

async fn run(case: Case, bug: Option<Bug>) -> Result<(), tokio::task::JoinError> {
    let inner = embedded().await;
    let mut running = JoinSet::new();
    running.spawn(async move { (case.run)(&Mutated { inner, bug }).await });
    running.join_next().await.expect("one is running")
}

fn case(name: &str) -> Case {
    let case = cases().into_iter().find(|case| case.name == name);
    case.unwrap_or_else(|| panic!("there is no case {name}"))
}
