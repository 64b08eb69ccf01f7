//! What Parlour needs from durable storage: traits, errors, conformance suite, fault wrapper.
//!
//! The hard choice here: **one commit decides everything**. A chat is one append-only log, and
//! [`ChatLog::append`] is the only way anything enters it. Order, exactly-once and the author's rights are
//! settled inside that commit, by the store alone. Members, roles and edited bodies are a projection of the
//! log, and heal themselves from it.
//!
//! A store implements the raw traits ([`ChatLog`], [`Views`], [`Watermarks`], [`Claims`], [`Accounts`],
//! [`Sessions`], [`Keyring`], [`Reports`]); callers take a [`SharedStore`]. Every implementation passes [`conformance`].
//!
//! **What an error says.** [`StoreError::Unknown`] means the call may have happened, or may still happen.
//! Every other error means it did not and will not. Every write but `append` is idempotent: after `Unknown`,
//! call again.

pub mod conformance;
pub mod faults;

mod accounts;
mod chat_log;
mod claims;
mod error;
mod keyring;
mod reports;
mod sessions;
mod summary;
mod views;
mod watermarks;

use std::sync::Arc;

pub use accounts::{Accounts, LastKnown, NewUser, ProfileChange};
pub use chat_log::{
    Appended, Cancellation, ChatLog, Creation, Head, Lookup, NewChat, NotStored, Outcome,
};
pub use claims::{Claim, ClaimSpace, Claims};
pub use error::StoreError;
pub use keyring::{KeyPurpose, Keyring, StoredKey};
pub use reports::Reports;
pub use sessions::{NewSession, Rotation, Session, Sessions};
pub use summary::{ChatSummary, chat_summary};
pub use views::{Anchor, Authority, Page, Views};
pub use watermarks::Watermarks;

/// Everything a node asks of its storage.
pub trait Store:
    ChatLog + Views + Watermarks + Claims + Accounts + Sessions + Keyring + Reports
{
}

impl<S: ChatLog + Views + Watermarks + Claims + Accounts + Sessions + Keyring + Reports> Store
    for S
{
}

/// A store as the layers above hold it.
pub type SharedStore = Arc<dyn Store>;
