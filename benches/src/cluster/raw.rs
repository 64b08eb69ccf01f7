//! What the store itself can do: the same conditional batch with nothing around it.
//!
//! Each writer commits one event after the other. On chats of their own nobody is in the way; on one chat they fight for
//! the head, as gateways without group commit would.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use hdrhistogram::Histogram;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::{Consistency, SerialConsistency};
use scylla::value::Row;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::pace::{Pace, Turns};

/// The keyspace is the benchmark's own.
const KEYSPACE: &str = "CREATE KEYSPACE IF NOT EXISTS parlour_bench WITH replication = \
     {'class': 'NetworkTopologyStrategy', 'replication_factor': 1}";
/// The columns, conditions and statements are those of the store's own batch of one event (`schema/001_log.cql` and
/// `log/attempt.rs` of parlour-store-scylla): a smaller row would make the store look faster than it can be here.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS parlour_bench.log (chat_id bigint, bucket int, kind tinyint, pos bigint, \
     author bigint, key uuid, seq bigint, id bigint, event_author bigint, event_key uuid, sent_at bigint, \
     countable bigint, prev_effect bigint, content text, body_hash blob, head_seq bigint static, head_id bigint static, \
     head_countable bigint static, rights_epoch bigint static, membership_seq bigint static, effect_seq bigint static, \
     PRIMARY KEY ((chat_id, bucket), kind, pos, author, key))";
const FIRST: &str = "UPDATE parlour_bench.log SET head_seq = 0, head_id = 0, head_countable = 0, rights_epoch = 0, \
     membership_seq = 0, effect_seq = 0 WHERE chat_id = ? AND bucket = 0";
const HEAD: &str = "UPDATE parlour_bench.log SET head_seq = ?, head_id = ?, head_countable = ?, rights_epoch = ?, \
     membership_seq = ?, effect_seq = ? WHERE chat_id = ? AND bucket = ? \
     IF head_seq = ? AND head_id = ? AND rights_epoch = ?";
const KEY: &str = "INSERT INTO parlour_bench.log (chat_id, bucket, kind, pos, author, key, seq, id, body_hash) \
     VALUES (?, ?, 1, 0, ?, ?, ?, ?, ?) IF NOT EXISTS USING TTL 1209600";
const EVENT: &str = "INSERT INTO parlour_bench.log (chat_id, bucket, kind, pos, author, key, \
         seq, id, event_author, event_key, sent_at, countable, prev_effect, content) \
     VALUES (?, ?, 0, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const READ_HEAD: &str =
    "SELECT head_seq FROM parlour_bench.log WHERE chat_id = ? AND bucket = 0 LIMIT 1";
/// The content of a message of 128 bytes as the log holds it.
const CONTENT_BYTES: usize = 200;

/// A session on the benchmark's own table.
pub(super) struct Raw {
    session: Session,
    commit: Batch,
    first: PreparedStatement,
    read_head: PreparedStatement,
}

/// What a round of writers came to.
pub(super) struct Rate {
    /// Events committed per second.
    pub(super) events: f64,
    /// Batches tried for each event.
    pub(super) tries: f64,
    /// What each batch that was applied took, µs.
    pub(super) committed: Histogram<u64>,
}

impl Raw {
    /// Connects, and makes the table.
    pub(super) async fn connect(hosts: &[String]) -> anyhow::Result<Self> {
        let session = SessionBuilder::new().known_nodes(hosts).build().await?;
        session.query_unpaged(KEYSPACE, ()).await?;
        session.query_unpaged(TABLE, ()).await?;
        session.await_schema_agreement().await?;
        let mut commit = Batch::new(BatchType::Logged);
        commit.set_consistency(Consistency::LocalQuorum);
        commit.set_serial_consistency(Some(SerialConsistency::LocalSerial));
        for statement in [HEAD, KEY, EVENT] {
            commit.append_statement(session.prepare(statement).await?);
        }
        let first = session.prepare(FIRST).await?;
        let mut read_head = session.prepare(READ_HEAD).await?;
        read_head.set_consistency(Consistency::LocalSerial);
        Ok(Self {
            session,
            commit,
            first,
            read_head,
        })
    }

    /// Lets `writers` commit at this pace, each to the chat that `chat_of` names.
    pub(super) async fn measure(
        self: &Arc<Self>,
        writers: u64,
        pace: Pace,
        chat_of: fn(u64) -> u64,
    ) -> anyhow::Result<Rate> {
        let base = rand::random::<u32>();
        let tried = Arc::new(AtomicU64::new(0));
        for writer in 0..writers {
            let chat = chat(base, chat_of(writer));
            self.session.execute_unpaged(&self.first, (chat,)).await?;
        }
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for writer in 0..writers {
            let (raw, tried) = (Arc::clone(self), Arc::clone(&tried));
            let chat = chat(base, chat_of(writer));
            let turns = pace.turns(begun, writer as usize);
            tasks.spawn(async move { raw.write(chat, turns, &tried).await });
        }
        let mut committed = Histogram::new(3)?;
        while let Some(written) = tasks.join_next().await {
            committed.add(&written??)?;
        }
        let events = committed.len();
        let seconds = begun.elapsed().as_secs_f64();
        Ok(Rate {
            events: events as f64 / seconds,
            tries: tried.load(Ordering::Relaxed) as f64 / events.max(1) as f64,
            committed,
        })
    }

    /// Commits an event each turn; answers what each took that was committed.
    async fn write(
        &self,
        chat: i64,
        mut turns: Turns,
        tried: &AtomicU64,
    ) -> anyhow::Result<Histogram<u64>> {
        let content = "x".repeat(CONTENT_BYTES);
        let (author, hash) = (chat & 0xfff, [7_u8; 32].as_slice());
        let (mut head, mut took) = (0_i64, Histogram::new(3)?);
        while turns.next().await {
            let (key, next) = (Uuid::now_v7(), head + 1);
            let values = (
                (
                    next, next, next, 0_i64, 0_i64, 0_i64, chat, 0_i32, head, head, 0_i64,
                ),
                (chat, 0_i32, author, key, next, next, hash),
                (
                    chat,
                    0_i32,
                    next,
                    Uuid::nil(),
                    next,
                    next,
                    author,
                    key,
                    next,
                    next,
                    0_i64,
                    &content,
                ),
            );
            tried.fetch_add(1, Ordering::Relaxed);
            let begun = Instant::now();
            let applied = match self.session.batch(&self.commit, values).await {
                Ok(answer) => is_applied(answer)?,
                // A timeout under contention: what became of it is read with the head.
                Err(_) => false,
            };
            if applied {
                took.record(begun.elapsed().as_micros() as u64)?;
                head += 1;
            } else {
                head = self.head(chat).await.unwrap_or(head);
            }
        }
        Ok(took)
    }

    async fn head(&self, chat: i64) -> anyhow::Result<i64> {
        let answer = self.session.execute_unpaged(&self.read_head, (chat,));
        let rows = answer.await?.into_rows_result()?;
        Ok(rows.single_row::<(i64,)>()?.0)
    }
}

fn chat(base: u32, number: u64) -> i64 {
    i64::from(base) << 20 | i64::try_from(number).unwrap_or_default()
}

fn is_applied(answer: scylla::response::query_result::QueryResult) -> anyhow::Result<bool> {
    let rows = answer.into_rows_result()?;
    let row = rows.first_row::<Row>()?;
    let applied = row.columns.first().cloned().flatten();
    applied
        .and_then(|value| value.as_boolean())
        .context("the store did not say whether it applied a batch")
}
