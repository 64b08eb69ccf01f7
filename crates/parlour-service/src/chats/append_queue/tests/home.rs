//! The queue when its chat is hot: a home that answers as the test says, and being a home for others.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use parlour_delivery::{HomeHandler, HomeRefusal};
use parlour_model::ManualClock;
use parlour_store::NotStored;
use tokio::time::Instant;

use super::log::removal;
use super::*;
use crate::Refusal;

const UNKNOWN: ServiceError = ServiceError::OutcomeUnknown { applied: None };
const SECOND: Duration = Duration::from_secs(1);
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// What the home says to one request, for each draft of it.
type Said = Box<dyn Fn(&Draft) -> Result<HomeOutcome, HomeError> + Send>;

/// Another node, as this one knows it. Without a script nobody is there.
#[derive(Default)]
pub(super) struct TestHome {
    pub(super) exists: AtomicBool,
    shows_silence_at_once: AtomicBool,
    /// What this node was told of the home's commits.
    pub(super) told: Mutex<Vec<Seq>>,
    /// The chats for which this node called the others.
    pub(super) called: Mutex<Vec<ChatId>>,
    pub(super) asked: Mutex<Vec<Vec<Draft>>>,
    script: Mutex<VecDeque<Said>>,
}

impl TestHome {
    pub(super) async fn ask(
        &self,
        drafts: Vec<Draft>,
        within: Duration,
    ) -> Result<Vec<HomeOutcome>, HomeError> {
        self.asked.lock().unwrap().push(drafts.clone());
        let said = self.script.lock().unwrap().pop_front();
        let answer = match said {
            Some(said) => drafts.iter().map(said).collect(),
            None => Err(HomeError::Nobody),
        };
        let at_once = self.shows_silence_at_once.load(Ordering::SeqCst);
        if answer == Err(HomeError::Silent) && !at_once {
            let never = std::future::pending::<()>();
            tokio::time::timeout(within, never).await.unwrap_err();
        }
        answer
    }

    pub(super) fn says(
        &self,
        said: impl Fn(&Draft) -> Result<HomeOutcome, HomeError> + Send + 'static,
    ) {
        self.script.lock().unwrap().push_back(Box::new(said));
    }

    fn always_says(&self, outcome: &Result<HomeOutcome, HomeError>, times: usize) {
        for _ in 0..times {
            let outcome = outcome.clone();
            self.says(move |_| outcome.clone());
        }
    }

    fn requests(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Lab {
    /// The chat is hot, and another node is its home. One event is in the log.
    pub(super) async fn hot() -> Self {
        let lab = Self::new();
        lab.recorder.home.exists.store(true, Ordering::SeqCst);
        lab.log.script([Step::Raced(2)]);
        answer(lab.submit(message(user(999), "first")))
            .await
            .unwrap();
        assert_eq!(lab.home().requests(), 0, "not before the races are lost");
        lab
    }

    pub(super) fn home(&self) -> &TestHome {
        &self.recorder.home
    }

    /// Appends as the home of the chat, at [`NOW`].
    async fn serve(&self, drafts: Vec<Draft>) -> Vec<HomeOutcome> {
        let clock = Arc::new(ManualClock::new(NOW));
        self.queues.home(clock).append(chat(), drafts).await
    }
}

fn created(draft: &Draft, seq: u64) -> HomeOutcome {
    HomeOutcome::Created(log::event(chat(), draft, seq))
}

#[tokio::test(start_paused = true)]
async fn after_two_lost_races_appends_go_home_for_thirty_seconds() {
    let lab = Lab::hot().await;
    let begun = Instant::now();
    lab.home().says(|draft| Ok(created(draft, 2)));
    let settled = answer(lab.submit(message(user(1), "second"))).await;
    assert_eq!(settled.unwrap().event.seq, Seq::new(2));
    assert_eq!((lab.log.batch_sizes(), lab.told()), (vec![1], vec![1]));
    assert_eq!(*lab.home().told.lock().unwrap(), [Seq::new(2)]);
    tokio::time::sleep_until(begun + 31 * SECOND).await;
    answer(lab.submit(message(user(1), "third"))).await.unwrap();
    assert_eq!(
        (lab.log.batch_sizes(), lab.home().requests()),
        (vec![1, 1], 1)
    );
}

#[tokio::test(start_paused = true)]
async fn one_lost_race_or_a_home_that_is_this_node_changes_nothing() {
    let lab = Lab::new();
    lab.log.script([Step::Raced(5), Step::Raced(1)]);
    answer(lab.submit(message(user(1), "said"))).await.unwrap();
    lab.home().exists.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        answer(lab.submit(message(user(1), "said"))).await.unwrap();
    }
    assert_eq!((lab.log.batch_sizes().len(), lab.home().requests()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_home_that_loses_races_calls_the_others_and_who_is_called_goes_home() {
    let lab = Lab::new();
    lab.log.script([Step::Raced(1), Step::Raced(1)]);
    for _ in 0..2 {
        answer(lab.submit(message(user(1), "said"))).await.unwrap();
    }
    assert_eq!(*lab.home().called.lock().unwrap(), [chat()]);
    let home = || lab.queues.home(Arc::new(ManualClock::new(NOW)));
    home().called(chat());
    answer(lab.submit(message(user(1), "said"))).await.unwrap();
    assert_eq!(lab.home().requests(), 0, "there is no other home to go to");
    lab.home().exists.store(true, Ordering::SeqCst);
    home().called(chat());
    lab.home().says(|draft| Ok(created(draft, 4)));
    answer(lab.submit(message(user(1), "said"))).await.unwrap();
    assert_eq!((lab.log.batch_sizes().len(), lab.home().requests()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_the_same_draft_is_appended_here_at_once() {
    let lab = Lab::hot().await;
    let begun = Instant::now();
    let draft = message(user(1), "said");
    let settled = answer(lab.submit(draft.clone())).await.unwrap();
    assert_eq!(
        (settled.event.key, begun.elapsed()),
        (draft.key, Duration::ZERO)
    );
    assert_eq!((lab.home().requests(), lab.told()), (1, vec![1, 2]));
    lab.log.script([Step::Refused(NotStored::TooLarge)]);
    let refused = answer(lab.submit(message(user(1), "too large"))).await;
    let definite = ServiceError::Refused(Refusal::TooLarge);
    assert_eq!(refused, Err(definite), "nobody can have stored it");
}

#[tokio::test(start_paused = true)]
async fn a_silent_home_means_one_batch_here_each_second_and_nothing_definite() {
    let lab = Lab::hot().await;
    lab.home().always_says(&Err(HomeError::Silent), 4);
    let begun = Instant::now();
    answer(lab.submit(message(user(1), "said"))).await.unwrap();
    assert_eq!((begun.elapsed(), lab.told()), (SECOND, vec![1, 2]));
    let refused = Step::Refused(NotStored::Unavailable("away".to_owned()));
    lab.log.script([refused, Step::Vanished(None), Step::Hang]);
    for nth in 2..=4 {
        let unknown = answer(lab.submit(message(user(1), "said"))).await;
        assert_eq!(unknown, Err(UNKNOWN));
        assert_eq!(lab.log.batch_sizes().len(), 1 + nth);
        assert!(begun.elapsed() >= SECOND * u32::try_from(nth).unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn a_home_whose_silence_shows_at_once_means_no_more_batches_here() {
    let lab = Lab::hot().await;
    lab.home()
        .shows_silence_at_once
        .store(true, Ordering::SeqCst);
    lab.home().always_says(&Err(HomeError::Silent), 3);
    let begun = Instant::now();
    for seconds in 0..3 {
        answer(lab.submit(message(user(1), "said"))).await.unwrap();
        assert_eq!(begun.elapsed(), SECOND * seconds);
    }
}

/// The try at the silent home was of an epoch that never comes back.
#[tokio::test(start_paused = true)]
async fn a_refusal_after_the_epoch_moved_is_definite_in_spite_of_a_silent_home() {
    let lab = Lab::hot().await;
    lab.home().always_says(&Err(HomeError::Silent), 1);
    lab.log.raise_epoch();
    lab.recorder.refused.lock().unwrap().push(user(1));
    let refused = answer(lab.submit(message(user(1), "said"))).await;
    assert_eq!(refused, Err(ServiceError::Forbidden));
}

#[tokio::test(start_paused = true)]
async fn what_the_home_says_is_the_answer() {
    let lab = Lab::hot().await;
    let (retry_after, own_rate) = (3 * SECOND, false);
    let (seq, id) = (Seq::new(9), parlour_model::EventId::new(9).unwrap());
    let cases = [
        (
            HomeOutcome::Busy { retry_after },
            ServiceError::Busy {
                retry_after,
                own_rate,
            },
        ),
        (
            HomeOutcome::KeyReused { seq, id },
            ServiceError::Refused(Refusal::KeyReused { seq, id }),
        ),
        (
            HomeOutcome::Cancelled,
            ServiceError::Refused(Refusal::KeyCancelled),
        ),
        (
            HomeOutcome::NotStored(HomeRefusal::TooLarge),
            ServiceError::Refused(Refusal::TooLarge),
        ),
    ];
    for (said, expected) in cases {
        lab.home().always_says(&Ok(said), 1);
        let refused = answer(lab.submit(message(user(1), "said"))).await;
        assert_eq!(refused, Err(expected));
    }
    assert_eq!(lab.log.batch_sizes(), [1], "nothing was appended here");
}

#[tokio::test(start_paused = true)]
async fn a_home_that_does_not_know_is_asked_again_and_then_nothing_is_definite() {
    let lab = Lab::hot().await;
    let applied = Some(Seq::new(64));
    lab.home()
        .always_says(&Ok(HomeOutcome::Unknown { applied }), 1);
    let retry_after = SECOND;
    lab.home()
        .always_says(&Ok(HomeOutcome::Busy { retry_after }), 1);
    let unknown = answer(lab.submit(message(user(1), "said"))).await;
    assert_eq!(unknown, Err(ServiceError::OutcomeUnknown { applied }));
    let asked = lab.home().asked.lock().unwrap();
    assert_eq!(asked[0][0].key, asked[1][0].key);
    assert_eq!(asked[1][0].applied, Seq::new(64));
}

#[tokio::test(start_paused = true)]
async fn rights_that_changed_are_looked_at_here_and_the_draft_goes_again() {
    let lab = Lab::hot().await;
    lab.log.raise_epoch();
    lab.home().says(|_| Ok(HomeOutcome::RightsChanged));
    lab.home().says(|draft| Ok(created(draft, 2)));
    answer(lab.submit(message(user(1), "said"))).await.unwrap();
    assert_eq!(*lab.recorder.authorized.lock().unwrap(), [user(1)]);
    let asked = lab.home().asked.lock().unwrap().concat();
    let epochs: Vec<Epoch> = asked.iter().map(|draft| draft.epoch).collect();
    assert_eq!(epochs, [Epoch::ZERO, lab.log.epoch()]);
    drop(asked);
    lab.home().says(|_| Ok(HomeOutcome::RightsChanged));
    lab.recorder.refused.lock().unwrap().push(user(2));
    let refused = answer(lab.submit(message(user(2), "said"))).await;
    assert_eq!(
        refused,
        Err(ServiceError::Forbidden),
        "the try at the home is dead"
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_answers_another_draft_is_not_taken() {
    let lab = Lab::hot().await;
    let other = message(user(1), "other");
    for _ in 0..PATIENCE.tries {
        let other = other.clone();
        lab.home().says(move |_| Ok(created(&other, 2)));
    }
    let unknown = answer(lab.submit(message(user(1), "said"))).await;
    assert_eq!(unknown, Err(UNKNOWN));
    assert!(lab.home().told.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_others_ask_for_shares_commits_with_ones_own_and_is_announced() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let own = lab.submit(message(user(1), "own"));
    let drafts = (2..=4).map(|nth| message(user(nth), "asked for"));
    let served = lab.serve(drafts.collect());
    let (served, ()) = tokio::join!(served, async { lab.log.go_on() });
    answer(first).await.unwrap();
    answer(own).await.unwrap();
    let is_created = |outcome: &HomeOutcome| matches!(outcome, HomeOutcome::Created(_));
    assert!(served.iter().all(is_created));
    assert_eq!(
        (lab.log.batch_sizes(), lab.told()),
        (vec![1, 4], vec![1, 2, 3, 4, 5])
    );
}

#[tokio::test(start_paused = true)]
async fn what_others_ask_for_is_never_sent_on() {
    let lab = Lab::hot().await;
    lab.home().says(|draft| Ok(created(draft, 9)));
    let own = message(user(1), "own");
    let waiting = lab.submit(own.clone());
    let served = lab.serve(vec![message(user(1), "asked for")]).await;
    answer(waiting).await.unwrap();
    assert!(matches!(&served[..], [HomeOutcome::Created(event)] if event.seq == Seq::new(2)));
    let asked = lab.home().asked.lock().unwrap().concat();
    assert_eq!(
        asked.iter().map(|draft| draft.key).collect::<Vec<_>>(),
        [own.key]
    );
}

/// The node that asks concludes from a refused epoch that its earlier tries are dead.
#[tokio::test(start_paused = true)]
async fn a_home_authorizes_nobody_and_asks_the_store_before_it_refuses_an_epoch() {
    let lab = Lab::new();
    let stored = message(user(1), "stored");
    lab.serve(vec![stored.clone()]).await;
    answer(lab.submit(draft(user(9), removal(user(1)))))
        .await
        .unwrap();
    let first = lab.occupy().await;
    let newer = Draft {
        epoch: lab.log.epoch(),
        ..message(user(2), "of the newest epoch")
    };
    let asked = vec![stored, message(user(3), "late"), newer];
    let (served, ()) = tokio::join!(lab.serve(asked), async { lab.log.go_on() });
    answer(first).await.unwrap();
    assert!(
        matches!(
            &served[..],
            [
                HomeOutcome::Existing(_),
                HomeOutcome::RightsChanged,
                HomeOutcome::Created(_)
            ]
        ),
        "{served:?}"
    );
    let authorized = lab.recorder.authorized.lock().unwrap();
    assert_eq!(*authorized, [user(999)], "of this node's own");
}

#[tokio::test(start_paused = true)]
async fn one_key_through_two_nodes_is_one_event() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let same = message(user(1), "said");
    let own = lab.submit(same.clone());
    let asked = vec![same.clone(), same];
    let (served, ()) = tokio::join!(lab.serve(asked), async { lab.log.go_on() });
    answer(first).await.unwrap();
    let event = answer(own).await.unwrap().event;
    let existing = HomeOutcome::Existing(event);
    assert_eq!(served, [existing.clone(), existing]);
    assert_eq!(lab.log.authors(), [999, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_home_refuses_keys_outside_their_time_and_more_than_it_can_hold() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let at = |millis| EventKey::generate(Timestamp::from_millis(millis));
    let mut drafts: Vec<Draft> = (0..300)
        .map(|nth| message(user(1 + nth), "asked for"))
        .collect();
    drafts[0].key = at(NOW.as_millis() - 14 * 24 * 3_600_000);
    drafts[1].key = at(NOW.as_millis() + 11 * 60_000);
    let (served, ()) = tokio::join!(lab.serve(drafts), async { lab.log.go_on() });
    answer(first).await.unwrap();
    let refusal = |outcome: &HomeOutcome| match outcome {
        HomeOutcome::NotStored(why) => Some(why.clone()),
        _ => None,
    };
    assert_eq!(refusal(&served[0]), Some(HomeRefusal::KeyTooOld));
    assert_eq!(refusal(&served[1]), Some(HomeRefusal::KeyFromTheFuture));
    let busy = |outcome: &&HomeOutcome| matches!(outcome, HomeOutcome::Busy { .. });
    assert_eq!(served.iter().filter(busy).count(), 300 - 2 - 256);
    assert_eq!(lab.log.events().len(), 1 + 256);
}

#[tokio::test(start_paused = true)]
async fn a_home_that_stops_or_is_gone_says_that_it_stored_nothing() {
    let lab = Lab::new();
    let nothing = [HomeOutcome::NotStored(HomeRefusal::Unavailable)];
    let home = lab.queues.home(Arc::new(ManualClock::new(NOW)));
    lab.token.cancel();
    let draft = message(user(1), "asked for");
    assert_eq!(home.append(chat(), vec![draft.clone()]).await, nothing);
    drop(lab);
    assert_eq!(home.append(chat(), vec![draft]).await, nothing);
}
