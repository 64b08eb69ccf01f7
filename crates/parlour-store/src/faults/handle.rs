//! The handle that decides how each call fails, and holds back what is late or hangs.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::plan::Dice;
use super::{Fault, Operation, Plan};
use crate::StoreError;

/// Says how the calls of a [`super::FaultyStore`] fail. Clones share everything.
#[derive(Clone, Default)]
pub struct Faults(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// How often each operation failed so far.
    struck: watch::Sender<BTreeMap<Operation, u64>>,
    /// Raised by each release: a hanging call goes on when it sees a greater number than when it began.
    released: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    /// What the next calls do, the next one first: a script that a test writes.
    next: BTreeMap<Operation, Vec<Option<Fault>>>,
    always: BTreeMap<Operation, Fault>,
    everywhere: Option<Fault>,
    dice: Option<Dice>,
    lost_races: u32,
    late: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// A fault's answer in place of the call's own.
pub(super) enum Struck {
    Before(String),
    Unknown(String),
}

impl From<Struck> for StoreError {
    fn from(struck: Struck) -> Self {
        match struck {
            Struck::Before(why) => Self::Unavailable(why),
            Struck::Unknown(why) => Self::Unknown(why),
        }
    }
}

impl Faults {
    /// Makes the next call of this kind fail. Called again, the one after it.
    pub fn next(&self, operation: Operation, fault: Fault) {
        self.push(operation, Some(fault));
    }

    /// Lets the next call of this kind pass: before a [`Faults::next`], or as an exception from
    /// [`Faults::always`].
    pub fn pass(&self, operation: Operation) {
        self.push(operation, None);
    }

    /// Makes all calls of this kind fail, until [`Faults::clear`].
    pub fn always(&self, operation: Operation, fault: Fault) {
        self.state().always.insert(operation, fault);
    }

    /// Makes all calls fail, until [`Faults::clear`]: the store is away.
    pub fn everywhere(&self, fault: Fault) {
        self.state().everywhere = Some(fault);
    }

    /// Makes calls fail at random, until [`Faults::clear`].
    pub fn at_random(&self, plan: Plan) {
        self.state().dice = Some(Dice::new(plan));
    }

    /// Makes every append say that another node was faster so many times, until [`Faults::clear`].
    pub fn lose_races(&self, races: u32) {
        self.state().lost_races = races;
    }

    /// Makes no further call fail. What is held back stays held back.
    pub fn clear(&self) {
        let mut state = self.state();
        let late = std::mem::take(&mut state.late);
        *state = State {
            late,
            ..State::default()
        };
    }

    /// Applies what is late, in the order it was called, and lets hanging calls go on. Answers how many late
    /// calls there were. Not interested in their answers: nobody is any more.
    pub async fn release(&self) -> usize {
        let late = std::mem::take(&mut self.state().late);
        let count = late.len();
        for call in late {
            call.await;
        }
        self.0.released.send_modify(|releases| *releases += 1);
        count
    }

    /// Waits until calls of this kind have failed (or begun to hang) `times` times since the beginning.
    pub async fn struck(&self, operation: Operation, times: u64) {
        let mut struck = self.0.struck.subscribe();
        let often_enough =
            |struck: &BTreeMap<Operation, u64>| struck.get(&operation) >= Some(&times);
        struck
            .wait_for(often_enough)
            .await
            .expect("the sender lives as long as this handle");
    }

    /// How many calls failed (or began to hang) so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.struck.borrow().values().sum()
    }

    pub(super) fn lost_races(&self) -> u32 {
        self.state().lost_races
    }

    /// Makes a call, or fails in its place.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        operation: Operation,
        call: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Struck> {
        let (release, decided) = self.decide(operation);
        if release {
            self.release().await;
        }
        let Some((fault, why)) = decided else {
            return Ok(call.await);
        };
        match fault {
            Fault::Before => self.strike(operation),
            Fault::After => {
                drop(call.await);
                self.strike(operation);
            }
            Fault::Late => {
                let late = Box::pin(async move { drop(call.await) });
                self.state().late.push(late);
                self.strike(operation);
            }
            Fault::Hang => {
                self.hang(operation).await;
                return Ok(call.await);
            }
        }
        Err(match fault {
            Fault::Before => Struck::Before(why),
            _ => Struck::Unknown(why),
        })
    }

    async fn hang(&self, operation: Operation) {
        let mut released = self.0.released.subscribe();
        let began = *released.borrow_and_update();
        self.strike(operation);
        let later = |releases: &u64| *releases > began;
        released
            .wait_for(later)
            .await
            .expect("the sender lives as long as this handle");
    }

    /// Whether to release first, and how the call fails, with the text of its error.
    fn decide(&self, operation: Operation) -> (bool, Option<(Fault, String)>) {
        let mut state = self.state();
        let thrown = state.dice.as_mut().map(|dice| (dice.throw(), dice.seed()));
        let release = thrown.is_some_and(|((release, _), _)| release);
        if let Some(script) = state
            .next
            .get_mut(&operation)
            .filter(|script| !script.is_empty())
        {
            let armed = script.remove(0);
            return (release, armed.map(|fault| (fault, text(operation, fault))));
        }
        let fault = state.always.get(&operation).copied().or(state.everywhere);
        if let Some(fault) = fault {
            return (release, Some((fault, text(operation, fault))));
        }
        let random = thrown.and_then(|((_, fault), seed)| {
            fault.map(|fault| (fault, format!("{}, seed {seed}", text(operation, fault))))
        });
        (release, random)
    }

    fn push(&self, operation: Operation, fault: Option<Fault>) {
        self.state().next.entry(operation).or_default().push(fault);
    }

    fn strike(&self, operation: Operation) {
        self.0
            .struck
            .send_modify(|struck| *struck.entry(operation).or_default() += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves whole values here: nothing is changed in two steps.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(operation: Operation, fault: Fault) -> String {
    format!("injected fault: {operation:?} {fault:?}")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// A call that counts how often it was applied.
    fn counting(applied: &Arc<AtomicU64>) -> impl Future<Output = u64> + Send + use<> {
        let applied = Arc::clone(applied);
        async move { applied.fetch_add(1, Ordering::SeqCst) + 1 }
    }

    fn applied(counter: &Arc<AtomicU64>) -> u64 {
        counter.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn the_four_faults_say_the_truth_about_what_was_applied() {
        let (faults, counter) = (Faults::default(), Arc::new(AtomicU64::new(0)));
        let run = || faults.run(Operation::Append, counting(&counter));
        assert!(matches!(run().await, Ok(1)));
        faults.next(Operation::Append, Fault::Before);
        assert!(matches!(run().await, Err(Struck::Before(_))));
        assert_eq!(applied(&counter), 1);
        faults.next(Operation::Append, Fault::After);
        assert!(matches!(run().await, Err(Struck::Unknown(_))));
        assert_eq!(applied(&counter), 2);
        faults.next(Operation::Append, Fault::Late);
        assert!(matches!(run().await, Err(Struck::Unknown(_))));
        assert_eq!(applied(&counter), 2);
        assert_eq!((faults.release().await, applied(&counter)), (1, 3));
        assert_eq!((faults.release().await, applied(&counter)), (0, 3));
        assert!(matches!(run().await, Ok(4)));
        assert_eq!(faults.count(), 3);
    }

    #[tokio::test]
    async fn a_hanging_call_goes_on_when_released_and_is_nothing_when_given_up() {
        let (faults, counter) = (Faults::default(), Arc::new(AtomicU64::new(0)));
        faults.always(Operation::Page, Fault::Hang);
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (faults, call) = (faults.clone(), counting(&counter));
            calls.spawn(async move { faults.run(Operation::Page, call).await.is_ok() });
        }
        faults.struck(Operation::Page, 2).await;
        assert_eq!(applied(&counter), 0);
        faults.release().await;
        assert_eq!(calls.join_all().await, [true, true]);
        assert_eq!(applied(&counter), 2);

        let mut given_up = tokio::task::JoinSet::new();
        let (again, call) = (faults.clone(), counting(&counter));
        given_up.spawn(async move { again.run(Operation::Page, call).await.is_ok() });
        faults.struck(Operation::Page, 3).await;
        given_up.shutdown().await;
        faults.release().await;
        assert_eq!(applied(&counter), 2);
    }

    #[tokio::test]
    async fn faults_are_taken_in_order_and_by_kind_until_cleared() {
        let (faults, counter) = (Faults::default(), Arc::new(AtomicU64::new(0)));
        let run = |operation| faults.run(operation, counting(&counter));
        faults.pass(Operation::Raise);
        faults.next(Operation::Raise, Fault::Before);
        assert!(run(Operation::Marks).await.is_ok());
        assert!(run(Operation::Raise).await.is_ok());
        assert!(run(Operation::Raise).await.is_err());
        assert!(run(Operation::Raise).await.is_ok());
        faults.everywhere(Fault::Before);
        faults.pass(Operation::Raise);
        assert!(run(Operation::Raise).await.is_ok());
        assert!(run(Operation::Raise).await.is_err());
        assert!(run(Operation::Marks).await.is_err());
        faults.next(Operation::Raise, Fault::Late);
        assert!(run(Operation::Raise).await.is_err());
        faults.clear();
        assert!(run(Operation::Marks).await.is_ok());
        assert_eq!(faults.release().await, 1, "what is late outlives `clear`");
    }

    #[tokio::test]
    async fn a_seed_gives_the_same_faults_again() {
        async fn outcomes(seed: u64) -> Vec<String> {
            let (faults, counter) = (Faults::default(), Arc::new(AtomicU64::new(0)));
            faults.at_random(Plan::new(seed));
            let mut outcomes = Vec::new();
            for _ in 0..400 {
                outcomes.push(
                    match faults.run(Operation::Append, counting(&counter)).await {
                        Ok(applied) => format!("applied {applied}"),
                        Err(Struck::Before(why) | Struck::Unknown(why)) => why,
                    },
                );
            }
            outcomes
        }
        let first = outcomes(1).await;
        assert_eq!(first, outcomes(1).await);
        assert_ne!(first, outcomes(2).await);
        for fault in [Fault::Before, Fault::After, Fault::Late] {
            let text = format!("{}, seed 1", text(Operation::Append, fault));
            assert!(first.contains(&text), "{fault:?} never came");
        }
    }
}
