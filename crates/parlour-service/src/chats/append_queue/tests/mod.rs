//! The queue against a log in memory whose every answer the test decides.

mod batches;
mod home;
mod lifetime;
mod log;
mod order;
mod outcomes;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use parlour_delivery::{HomeError, HomeOutcome};
use parlour_model::{Body, ChatId, Content, Draft, Epoch, Event, EventKey, Seq, Timestamp, UserId};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Answer, AppendParts, AppendQueues, Patience, Surroundings};
use crate::ServiceError;
use home::TestHome;
use log::{Step, TestLog};

const CHAT: u64 = 7;
const PATIENCE: Patience = Patience {
    append_within: Duration::from_secs(3),
    tries: 3,
    pause: Duration::from_millis(40),
    authorizations: 4,
};

/// Authorizes everybody at the log's epoch but those who were refused, and writes down what it is told.
struct Recorder {
    log: Arc<TestLog>,
    refused: Mutex<Vec<UserId>>,
    told: Mutex<Vec<Seq>>,
    authorized: Mutex<Vec<UserId>>,
    home: TestHome,
}

#[async_trait]
impl Surroundings for Recorder {
    async fn authorize_again(
        &self,
        _chat: ChatId,
        author: UserId,
        _content: &Content,
    ) -> Result<Epoch, ServiceError> {
        self.authorized.lock().unwrap().push(author);
        if self.refused.lock().unwrap().contains(&author) {
            Err(ServiceError::Forbidden)
        } else {
            Ok(self.log.epoch())
        }
    }

    async fn committed(&self, event: &Event) {
        self.told.lock().unwrap().push(event.seq);
    }

    async fn committed_at_home(&self, event: &Event) {
        self.home.told.lock().unwrap().push(event.seq);
    }

    fn has_home_elsewhere(&self, _chat: ChatId) -> bool {
        self.home.exists.load(Ordering::SeqCst)
    }

    fn call_home(&self, chat: ChatId) {
        self.home.called.lock().unwrap().push(chat);
    }

    async fn ask_home(
        &self,
        _chat: ChatId,
        drafts: Vec<Draft>,
        within: Duration,
    ) -> Result<Vec<HomeOutcome>, HomeError> {
        self.home.ask(drafts, within).await
    }
}

/// One chat's queue in a laboratory.
struct Lab {
    log: Arc<TestLog>,
    recorder: Arc<Recorder>,
    queues: AppendQueues,
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Lab {
    fn new() -> Self {
        let log = Arc::new(TestLog::default());
        let recorder = Arc::new(Recorder {
            log: Arc::clone(&log),
            refused: Mutex::default(),
            told: Mutex::default(),
            authorized: Mutex::default(),
            home: TestHome::default(),
        });
        let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
        let queues = AppendQueues::new(AppendParts {
            log: log.clone(),
            surroundings: recorder.clone(),
            patience: PATIENCE,
            homes: true,
            tracker: tracker.clone(),
            token: token.clone(),
        });
        Self {
            log,
            recorder,
            queues,
            tracker,
            token,
        }
    }

    /// Puts a draft into the queue now; the answer comes by the returned set.
    fn submit(&self, draft: Draft) -> JoinSet<Answer> {
        let mut answer = JoinSet::new();
        match self.queues.enqueue(chat(), draft) {
            Ok(receiver) => answer.spawn(async move {
                let lost = ServiceError::OutcomeUnknown { applied: None };
                receiver.await.unwrap_or(Err(lost))
            }),
            Err(refused) => answer.spawn(async move { Err(refused) }),
        };
        answer
    }

    /// Lets a first append begin and hang, so that whatever comes now waits.
    async fn occupy(&self) -> JoinSet<Answer> {
        self.log.script([Step::Hold]);
        let first = self.submit(message(user(999), "first"));
        self.log.begun(1).await;
        first
    }

    async fn idle(&self) {
        self.tracker.close();
        self.tracker.wait().await;
        assert!(self.queues.shared.queues.is_empty());
    }

    fn told(&self) -> Vec<u64> {
        let told = self.recorder.told.lock().unwrap();
        told.iter().map(|seq| seq.get()).collect()
    }
}

async fn answer(mut answer: JoinSet<Answer>) -> Answer {
    answer.join_next().await.unwrap().unwrap()
}

fn chat() -> ChatId {
    ChatId::new(CHAT).unwrap()
}

fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

fn draft(author: UserId, content: Content) -> Draft {
    let now = Timestamp::from_millis(1_800_000_000_000);
    Draft::new(author, EventKey::generate(now), Epoch::ZERO, content)
}

fn message(author: UserId, text: &str) -> Draft {
    let (body, reply_to) = (Body::text(text), None);
    draft(author, Content::Message { body, reply_to })
}
