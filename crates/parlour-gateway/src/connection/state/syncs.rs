//! The syncs of one connection: one at a time, and those that belong to its `hello`.
//!
//! `ready` answers a `hello` after the last sync that belongs to it: its own, or, with `more`, the first one that comes without.

use std::collections::{BTreeMap, VecDeque};

use parlour_delivery::SyncKind;
use parlour_model::{ChatId, Seq};
use parlour_protocol::{
    ErrorBody, ErrorCode, ReadyFrame, Reference, ServerFrame, SyncFrame, SyncedFrame,
};

use crate::settings::HELLO_SYNCS_MAX;

/// A sync to be carried out.
#[derive(Debug, PartialEq)]
pub(crate) struct SyncRequest {
    /// By chat, the seq after which events are missing.
    pub(crate) cursors: BTreeMap<ChatId, Seq>,
    /// Of a `hello` or by itself.
    pub(crate) kind: SyncKind,
    /// Whether another one follows that belongs to the same `hello`.
    pub(crate) more: bool,
    /// What is sent when it is done.
    pub(crate) answers: Vec<ServerFrame>,
}

#[derive(Debug, Default)]
pub(super) struct Syncs {
    /// The `hello` whose last sync has not come yet.
    hello: Option<OpenHello>,
    running: bool,
    // queue: requests in flight per connection
    waiting: VecDeque<SyncRequest>,
}

#[derive(Debug)]
struct OpenHello {
    reference: Option<Reference>,
    syncs_left: usize,
}

impl Syncs {
    /// The sync of a `hello`.
    pub(super) fn hello(
        &mut self,
        reference: Option<Reference>,
        cursors: BTreeMap<ChatId, Seq>,
        more: bool,
    ) -> SyncRequest {
        let mut answers = Vec::new();
        if more {
            let syncs_left = HELLO_SYNCS_MAX;
            self.hello = Some(OpenHello {
                reference,
                syncs_left,
            });
        } else {
            answers.push(ready(reference));
        }
        self.running = true;
        let kind = SyncKind::Hello;
        SyncRequest {
            cursors,
            kind,
            more,
            answers,
        }
    }

    /// Takes a `sync`; answers it if it starts now.
    pub(super) fn arrive(&mut self, frame: SyncFrame) -> Result<Option<SyncRequest>, ErrorBody> {
        let mut answers = vec![ServerFrame::Synced(SyncedFrame {
            reference: frame.reference,
        })];
        let more = match &mut self.hello {
            Some(open) if frame.more && open.syncs_left == 0 => return Err(too_many_syncs()),
            Some(open) if frame.more => {
                open.syncs_left -= 1;
                true
            }
            Some(_) | None => {
                answers.extend(self.hello.take().map(|open| ready(open.reference)));
                false
            }
        };
        let request = SyncRequest {
            cursors: frame.cursors,
            kind: SyncKind::Sync,
            more,
            answers,
        };
        if self.running {
            self.waiting.push_back(request);
            return Ok(None);
        }
        self.running = true;
        Ok(Some(request))
    }

    /// Notes that the running sync ended; answers the next.
    pub(super) fn finish(&mut self) -> Option<SyncRequest> {
        let next = self.waiting.pop_front();
        self.running = next.is_some();
        next
    }

    /// How many are under way or waiting.
    pub(super) fn count(&self) -> usize {
        usize::from(self.running) + self.waiting.len()
    }
}

fn ready(reference: Option<Reference>) -> ServerFrame {
    ServerFrame::Ready(ReadyFrame { reference })
}

fn too_many_syncs() -> ErrorBody {
    ErrorBody::new(
        ErrorCode::LimitReached,
        format!("at most {HELLO_SYNCS_MAX} syncs follow a `hello`; send the last without `more`"),
    )
}
