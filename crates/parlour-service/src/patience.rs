//! Asking the store: within a time, and again where that settles what became of a write.
//!
//! No caller waits for ever. A read that does not answer in time says nothing, so it is unavailable; a write
//! that does not answer in time may have happened, so it is unknown and is asked again: every write used here is idempotent.
//! What is unknown once stays so until the store says what became of it: that it cannot be asked now settles nothing.

use std::future::Future;
use std::time::Duration;

use parlour_model::{ChatId, Draft};
use parlour_store::{Outcome, SharedStore, StoreError};

use crate::{Missing, ServiceError};

/// Pauses before asking an unknown write again.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(125),
];

/// A store that is asked with patience, but not without end.
#[derive(Clone)]
pub(crate) struct PatientStore {
    store: SharedStore,
    within: Duration,
}

impl PatientStore {
    /// `store`, each call of which may take `within`.
    pub(crate) fn new(store: SharedStore, within: Duration) -> Self {
        Self { store, within }
    }

    /// Reads once. An unknown answer to a read is no answer.
    pub(crate) async fn read<'a, T, F>(
        &'a self,
        call: impl FnOnce(&'a SharedStore) -> F,
    ) -> Result<T, ServiceError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        match self.in_time(call(&self.store)).await {
            Err(StoreError::Unknown(reason)) => Err(ServiceError::Unavailable(reason)),
            answer => answer.map_err(failure),
        }
    }

    /// Writes until the store says what became of it, a few times at most.
    pub(crate) async fn settle<'a, T, F>(
        &'a self,
        call: impl Fn(&'a SharedStore) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        settled(|| self.in_time(call(&self.store))).await
    }

    /// As [`Self::settle`], for a write that a store must not be stopped in, and that may take long: each call is waited for
    /// to its end. Only for a task that nobody waits for without a limit of their own.
    pub(crate) async fn settle_to_the_end<'a, T, F>(
        &'a self,
        call: impl Fn(&'a SharedStore) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        settled(|| call(&self.store)).await
    }

    /// As [`Self::settle`], for writes of which every error is simply a failure.
    pub(crate) async fn write<'a, T, F>(
        &'a self,
        call: impl Fn(&'a SharedStore) -> F,
    ) -> Result<T, ServiceError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        self.settle(call).await.map_err(failure)
    }

    /// Appends one draft once.
    pub(crate) async fn append(&self, chat: ChatId, draft: Draft) -> Outcome {
        let unknown = Outcome::Unknown { applied: None };
        match tokio::time::timeout(self.within, self.store.append(chat, vec![draft])).await {
            Ok(appended) => appended.outcomes.into_iter().next().unwrap_or(unknown),
            Err(_) => unknown,
        }
    }

    async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        tokio::time::timeout(self.within, call)
            .await
            .unwrap_or_else(|_| Err(StoreError::Unknown("no answer in time".to_owned())))
    }
}

/// The answer of the first call that is not unknown, or of the last.
async fn settled<T, F>(call: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut answer = call().await;
    for pause in PAUSES {
        if !matches!(answer, Err(StoreError::Unknown(_))) {
            break;
        }
        tokio::time::sleep(pause).await;
        answer = call().await.map_err(in_doubt);
    }
    answer
}

/// What an error says after a try of the same write that was not answered: that one may still be stored.
fn in_doubt(error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(reason) | StoreError::ReadOnly(reason) => {
            StoreError::Unknown(reason)
        }
        StoreError::Corrupt(detail) => {
            tracing::error!(detail, "the stored data contradicts itself");
            StoreError::Unknown("the stored data is damaged".to_owned())
        }
        other => other,
    }
}

/// What the caller of the service is told about a store that failed.
pub(crate) fn failure(error: StoreError) -> ServiceError {
    match error {
        StoreError::Unknown(_) => ServiceError::OutcomeUnknown { applied: None },
        StoreError::NotFound("the session") => ServiceError::NotFound(Missing::Session),
        StoreError::NotFound("the chat") => ServiceError::NotFound(Missing::Chat),
        StoreError::NotFound(_) => ServiceError::NotFound(Missing::User),
        StoreError::Corrupt(detail) => {
            tracing::error!(detail, "the stored data contradicts itself");
            ServiceError::Unavailable("the stored data is damaged".to_owned())
        }
        other => ServiceError::Unavailable(other.to_string()),
    }
}
