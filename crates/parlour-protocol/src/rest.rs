//! Bodies of HTTP requests and answers, by subject.
//!
//! Absent and null mean the same, except where a `PATCH` says that null unsets. Unknown fields are ignored.

mod accounts;
mod chats;
mod message_body;
mod messages;
mod patch;
mod queries;
mod reports;
mod users;

pub use accounts::{
    LoginRequest, PasswordChange, RefreshRequest, RegisterRequest, SessionBody, SessionsBody,
    SignedIn,
};
pub use chats::{
    AddMembers, ChatBody, ChatPatch, ChatsPage, CreateChat, CreateDirect, CreateGroup, MemberBody,
    MemberPatch, MembersPage,
};
pub use message_body::{MessageBody, MessageStatus, ReactionBody};
pub use messages::{
    EditMessage, MarkRequest, MarkWord, MessagesPage, PostMessage, Posted, ReceiptBody,
    ReceiptsPage,
};
pub(crate) use queries::rows;
pub use queries::{HistoryQuery, ListQuery, MembersQuery, UsersQuery};
pub use reports::{ReportAccepted, ReportBody, ReportRequest, ReportSubject, ReportsPage};
pub use users::{
    BlockBody, PresenceBody, PresenceQuery, PrivacyBody, PrivacyPatch, ProfilePatch, StatusRequest,
    UserBody, UsersPage,
};
