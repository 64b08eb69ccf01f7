//! Chats: what their members may do, one file per use case, each an `impl` block of [`Chats`].
//!
//! Below them the parts they share: `policy` (the table of who may what), `authority` (what is remembered of
//! standings), `gate` (the judgement before a commit) and `append_queue` (the way into a log). Invariants:
//! - Nothing enters a log but through the gate and the queue, or as the first event of a chat, or as the event of a block,
//!   which shows nothing.
//! - What is durable is announced before the caller learns of it, also when it was durable before.
//! - Nothing of a log is released to somebody who was not a member when it was read.
//! - Who is no member cannot tell a chat they may not see from one that does not exist.

mod append_queue;
mod authority;
mod gate;
mod policy;

mod create;
mod create_direct;
mod create_group;

mod cancel;
mod post;

mod block;

mod add_members;
mod leave;
mod remove_member;
mod set_role;
mod turns;
mod update;

mod history;
mod list;
mod members;
mod receipts;
mod report;

mod mark;
mod typing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parlour_delivery::{Delivery, HomeError, HomeOutcome};
use parlour_model::{ChatId, Clock, Content, Draft, Epoch, Event, EventKey, IdGenerator, UserId};
use parlour_store::{ChatLog, SharedStore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use create_group::NewGroup;
pub use history::SeqOrId;
pub use list::ChatPage;
pub use members::MemberPage;
pub use post::{Post, Posted};
pub use report::{NewReport, ReportAbout};
pub use update::ChatChange;
pub(crate) use update::check_data;

use crate::accounts::Limiter;
use crate::patience::PatientStore;
use crate::{Actor, ServiceError};
use append_queue::{AppendParts, AppendQueues, Patience, Surroundings};
use gate::Gate;
use mark::Marking;
use turns::Turns;

/// How long one call to the store may take.
const STORE_WITHIN: Duration = Duration::from_secs(3);

/// What chats are built from.
pub struct ChatParts {
    /// Where everything is kept.
    pub store: SharedStore,
    /// Who tells others of what happened.
    pub delivery: Delivery,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids of chats.
    pub ids: Arc<IdGenerator>,
    /// Whose tasks these are.
    pub tracker: TaskTracker,
    /// Whether chats in which this node loses races against others are appended to by their home, and this node is a home
    /// for others. Without other nodes it changes nothing.
    pub homes: bool,
    /// Ends the tasks: what is being committed is finished, what waits is refused.
    pub token: CancellationToken,
}

/// Everything users may do in chats. Cheap to clone.
#[derive(Clone)]
pub struct Chats {
    inner: Arc<Inner>,
}

/// What the use cases share.
struct Inner {
    store: PatientStore,
    delivery: Delivery,
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
    gate: Arc<Gate>,
    appends: AppendQueues,
    marking: Marking,
    turns: Turns,
    reports: Limiter,
    tracker: TaskTracker,
}

impl Chats {
    /// Chats on these parts.
    #[must_use]
    pub fn new(parts: ChatParts) -> Self {
        let store = PatientStore::new(Arc::clone(&parts.store), STORE_WITHIN);
        let gate = Arc::new(Gate::new(store.clone()));
        let log: Arc<dyn ChatLog> = parts.store;
        let appends = AppendQueues::new(AppendParts {
            log,
            surroundings: Arc::new(Node {
                gate: Arc::clone(&gate),
                delivery: parts.delivery.clone(),
            }),
            patience: Patience::default(),
            homes: parts.homes,
            tracker: parts.tracker.clone(),
            token: parts.token,
        });
        if parts.homes {
            let home = appends.home(Arc::clone(&parts.clock));
            parts.delivery.serve_home(Arc::new(home));
        }
        Self {
            inner: Arc::new(Inner {
                marking: Marking::new(store.clone(), parts.delivery.clone(), parts.tracker.clone()),
                turns: Turns::new(parts.tracker.clone()),
                reports: Limiter::new(report::rate(), &parts.clock),
                tracker: parts.tracker,
                store,
                delivery: parts.delivery,
                clock: parts.clock,
                ids: parts.ids,
                gate,
                appends,
            }),
        }
    }
}

impl Inner {
    /// Enters something that the actor was allowed at `epoch` and for which no client has a key.
    async fn enter(
        &self,
        actor: &Actor,
        chat: ChatId,
        epoch: Epoch,
        content: Content,
    ) -> Result<Event, ServiceError> {
        let key = EventKey::generate(self.clock.now());
        let draft = Draft::new(actor.user, key, epoch, content);
        Ok(self.appends.append(chat, draft).await?.event)
    }
}

/// This node, as the append queues see it.
struct Node {
    gate: Arc<Gate>,
    delivery: Delivery,
}

#[async_trait]
impl Surroundings for Node {
    async fn authorize_again(
        &self,
        chat: ChatId,
        author: UserId,
        content: &Content,
    ) -> Result<Epoch, ServiceError> {
        self.gate.authorize_now(chat, author, content).await
    }

    async fn committed(&self, event: &Event) {
        self.gate.authorities().changed(event).await;
        self.delivery.announce(event);
    }

    async fn committed_at_home(&self, event: &Event) {
        self.gate.authorities().changed(event).await;
        self.delivery.take_in(event);
    }

    fn has_home_elsewhere(&self, chat: ChatId) -> bool {
        self.delivery.has_home_elsewhere(chat)
    }

    fn call_home(&self, chat: ChatId) {
        self.delivery.call_home(chat);
    }

    async fn ask_home(
        &self,
        chat: ChatId,
        drafts: Vec<Draft>,
        within: Duration,
    ) -> Result<Vec<HomeOutcome>, HomeError> {
        self.delivery.ask_home(chat, drafts, within).await
    }
}
