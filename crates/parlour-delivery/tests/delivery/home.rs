//! Asking the home of a chat to append.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use parlour_bus::Fate;
use parlour_delivery::{HomeError, HomeHandler, HomeOutcome, HomeRefusal};
use parlour_model::{ChatId, Draft, Epoch, EventId, EventKey, Seq, Timestamp};

use crate::support::{MemoryStore, World, chat, message, pass, settle, user};

const WITHIN: Duration = Duration::from_secs(1);

/// Appends to the store, and remembers what it was asked.
struct Home {
    store: Arc<MemoryStore>,
    asked: Mutex<Vec<(ChatId, Vec<Draft>)>>,
    called: Mutex<Vec<ChatId>>,
    answer: Option<HomeOutcome>,
    takes: Duration,
}

#[async_trait]
impl HomeHandler for Home {
    async fn append(&self, chat: ChatId, drafts: Vec<Draft>) -> Vec<HomeOutcome> {
        self.asked.lock().unwrap().push((chat, drafts.clone()));
        if self.takes > Duration::ZERO {
            pass(self.takes).await;
        }
        let outcomes = drafts.into_iter().map(|draft| {
            let commit = || self.store.commit(chat, draft.author, draft.content);
            let answer = self.answer.clone();
            answer.unwrap_or_else(|| HomeOutcome::Created(commit()))
        });
        outcomes.collect()
    }

    fn called(&self, chat: ChatId) {
        self.called.lock().unwrap().push(chat);
    }
}

impl Home {
    fn of(world: &World) -> Self {
        Self {
            store: Arc::clone(&world.store),
            asked: Mutex::default(),
            called: Mutex::default(),
            answer: None,
            takes: Duration::ZERO,
        }
    }

    fn serve(self, world: &World) -> Arc<Self> {
        let home = Arc::new(self);
        world.nodes[1].delivery.serve_home(home.clone());
        home
    }

    fn requests(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn draft(number: u64) -> Draft {
    let at = Timestamp::from_millis(1_800_000_000_000 + number);
    let key = EventKey::generate(at);
    Draft::new(user(1), key, Epoch::ZERO, message()).applied(Seq::new(number))
}

/// Two nodes that know each other, and chats whose home is the second.
async fn world() -> (World, Vec<ChatId>) {
    let world = World::new(2);
    settle().await;
    let chats = (1..=400).map(chat);
    let theirs = chats.filter(|chat| world.nodes[0].delivery.has_home_elsewhere(*chat));
    let theirs: Vec<ChatId> = theirs.collect();
    assert!((150..250).contains(&theirs.len()), "{}", theirs.len());
    for chat in &theirs {
        assert!(
            !world.nodes[1].delivery.has_home_elsewhere(*chat),
            "both agree"
        );
    }
    (world, theirs)
}

#[tokio::test(start_paused = true)]
async fn a_home_gets_the_drafts_as_they_were_and_its_outcomes_come_back_in_order() {
    let (world, chats) = world().await;
    let home = Home::of(&world).serve(&world);
    let drafts = vec![draft(1), draft(2)];
    let delivery = &world.nodes[0].delivery;
    let outcomes = delivery
        .ask_home(chats[0], drafts.clone(), WITHIN)
        .await
        .unwrap();
    let events = world.store.events_now(chats[0]);
    let expected: Vec<HomeOutcome> = events.into_iter().map(HomeOutcome::Created).collect();
    assert_eq!(outcomes, expected);
    let asked = home.asked.lock().unwrap();
    assert_eq!(
        format!("{:?}", asked[0]),
        format!("{:?}", (chats[0], drafts))
    );
}

#[tokio::test(start_paused = true)]
async fn every_outcome_travels() {
    let all = [
        HomeOutcome::Cancelled,
        HomeOutcome::RightsChanged,
        HomeOutcome::KeyReused {
            seq: Seq::new(3),
            id: EventId::new(5).unwrap(),
        },
        HomeOutcome::NotStored(HomeRefusal::KeyTooOld),
        HomeOutcome::NotStored(HomeRefusal::KeyFromTheFuture),
        HomeOutcome::Busy {
            retry_after: Duration::from_millis(1_500),
        },
        HomeOutcome::Unknown {
            applied: Some(Seq::new(7)),
        },
    ];
    for answer in all {
        let (world, chats) = world().await;
        let mut home = Home::of(&world);
        home.answer = Some(answer.clone());
        home.serve(&world);
        let delivery = &world.nodes[0].delivery;
        let outcomes = delivery.ask_home(chats[0], vec![draft(1)], WITHIN).await;
        assert_eq!(outcomes, Ok(vec![answer]));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_home_elsewhere_nothing_is_sent() {
    let (world, chats) = world().await;
    let ask = |node: usize| {
        let delivery = &world.nodes[node].delivery;
        delivery.ask_home(chats[0], vec![draft(1)], WITHIN)
    };
    assert_eq!(ask(1).await, Err(HomeError::Here));
    assert_eq!(ask(0).await, Err(HomeError::Nobody), "nobody serves there");
    world.network.cut_off(&world.nodes[0].bus);
    assert_eq!(ask(0).await, Err(HomeError::Here), "nobody can be asked");
}

#[tokio::test(start_paused = true)]
async fn a_home_that_has_just_died_is_nobody_and_one_that_does_not_answer_is_silent() {
    let (mut world, chats) = world().await;
    world.add_node(); // Nobody knows it yet, but the others are not alone when one of them dies.
    let home = Home::of(&world).serve(&world);
    let delivery = &world.nodes[0].delivery;
    world.packets(Fate::Drop);
    let begun = tokio::time::Instant::now();
    let lost = delivery.ask_home(chats[0], vec![draft(1)], WITHIN).await;
    assert_eq!(lost, Err(HomeError::Silent));
    assert_eq!(begun.elapsed(), WITHIN);
    world.heal();
    world.network.crash(&world.nodes[1].bus);
    let begun = tokio::time::Instant::now();
    let gone = delivery.ask_home(chats[0], vec![draft(1)], WITHIN).await;
    assert_eq!(gone, Err(HomeError::Nobody));
    assert!(begun.elapsed() < Duration::from_millis(10));
    assert_eq!(home.requests(), 0);
    pass(Duration::from_secs(4)).await;
    let asked = delivery.ask_home(chats[0], vec![draft(1)], WITHIN).await;
    assert_ne!(asked, Err(HomeError::Silent), "it is no node any more");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_or_twice_is_dropped() {
    let (world, chats) = world().await;
    let mut home = Home::of(&world);
    home.takes = Duration::from_secs(2);
    let home = home.serve(&world);
    let delivery = &world.nodes[0].delivery;
    world.packets(Fate::Double);
    let late = delivery.ask_home(chats[0], vec![draft(1)], WITHIN).await;
    assert_eq!(late, Err(HomeError::Silent));
    let patient = delivery
        .ask_home(chats[0], vec![draft(2)], 3 * WITHIN)
        .await;
    assert_eq!(patient.unwrap().len(), 1);
    pass(Duration::from_secs(5)).await;
    assert_eq!(home.requests(), 2, "each was served once");
}

#[tokio::test(start_paused = true)]
async fn requests_and_answers_that_wait_share_packets() {
    let (world, chats) = world().await;
    let home = Home::of(&world).serve(&world);
    let packets = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&packets);
    world.network.set_fault(Some(Arc::new(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        Fate::Deliver
    })));
    let delivery = &world.nodes[0].delivery;
    let asks = chats
        .iter()
        .flat_map(|chat| [*chat; 4])
        .zip(1..)
        .map(|(chat, number)| delivery.ask_home(chat, vec![draft(number)], WITHIN));
    let answers = join_all(asks).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(home.requests(), answers.len());
    let packets = packets.load(Ordering::SeqCst);
    assert!(
        packets * 20 < answers.len(),
        "{packets} packets for {} requests",
        answers.len()
    );
}

#[tokio::test(start_paused = true)]
async fn more_than_a_home_serves_at_once_is_told_that_it_is_busy() {
    let (world, chats) = world().await;
    let mut home = Home::of(&world);
    home.takes = Duration::from_millis(500);
    let home = home.serve(&world);
    let delivery = &world.nodes[0].delivery;
    let asks = (1..=1_200).map(|number| delivery.ask_home(chats[0], vec![draft(number)], WITHIN));
    let answers = join_all(asks).await;
    let busy = answers.iter().flatten().flatten();
    let busy = busy.filter(|outcome| matches!(outcome, HomeOutcome::Busy { .. }));
    assert_eq!((busy.count(), home.requests()), (1_200 - 1_024, 1_024));
}
