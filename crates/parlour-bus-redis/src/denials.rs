//! What Redis does not let the user of this node do.
//!
//! A user of Redis has rights to commands, keys and channels, and one that lacks some fails in places that look like an
//! outage: a lease that nobody hears under, routes that are never written. So each refusal is counted, and the last one is
//! kept as a sentence for operators.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was refused last.
#[derive(Debug, Default)]
pub(crate) struct Denials(Mutex<Option<String>>);

impl Denials {
    /// Takes an error of Redis in; most say nothing about rights.
    pub(crate) fn note(&self, error: &str) {
        if is_denial(error) {
            metrics::counter!("parlour_bus_denied_total").increment(1);
            let why = format!(
                "Redis does not let the user of this node do what a node must ({error}); compare its rights to commands, \
                 keys and channels with those in docs/cluster.md"
            );
            *self.lock() = Some(why);
        }
    }

    /// What was refused last, if anything was since this was asked before.
    pub(crate) fn take(&self) -> Option<String> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Redis says it in one way of a command, and in another of what a script calls.
fn is_denial(error: &str) -> bool {
    error.starts_with("NOPERM") || error.contains("The user executing the script can't")
}
