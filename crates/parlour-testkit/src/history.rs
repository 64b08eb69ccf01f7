//! What clients recorded: every call, every answer, every observation, in one order.
//!
//! All devices of a test record into one [`Recorder`], so a record's place is a real order of time: whatever
//! stands before another record happened before it ended. The checker needs nothing else of the clients.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use parlour_model::{ChatId, EventId, EventKey, PresenceStatus, Seq, UserId};
use tokio::time::Instant;

/// Names one device of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u32);

/// One thing that happened on one device.
#[derive(Debug, Clone)]
pub struct Record {
    /// Since the recorder started.
    pub at: Duration,
    /// Where.
    pub device: DeviceId,
    /// Whose device.
    pub user: UserId,
    /// What.
    pub what: What,
}

/// What can happen on a device.
#[derive(Debug, Clone)]
pub enum What {
    /// The device is connected and in sync.
    Connected,
    /// The connection ended, however it did.
    Disconnected,
    /// The device asks for what it misses: by the greeting of a new connection, or by a sync.
    SyncBegan,
    /// Such a question has ended.
    SyncEnded {
        /// Whether by having been answered to its end; else it was refused, or its connection broke.
        complete: bool,
    },
    /// An attempt to put something into a log begins.
    Called {
        /// The chat.
        chat: ChatId,
        /// The key; an attempt more if it was called before.
        key: EventKey,
        /// What it says.
        digest: Digest,
    },
    /// An attempt, or a cancellation, was answered.
    Answered {
        /// The chat.
        chat: ChatId,
        /// The key.
        key: EventKey,
        /// The answer.
        answer: Answer,
    },
    /// An event was applied: shown, and the cursor moved.
    Applied(Seen),
    /// The cursor was set without applying what lies below: joined, or `too_long`.
    CursorSet {
        /// The chat.
        chat: ChatId,
        /// To here.
        seq: Seq,
    },
    /// A page of history was read.
    HistoryRead {
        /// The chat.
        chat: ChatId,
        /// The page includes everything up to here.
        at: Seq,
    },
    /// A watermark is going to be raised.
    MarkCalled {
        /// The chat.
        chat: ChatId,
        /// To here.
        watermark: Watermark,
    },
    /// A watermark was raised, durably.
    MarkOk {
        /// The chat.
        chat: ChatId,
        /// To here.
        watermark: Watermark,
    },
    /// Somebody's watermarks were seen.
    ReceiptSeen {
        /// The chat.
        chat: ChatId,
        /// Whose.
        of: UserId,
        /// Delivered.
        delivered: Seq,
        /// Read.
        read: Seq,
    },
    /// Somebody's presence was seen.
    PresenceSeen {
        /// Whose.
        of: UserId,
        /// The status.
        status: PresenceStatus,
        /// The version.
        version: u64,
    },
    /// The device's session was revoked, and the revocation was answered.
    Revoked,
}

/// One of the two watermarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watermark {
    /// Delivered up to here.
    Delivered(Seq),
    /// Read up to here.
    Read(Seq),
}

/// Kind and content of an event, comparable: two events that say the same have equal digests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(pub String);

/// How an attempt was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Durable, as this event.
    Sent {
        /// Its seq.
        seq: Seq,
        /// Its id.
        id: EventId,
    },
    /// This attempt is not and will not be stored.
    NotStored,
    /// Nobody knows: an `unknown`, a time-out, a lost connection.
    Unknown,
    /// No attempt of the key is or will be stored.
    Cancelled,
}

/// An event as one device saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The chat.
    pub chat: ChatId,
    /// Its seq.
    pub seq: Seq,
    /// Its id.
    pub id: EventId,
    /// Its author.
    pub author: UserId,
    /// Its key, if this device may know it.
    pub key: Option<EventKey>,
    /// What it says.
    pub digest: Digest,
}

/// All records of a test.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// In the order in which they were recorded.
    pub records: Vec<Record>,
    /// When the test stopped disturbing and waiting, since the start: what had to arrive has arrived.
    pub quiet_at: Duration,
}

impl History {
    /// The chats in which somebody saw or sent something.
    #[must_use]
    pub fn chats(&self) -> BTreeSet<ChatId> {
        let chats = self.records.iter().filter_map(|record| match &record.what {
            What::Applied(seen) => Some(seen.chat),
            What::Called { chat, .. } => Some(*chat),
            _ => None,
        });
        chats.collect()
    }
}

/// Takes the records of all devices of a test.
#[derive(Debug, Clone)]
pub struct Recorder {
    started: Instant,
    records: Arc<Mutex<Vec<Record>>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            records: Arc::default(),
        }
    }
}

impl Recorder {
    /// Records that `what` happened now.
    pub fn record(&self, device: DeviceId, user: UserId, what: What) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.push(Record {
            at: self.started.elapsed(),
            device,
            user,
            what,
        });
    }

    /// Everything recorded so far; now is the quiet moment at the end.
    #[must_use]
    pub fn history(&self) -> History {
        let records = self
            .records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        History {
            records,
            quiet_at: self.started.elapsed(),
        }
    }
}
