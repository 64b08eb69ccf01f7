//! Erasing deleted messages from the log: the body of the message, and the bodies of its edits.
//!
//! Events stay, their bodies go. An erased row is written on a condition, because the row itself was: a plain write of
//! a node whose clock is behind would leave the body there.

use std::collections::BTreeSet;

use parlour_model::{Body, ChatId, Content, Event, Seq};
use parlour_store::StoreError;
use uuid::Uuid;

use crate::ScyllaStore;
use crate::codes;
use crate::cql::Statement;
use crate::log::content_json;

static DELETED_SEQ: Statement = Statement::new(
    "overlay_deleted_seq",
    "SELECT deleted_seq FROM overlay WHERE chat_id = ? AND bucket = ? AND target = ?",
);
static EDITS: Statement = Statement::new(
    "changes_edits",
    "SELECT seq, is_edit FROM changes WHERE chat_id = ? AND bucket = ? AND target = ?",
);
static ERASE: Statement = Statement::new(
    "log_erase",
    "UPDATE log SET content = ?, erased = true
     WHERE chat_id = ? AND bucket = ? AND kind = 0 AND pos = ? AND author = 0 AND key = ? IF EXISTS",
);

impl ScyllaStore {
    /// Erases the messages that these events delete, and the edits among them that come after a deletion. Their
    /// effects are written already: so whoever comes last, of a deletion and an edit, finds the other.
    pub(super) async fn erase_what_is_deleted(&self, events: &[Event]) -> Result<(), StoreError> {
        let (mut deleted, mut edited) = (BTreeSet::new(), BTreeSet::new());
        for event in events {
            match &event.content {
                Content::MessageDeleted { target } => deleted.insert((event.chat, *target)),
                Content::MessageEdited { target, .. } => edited.insert((event.chat, *target)),
                _ => continue,
            };
        }
        for (chat, target) in edited.difference(&deleted) {
            if self.is_deleted(*chat, *target).await? {
                self.erase(*chat, *target).await?;
            }
        }
        for (chat, target) in deleted {
            self.erase(chat, target).await?;
        }
        Ok(())
    }

    async fn is_deleted(&self, chat: ChatId, target: Seq) -> Result<bool, StoreError> {
        let at = self.place(chat, target);
        let row: Option<(Option<i64>,)> = self.cql.one(&DELETED_SEQ, at).await?;
        Ok(row.is_some_and(|(seq,)| seq.is_some()))
    }

    /// Empties a message and all its edits.
    async fn erase(&self, chat: ChatId, target: Seq) -> Result<(), StoreError> {
        let rows: Vec<(i64, Option<bool>)> = self.cql.all(&EDITS, self.place(chat, target)).await?;
        let edits = rows
            .into_iter()
            .filter(|(_, is_edit)| *is_edit == Some(true));
        let mut seqs = vec![target];
        for (seq, _) in edits {
            seqs.push(codes::seq(Some(seq))?);
        }
        for seq in seqs {
            self.erase_event(chat, seq).await?;
        }
        Ok(())
    }

    async fn erase_event(&self, chat: ChatId, seq: Seq) -> Result<(), StoreError> {
        let event = match self.log.event_known(chat, seq).await {
            // A change whose target is gone does nothing, and must not stop the walk.
            Err(StoreError::Corrupt(_)) => return Ok(()),
            found => found?,
        };
        if event.erased {
            return Ok(());
        }
        let body = Body::text("");
        let emptied = match event.content {
            Content::Message { reply_to, .. } => Content::Message { body, reply_to },
            Content::MessageEdited { target, .. } => Content::MessageEdited { target, body },
            _ => return Ok(()),
        };
        let (chat, bucket, pos) = self.place(chat, seq);
        let values = (content_json(&emptied), chat, bucket, pos, Uuid::nil());
        self.cql.conditional(&ERASE, values).await?;
        Ok(())
    }
}
