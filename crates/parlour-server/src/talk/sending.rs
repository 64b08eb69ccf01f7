//! What the user has sent and what became of it, until it is settled.
//!
//! The answer to a send and its own event come in either order; whichever is second finds nothing left to show.

use std::collections::{BTreeMap, BTreeSet};

use parlour_client::{Operation, Outgoing, Sent};
use parlour_model::{ChatId, EventKey, Seq};
use parlour_protocol::WireEvent;

use super::render::{body_text, gist};

/// Sends on their way, and settled ones whose event is still to come.
#[derive(Debug, Default)]
pub(super) struct Sending {
    pending: BTreeMap<EventKey, Pending>,
    stalled: BTreeSet<EventKey>,
    expected: BTreeSet<(ChatId, Seq)>,
    told: BTreeMap<ChatId, Seq>,
}

/// One send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    /// Where.
    pub(super) chat: ChatId,
    /// What, for the user.
    pub(super) what: What,
}

/// What a send does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A message that says this.
    Message(String),
    /// Something about an earlier message, in words.
    Other(String),
}

impl From<&Operation> for What {
    fn from(operation: &Operation) -> Self {
        match operation {
            Operation::Send { body, .. } => Self::Message(gist(&body_text(body))),
            Operation::Edit { target, .. } => Self::Other(format!("edit of [{target}]")),
            Operation::Delete { target } => Self::Other(format!("deletion of [{target}]")),
            Operation::React {
                target,
                emoji,
                on: true,
            } => Self::Other(format!("{emoji} on [{target}]")),
            Operation::React { target, emoji, .. } => {
                Self::Other(format!("{emoji} off [{target}]"))
            }
        }
    }
}

impl What {
    /// The words.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Message(text) | Self::Other(text) => text,
        }
    }
}

impl Sending {
    /// What an earlier run left in the outbox.
    pub(super) fn resume(outbox: &[Outgoing]) -> Self {
        let mut sending = Self::default();
        for entry in outbox {
            let what = What::from(&entry.operation);
            sending.begin(
                entry.first_key,
                Pending {
                    chat: entry.chat,
                    what,
                },
            );
        }
        sending
    }

    /// Something is in the outbox now.
    pub(super) fn begin(&mut self, key: EventKey, pending: Pending) {
        self.pending.insert(key, pending);
    }

    /// How many are not settled.
    pub(super) fn count(&self) -> usize {
        self.pending.len()
    }

    /// A send cannot go on by itself.
    pub(super) fn stall(&mut self, key: EventKey) -> Option<&Pending> {
        self.stalled.insert(key);
        self.pending.get(&key)
    }

    /// The sends that cannot go on, which are about to be given up.
    pub(super) fn take_stalled(&mut self) -> BTreeSet<EventKey> {
        std::mem::take(&mut self.stalled)
    }

    /// A send is in its log: what it was, if it is known.
    pub(super) fn sent(&mut self, chat: ChatId, key: EventKey, sent: &Sent) -> Option<Pending> {
        let is_to_come = self.told.get(&chat).is_none_or(|told| *told < sent.seq);
        if is_to_come {
            self.expected.insert((chat, sent.seq));
        }
        self.end(key)
    }

    /// A send is over: what it was, if it is known.
    pub(super) fn end(&mut self, key: EventKey) -> Option<Pending> {
        self.stalled.remove(&key);
        self.pending.remove(&key)
    }

    /// Whether an event is one of those sends, and so on the screen already. Events come in the order of their seqs.
    pub(super) fn is_own(&mut self, event: &WireEvent) -> bool {
        self.told.insert(event.chat, event.seq);
        let was_expected = self.expected.remove(&(event.chat, event.seq));
        was_expected || event.key.is_some_and(|key| self.pending.contains_key(&key))
    }

    /// A chat's events up to `head` will not be told one by one.
    pub(super) fn skip(&mut self, chat: ChatId, head: Seq) {
        self.told.insert(chat, head);
        self.expected
            .retain(|(other, seq)| *other != chat || *seq > head);
    }
}

#[cfg(test)]
mod tests {
    use parlour_model::{Body, Content, Countable, EventId, Timestamp, UserId};

    use super::*;

    fn chat() -> ChatId {
        ChatId::new(9).unwrap()
    }

    fn key() -> EventKey {
        EventKey::generate(Timestamp::from_millis(1))
    }

    fn sent(seq: u64, key: EventKey) -> Sent {
        Sent {
            seq: Seq::new(seq),
            id: EventId::new(seq).unwrap(),
            sent_at: Timestamp::from_millis(1),
            key,
        }
    }

    fn event(seq: u64, key: EventKey) -> WireEvent {
        let event = parlour_model::Event {
            chat: chat(),
            seq: Seq::new(seq),
            id: EventId::new(seq).unwrap(),
            author: UserId::new(1).unwrap(),
            key,
            content: Content::Message {
                body: Body::text("hi"),
                reply_to: None,
            },
            sent_at: Timestamp::from_millis(1),
            countable: Countable::new(1),
            prev_effect: Seq::default(),
            erased: false,
        };
        WireEvent::new(&event, true)
    }

    fn pending() -> Pending {
        Pending {
            chat: chat(),
            what: What::Message("hi".into()),
        }
    }

    #[test]
    fn a_send_is_recognized_whether_its_answer_or_its_event_comes_first() {
        let (first, second) = (key(), key());
        let mut sending = Sending::default();
        sending.begin(first, pending());
        assert!(sending.is_own(&event(2, first)));
        assert_eq!(
            sending.sent(chat(), first, &sent(2, first)),
            Some(pending())
        );

        sending.begin(second, pending());
        assert_eq!(
            sending.sent(chat(), second, &sent(3, second)),
            Some(pending())
        );
        assert!(sending.is_own(&event(3, second)));
        assert_eq!((sending.count(), sending.expected.len()), (0, 0));
    }

    #[test]
    fn a_send_that_needed_another_key_is_recognized_too() {
        let (told, stored) = (key(), key());
        let mut sending = Sending::default();
        sending.begin(told, pending());
        sending.sent(chat(), told, &sent(2, stored));
        assert!(sending.is_own(&event(2, stored)));
    }

    #[test]
    fn what_another_device_sent_is_not_taken_for_ones_own() {
        let mut sending = Sending::default();
        sending.begin(key(), pending());
        assert!(!sending.is_own(&event(2, key())));
    }

    #[test]
    fn what_is_skipped_is_not_waited_for() {
        let key = key();
        let mut sending = Sending::default();
        sending.begin(key, pending());
        sending.sent(chat(), key, &sent(2, key));
        sending.skip(chat(), Seq::new(5));
        assert!(sending.expected.is_empty());
    }
}
