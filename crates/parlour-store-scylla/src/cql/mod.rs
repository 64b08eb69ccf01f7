//! The only place that speaks with the driver's session: prepared statements, who waits how long, and what an
//! error says about the outcome.
//!
//! Invariants:
//! - Every statement is prepared once and executed with bound values only. No read is unpaged.
//! - Reads are `LOCAL_QUORUM`, serial reads `LOCAL_SERIAL`, writes `LOCAL_QUORUM`; what a conditional statement
//!   decides is `LOCAL_SERIAL`, its commit `LOCAL_QUORUM`.
//! - The driver retries reads alone. A write is sent once per attempt of ours, so its error speaks of that attempt;
//!   a conditional write is never sent twice from here, never marked idempotent and never executed speculatively.
//! - Conditional writes of one partition go to one coordinator, as long as it lives.

mod answer;
mod error;
mod profiles;
mod routing;
mod statement;

use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use futures_util::future::try_join_all;
use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::response::PagingState;
use scylla::response::query_result::QueryResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;

pub(crate) use answer::Answer;
pub(crate) use error::CqlError;
pub(crate) use profiles::Patience;
pub(crate) use statement::Statement;

use profiles::{Kind, Profiles};

/// Rows per page of a read.
const PAGE_ROWS: i32 = 512;
/// How often a plain write is sent at most.
const WRITE_ATTEMPTS_MAX: u32 = 2;

/// The values of one statement among several of a batch.
pub(crate) type Values = Box<dyn SerializeRow + Send + Sync>;

/// A session as the store uses it. Clones share connections and prepared statements.
#[derive(Clone)]
pub(crate) struct Cql {
    inner: Arc<Inner>,
    patience: Patience,
}

struct Inner {
    session: Session,
    prepared: DashMap<&'static str, PreparedStatement>,
    profiles: Profiles,
}

impl std::fmt::Debug for Cql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cql").finish_non_exhaustive()
    }
}

impl Cql {
    /// A session that waits as long as people do.
    pub(crate) fn new(session: Session) -> Self {
        let inner = Inner {
            session,
            prepared: DashMap::new(),
            profiles: Profiles::new(),
        };
        Self {
            inner: Arc::new(inner),
            patience: Patience::Interactive,
        }
    }

    /// The same session, waiting as long as work in the background may.
    pub(crate) fn background(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            patience: Patience::Background,
        }
    }

    /// The same session, waiting as long as people do.
    pub(crate) fn interactive(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            patience: Patience::Interactive,
        }
    }

    /// The driver's session, for what has no values to bind: schema changes.
    pub(crate) fn session(&self) -> &Session {
        &self.inner.session
    }

    /// The first row of a read.
    pub(crate) async fn one<R>(
        &self,
        statement: &'static Statement,
        values: impl SerializeRow,
    ) -> Result<Option<R>, CqlError>
    where
        R: for<'f> DeserializeRow<'f, 'f>,
    {
        Ok(self.all(statement, values).await?.into_iter().next())
    }

    /// All rows of a read, page by page: for reads that are bounded by their statement.
    pub(crate) async fn all<R>(
        &self,
        statement: &'static Statement,
        values: impl SerializeRow,
    ) -> Result<Vec<R>, CqlError>
    where
        R: for<'f> DeserializeRow<'f, 'f>,
    {
        self.pages(statement, values, Kind::Read).await
    }

    /// The first row of a read that sees every decided commit, and finishes those it meets half done.
    pub(crate) async fn one_serial<R>(
        &self,
        statement: &'static Statement,
        values: impl SerializeRow,
    ) -> Result<Option<R>, CqlError>
    where
        R: for<'f> DeserializeRow<'f, 'f>,
    {
        Ok(self.all_serial(statement, values).await?.into_iter().next())
    }

    /// All rows of a read that sees every decided commit. One partition, a bounded number of rows.
    pub(crate) async fn all_serial<R>(
        &self,
        statement: &'static Statement,
        values: impl SerializeRow,
    ) -> Result<Vec<R>, CqlError>
    where
        R: for<'f> DeserializeRow<'f, 'f>,
    {
        self.pages(statement, values, Kind::SerialRead).await
    }

    /// A plain write: an upsert that may be repeated.
    pub(crate) async fn write(
        &self,
        statement: &'static Statement,
        values: impl SerializeRow,
    ) -> Result<(), CqlError> {
        self.write_versioned(statement, values, None).await
    }

    /// A plain write whose cells carry this write timestamp, so that the highest version wins whenever it comes.
    pub(crate) async fn write_at(
        &self,
        statement: &'static Statement,
        values: impl SerializeRow,
        version: i64,
    ) -> Result<(), CqlError> {
        self.write_versioned(statement, values, Some(version)).await
    }

    /// A conditional write.
    pub(crate) async fn conditional(
        &self,
        statement: &'static Statement,
        values: impl SerializeRow,
    ) -> Result<Answer, CqlError> {
        let prepared = self.prepared(statement, Kind::Conditional).await?;
        let execute =
            self.inner
                .session
                .execute_single_page(&prepared, values, PagingState::start());
        let (result, _) = timed(statement.name, execute)
            .await
            .map_err(CqlError::of_conditional)?;
        Answer::read(result)
    }

    /// Conditional writes of one partition that apply all together or not at all. All conditions see the state before
    /// the batch.
    pub(crate) async fn conditional_batch(
        &self,
        name: &'static str,
        statements: Vec<(&'static Statement, Values)>,
    ) -> Result<Answer, CqlError> {
        let (batch, values) = self.batch_of(statements, Kind::Conditional).await?;
        let execute = Box::pin(self.inner.session.batch(&batch, values));
        let result = timed(name, execute)
            .await
            .map_err(CqlError::of_conditional)?;
        Answer::read(result)
    }

    async fn write_versioned(
        &self,
        statement: &'static Statement,
        values: impl SerializeRow,
        version: Option<i64>,
    ) -> Result<(), CqlError> {
        let mut prepared = self.prepared(statement, Kind::Write).await?;
        prepared.set_timestamp(version);
        let (session, prepared, values) = (&self.inner.session, &prepared, &values);
        attempts(|| {
            let start = PagingState::start();
            let execute = session.execute_single_page(prepared, values, start);
            timed(statement.name, Box::pin(execute))
        })
        .await
    }

    async fn pages<R>(
        &self,
        statement: &'static Statement,
        values: impl SerializeRow,
        kind: Kind,
    ) -> Result<Vec<R>, CqlError>
    where
        R: for<'f> DeserializeRow<'f, 'f>,
    {
        let prepared = self.prepared(statement, kind).await?;
        let mut rows = Vec::new();
        let mut at = PagingState::start();
        loop {
            let session = &self.inner.session;
            // The driver's futures are large, and many layers of ours would each carry one.
            let page = Box::pin(session.execute_single_page(&prepared, &values, at));
            let (result, next) = timed(statement.name, page)
                .await
                .map_err(CqlError::of_read)?;
            read_rows(result, &mut rows)?;
            match next.into_paging_control_flow() {
                std::ops::ControlFlow::Continue(state) => at = state,
                std::ops::ControlFlow::Break(()) => return Ok(rows),
            }
        }
    }

    async fn batch_of(
        &self,
        statements: Vec<(&'static Statement, Values)>,
        kind: Kind,
    ) -> Result<(Batch, Vec<Values>), CqlError> {
        let mut batch = Batch::new(BatchType::Unlogged);
        let (statements, values): (Vec<_>, Vec<_>) = statements.into_iter().unzip();
        let prepared = statements
            .into_iter()
            .map(|statement| self.prepared(statement, kind));
        for statement in try_join_all(prepared).await? {
            batch.append_statement(statement);
        }
        batch.set_is_idempotent(false);
        batch.set_execution_profile_handle(Some(self.inner.profiles.of(kind, self.patience)));
        Ok((batch, values))
    }

    async fn prepared(
        &self,
        statement: &'static Statement,
        kind: Kind,
    ) -> Result<PreparedStatement, CqlError> {
        let known = self
            .inner
            .prepared
            .get(statement.text)
            .map(|prepared| prepared.clone());
        let mut prepared = match known {
            Some(prepared) => prepared,
            None => self.prepare(statement).await?,
        };
        prepared.set_is_idempotent(kind.is_read());
        prepared.set_execution_profile_handle(Some(self.inner.profiles.of(kind, self.patience)));
        Ok(prepared)
    }

    async fn prepare(&self, statement: &'static Statement) -> Result<PreparedStatement, CqlError> {
        let preparing = Box::pin(self.inner.session.prepare(statement.text));
        let within = Patience::Background.timeout();
        let mut prepared = tokio::time::timeout(within, preparing)
            .await
            .map_err(|_| CqlError::Unavailable(format!("not prepared within {within:?}")))?
            .map_err(|error| CqlError::of_prepare(&error))?;
        prepared.set_page_size(PAGE_ROWS);
        self.inner.prepared.insert(statement.text, prepared.clone());
        Ok(prepared)
    }
}

/// Sends a repeatable write until it is acknowledged, at most twice. One attempt without an answer makes the
/// outcome unknown, whatever the others say.
async fn attempts<T, F>(send: impl Fn() -> F) -> Result<(), CqlError>
where
    F: Future<Output = Result<T, scylla::errors::ExecutionError>>,
{
    let mut unknown = None;
    for attempt in 1.. {
        match send().await.map_err(CqlError::of_write) {
            Ok(_) => return Ok(()),
            Err(CqlError::Unknown(reason)) => unknown = Some(reason),
            Err(error @ CqlError::Invalid(_)) => return Err(error),
            Err(error) if attempt >= WRITE_ATTEMPTS_MAX && unknown.is_none() => return Err(error),
            Err(_) => {}
        }
        if attempt >= WRITE_ATTEMPTS_MAX {
            break;
        }
    }
    Err(CqlError::Unknown(unknown.unwrap_or_default()))
}

fn read_rows<R>(result: QueryResult, rows: &mut Vec<R>) -> Result<(), CqlError>
where
    R: for<'f> DeserializeRow<'f, 'f>,
{
    let result = result.into_rows_result().map_err(CqlError::corrupt)?;
    for row in result.rows::<R>().map_err(CqlError::corrupt)? {
        rows.push(row.map_err(CqlError::corrupt)?);
    }
    Ok(())
}

/// Runs a call and records how long it took.
async fn timed<T>(name: &'static str, call: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let answer = call.await;
    record(name, start.elapsed());
    answer
}

fn record(name: &'static str, took: Duration) {
    metrics::histogram!("parlour_store_seconds", "statement" => name).record(took.as_secs_f64());
}
