//! Sending one batch and finding out what became of it.
//!
//! - A refusal that carries the head is explained by it; else the head is read at `LOCAL_SERIAL`.
//! - A batch without an answer may still apply. It is dead only when a serial read of its own bucket shows that the head has
//!   passed its condition **and a later** serial read shows no row of it: a read whose row is absent returns no head either.
//! - The batch is atomic, so one row of it settles all of it.

use std::time::Duration;

use parlour_model::ChatId;
use parlour_store::{Head, StoreError};
use tokio::time::sleep;

use super::LogReader;
use super::attempt::Attempt;
use super::keys::{self, Known};
use super::row::{self, HeadRow};
use crate::cql::{Answer, CqlError};

/// When the outcome of a batch without an answer is looked at: after these pauses, until one look succeeds.
const LOOKS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
];

/// What became of a batch.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is durable.
    Applied,
    /// It was refused, for good. The head of its bucket now, and which of its keys were used before.
    Refused { head: Option<Head>, known: Known },
    /// There was no answer, and it is certain now that it neither applied nor ever will, or which of its keys are used.
    Passed { head: Head, known: Known },
    /// It may be there or may still come.
    Open,
    /// Nothing happened, and never will with this content.
    Invalid(String),
    /// Nothing happened.
    Unavailable(String),
}

impl LogReader {
    /// Sends a batch once and looks at what became of it.
    pub(super) async fn commit(&self, chat: ChatId, attempt: &Attempt) -> Result<Fate, StoreError> {
        metrics::counter!("parlour_store_appends_tried_total").increment(1);
        let statements = attempt.statements();
        match self.cql.conditional_batch("log_append", statements).await {
            Ok(answer) if answer.applied => Ok(Fate::Applied),
            Ok(answer) => self.refused(chat, attempt, &answer).await,
            Err(CqlError::Invalid(reason)) => Ok(Fate::Invalid(reason)),
            Err(CqlError::Unavailable(reason)) => Ok(Fate::Unavailable(reason)),
            Err(CqlError::Unknown(reason) | CqlError::Corrupt(reason)) => {
                tracing::debug!(%chat, %reason, "a commit was not answered");
                Ok(self.unanswered(chat, attempt).await)
            }
        }
    }

    async fn refused(
        &self,
        chat: ChatId,
        attempt: &Attempt,
        answer: &Answer,
    ) -> Result<Fate, StoreError> {
        let told = head_in(answer)?;
        let known = keys_in(answer)?;
        // An answer that shows another head or a culprit explains itself, unless an earlier try may have left a row that
        // it does not show.
        let explains = attempt.is_passed_by(told) || !known.is_empty();
        if explains && !attempt.has_open_tries() {
            return Ok(Fate::Refused { head: told, known });
        }
        // Head first, then rows: a row that is absent after the head has moved will never be.
        let head = match told {
            Some(head) => Some(head),
            None => self.head_of_serial(chat, attempt.bucket()).await?,
        };
        let names = attempt.names();
        let known = self.known_serial(chat, attempt.bucket(), &names).await?;
        Ok(Fate::Refused { head, known })
    }

    /// Looks until the head has passed the batch, a few times: what broke the connection may break the reads too.
    async fn unanswered(&self, chat: ChatId, attempt: &Attempt) -> Fate {
        let mut fate = Fate::Open;
        for pause in LOOKS {
            sleep(pause).await;
            match self.look_after(chat, attempt).await {
                Ok(found) => {
                    fate = found;
                    break;
                }
                Err(error) => tracing::debug!(%chat, %error, "its outcome was not read either"),
            }
        }
        let resolved = match &fate {
            Fate::Passed { known, .. } if known.is_empty() => "dead",
            Fate::Passed { .. } => "stored",
            _ => "open",
        };
        metrics::counter!("parlour_store_unknown_outcomes_total", "resolved" => resolved)
            .increment(1);
        fate
    }

    async fn look_after(&self, chat: ChatId, attempt: &Attempt) -> Result<Fate, StoreError> {
        let head = self.head_of_serial(chat, attempt.bucket()).await?;
        let Some(head) = head.filter(|head| attempt.is_passed_by(Some(*head))) else {
            return Ok(Fate::Open);
        };
        let names = attempt.names();
        let known = self.known_serial(chat, attempt.bucket(), &names).await?;
        Ok(Fate::Passed { head, known })
    }
}

/// The used keys that an answer carries: ScyllaDB has a row for every condition, empty where nothing was found.
fn keys_in(answer: &Answer) -> Result<Known, StoreError> {
    let rows = answer
        .rows
        .iter()
        .filter(|row| row.tinyint("kind") == Some(1));
    let rows = rows.filter_map(|row| {
        let (author, key) = (row.bigint("author")?, row.uuid("key")?);
        let is_there = row.bigint("seq").is_some() || row.boolean("cancelled").is_some();
        let hash = row.blob("body_hash").map(<[u8]>::to_vec);
        is_there.then(|| (author, key, row.bigint("seq"), row.bigint("id"), hash))
    });
    keys::memories(rows)
}

/// The head that an answer carries.
fn head_in(answer: &Answer) -> Result<Option<Head>, StoreError> {
    let row: HeadRow = (
        answer.bigint("head_seq"),
        answer.bigint("head_id"),
        answer.bigint("head_countable"),
        answer.bigint("rights_epoch"),
        answer.bigint("membership_seq"),
        answer.bigint("effect_seq"),
    );
    match row {
        (Some(_), Some(_), Some(_), Some(_), Some(_), Some(_)) => row::head(row),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use parlour_model::{EventKey, Seq, Timestamp, UserId};
    use scylla::value::CqlValue;

    use super::*;
    use crate::log::KeyName;
    use crate::log::keys::Memory;

    const NAMES: [&str; 14] = [
        "[applied]",
        "kind",
        "author",
        "key",
        "head_seq",
        "head_id",
        "head_countable",
        "rights_epoch",
        "membership_seq",
        "effect_seq",
        "seq",
        "id",
        "body_hash",
        "cancelled",
    ];

    fn name() -> KeyName {
        KeyName {
            author: UserId::new(7).unwrap(),
            key: EventKey::generate(Timestamp::from_millis(1_800_000_000_000)),
        }
    }

    /// The columns of a row of kind 1.
    fn key_row(name: KeyName, seq: Option<i64>) -> Vec<Option<CqlValue>> {
        let int = |number| Some(CqlValue::BigInt(number));
        let mut row = vec![None; NAMES.len()];
        row[0] = Some(CqlValue::Boolean(false));
        row[1] = Some(CqlValue::TinyInt(1));
        row[2] = int(7);
        row[3] = Some(CqlValue::Uuid(name.key.uuid()));
        if let Some(seq) = seq {
            (row[10], row[11]) = (int(seq), int(seq + 100));
            row[12] = Some(CqlValue::Blob(vec![1; 32]));
        }
        row
    }

    fn head_row() -> Vec<Option<CqlValue>> {
        let mut row = vec![None; NAMES.len()];
        row[0] = Some(CqlValue::Boolean(false));
        for (column, number) in (4..).zip([9, 900, 5, 2, 3, 8]) {
            row[column] = Some(CqlValue::BigInt(number));
        }
        row
    }

    #[test]
    fn an_answer_with_a_row_for_every_condition_is_understood() {
        let (used, unused) = (name(), name());
        let rows = vec![head_row(), key_row(used, Some(6)), key_row(unused, None)];
        let answer = Answer::refused(&NAMES, rows);
        let head = head_in(&answer).unwrap().unwrap();
        assert_eq!((head.seq, head.epoch.get()), (Seq::new(9), 2));
        let known = keys_in(&answer).unwrap();
        assert_eq!(known.len(), 1);
        assert!(matches!(known[&used], Memory::Event { seq, .. } if seq == Seq::new(6)));
    }

    #[test]
    fn an_answer_with_one_row_or_few_columns_is_understood() {
        let mut cancelled = key_row(name(), None);
        cancelled[13] = Some(CqlValue::Boolean(true));
        let answer = Answer::refused(&NAMES, vec![cancelled]);
        assert_eq!(head_in(&answer).unwrap(), None);
        let known = keys_in(&answer).unwrap();
        assert_eq!(known.into_values().next(), Some(Memory::Cancelled));
        let applied = vec![Some(CqlValue::Boolean(false))];
        let bare = Answer::refused(&["[applied]"], vec![applied]);
        assert_eq!(head_in(&bare).unwrap(), None);
        assert!(keys_in(&bare).unwrap().is_empty());
    }
}
