//! The projector: writes what events do into the tables, after their commit.
//!
//! Invariants:
//! - Every cell carries the seq of its event as its write timestamp, so effects may be written late, twice, by many
//!   nodes and in any order, and the tables still converge to what the log says.
//! - `projected_seq` is raised to a seq only when all effects up to it are written: whoever commits or reads walks
//!   from the newest effect down to the `projected_seq` it knows, and writes everything it meets.
//! - So a crash between a commit and its effects leaves an open walk, and the next one who needs the tables ends it.
//! - Bodies of deleted messages are erased after that, and no reader does it: the overlay hides them already.

pub(crate) mod erasure;
mod members;
mod messages;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use parlour_model::{Change, ChatId, Event, Seq, effects};
use parlour_store::StoreError;

use crate::ScyllaStore;
use crate::codes;
use crate::columns::{corrupt, int};
use crate::cql::Statement;
use crate::together::together;

/// Events read at once on a walk.
const WALK_EVENTS: u64 = 64;

impl ScyllaStore {
    /// Writes the effects of events that this node has just committed to one chat. What fails is left open: the commit
    /// stands, and whoever needs the tables next finishes the walk.
    pub(crate) async fn after_commit(&self, events: &[Event]) {
        if let Err(error) = self.project(events).await {
            let chat = events.first().map(|event| event.chat.get());
            tracing::warn!(chat, %error, "effects of a commit were not written; the next reader writes them");
        }
    }

    /// Writes the effects of these events, ascending and of one chat, and of all before them that nobody has written
    /// yet.
    async fn project(&self, events: &[Event]) -> Result<(), StoreError> {
        let with_effect = events.iter().filter(|event| event.content.has_effect());
        let written: BTreeMap<Seq, Seq> = with_effect
            .map(|event| (event.seq, event.prev_effect))
            .collect();
        let (Some(event), Some((last, _))) = (events.first(), written.last_key_value()) else {
            return Ok(());
        };
        let mut is_due = self.write_effects(events).await?;
        is_due |= self.walk(event.chat, *last, &written).await?;
        self.raise_projected(event.chat, *last).await?;
        if is_due {
            self.erase_some(event.chat, *last).await;
        }
        Ok(())
    }

    /// Makes sure that all effects up to `effect_seq`, the newest one that a head names, are in the tables. Answers
    /// whether some may not have been.
    pub(crate) async fn finish_walk(
        &self,
        chat: ChatId,
        effect_seq: Seq,
    ) -> Result<bool, StoreError> {
        if self.projected_at_least(chat, effect_seq).await? {
            return Ok(false);
        }
        self.walk(chat, effect_seq, &BTreeMap::new()).await?;
        self.raise_projected(chat, effect_seq).await?;
        Ok(true)
    }

    /// Writes the effects of an event once more, as a projector that comes late does. That changes nothing; it is
    /// here so that anybody can check exactly that.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    pub async fn project_again(&self, event: &Event) -> Result<(), StoreError> {
        self.project(std::slice::from_ref(event)).await
    }

    /// Writes all effects from the one at `newest` down to what is known to be written, but for those in `written`,
    /// each with the one before it. Answers whether there is something to erase.
    async fn walk(
        &self,
        chat: ChatId,
        newest: Seq,
        written: &BTreeMap<Seq, Seq>,
    ) -> Result<bool, StoreError> {
        let (mut next, mut is_due) = (newest, false);
        loop {
            while let Some(before) = written.get(&next) {
                next = *before;
            }
            if next == Seq::ZERO || self.projected_at_least(chat, next).await? {
                return Ok(is_due);
            }
            let after = Seq::new(next.get().saturating_sub(WALK_EVENTS));
            let limit = usize::try_from(next.since(after)).unwrap_or(usize::MAX);
            let events = self.log.events(chat, after, next, (limit, next)).await?;
            let mut with_effect = events.iter().filter(|event| event.content.has_effect());
            let lowest = with_effect
                .next()
                .ok_or_else(|| corrupt(format_args!("chat {chat} has no effect at {next}")))?;
            is_due |= self.write_effects(&events).await?;
            next = lowest.prev_effect;
        }
    }

    /// Writes the effects of these events, and nothing else of the log below them. Answers whether there is something
    /// to erase.
    async fn write_effects(&self, events: &[Event]) -> Result<bool, StoreError> {
        let mut writes = Vec::new();
        for event in events {
            let changes = effects(event).into_iter();
            writes.extend(changes.map(|change| self.write_change(event, change)));
        }
        together(writes).await?;
        self.owe_erasures(events).await
    }

    async fn write_change(&self, event: &Event, change: Change) -> Result<(), StoreError> {
        match change {
            Change::Chat { .. } => self.write_chat(event, change).await,
            Change::Joined { .. } => self.write_joined(event, &change).await,
            Change::Left { user } => self.write_left(event, user).await,
            Change::Role { user, role } => self.write_role(event, user, role).await,
            // A message that is not there yet cannot be meant.
            Change::Overlay { target, .. } if target >= event.seq => Ok(()),
            Change::Overlay { target, change } => self.write_overlay(event, target, change).await,
        }
    }

    async fn projected_at_least(&self, chat: ChatId, seq: Seq) -> Result<bool, StoreError> {
        if self.known.projected(chat) >= Some(seq) {
            return Ok(true);
        }
        let row: Option<(Option<i64>,)> = self.cql.one(&PROJECTED, (int(chat.get()),)).await?;
        let projected = codes::seq(row.and_then(|(seq,)| seq))?;
        self.known.learn_projected(chat, projected);
        Ok(projected >= seq)
    }

    async fn raise_projected(&self, chat: ChatId, seq: Seq) -> Result<(), StoreError> {
        let number = int(seq.get());
        let values = (number, int(chat.get()));
        self.cql.write_at(&RAISE_PROJECTED, values, number).await?;
        self.known.learn_projected(chat, seq);
        Ok(())
    }
}

static PROJECTED: Statement = Statement::new(
    "projections_read",
    "SELECT projected_seq FROM projections WHERE chat_id = ?",
);
static RAISE_PROJECTED: Statement = Statement::new(
    "projections_raise",
    "UPDATE projections SET projected_seq = ? WHERE chat_id = ?",
);
