//! Noticing that a server has forgotten everything.
//!
//! Every server of Redis holds a birth: the time at which it was found without one. A birth that is not the one remembered
//! means that the server was emptied, in one of many ways that no connection shows. What a server says is "offline" after
//! that has to be newer than all it said before, so the birth is also the lowest version of presence from then on: above
//! the clock of whoever wrote it, and above every version they have seen. And until the nodes have had time to tell it again who
//! is there, that it knows nothing of somebody says nothing about them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fred::types::Value;
use fred::util::redis_keyslot;
use parlour_bus::BusError;
use parlour_model::{Timestamp, limits};
use tokio::time::Instant;

use crate::keys;
use crate::session::{self, Command, Session};

/// The births that were last seen.
#[derive(Debug, Default)]
pub(crate) struct Births {
    seen: Mutex<Seen>,
    floor: AtomicU64,
    highest: AtomicU64,
    tags: Mutex<HashMap<u16, String>>,
}

#[derive(Debug, Default)]
struct Seen {
    births: HashMap<String, u64>,
    /// When one of them was last found to be another than before, and how often that was.
    changed_at: Option<Instant>,
    changes: u64,
}

/// The question for all births, to be sent behind whatever depends on the answer.
#[derive(Debug)]
pub(crate) struct Question {
    tags: Vec<String>,
    proposed: u64,
}

impl Births {
    /// The lowest version of presence.
    pub(crate) fn floor(&self) -> u64 {
        self.floor.load(Ordering::SeqCst)
    }

    /// Notes a version that was seen.
    pub(crate) fn note_version(&self, version: u64) {
        self.highest.fetch_max(version, Ordering::SeqCst);
    }

    /// What to ask every server. A server without a birth gets one.
    pub(crate) fn question(&self, session: &Session, now: Timestamp) -> Question {
        let slots = session.slots();
        let mut tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        let tag = |slot: u16| tags.entry(slot).or_insert_with(|| tag_in(slot)).clone();
        Question {
            tags: if slots.is_empty() {
                vec!["0".to_owned()]
            } else {
                slots.into_iter().map(tag).collect()
            },
            proposed: now.as_millis().max(self.highest.load(Ordering::SeqCst) + 1),
        }
    }

    /// Takes the answers in; whether a server has forgotten everything, as far as can be told.
    pub(crate) fn read(&self, question: &Question, answers: &[Value]) -> bool {
        let mut seen = self.lock();
        let is_first = seen.births.is_empty();
        let mut is_new = false;
        for (tag, answer) in question.tags.iter().zip(answers) {
            // No old value: the proposed one was written.
            let birth = session::number(answer).unwrap_or(question.proposed);
            self.floor.fetch_max(birth, Ordering::SeqCst);
            is_new |= seen.births.insert(tag.clone(), birth) != Some(birth);
        }
        let has_changed = is_new && !is_first;
        if has_changed {
            seen.changed_at = Some(Instant::now());
            seen.changes += 1;
        }
        has_changed
    }

    /// Whether a server has forgotten everything so lately that other nodes may not have told it again who is there.
    pub(crate) fn are_in_doubt(&self) -> bool {
        let changed_at = self.lock().changed_at;
        changed_at.is_some_and(|at| at.elapsed() < limits::PRESENCE_GRACE)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks all servers for their births. Answers how often any of them was found to have forgotten everything, by whomever.
    pub(crate) async fn check(&self, session: &Session, now: Timestamp) -> Result<u64, BusError> {
        let question = self.question(session, now);
        let answers = session.all(question.commands()).await?;
        self.read(&question, &answers);
        Ok(self.lock().changes)
    }
}

impl Question {
    /// The commands that ask.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let birth = |tag: &String| {
            let proposed = self.proposed.to_string();
            let (nx, get) = ("NX".to_owned(), "GET".to_owned());
            Command::new("SET", [keys::birth(tag), proposed, nx, get])
        };
        self.tags.iter().map(birth).collect()
    }
}

/// A tag that lies in this slot.
fn tag_in(slot: u16) -> String {
    (0_u32..)
        .map(|number| number.to_string())
        .find(|tag| redis_keyslot(tag.as_bytes()) == slot)
        .expect("numbers reach every slot")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_a_tag() {
        for slot in [0, 1, 5_461, 10_923, 16_383] {
            assert_eq!(redis_keyslot(keys::birth(&tag_in(slot)).as_bytes()), slot);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_birth_is_noticed_raises_the_floor_and_casts_doubt_for_a_while() {
        let births = Births::default();
        let question = Question {
            tags: vec!["0".to_owned(), "1".to_owned()],
            proposed: 100,
        };
        assert!(!births.read(&question, &[Value::Null, "90".into()]));
        assert!(!births.read(&question, &["100".into(), "90".into()]));
        assert_eq!(births.floor(), 100);
        assert!(
            !births.are_in_doubt(),
            "whoever has just come has seen nothing forgotten"
        );
        let question = Question {
            proposed: 200,
            ..question
        };
        assert!(births.read(&question, &["100".into(), Value::Null]));
        assert_eq!(births.floor(), 200);
        assert!(!births.read(&question, &["100".into(), "200".into()]));
        assert!(births.are_in_doubt());
        tokio::time::advance(limits::PRESENCE_GRACE).await;
        assert!(!births.are_in_doubt());
    }
}
