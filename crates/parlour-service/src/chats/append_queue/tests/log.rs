//! A chat's log in memory that keeps the contract of appending, and misbehaves where a script says so.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use parlour_model::{
    ChatId, Content, Countable, Draft, Epoch, Event, EventId, EventKey, Seq, Timestamp, UserId,
};
use parlour_store::{
    Appended, Cancellation, ChatLog, Creation, Head, Lookup, NewChat, NotStored, Outcome,
    StoreError,
};
use tokio::sync::{Notify, watch};

/// How one append behaves. Without a step it does what it shall.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// As it shall.
    Pass,
    /// As it shall, once [`TestLog::go_on`] is called.
    Hold,
    /// As it shall, but other nodes were faster so many times.
    Raced(u32),
    /// Stored, but the answer is lost.
    Lost,
    /// Not stored, but nobody can tell; the store has searched up to the given seq.
    Vanished(Option<Seq>),
    /// Certainly not stored.
    Refused(NotStored),
    /// Never answers.
    Hang,
    /// Stored at once; what comes after the commit waits until told to go on, and then it answers.
    HoldAfter,
    /// Panics.
    Panic,
}

#[derive(Default)]
struct State {
    events: Vec<(Event, Draft)>,
    epoch: Epoch,
    script: VecDeque<Step>,
    batches: Vec<Vec<EventKey>>,
    /// Appends that were held after their commit and came to their end.
    finished: usize,
}

#[derive(Default)]
pub(super) struct TestLog {
    state: Mutex<State>,
    begun: watch::Sender<usize>,
    go_on: Notify,
}

impl TestLog {
    pub(super) fn script(&self, steps: impl IntoIterator<Item = Step>) {
        self.state.lock().unwrap().script.extend(steps);
    }

    /// Waits until so many appends have begun.
    pub(super) async fn begun(&self, count: usize) {
        let mut begun = self.begun.subscribe();
        begun.wait_for(|begun| *begun >= count).await.unwrap();
    }

    /// Lets the append go on that is held.
    pub(super) fn go_on(&self) {
        self.go_on.notify_one();
    }

    /// How many appends that were held after their commit came to their end.
    pub(super) fn finished(&self) -> usize {
        self.state.lock().unwrap().finished
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.state.lock().unwrap().epoch
    }

    /// Raises the epoch as another node's event would.
    pub(super) fn raise_epoch(&self) {
        let mut state = self.state.lock().unwrap();
        state.epoch = state.epoch.next();
    }

    pub(super) fn events(&self) -> Vec<Event> {
        let state = self.state.lock().unwrap();
        state
            .events
            .iter()
            .map(|(event, _)| event.clone())
            .collect()
    }

    pub(super) fn authors(&self) -> Vec<u64> {
        self.events()
            .iter()
            .map(|event| event.author.get())
            .collect()
    }

    /// How many drafts each append had.
    pub(super) fn batch_sizes(&self) -> Vec<usize> {
        let state = self.state.lock().unwrap();
        state.batches.iter().map(Vec::len).collect()
    }
}

impl State {
    /// All conditions are evaluated against the state before the batch, as some stores do.
    fn append(&mut self, chat: ChatId, drafts: &[Draft]) -> Vec<Outcome> {
        let (epoch, before) = (self.epoch, self.events.len());
        let outcomes = drafts
            .iter()
            .map(|draft| self.append_one(chat, draft, epoch, before));
        outcomes.collect()
    }

    fn append_one(&mut self, chat: ChatId, draft: &Draft, epoch: Epoch, before: usize) -> Outcome {
        let is_same_key = |known: &Draft| (known.author, known.key) == (draft.author, draft.key);
        let mut known = self.events[..before].iter();
        if let Some((event, known)) = known.find(|(_, known)| is_same_key(known)) {
            return if known.hash == draft.hash {
                Outcome::Existing(event.clone())
            } else {
                Outcome::KeyReused(event.clone())
            };
        }
        if draft.epoch != epoch {
            return Outcome::RightsChanged;
        }
        let event = event(chat, draft, self.events.len() as u64 + 1);
        if draft.content.raises_epoch() {
            self.epoch = self.epoch.next();
        }
        self.events.push((event.clone(), draft.clone()));
        Outcome::Created(event)
    }

    fn head(&self) -> Option<Head> {
        let (last, _) = self.events.last()?;
        Some(Head {
            seq: last.seq,
            id: last.id,
            countable: last.countable,
            epoch: self.epoch,
            membership_seq: Seq::ZERO,
            effect_seq: Seq::ZERO,
        })
    }
}

pub(super) fn event(chat: ChatId, draft: &Draft, seq: u64) -> Event {
    Event {
        chat,
        seq: Seq::new(seq),
        id: EventId::new(seq).unwrap(),
        author: draft.author,
        key: draft.key,
        content: draft.content.clone(),
        sent_at: Timestamp::from_millis(seq),
        countable: Countable::ZERO,
        prev_effect: Seq::ZERO,
        erased: false,
    }
}

fn of_all(outcome: Outcome, drafts: &[Draft]) -> Appended {
    Appended {
        outcomes: vec![outcome; drafts.len()],
        head: None,
        lost_races: 0,
    }
}

#[async_trait]
impl ChatLog for TestLog {
    async fn append(&self, chat: ChatId, drafts: Vec<Draft>) -> Appended {
        let step = {
            let mut state = self.state.lock().unwrap();
            let keys = drafts.iter().map(|draft| draft.key).collect();
            state.batches.push(keys);
            state.script.pop_front().unwrap_or(Step::Pass)
        };
        self.begun.send_modify(|begun| *begun += 1);
        let lost_races = match step {
            Step::Raced(races) => races,
            _ => 0,
        };
        match step {
            Step::Pass | Step::Raced(_) => {}
            Step::Hold => self.go_on.notified().await,
            Step::Lost => {
                self.state.lock().unwrap().append(chat, &drafts);
                return of_all(Outcome::Unknown { applied: None }, &drafts);
            }
            Step::Vanished(applied) => return of_all(Outcome::Unknown { applied }, &drafts),
            Step::Refused(why) => return of_all(Outcome::NotStored(why), &drafts),
            Step::Hang => std::future::pending().await,
            Step::HoldAfter => {
                let outcomes = self.state.lock().unwrap().append(chat, &drafts);
                self.go_on.notified().await;
                self.state.lock().unwrap().finished += 1;
                return Appended {
                    outcomes,
                    head: None,
                    lost_races,
                };
            }
            Step::Panic => panic!("planned"),
        }
        let mut state = self.state.lock().unwrap();
        let outcomes = state.append(chat, &drafts);
        let head = state.head();
        Appended {
            outcomes,
            head,
            lost_races,
        }
    }

    async fn create(&self, _new: NewChat) -> Result<Creation, StoreError> {
        panic!("the queue only appends")
    }

    async fn find(
        &self,
        _chat: ChatId,
        _author: UserId,
        _key: EventKey,
        _applied: Seq,
    ) -> Result<Lookup, StoreError> {
        panic!("the queue only appends")
    }

    async fn cancel(
        &self,
        _chat: ChatId,
        _author: UserId,
        _key: EventKey,
    ) -> Result<Cancellation, StoreError> {
        panic!("the queue only appends")
    }

    async fn heads(&self, _chats: &[(ChatId, Seq)]) -> Vec<Result<Option<Head>, StoreError>> {
        panic!("the queue only appends")
    }

    async fn events(
        &self,
        _chat: ChatId,
        _after: Seq,
        _through: Seq,
        _limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        panic!("the queue only appends")
    }

    async fn seq_of(&self, _chat: ChatId, _id: EventId) -> Result<Option<Seq>, StoreError> {
        panic!("the queue only appends")
    }

    fn observe(&self, _event: &Event) {}
}

/// An event that takes a right from somebody.
pub(super) fn removal(user: UserId) -> Content {
    Content::MemberRemoved { user }
}
