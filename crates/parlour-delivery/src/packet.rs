//! What nodes tell each other.
//!
//! One byte of version, then MessagePack with named fields, so that a field may be added while nodes of two versions
//! run side by side. A packet of another version is not guessed at: the node asks the store instead.

use bytes::Bytes;
use parlour_bus::NodeRef;
use parlour_model::{
    Audience, ChatId, Content, Countable, Event, EventId, EventKey, Presence, Seq, SessionId,
    Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use crate::home::HomeWord;

const VERSION: u8 = 1;

/// A word from node to node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Packet {
    /// Committed events of one chat, by rising seq.
    Events(Vec<PacketEvent>),
    /// A chat has events up to here.
    Doorbell {
        chat: ChatId,
        head: Seq,
    },
    /// A member's watermarks rose.
    Receipt(Receipt),
    /// Watermarks in a large chat rose: whoever shows counts may count again.
    CountsDue {
        chat: ChatId,
    },
    Typing {
        chat: ChatId,
        user: UserId,
        on: bool,
    },
    /// A user looks another way now, and whoever may see since when.
    Presence {
        presence: Presence,
        last_seen: Audience,
    },
    Revoked(Vec<SessionId>),
    /// As [`Packet::Events`], by a node that got them for somebody who had just left it. Not to be passed on again.
    Passed(Vec<PacketEvent>),
    /// Some announcements of the sender are lost, too many to name: compare with the store.
    Compare,
    /// This life of a node ends, and has announced everything it committed.
    Farewell {
        number: u16,
        incarnation: u64,
    },
    /// Requests to a home, and its answers.
    Home(Vec<HomeWord>),
}

/// A member's watermarks, and who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) chat: ChatId,
    pub(crate) user: UserId,
    pub(crate) delivered: Seq,
    pub(crate) read: Seq,
    /// Every member, or only the user's own devices.
    pub(crate) to_members: bool,
}

/// An event as it travels between nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PacketEvent {
    chat: ChatId,
    seq: Seq,
    id: EventId,
    author: UserId,
    key: EventKey,
    content: Content,
    sent_at: Timestamp,
    countable: Countable,
    prev_effect: Seq,
    #[serde(default)]
    erased: bool,
}

/// Why bytes are not a packet of this version.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PacketError {
    #[error("packet of version {0}, this node speaks {VERSION}")]
    Version(u8),
    #[error("empty packet")]
    Empty,
    #[error("unreadable packet: {0}")]
    Unreadable(#[from] rmp_serde::decode::Error),
}

impl Packet {
    pub(crate) fn farewell(node: NodeRef) -> Self {
        Self::Farewell {
            number: node.number.get(),
            incarnation: node.incarnation,
        }
    }

    pub(crate) fn encode(&self) -> Bytes {
        let mut bytes = vec![VERSION];
        rmp_serde::encode::write_named(&mut bytes, self)
            .expect("packets hold nothing that cannot be written");
        Bytes::from(bytes)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, PacketError> {
        match bytes.split_first() {
            Some((&VERSION, body)) => Ok(rmp_serde::from_slice(body)?),
            Some((version, _)) => Err(PacketError::Version(*version)),
            None => Err(PacketError::Empty),
        }
    }
}

impl PacketEvent {
    pub(crate) fn chat(&self) -> ChatId {
        self.chat
    }
}

impl From<Event> for PacketEvent {
    fn from(event: Event) -> Self {
        Self {
            chat: event.chat,
            seq: event.seq,
            id: event.id,
            author: event.author,
            key: event.key,
            content: event.content,
            sent_at: event.sent_at,
            countable: event.countable,
            prev_effect: event.prev_effect,
            erased: event.erased,
        }
    }
}

impl From<PacketEvent> for Event {
    fn from(event: PacketEvent) -> Self {
        Self {
            chat: event.chat,
            seq: event.seq,
            id: event.id,
            author: event.author,
            key: event.key,
            content: event.content,
            sent_at: event.sent_at,
            countable: event.countable,
            prev_effect: event.prev_effect,
            erased: event.erased,
        }
    }
}

#[cfg(test)]
mod tests {
    use parlour_model::{Body, PresenceStatus};

    use super::*;

    fn all() -> Vec<Packet> {
        let (chat, user) = (ChatId::new(1).unwrap(), UserId::new(u64::MAX >> 1).unwrap());
        let body = Body::text("ünïcode");
        let event = Event {
            chat,
            seq: Seq::new(9_007_199_254_740_993),
            id: EventId::new(5).unwrap(),
            author: user,
            key: EventKey::generate(Timestamp::from_millis(1_800_000_000_000)),
            content: Content::Message {
                body,
                reply_to: Some(Seq::new(3)),
            },
            sent_at: Timestamp::from_millis(1),
            countable: Countable::new(2),
            prev_effect: Seq::FIRST,
            erased: true,
        };
        let hidden = Event {
            content: Content::Hidden {},
            ..event
        };
        vec![
            Packet::Events(vec![event.into(), hidden.into()]),
            Packet::Doorbell {
                chat,
                head: Seq::new(7),
            },
            Packet::Receipt(Receipt {
                chat,
                user,
                delivered: Seq::new(2),
                read: Seq::FIRST,
                to_members: true,
            }),
            Packet::CountsDue { chat },
            Packet::Typing {
                chat,
                user,
                on: false,
            },
            Packet::Presence {
                presence: Presence {
                    user,
                    status: PresenceStatus::Away,
                    last_seen: None,
                    version: 3,
                },
                last_seen: Audience::Nobody,
            },
            Packet::Revoked(vec![SessionId::new(4).unwrap()]),
            Packet::Passed(Vec::new()),
            Packet::Compare,
            Packet::Farewell {
                number: 1_023,
                incarnation: u64::MAX,
            },
        ]
    }

    #[test]
    fn every_packet_comes_back_as_it_was() {
        for packet in all() {
            assert_eq!(Packet::decode(&packet.encode()).unwrap(), packet);
        }
    }

    #[test]
    fn what_is_not_a_packet_of_this_version_is_refused() {
        let mut other = all()[1].encode().to_vec();
        other[0] = 2;
        assert!(matches!(
            Packet::decode(&other),
            Err(PacketError::Version(2))
        ));
        assert!(matches!(Packet::decode(&[]), Err(PacketError::Empty)));
        assert!(matches!(
            Packet::decode(&[VERSION, 0xc1]),
            Err(PacketError::Unreadable(_))
        ));
    }
}
