//! The wire: frames, REST bodies, codecs, error and close codes.
//!
//! One definition of every type serves JSON and MessagePack, server and clients. Ids and keys are strings, seqs, times
//! and versions are integers below 2^53, enums are tagged with `type`. Unknown fields are ignored; bytes of any
//! kind are answered with an error and never with a panic.

mod client_frame;
mod event;
mod limits;
mod server_frame;

mod rest;

mod close;
mod error;
mod error_forms;

mod codec;
mod encoded;
mod encoding;
mod fields;

mod checks;
mod flags;
mod position;
mod reference;
mod secret;

pub use checks::InvalidField;
pub use client_frame::{
    CancelFrame, ClientFrame, DeleteFrame, EditFrame, HelloFrame, HistoryFrame, MarkFrame,
    PingFrame, ReactFrame, RefreshFrame, SendFrame, SetStatusFrame, SyncFrame, TypingFrame,
    WatchFrame,
};
pub use close::CloseCode;
pub use codec::{
    DecodeError, decode_body, decode_client, decode_patch, decode_server, encode_body,
    encode_client, encode_server,
};
pub use encoded::{Encoded, EncodedEvent};
pub use encoding::Encoding;
pub use error::{ErrorBody, ErrorCode, Outcome, Retry};
pub use error_forms::{ErrorFrame, Problem};
pub use event::WireEvent;
pub use limits::WireLimits;
pub use position::{Position, PositionError};
pub use reference::{Reference, ReferenceError};
pub use rest::{
    AddMembers, BlockBody, ChatBody, ChatPatch, ChatsPage, CreateChat, CreateDirect, CreateGroup,
    EditMessage, HistoryQuery, ListQuery, LoginRequest, MarkRequest, MarkWord, MemberBody,
    MemberPatch, MembersPage, MembersQuery, MessageBody, MessageStatus, MessagesPage,
    PasswordChange, PostMessage, Posted, PresenceBody, PresenceQuery, PrivacyBody, PrivacyPatch,
    ProfilePatch, ReactionBody, ReceiptBody, ReceiptsPage, RefreshRequest, RegisterRequest,
    ReportAccepted, ReportBody, ReportRequest, ReportSubject, ReportsPage, SessionBody,
    SessionsBody, SignedIn, StatusRequest, UserBody, UsersPage, UsersQuery,
};
pub use secret::Secret;
pub use server_frame::{
    CancelledFrame, ChatNotice, LeftChat, MarksFrame, OkFrame, PageFrame, PongFrame, ReadyFrame,
    ReceiptCountsFrame, ReceiptFrame, ReconnectFrame, ResyncFrame, SentFrame, ServerFrame,
    SyncedFrame, TooLongFrame, TooLongReason, TypingNotice, WelcomeFrame, WireMarks,
};
