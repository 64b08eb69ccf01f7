//! What users reported to the operators.

use async_trait::async_trait;
use parlour_model::{Report, ReportId};

use crate::StoreError;

/// Reports, kept until an operator deletes them by hand.
#[async_trait]
pub trait Reports: Send + Sync {
    /// Writes a report unless one of this id is there: the first of an id stays. So a retry changes nothing.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn put_report(&self, report: Report) -> Result<(), StoreError>;

    /// Reports by rising id, after `after`, at most `limit`. Two nodes' reports of one moment may become readable in
    /// another order than that of their ids.
    ///
    /// # Errors
    /// None that say anything about the reports.
    async fn reports(
        &self,
        after: Option<ReportId>,
        limit: usize,
    ) -> Result<Vec<Report>, StoreError>;
}
