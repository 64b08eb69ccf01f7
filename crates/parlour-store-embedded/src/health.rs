//! Whether the store may write: well, read-only for now, or failed for good.
//!
//! Read-only is left by trying: once the pause is over, the next group is the probe. Failed is never left. After
//! an fsync error the system may have dropped what it could not write, and a later fsync that succeeds says
//! nothing about it, so no later answer could be trusted.

use std::time::Duration;

use parlour_model::Timestamp;
use parlour_store::StoreError;
use tokio::sync::watch;

use crate::failure::{Reach, is_certain_at_commit, reach};

/// How long a read-only store refuses writes before it tries again.
pub(crate) const PROBE_EVERY: Duration = Duration::from_secs(2);

/// What became of a group of writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Durable.
    Committed,
    /// Certainly not stored; try again.
    Unavailable(String),
    /// Certainly not stored; no room.
    ReadOnly(String),
    /// Perhaps stored.
    Unknown(String),
}

impl Fate {
    /// What the caller of a write in the group is told, unless the group is durable.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Committed => Ok(()),
            Self::Unavailable(reason) => Err(StoreError::Unavailable(reason.clone())),
            Self::ReadOnly(reason) => Err(StoreError::ReadOnly(reason.clone())),
            Self::Unknown(reason) => Err(StoreError::Unknown(reason.clone())),
        }
    }
}

/// How far a group had come when an error ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing of it can ever be seen.
    BeforeCommit,
    /// The commit itself failed.
    Commit,
}

#[derive(Debug)]
enum State {
    Well,
    ReadOnly { reason: String, probe_at: Timestamp },
    Failed(String),
}

/// What the writer knows about its medium.
#[derive(Debug)]
pub(crate) struct Health {
    state: State,
    report: watch::Sender<Option<String>>,
}

impl Health {
    /// A healthy store, which reports to `report` when it fails for good.
    pub(crate) fn new(report: watch::Sender<Option<String>>) -> Self {
        Self {
            state: State::Well,
            report,
        }
    }

    /// The fate of a group that must not even be tried at `now`.
    pub(crate) fn refusal(&self, now: Timestamp) -> Option<Fate> {
        match &self.state {
            State::ReadOnly { reason, probe_at } if now < *probe_at => {
                Some(Fate::ReadOnly(reason.clone()))
            }
            State::Well | State::ReadOnly { .. } => None,
            State::Failed(reason) => Some(Fate::Unavailable(reason.clone())),
        }
    }

    /// A group is durable.
    pub(crate) fn succeeded(&mut self) {
        if let State::ReadOnly { .. } = self.state {
            tracing::info!("the store can be written again");
            metrics::gauge!("parlour_store_read_only").set(0.0);
            self.state = State::Well;
        }
    }

    /// An error ended a group at `stage`; answers the fate of the group.
    pub(crate) fn failed(&mut self, error: &rusqlite::Error, stage: Stage, now: Timestamp) -> Fate {
        let reason = error.to_string();
        match reach(error) {
            Reach::Durability => self.fail(format!("an fsync failed: {reason}")),
            Reach::Medium => self.refuse_writes(&reason, now),
            Reach::Transaction | Reach::Work => {
                tracing::warn!(error = %reason, "a group of writes was rolled back");
            }
        }
        let is_unknown = stage == Stage::Commit && !is_certain_at_commit(error);
        match &self.state {
            _ if is_unknown => Fate::Unknown(reason),
            State::ReadOnly { reason, .. } => Fate::ReadOnly(reason.clone()),
            State::Well | State::Failed(_) => Fate::Unavailable(reason),
        }
    }

    /// Nothing is acknowledged from now on.
    pub(crate) fn fail(&mut self, reason: String) {
        tracing::error!(
            reason,
            "the store has failed and acknowledges nothing any more"
        );
        self.report.send_replace(Some(reason.clone()));
        self.state = State::Failed(reason);
    }

    fn refuse_writes(&mut self, reason: &str, now: Timestamp) {
        if let State::Well = self.state {
            tracing::error!(
                reason,
                "the store cannot be written and is read-only until it can"
            );
            metrics::gauge!("parlour_store_read_only").set(1.0);
        }
        self.state = State::ReadOnly {
            reason: reason.to_owned(),
            probe_at: now.plus(PROBE_EVERY),
        };
    }
}
