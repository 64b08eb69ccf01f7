//! What events do to messages: bodies, deletions, pins and reactions, each cell under its seq.
//!
//! A deletion writes an empty body with a timestamp above every seq, so no edit, late or later, brings a body back.
//! It is the same cell whoever writes it, so two deletions of one message agree as well.

use parlour_model::{ChatId, Event, OverlayChange, Seq};
use parlour_store::StoreError;

use crate::ScyllaStore;
use crate::codes;
use crate::columns::int;
use crate::cql::Statement;

static EDITED: Statement = Statement::new(
    "overlay_edited",
    "UPDATE overlay SET body = ?, edited_at = ?, edit_seq = ?,
    edit_id = ?, changed_seq = ? WHERE chat_id = ? AND bucket = ? AND target = ?",
);
static DELETED: Statement = Statement::new(
    "overlay_deleted",
    "UPDATE overlay SET body = ?, deleted_seq = ?
    WHERE chat_id = ? AND bucket = ? AND target = ?",
);
static PINNED: Statement = Statement::new(
    "overlay_pinned",
    "UPDATE overlay SET pinned = ?, changed_seq = ?
    WHERE chat_id = ? AND bucket = ? AND target = ?",
);
static REACTED: Statement = Statement::new(
    "overlay_reacted",
    "UPDATE overlay SET reactions[?] = ?, changed_seq = ?
    WHERE chat_id = ? AND bucket = ? AND target = ?",
);
static CHANGED: Statement = Statement::new(
    "overlay_changed",
    "UPDATE overlay SET changed_seq = ?
    WHERE chat_id = ? AND bucket = ? AND target = ?",
);
static CHANGE: Statement = Statement::new(
    "changes_write",
    "UPDATE changes SET is_edit = ?
    WHERE chat_id = ? AND bucket = ? AND target = ? AND seq = ?",
);

impl ScyllaStore {
    pub(super) async fn write_overlay(
        &self,
        event: &Event,
        target: Seq,
        change: OverlayChange,
    ) -> Result<(), StoreError> {
        let seq = int(event.seq.get());
        let (chat, bucket, target) = self.place(event.chat, target);
        let is_edit = matches!(change, OverlayChange::Edited { .. });
        let cql = &self.cql;
        cql.write_at(&CHANGE, (is_edit, chat, bucket, target, seq), seq)
            .await?;
        match change {
            OverlayChange::Edited { body, by, at } => {
                let (body, at, by) = (codes::body_json(&body), int(at.as_millis()), int(by.get()));
                let values = (body, at, seq, by, seq, chat, bucket, target);
                cql.write_at(&EDITED, values, seq).await?;
            }
            OverlayChange::Deleted => {
                let values = ("", seq, chat, bucket, target);
                let above_edits = int(Seq::LIMIT.get()) + seq;
                cql.write_at(&DELETED, values, above_edits).await?;
                cql.write_at(&CHANGED, (seq, chat, bucket, target), seq)
                    .await?;
            }
            OverlayChange::Pinned(on) => {
                cql.write_at(&PINNED, (on, seq, chat, bucket, target), seq)
                    .await?;
            }
            OverlayChange::Reaction { user, emoji, on } => {
                let of_user = (emoji.as_str(), int(user.get()));
                let values = (of_user, on, seq, chat, bucket, target);
                cql.write_at(&REACTED, values, seq).await?;
            }
        }
        Ok(())
    }

    /// Where the rows of a message lie: chat, bucket and seq, as columns hold them.
    pub(crate) fn place(&self, chat: ChatId, target: Seq) -> (i64, i32, i64) {
        let bucket = self.log.layout.bucket_of(target);
        (int(chat.get()), bucket.get(), int(target.get()))
    }
}
