//! The order in which one connection's requests enter logs.
//!
//! Of what enters a log, one request per chat is under way; later ones wait for it. After an attempt that may be tried again
//! (or may even be stored), later keys of that chat are refused until that key is settled: sent, cancelled (or the `cancel`
//! refused for good), or refused for good without an attempt of unknown outcome. A refused key is unsettled in turn, so a chat's keys are settled in the order in
//! which the client first sent them, also when it sends faster than it reads answers. Pure; an idle chat has no entry.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use parlour_model::{ChatId, EventKey};
use parlour_protocol::{ClientFrame, ErrorBody, ErrorCode};

/// A request that enters a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogRequest {
    /// What it is called while it is under way.
    pub(crate) name: LogName,
    /// The frame itself.
    pub(crate) frame: ClientFrame,
    /// Why it is refused when its turn comes, if that is settled already.
    pub(crate) doomed: Option<ErrorBody>,
}

/// Names a request that enters a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogName {
    /// Where.
    pub(crate) chat: ChatId,
    /// Under which key.
    pub(crate) key: EventKey,
    /// Whether it gives the key up instead of using it. That is never refused for the order's sake: it adds nothing
    /// to the log, and it is how a client gets rid of a key.
    pub(crate) cancels: bool,
}

impl LogName {
    /// The name of a frame; `None` if it does not enter a log.
    pub(crate) fn of(frame: &ClientFrame) -> Option<Self> {
        let (chat, key, cancels) = match frame {
            ClientFrame::Send(frame) => (frame.chat, frame.key, false),
            ClientFrame::Edit(frame) => (frame.chat, frame.key, false),
            ClientFrame::Delete(frame) => (frame.chat, frame.key, false),
            ClientFrame::React(frame) => (frame.chat, frame.key, false),
            ClientFrame::Cancel(frame) => (frame.chat, frame.key, true),
            _ => return None,
        };
        Some(Self { chat, key, cancels })
    }
}

/// How an attempt ended, as far as the order is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// In the log, or never to be.
    Settled,
    /// This attempt was refused for good.
    Never,
    /// It may be tried again; `stored` is not known to be false if `unknown`.
    Again {
        /// Whether the attempt may be stored.
        unknown: bool,
    },
}

/// What happens to a request whose turn it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It starts now.
    Start(LogRequest),
    /// It is answered with this error.
    Refuse(LogRequest, ErrorBody),
}

/// The lanes of one connection, by chat.
#[derive(Debug, Default)]
pub(crate) struct Order {
    lanes: HashMap<ChatId, Lane>,
    waiting: usize,
    running: usize,
    unsettled: usize,
}

#[derive(Debug, Default)]
struct Lane {
    running: bool,
    // queue: requests in flight per connection
    waiting: VecDeque<LogRequest>,
    // not a queue: names of keys the client still has to settle, oldest first; nothing waits in here
    unsettled: VecDeque<Unsettled>,
}

#[derive(Debug)]
struct Unsettled {
    key: EventKey,
    /// Whether an attempt of it may be stored.
    unknown: bool,
}

impl Order {
    /// Takes a request; `None` means that it waits.
    pub(crate) fn arrive(&mut self, request: LogRequest) -> Option<Turn> {
        let chat = request.name.chat;
        let lane = self.lanes.entry(chat).or_default();
        if lane.running {
            lane.waiting.push_back(request);
            self.waiting += 1;
            return None;
        }
        let before = lane.unsettled.len();
        let turn = lane.judge(request);
        self.unsettled = self.unsettled + lane.unsettled.len() - before;
        self.running += usize::from(lane.running);
        self.forget_if_idle(chat);
        Some(turn)
    }

    /// Notes how a started request ended; answers what happens to those that waited for it.
    pub(crate) fn finish(&mut self, name: LogName, verdict: Verdict) -> Vec<Turn> {
        let Some(lane) = self.lanes.get_mut(&name.chat) else {
            return Vec::new();
        };
        let before = lane.unsettled.len();
        lane.running = false;
        self.running -= 1;
        lane.settle(name, verdict);
        let mut turns = Vec::new();
        while !lane.running
            && let Some(next) = lane.waiting.pop_front()
        {
            self.waiting -= 1;
            turns.push(lane.judge(next));
        }
        self.running += usize::from(lane.running);
        self.unsettled = self.unsettled + lane.unsettled.len() - before;
        self.forget_if_idle(name.chat);
        turns
    }

    /// How many requests are under way.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// How many requests wait for another one of their chat.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many keys the client still has to settle.
    pub(crate) fn unsettled(&self) -> usize {
        self.unsettled
    }

    fn forget_if_idle(&mut self, chat: ChatId) {
        if let Entry::Occupied(lane) = self.lanes.entry(chat)
            && lane.get().is_idle()
        {
            lane.remove();
        }
    }
}

impl Lane {
    fn is_idle(&self) -> bool {
        !self.running && self.waiting.is_empty() && self.unsettled.is_empty()
    }

    fn judge(&mut self, request: LogRequest) -> Turn {
        let LogName { key, cancels, .. } = request.name;
        let predecessor = self.unsettled.front().is_some_and(|first| first.key != key);
        let error = match &request.doomed {
            Some(error) => error.clone(),
            None if predecessor && !cancels => predecessor_pending(),
            None => {
                self.running = true;
                return Turn::Start(request);
            }
        };
        if !cancels {
            self.remember(key);
        }
        Turn::Refuse(request, error)
    }

    fn remember(&mut self, key: EventKey) {
        if self.unsettled.iter().all(|known| known.key != key) {
            let unknown = false;
            self.unsettled.push_back(Unsettled { key, unknown });
        }
    }

    fn settle(&mut self, name: LogName, verdict: Verdict) {
        let key = name.key;
        let known = self.unsettled.iter().position(|known| known.key == key);
        match (verdict, known) {
            (Verdict::Settled, Some(at)) => {
                self.unsettled.remove(at);
            }
            (Verdict::Again { unknown }, Some(at)) if !name.cancels => {
                self.unsettled[at].unknown |= unknown;
            }
            // It started, so nothing unsettled is older.
            (Verdict::Again { unknown }, None) if !name.cancels => {
                self.unsettled.push_front(Unsettled { key, unknown });
            }
            // A client gives a key up whose `cancel` is refused for good: nothing of it comes after that.
            (Verdict::Never, Some(at)) if name.cancels || !self.unsettled[at].unknown => {
                self.unsettled.remove(at);
            }
            (Verdict::Settled | Verdict::Never | Verdict::Again { .. }, _) => {}
        }
    }
}

fn predecessor_pending() -> ErrorBody {
    ErrorBody::new(
        ErrorCode::PredecessorPending,
        "an earlier frame for this chat is not settled: send that key again, or cancel it, then this one",
    )
}

#[cfg(test)]
mod tests;
