//! What users may do: check, commit, announce. One file per use case.
//!
//! The service decides by policy, the store decides by commit, and only then is anything announced. It knows
//! neither topics nor sockets nor codecs.

mod accounts;
mod actor;
mod chats;
mod error;
mod finish;
mod patience;

pub use accounts::{
    AccountParts, AccountSettings, Accounts, Credentials, Origin, PasswordSettings, ProfileChange,
    Rate, RateSettings, Registration, Session, SignedIn, UserPage,
};
pub use actor::Actor;
pub use chats::{
    ChatChange, ChatPage, ChatParts, Chats, MemberPage, NewGroup, NewReport, Post, Posted,
    ReportAbout, SeqOrId,
};
pub use error::{Missing, Refusal, ServiceError, TokenProblem};
pub use parlour_store::{Anchor, Cancellation, ChatSummary, Page};

/// Everything users may do. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    /// Accounts, sessions, profiles, presence.
    pub accounts: Accounts,
    /// Chats, members, messages, marks.
    pub chats: Chats,
}
