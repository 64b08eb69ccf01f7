//! What becomes of ids while the store grants, is away, and refuses.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use parlour_model::{ManualClock, NodeNumber, NumberLapsed};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::*;

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const LEASE: Duration = Duration::from_secs(60);
/// More renewals than any test here sees.
const ASKED_MAX: usize = 1_000;

/// A lease whose renewals answer as the test says, and tell the test of each.
struct Told {
    until: Timestamp,
    held_until: Timestamp,
    clock: Arc<ManualClock>,
    // not a queue: what a test has written down beforehand.
    answers: Arc<Mutex<VecDeque<StoreError>>>,
    asked: mpsc::Sender<Timestamp>,
}

impl Renewable for Told {
    fn held_until(&self) -> Timestamp {
        self.held_until
    }

    async fn renew(&mut self) -> Result<Timestamp, StoreError> {
        let now = self.clock.now();
        let answer = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.pop_front()
        };
        self.asked.try_send(now).unwrap();
        match answer {
            Some(error) => Err(error),
            None => {
                self.held_until = now.plus(LEASE);
                self.until = self.until.max(self.held_until);
                Ok(self.until)
            }
        }
    }
}

/// A keeper at work.
struct Scene {
    clock: Arc<ManualClock>,
    ids: Arc<IdGenerator>,
    asked: mpsc::Receiver<Timestamp>,
    failed: watch::Receiver<Option<String>>,
    token: CancellationToken,
    tracker: TaskTracker,
}

impl Scene {
    /// A keeper whose first renewals fail like this.
    fn start(answers: impl IntoIterator<Item = StoreError>) -> Self {
        Self::start_with(START.plus(LEASE), answers)
    }

    /// A keeper of a lease for a minute whose ids may go up to `until`.
    fn start_with(until: Timestamp, answers: impl IntoIterator<Item = StoreError>) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let ids = IdGenerator::new(NodeNumber::ZERO, clock.clone(), Timestamp::default());
        let ids = Arc::new(ids);
        ids.leased_until(until);
        let (asked_sender, asked) = mpsc::channel(ASKED_MAX);
        let (failed_sender, failed) = watch::channel(None);
        let (token, tracker) = (CancellationToken::new(), TaskTracker::new());
        let keeper = Keeper {
            lease: Told {
                until,
                held_until: START.plus(LEASE),
                clock: clock.clone(),
                answers: Arc::new(Mutex::new(answers.into_iter().collect())),
                asked: asked_sender,
            },
            ids: Arc::clone(&ids),
            clock: clock.clone(),
            failed: failed_sender,
            token: token.clone(),
        };
        tracker.spawn(async move { drop(keeper.keep().await) });
        Self {
            clock,
            ids,
            asked,
            failed,
            token,
            tracker,
        }
    }

    /// Lets time pass, second by second, on both clocks.
    async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.clock.advance(Duration::from_secs(1));
            tokio::time::advance(Duration::from_secs(1)).await;
            settle().await;
        }
    }

    fn times_asked(&mut self) -> usize {
        std::iter::from_fn(|| self.asked.try_recv().ok()).count()
    }
}

/// Lets the keeper run until it waits again.
async fn settle() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}

fn away() -> StoreError {
    StoreError::Unavailable("nobody answers".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_at_a_third_of_its_time() {
    let mut scene = Scene::start([]);
    settle().await;
    scene.pass(19).await;
    assert_eq!(scene.times_asked(), 0);
    scene.pass(2).await;
    assert_eq!(scene.times_asked(), 1);
    scene.pass(600).await;
    assert!((28..=30).contains(&scene.times_asked()));
    assert!(scene.ids.next_id().is_ok());
    assert_eq!(*scene.failed.borrow(), None);
}

#[tokio::test(start_paused = true)]
async fn a_lease_whose_ids_may_go_far_ahead_is_renewed_as_soon() {
    let mut scene = Scene::start_with(START.plus(10 * LEASE), []);
    settle().await;
    scene.pass(21).await;
    assert_eq!(scene.times_asked(), 1);
    scene.pass(300).await;
    assert!((14..=15).contains(&scene.times_asked()));
}

#[tokio::test(start_paused = true)]
async fn no_id_is_made_from_a_lapse_to_the_next_grant() {
    let mut scene = Scene::start((0..100).map(|_| away()));
    settle().await;
    scene.pass(60).await;
    assert!(scene.ids.next_id().is_ok());
    assert!(scene.times_asked() > 30, "it is tried again every second");
    scene.pass(1).await;
    assert_eq!(scene.ids.next_id(), Err(NumberLapsed));
    assert_eq!(*scene.failed.borrow(), None);
    // The store comes back, and nobody has taken the number.
    scene.pass(80).await;
    assert!(scene.ids.next_id().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_lost_ends_the_node_with_the_reason() {
    let mut scene = Scene::start([
        away(),
        StoreError::NotFound("the lease of this node's number"),
    ]);
    settle().await;
    scene.pass(30).await;
    let why = scene
        .failed
        .wait_for(Option::is_some)
        .await
        .unwrap()
        .clone();
    assert!(why.unwrap().contains("number"));
    assert_eq!(scene.times_asked(), 2, "nothing is asked afterwards");
    scene.pass(60).await;
    assert_eq!(scene.ids.next_id(), Err(NumberLapsed));
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_handed_back_at_the_end() {
    let scene = Scene::start([]);
    scene.token.cancel();
    scene.tracker.close();
    scene.tracker.wait().await;
}

#[tokio::test]
async fn a_number_that_nobody_keeps_any_more_is_lost_and_a_released_one_is_not() {
    let (sender, failed) = watch::channel(None);
    let token = CancellationToken::new();
    drop(sender); // As when the keeper panics.
    let why = lost(failed.clone(), token.clone()).await;
    assert_eq!(why, "nobody keeps the number of this node any more");
    token.cancel();
    let none = tokio::time::timeout(Duration::ZERO, lost(failed, token)).await;
    assert!(none.is_err());
}
