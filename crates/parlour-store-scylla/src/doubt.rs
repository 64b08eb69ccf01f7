//! What an error says about a call that has written without an answer.

use parlour_store::StoreError;

/// The error of a call. After a try that may have happened, or may still happen, nothing that fails says that it did not.
pub(crate) fn or_unknown(error: StoreError, is_open: bool) -> StoreError {
    match error {
        StoreError::Unavailable(reason) if is_open => StoreError::Unknown(reason),
        other => other,
    }
}
