//! One turn of erasing in one chat: a bounded number of steps, each of which stays done.
//!
//! Events stay, their bodies go. An erased row is written on a condition, because the row itself was: a plain write of
//! a node whose clock is behind would leave the body there. Such a write may be repeated as often as one likes, and two
//! who erase the same do no harm.

use std::collections::BTreeMap;

use parlour_model::{Body, ChatId, Content, Seq};
use parlour_store::StoreError;
use uuid::Uuid;

use crate::ScyllaStore;
use crate::codes;
use crate::columns::{corrupt, int, limit};
use crate::cql::{CqlError, Statement, Values};
use crate::log::content_json;

/// Steps of one turn: conditional writes, and reads of changes.
const STEPS_MAX: usize = 16;
/// Bodies erased by one conditional write.
const BODIES_MAX: usize = 32;
/// Changes of a message read in one step.
const CHANGES_MAX: usize = 512;
/// How often a conditional write is tried that gets no answer.
const TRIES_MAX: usize = 3;

static DONE: Statement = Statement::new(
    "erasures_done",
    "SELECT DISTINCT done_seq FROM erasures WHERE chat_id = ?",
);
static OWED: Statement = Statement::new(
    "erasures_owed",
    "SELECT seq, target, is_edit, through FROM erasures
     WHERE chat_id = ? AND seq > ? AND seq <= ? LIMIT ?",
);
static RAISE_DONE: Statement = Statement::new(
    "erasures_raise_done",
    "UPDATE erasures SET done_seq = ? WHERE chat_id = ?",
);
static RAISE_THROUGH: Statement = Statement::new(
    "erasures_raise_through",
    "UPDATE erasures SET through = ? WHERE chat_id = ? AND seq = ?",
);
static CHANGES: Statement = Statement::new(
    "changes_edits",
    "SELECT seq, is_edit FROM changes
     WHERE chat_id = ? AND bucket = ? AND target = ? AND seq > ? LIMIT ?",
);
static ERASE: Statement = Statement::new(
    "log_erase",
    "UPDATE log SET content = ?, erased = true
     WHERE chat_id = ? AND bucket = ? AND kind = 0 AND pos = ? AND author = 0 AND key = ? IF EXISTS",
);

/// What is due since one event.
struct Owed {
    seq: Seq,
    target: Seq,
    is_edit: bool,
    through: Seq,
}

/// A row of what is due: `seq, target, is_edit, through`.
type OwedRow = (i64, Option<i64>, Option<bool>, Option<i64>);

/// One turn, with the steps that are left of it.
pub(super) struct Turn<'a> {
    store: &'a ScyllaStore,
    chat: ChatId,
    steps: usize,
}

impl<'a> Turn<'a> {
    pub(super) fn new(store: &'a ScyllaStore, chat: ChatId) -> Self {
        Self {
            store,
            chat,
            steps: STEPS_MAX,
        }
    }

    /// Erases what is due up to `through`, as much of it as the turn allows. Answers whether nothing is left.
    pub(super) async fn run(mut self, through: Seq) -> Result<bool, StoreError> {
        let rows = self.owed(through).await?;
        let are_all = rows.len() < STEPS_MAX;
        for row in rows {
            let owed = owed(row)?;
            if !self.erase(&owed).await? {
                return Ok(false);
            }
            self.raise_done(owed.seq).await?;
        }
        Ok(are_all)
    }

    async fn owed(&self, through: Seq) -> Result<Vec<OwedRow>, StoreError> {
        let (cql, chat) = (&self.store.cql, int(self.chat.get()));
        let row: Option<(Option<i64>,)> = cql.one(&DONE, (chat,)).await?;
        let done = codes::seq(row.and_then(|(done,)| done))?;
        let range = (chat, int(done.get()), int(through.get()), limit(STEPS_MAX));
        Ok(cql.all(&OWED, range).await?)
    }

    /// Erases what is due since one event; answers whether that is all of it.
    async fn erase(&mut self, owed: &Owed) -> Result<bool, StoreError> {
        if !self.takes_step() {
            return Ok(false);
        }
        if owed.is_edit {
            let edit = (owed.seq, emptied_edit(owed.target));
            self.empty(vec![edit]).await?;
            return Ok(true);
        }
        let mut through = owed.through;
        if through == Seq::ZERO {
            self.erase_message(owed.target).await?;
            through = owed.target;
            self.raise_through(owed, through).await?;
        }
        self.erase_edits(owed, through).await
    }

    async fn erase_message(&self, target: Seq) -> Result<(), StoreError> {
        let event = match self.store.log.event_known(self.chat, target).await {
            // A change whose target is gone does nothing, and must not stop the rest.
            Err(StoreError::Corrupt(_)) => return Ok(()),
            found => found?,
        };
        let emptied = match event.content {
            _ if event.erased => return Ok(()),
            Content::Message { reply_to, .. } => Content::Message {
                body: Body::text(""),
                reply_to,
            },
            Content::MessageEdited { target, .. } => emptied_edit(target),
            _ => return Ok(()),
        };
        self.empty(vec![(target, emptied)]).await
    }

    /// Erases the edits of a message after `through`; answers whether these were all.
    async fn erase_edits(&mut self, owed: &Owed, mut through: Seq) -> Result<bool, StoreError> {
        loop {
            if !self.takes_step() {
                return Ok(false);
            }
            let changes = self.changes(owed.target, through).await?;
            let edits = changes.iter().filter(|(_, is_edit)| *is_edit);
            let edits: Vec<Seq> = edits.map(|(seq, _)| *seq).collect();
            for edits in edits.chunks(BODIES_MAX) {
                if !self.takes_step() {
                    return Ok(false);
                }
                let emptied = |seq: &Seq| (*seq, emptied_edit(owed.target));
                self.empty(edits.iter().map(emptied).collect()).await?;
                if let Some(last) = edits.last() {
                    self.raise_through(owed, *last).await?;
                }
            }
            match changes.last() {
                Some((last, _)) if changes.len() == CHANGES_MAX => through = *last,
                _ => return Ok(true),
            }
        }
    }

    /// What changed a message after `after`, and whether it was an edit.
    async fn changes(&self, target: Seq, after: Seq) -> Result<Vec<(Seq, bool)>, StoreError> {
        let (chat, bucket, target) = self.store.place(self.chat, target);
        let range = (chat, bucket, target, int(after.get()), limit(CHANGES_MAX));
        let rows: Vec<(i64, Option<bool>)> = self.store.cql.all(&CHANGES, range).await?;
        let rows = rows.into_iter();
        rows.map(|(seq, is_edit)| Ok((codes::seq(Some(seq))?, is_edit == Some(true))))
            .collect()
    }

    /// Gives these events their empty contents.
    async fn empty(&self, contents: Vec<(Seq, Content)>) -> Result<(), StoreError> {
        let mut buckets: BTreeMap<_, Vec<(Seq, Content)>> = BTreeMap::new();
        for (seq, content) in contents {
            let bucket = self.store.log.layout.bucket_of(seq);
            buckets.entry(bucket).or_default().push((seq, content));
        }
        for contents in buckets.into_values() {
            if self.empty_together(&contents).await? || contents.len() == 1 {
                continue;
            }
            // One that is gone refuses them all.
            for content in &contents {
                self.empty_together(std::slice::from_ref(content)).await?;
            }
        }
        Ok(())
    }

    /// Gives these events of one bucket their empty contents; answers whether all of them are there.
    async fn empty_together(&self, contents: &[(Seq, Content)]) -> Result<bool, StoreError> {
        let statement = |(seq, content): &(Seq, Content)| {
            let (chat, bucket, pos) = self.store.place(self.chat, *seq);
            let values = (content_json(content), chat, bucket, pos, Uuid::nil());
            (&ERASE, Box::new(values) as Values)
        };
        let mut tried = 1;
        loop {
            let statements = contents.iter().map(statement).collect();
            match self
                .store
                .cql
                .conditional_batch("log_erase", statements)
                .await
            {
                Ok(answer) => return Ok(answer.applied),
                Err(CqlError::Unknown(_)) if tried < TRIES_MAX => tried += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn raise_done(&self, seq: Seq) -> Result<(), StoreError> {
        let number = int(seq.get());
        let values = (number, int(self.chat.get()));
        Ok(self.store.cql.write_at(&RAISE_DONE, values, number).await?)
    }

    async fn raise_through(&self, owed: &Owed, through: Seq) -> Result<(), StoreError> {
        let (number, chat, seq) = (
            int(through.get()),
            int(self.chat.get()),
            int(owed.seq.get()),
        );
        let (cql, values) = (&self.store.cql, (number, chat, seq));
        Ok(cql.write_at(&RAISE_THROUGH, values, number).await?)
    }

    /// Takes one more step; `false` if the turn is over.
    fn takes_step(&mut self) -> bool {
        let left = self.steps.checked_sub(1);
        self.steps = left.unwrap_or(0);
        left.is_some()
    }
}

/// What an erased edit says.
pub(super) fn emptied_edit(target: Seq) -> Content {
    let body = Body::text("");
    Content::MessageEdited { target, body }
}

fn owed((seq, target, is_edit, through): OwedRow) -> Result<Owed, StoreError> {
    let (Some(target), Some(is_edit)) = (target, is_edit) else {
        return Err(corrupt(format!(
            "what is to be erased since {seq} is not said"
        )));
    };
    Ok(Owed {
        seq: codes::seq(Some(seq))?,
        target: codes::seq(Some(target))?,
        is_edit,
        through: codes::seq(through)?,
    })
}
