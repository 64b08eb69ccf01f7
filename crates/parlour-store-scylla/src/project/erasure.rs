//! Erasing deleted messages from the log: the body of the message, and the bodies of its edits.
//!
//! Readers do not need it: the overlay hides what is deleted. So nobody waits for it, however many edits there are:
//! - What is due is written down with the other effects of its event, before `projected_seq` says that they are written.
//! - It is erased afterwards, in the order of the seqs and in turns of a bounded length: by whoever committed, then by
//!   whoever compares the chat with its head. How far they came is written down too, so none begins again.
//! - An edit and the deletion of its message may be written at the same time by two nodes. Each is written down before
//!   its writer looks for the other, so whoever comes last finds both.

mod turn;

use std::collections::BTreeSet;

use moka::sync::Cache;
use parlour_model::{ChatId, Content, Event, Seq};
use parlour_store::StoreError;

use crate::ScyllaStore;
use crate::codes;
use crate::columns::int;
use crate::cql::Statement;
use crate::together::together;
use turn::Turn;

/// Chats remembered at most. Forgetting one costs a read.
const REMEMBERED_MAX: u64 = 100_000;

static DELETED_SEQ: Statement = Statement::new(
    "overlay_deleted_seq",
    "SELECT deleted_seq FROM overlay WHERE chat_id = ? AND bucket = ? AND target = ?",
);
static OWE: Statement = Statement::new(
    "erasures_owe",
    "UPDATE erasures SET target = ?, is_edit = ? WHERE chat_id = ? AND seq = ?",
);

/// Up to which seq nothing is left to erase, by chat.
#[derive(Debug)]
pub(crate) struct Erased {
    through: Cache<ChatId, Seq>,
}

impl Erased {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            through: Cache::new(REMEMBERED_MAX),
        }
    }
}

impl ScyllaStore {
    /// Writes down what these events, whose effects are written, leave to be erased. Answers whether it is anything.
    pub(super) async fn owe_erasures(&self, events: &[Event]) -> Result<bool, StoreError> {
        let edited: BTreeSet<Seq> = events.iter().filter_map(edit_of).collect();
        let Some(chat) = events.first().map(|event| event.chat) else {
            return Ok(false);
        };
        let reads = edited.into_iter().map(|target| async move {
            let is_deleted = self.is_deleted(chat, target).await?;
            Ok::<_, StoreError>(is_deleted.then_some(target))
        });
        let deleted = together(reads.collect()).await?;
        let deleted: BTreeSet<Seq> = deleted.into_iter().flatten().collect();
        let mut writes = Vec::new();
        for event in events {
            let (target, is_edit) = match &event.content {
                Content::MessageDeleted { target } if *target < event.seq => (*target, false),
                Content::MessageEdited { target, .. } if deleted.contains(target) => {
                    (*target, true)
                }
                _ => continue,
            };
            let seq = int(event.seq.get());
            let values = (int(target.get()), is_edit, int(chat.get()), seq);
            writes.push(self.cql.write_at(&OWE, values, seq));
        }
        let is_due = !writes.is_empty();
        together(writes).await?;
        Ok(is_due)
    }

    /// Erases some of what is due in a chat, whose effects up to `through` are all written. What fails is left to the
    /// next who compares the chat.
    pub(crate) async fn erase_some(&self, chat: ChatId, through: Seq) {
        if self.erased.through.get(&chat) >= Some(through) {
            return;
        }
        match Turn::new(self, chat).run(through).await {
            Ok(true) => self.erased.through.insert(chat, through),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%chat, %error, "deleted bodies were not erased; the next comparison goes on");
            }
        }
    }

    /// The event as readers will see it: an edit of a deleted message says nothing, also before it is erased.
    pub(crate) async fn as_readers_see(&self, event: Event) -> Result<Event, StoreError> {
        match edit_of(&event) {
            Some(target) if self.is_deleted(event.chat, target).await? => Ok(Event {
                content: turn::emptied_edit(target),
                erased: true,
                ..event
            }),
            _ => Ok(event),
        }
    }

    async fn is_deleted(&self, chat: ChatId, target: Seq) -> Result<bool, StoreError> {
        let at = self.place(chat, target);
        let row: Option<(Option<i64>,)> = self.cql.one(&DELETED_SEQ, at).await?;
        Ok(codes::seq(row.and_then(|(seq,)| seq))? > Seq::ZERO)
    }
}

/// The message that an event edits.
fn edit_of(event: &Event) -> Option<Seq> {
    match &event.content {
        Content::MessageEdited { target, .. } if *target < event.seq => Some(*target),
        _ => None,
    }
}
