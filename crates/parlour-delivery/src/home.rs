//! Hot chats have a home: one node that appends for the others.
//!
//! Conditional commits of several nodes on one chat fight each other. A node that loses such races asks the chat's home to
//! append for it, and the home's own queue turns many nodes' drafts into few commits. The home is only a way to be fast:
//! the commit alone decides what is true, so any node may append for any chat at any time, the home of a chat may be
//! another in the eyes of another node, and a draft may be appended here and there with the same key. A request is served
//! once at most, however often it arrives: an answer that nothing came of it stays true.
//!
//! Who wins the races never loses one, so it would never come by itself, and a home that loses to it would starve with
//! all whom it serves. So a home that loses calls the others.
//!
//! Requests and answers travel over the node channels, all that wait for one node in one packet.

mod line;
mod pick;
mod seen;
mod serve;
mod words;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use dashmap::DashMap;
use parlour_bus::NodeRef;
use parlour_model::{ChatId, Draft, Event, EventId, Seq};
use tokio::sync::{Semaphore, oneshot};

use crate::core::Core;
use crate::packet::Packet;
use line::Lines;
use seen::Seen;

pub(crate) use pick::mix;
pub(crate) use words::HomeWord;
use words::WireDraft;

/// Requests of other nodes that are served at once. Beyond, the answer is that this node is busy.
const SERVED_MAX: usize = 1_024;

/// What a home did with one draft. What each says about the log is what the store's outcome of the same name says, but
/// only of the attempt that the home made: as long as another attempt of the key may be under way, nothing definite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HomeOutcome {
    /// Durable, and new.
    Created(Event),
    /// Durable since an earlier attempt of the same key with the same content.
    Existing(Event),
    /// The key names another event, with other content.
    KeyReused {
        /// Its seq.
        seq: Seq,
        /// Its id.
        id: EventId,
    },
    /// The key was cancelled.
    Cancelled,
    /// The rights epoch is not the draft's: authorize again.
    RightsChanged,
    /// The home's attempt is certainly not in the log and never will be; why.
    NotStored(HomeRefusal),
    /// Too much waits at the home, which has not tried. That is the answer, and no reason to append elsewhere.
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The home's attempt may be in the log. Everything up to `applied` was searched and does not hold the key.
    Unknown {
        /// A seq, if one is known.
        applied: Option<Seq>,
    },
}

/// Why a home did not store a draft.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HomeRefusal {
    /// The key's own time is too old, by the home's clock.
    KeyTooOld,
    /// The key's own time is too far ahead of the home's clock.
    KeyFromTheFuture,
    /// There is no such chat.
    ChatNotFound,
    /// The event is larger than the store takes.
    TooLarge,
    /// The store cannot write until an operator makes room.
    ReadOnly,
    /// The home could not reach its store, or it was overloaded.
    Unavailable,
}

/// Why there is no answer of a home. The caller appends itself, with the same keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HomeError {
    /// This node is the home, or there is no other. Nothing was sent.
    #[error("this node is the home")]
    Here,
    /// Nobody took the request, so nothing came of it: append at once.
    #[error("nobody took the request")]
    Nobody,
    /// Too many requests wait for that node. Nothing was sent.
    #[error("too many requests wait for the home")]
    Full,
    /// No answer in time. The home may have appended the drafts, or may still: append sparingly, and say nothing definite.
    #[error("the home did not answer in time")]
    Silent,
}

/// Whoever appends for other nodes on this one.
#[async_trait]
pub trait HomeHandler: Send + Sync {
    /// Appends drafts of one chat, as if they had come in on this node, and announces what was created; one outcome for
    /// each, in their order. Each draft was authorized at its epoch by the node that asks, so only what a commit
    /// checks is checked here, and the age of its key. Ends within a few seconds; a caller who goes away takes nothing along.
    async fn append(&self, chat: ChatId, drafts: Vec<Draft>) -> Vec<HomeOutcome>;

    /// Another node takes itself for the home of this chat and loses races there, perhaps to this one.
    fn called(&self, chat: ChatId);
}

/// Requests of this node, and those it serves.
pub(crate) struct Homes {
    handler: OnceLock<Arc<dyn HomeHandler>>,
    lines: Lines,
    waiting: DashMap<u64, oneshot::Sender<Answer>>,
    requests: AtomicU64,
    serving: Arc<Semaphore>,
    seen: Seen,
}

/// `Nobody` or `Silent`, or what the home said.
type Answer = Result<Vec<HomeOutcome>, HomeError>;

impl Homes {
    pub(crate) fn new() -> Self {
        Self {
            handler: OnceLock::new(),
            lines: Lines::default(),
            waiting: DashMap::new(),
            requests: AtomicU64::new(1),
            // queue: requests a home serves
            serving: Arc::new(Semaphore::new(SERVED_MAX)),
            seen: Seen::default(),
        }
    }

    /// Ends the wait for an answer, if somebody still waits.
    fn answer(&self, request: u64, answer: Answer) {
        if let Some((_, waiter)) = self.waiting.remove(&request) {
            // Who no longer waits needs no answer.
            waiter.send(answer).ok();
        }
    }
}

/// A request somebody waits for; forgotten when they cease to.
struct Pending<'a> {
    homes: &'a Homes,
    request: u64,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.homes.waiting.remove(&self.request);
    }
}

impl Core {
    /// Lets this node be a home. Once; a second handler is ignored.
    pub(crate) fn serve_home(&self, handler: Arc<dyn HomeHandler>) {
        if self.homes.handler.set(handler).is_err() {
            tracing::error!("a second handler of appends for other nodes is ignored");
        }
    }

    /// The node that appends for this chat; `None` if that is this one, or the bus is away.
    pub(crate) fn home_of(&self, chat: ChatId) -> Option<NodeRef> {
        let own = self.bus.node();
        if self.bus.is_alone() || self.is_bus_away() {
            return None;
        }
        self.alive_with(own, |nodes| pick::home(chat, nodes))
            .filter(|home| *home != own)
    }

    /// Calls the other nodes that have members of a chat: this one is its home, and they are in its way.
    pub(crate) fn call_home(self: &Arc<Self>, chat: ChatId) {
        metrics::counter!("parlour_home_calls_total").increment(1);
        self.tell_members_nodes(chat, Packet::Home(vec![HomeWord::Come { chat }]));
    }

    /// Asks the home of a chat to append drafts.
    pub(crate) async fn ask_home(
        self: &Arc<Self>,
        chat: ChatId,
        drafts: Vec<Draft>,
        within: Duration,
    ) -> Answer {
        let home = self.home_of(chat).ok_or(HomeError::Here)?;
        let request = self.homes.requests.fetch_add(1, Ordering::Relaxed);
        let (waiter, answer) = oneshot::channel();
        self.homes.waiting.insert(request, waiter);
        let _pending = Pending {
            homes: &self.homes,
            request,
        };
        let own = self.bus.node();
        let asked = drafts.len();
        let word = HomeWord::Append {
            request,
            number: own.number.get(),
            incarnation: own.incarnation,
            chat,
            drafts: drafts.into_iter().map(WireDraft::from).collect(),
        };
        if !self.send_home_word(home, word) {
            return Err(HomeError::Full);
        }
        let answer = match tokio::time::timeout(within, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(HomeError::Silent),
        };
        let answer = answer.and_then(|outcomes| {
            let is_whole = outcomes.len() == asked;
            is_whole.then_some(outcomes).ok_or(HomeError::Silent)
        });
        let outcome = match &answer {
            Ok(_) => "answered",
            Err(HomeError::Nobody) => "nobody",
            Err(_) => "silent",
        };
        metrics::counter!("parlour_home_requests_total", "outcome" => outcome).increment(1);
        answer
    }
}
