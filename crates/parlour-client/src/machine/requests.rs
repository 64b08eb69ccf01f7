//! Frames that wait for their answer.

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

/// A frame that was sent.
#[derive(Debug)]
pub(super) struct OpenRequest {
    pub(super) connection: ConnectionId,
    pub(super) sent_at: Timestamp,
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
            sent_at: now,
            request,
        };
        self.open.insert(self.last, open);
        Reference::from(self.last)
    }

    /// The request this answers, which is closed by it.
    pub(super) fn close(&mut self, reference: Option<&Reference>) -> Option<Request> {
        let number: u64 = reference?.as_str().parse().ok()?;
        self.open.remove(&number).map(|open| open.request)
    }

    /// All requests of a connection that ended; none of them is open any more.
    pub(super) fn lose(&mut self, connection: ConnectionId) -> Vec<Request> {
        let of_it = |_: &u64, open: &mut OpenRequest| open.connection == connection;
        self.open
            .extract_if(.., of_it)
            .map(|(_, open)| open.request)
            .collect()
    }

    /// When the oldest request that must be answered soon was sent on `connection`.
    pub(super) fn oldest(&self, connection: ConnectionId) -> Option<Timestamp> {
        // `ready` may take as long as events keep coming.
        self.open
            .values()
            .find(|open| open.connection == connection && !matches!(open.request, Request::Hello))
            .map(|open| open.sent_at)
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
