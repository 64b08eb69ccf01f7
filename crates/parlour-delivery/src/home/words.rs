//! Requests to a home and its answers, as they travel.

use std::io::{self, Write};
use std::time::Duration;

use parlour_model::{
    BodyHash, ChatId, Content, Draft, Epoch, EventId, EventKey, Seq, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use super::{HomeOutcome, HomeRefusal};
use crate::packet::PacketEvent;

/// One request or one answer. Many share a packet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HomeWord {
    /// Append these, and answer to this life of this node.
    Append {
        request: u64,
        number: u16,
        incarnation: u64,
        chat: ChatId,
        drafts: Vec<WireDraft>,
    },
    /// What became of the drafts of a request; `None` if nobody serves here, and nothing came of it.
    Appended {
        request: u64,
        outcomes: Option<Vec<WireOutcome>>,
    },
    /// The sender is the chat's home and loses races there: send it what is to be appended.
    Come { chat: ChatId },
}

impl HomeWord {
    /// How many bytes it is in a packet, which has a bound.
    pub(super) fn bytes(&self) -> usize {
        let mut counted = Counted(0);
        rmp_serde::encode::write_named(&mut counted, self)
            .expect("packets hold nothing that cannot be written");
        counted.0
    }
}

/// Takes bytes and keeps their number.
struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WireDraft {
    author: UserId,
    key: EventKey,
    epoch: Epoch,
    applied: Seq,
    content: Content,
    sent_at: Option<Timestamp>,
    hash: BodyHash,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WireOutcome {
    Created(PacketEvent),
    Existing(PacketEvent),
    KeyReused { seq: Seq, id: EventId },
    Cancelled,
    RightsChanged,
    NotStored(HomeRefusal),
    Busy { retry_after_ms: u64 },
    Unknown { applied: Option<Seq> },
}

impl From<Draft> for WireDraft {
    fn from(draft: Draft) -> Self {
        Self {
            author: draft.author,
            key: draft.key,
            epoch: draft.epoch,
            applied: draft.applied,
            content: draft.content,
            sent_at: draft.sent_at,
            hash: draft.hash,
        }
    }
}

impl From<WireDraft> for Draft {
    fn from(draft: WireDraft) -> Self {
        Self {
            author: draft.author,
            key: draft.key,
            epoch: draft.epoch,
            applied: draft.applied,
            content: draft.content,
            sent_at: draft.sent_at,
            hash: draft.hash,
        }
    }
}

impl From<HomeOutcome> for WireOutcome {
    fn from(outcome: HomeOutcome) -> Self {
        match outcome {
            HomeOutcome::Created(event) => Self::Created(event.into()),
            HomeOutcome::Existing(event) => Self::Existing(event.into()),
            HomeOutcome::KeyReused { seq, id } => Self::KeyReused { seq, id },
            HomeOutcome::Cancelled => Self::Cancelled,
            HomeOutcome::RightsChanged => Self::RightsChanged,
            HomeOutcome::NotStored(why) => Self::NotStored(why),
            HomeOutcome::Busy { retry_after } => Self::Busy {
                retry_after_ms: u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX),
            },
            HomeOutcome::Unknown { applied } => Self::Unknown { applied },
        }
    }
}

impl From<WireOutcome> for HomeOutcome {
    fn from(outcome: WireOutcome) -> Self {
        match outcome {
            WireOutcome::Created(event) => Self::Created(event.into()),
            WireOutcome::Existing(event) => Self::Existing(event.into()),
            WireOutcome::KeyReused { seq, id } => Self::KeyReused { seq, id },
            WireOutcome::Cancelled => Self::Cancelled,
            WireOutcome::RightsChanged => Self::RightsChanged,
            WireOutcome::NotStored(why) => Self::NotStored(why),
            WireOutcome::Busy { retry_after_ms } => Self::Busy {
                retry_after: Duration::from_millis(retry_after_ms),
            },
            WireOutcome::Unknown { applied } => Self::Unknown { applied },
        }
    }
}
