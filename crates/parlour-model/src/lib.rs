//! The words of Parlour: typed ids, events, chats, roles, limits, clock and Snowflake ids.
//!
//! Every other crate speaks in these types. Nothing here does I/O, and nothing here imports
//! another Parlour crate. Values are parsed once at the edge; a value of one of these types is
//! valid by construction.

pub mod limits;

mod ids;
mod key;
mod seq;

mod boot;
mod clock;
mod snowflake;

mod app_data;
mod body;
mod content;
mod draft;
mod event;

mod chat;
mod effects;
mod marks;
mod message;
mod presence;
mod report;
mod user;

pub use app_data::{AppData, AppDataError};
pub use body::{Body, BodyError, PostableBody};
pub use boot::boot_time;
pub use chat::{
    Chat, ChatType, HistoryVisibility, Member, MemberState, Membership, Role, Title, TitleError,
};
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use content::{Content, Emoji, EmojiError, NewMember};
pub use draft::{BodyHash, Draft};
pub use effects::{Change, OverlayChange, effects};
pub use event::Event;
pub use ids::{ChatId, EventId, IdError, NodeNumber, ReportId, SessionId, UserId};
pub use key::{EventKey, KeyError};
pub use marks::{Mark, Marks, unread};
pub use message::{Message, Overlay, Reaction, Visible};
pub use presence::{Audience, ChosenStatus, Presence, PresenceStatus, Privacy};
pub use report::{Report, ReportReason, Reported};
pub use seq::{Countable, Epoch, Seq};
pub use snowflake::{IdGenerator, NumberLapsed};
pub use user::{DisplayName, NameError, User, UserName, fold_for_search};
