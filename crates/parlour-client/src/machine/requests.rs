//! Frames that wait for their answer.
//!
//! What `hello`, `sync` and `history` ask for may take as long as something keeps coming, and answers to what was sent behind them
//! may stand behind it on the line: their time counts from what came last, or from the end of the long answer.

use std::collections::BTreeMap;

use parlour_model::{ChatId, Mark, Timestamp};
use parlour_protocol::{PageFrame, Reference};

use super::{ConnectionId, ReplyTo};

/// What a frame asked for.
#[derive(Debug)]
pub(super) enum Request {
    /// `hello`, until `ready`.
    Hello,
    /// `sync` of these chats.
    Sync(Vec<ChatId>),
    /// An attempt of the send with this order.
    Attempt(ChatId, u64),
    /// A `cancel` of the send with this order.
    Cancel(ChatId, u64),
    /// A mark.
    Mark(ChatId, Mark),
    /// `watch`; nobody waits when it repeats the last one on a new connection.
    Watch(Option<ReplyTo<()>>),
    /// `set_status`.
    Status(ReplyTo<()>),
    /// `history`.
    History(ReplyTo<PageFrame>),
    /// `refresh`.
    Token,
    /// `ping`.
    Ping,
}

impl Request {
    /// Whether its answer may take long by its size alone.
    fn has_long_answer(&self) -> bool {
        matches!(self, Self::Hello | Self::Sync(_) | Self::History(_))
    }
}

/// A frame that was sent.
#[derive(Debug)]
pub(super) struct OpenRequest {
    pub(super) connection: ConnectionId,
    /// When it was sent, or when the long answer before it ended.
    pub(super) waits_since: Timestamp,
    pub(super) request: Request,
}

/// All open requests of all connections, by number. Numbers rise and are never used again, so an answer finds
/// its request whatever connection it comes on.
#[derive(Debug, Default)]
pub(super) struct Requests {
    last: u64,
    open: BTreeMap<u64, OpenRequest>,
}

impl Requests {
    /// Opens a request and gives the `ref` of its frame.
    pub(super) fn open(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        request: Request,
    ) -> Reference {
        self.last += 1;
        let open = OpenRequest {
            connection,
            waits_since: now,
            request,
        };
        self.open.insert(self.last, open);
        Reference::from(self.last)
    }

    /// The request this answers, which is closed by it.
    pub(super) fn close(
        &mut self,
        now: Timestamp,
        reference: Option<&Reference>,
    ) -> Option<Request> {
        let number: u64 = reference?.as_str().parse().ok()?;
        let closed = self.open.remove(&number)?;
        if closed.request.has_long_answer() {
            let behind = self.open.range_mut(number..).map(|(_, open)| open);
            for open in behind.filter(|open| open.connection == closed.connection) {
                open.waits_since = now;
            }
        }
        Some(closed.request)
    }

    /// All requests of a connection that ended; none of them is open any more.
    pub(super) fn lose(&mut self, connection: ConnectionId) -> Vec<Request> {
        let of_it = |_: &u64, open: &mut OpenRequest| open.connection == connection;
        self.open
            .extract_if(.., of_it)
            .map(|(_, open)| open.request)
            .collect()
    }

    /// Since when an answer is owed on `connection`, on which something last came at `heard_at`.
    pub(super) fn owed_since(
        &self,
        connection: ConnectionId,
        heard_at: Timestamp,
    ) -> Option<Timestamp> {
        let open = self.open.values();
        let mut behind_long_answer = false;
        for open in open.filter(|open| open.connection == connection) {
            behind_long_answer |= open.request.has_long_answer();
            match open.request {
                // `ready` comes when it comes: silence alone counts.
                Request::Hello => {}
                _ if behind_long_answer => return Some(open.waits_since.max(heard_at)),
                _ => return Some(open.waits_since),
            }
        }
        None
    }

    /// Whether an answer that matters may still come on `connection`.
    pub(super) fn awaits(&self, connection: ConnectionId) -> bool {
        self.open.values().any(|open| {
            open.connection == connection
                && !matches!(
                    open.request,
                    Request::Hello | Request::Sync(_) | Request::Ping | Request::Watch(None)
                )
        })
    }
}
