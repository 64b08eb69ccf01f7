//! The records sorted for the rules: by key, by device, by chat.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use parlour_model::{ChatId, EventKey, Seq, UserId};

use crate::history::{Answer, DeviceId, Digest, History, Record, Seen, What};
use crate::truth::{ChatTruth, Logged, Truth};

/// Everything about one key of one author in one chat.
#[derive(Debug, Default)]
pub(super) struct KeyStory {
    /// Where in the history each attempt began.
    pub(super) calls: Vec<usize>,
    /// What the first attempt said.
    pub(super) digest: Option<Digest>,
    /// Where each answer stands, and what it was.
    pub(super) answers: Vec<(usize, Answer)>,
    /// Which device sent it.
    pub(super) device: Option<DeviceId>,
}

impl KeyStory {
    /// The seqs it was acknowledged as.
    pub(super) fn sent(&self) -> impl Iterator<Item = (usize, Seq, parlour_model::EventId)> + '_ {
        self.answers
            .iter()
            .filter_map(|(place, answer)| match answer {
                Answer::Sent { seq, id } => Some((*place, *seq, *id)),
                _ => None,
            })
    }

    /// Whether the server has said for certain that no attempt is stored.
    pub(super) fn is_definitely_absent(&self) -> bool {
        let not_stored = self
            .answers
            .iter()
            .filter(|(_, a)| *a == Answer::NotStored)
            .count();
        let cancelled = self.answers.iter().any(|(_, a)| *a == Answer::Cancelled);
        cancelled || (not_stored == self.calls.len() && !self.calls.is_empty())
    }
}

/// A key in its scope.
pub(super) type KeyScope = (ChatId, UserId, EventKey);

/// One step of a device's cursor in one chat.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// Applied.
    Applied(&'a Seen),
    /// Set.
    Set(Seq),
}

/// The records, sorted.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) records: &'a [Record],
    pub(super) truth: &'a Truth,
    pub(super) quiet_at: Duration,
    pub(super) keys: BTreeMap<KeyScope, KeyStory>,
    pub(super) steps: BTreeMap<(DeviceId, ChatId), Vec<Step<'a>>>,
    pub(super) owner: HashMap<DeviceId, UserId>,
    logged: HashMap<(ChatId, Seq), &'a Logged>,
}

impl<'a> View<'a> {
    pub(super) fn new(history: &'a History, truth: &'a Truth) -> Self {
        let mut view = Self {
            records: &history.records,
            truth,
            quiet_at: history.quiet_at,
            keys: BTreeMap::new(),
            steps: BTreeMap::new(),
            owner: HashMap::new(),
            logged: HashMap::new(),
        };
        for (chat, state) in &truth.chats {
            view.logged
                .extend(state.events.iter().map(|event| ((*chat, event.seq), event)));
        }
        for (place, record) in history.records.iter().enumerate() {
            view.owner.insert(record.device, record.user);
            view.sort_in(place, record);
        }
        view
    }

    fn sort_in(&mut self, place: usize, record: &'a Record) {
        let steps = |chat: &ChatId| (record.device, *chat);
        match &record.what {
            What::Called { chat, key, digest } => {
                let story = self.keys.entry((*chat, record.user, *key)).or_default();
                story.calls.push(place);
                story.digest.get_or_insert_with(|| digest.clone());
                story.device.get_or_insert(record.device);
            }
            What::Answered { chat, key, answer } => {
                let story = self.keys.entry((*chat, record.user, *key)).or_default();
                story.answers.push((place, *answer));
            }
            What::Applied(seen) => {
                self.steps
                    .entry(steps(&seen.chat))
                    .or_default()
                    .push(Step::Applied(seen));
            }
            What::CursorSet { chat, seq } => {
                self.steps
                    .entry(steps(chat))
                    .or_default()
                    .push(Step::Set(*seq));
            }
            _ => {}
        }
    }

    /// The event of the log at a place, if the server gave it.
    pub(super) fn logged(&self, chat: ChatId, seq: Seq) -> Option<&'a Logged> {
        self.logged.get(&(chat, seq)).copied()
    }

    /// A chat's final state.
    pub(super) fn chat(&self, chat: ChatId) -> Option<&'a ChatTruth> {
        self.truth.chats.get(&chat)
    }

    /// Every application of an event, with its place.
    pub(super) fn applications(&self) -> impl Iterator<Item = (usize, &'a Record, &'a Seen)> {
        self.records
            .iter()
            .enumerate()
            .filter_map(|(place, record)| match &record.what {
                What::Applied(seen) => Some((place, record, seen)),
                _ => None,
            })
    }
}
