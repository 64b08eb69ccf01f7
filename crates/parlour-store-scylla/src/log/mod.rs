//! The logs of all chats.
//!
//! [`append`] is the heart; what it stands on comes first.

mod layout;
mod row;

mod head_cache;
mod heads;
mod read;

mod events;
mod seq_of;

mod keys;
mod search;

mod attempt;
mod commit;
mod entry;
mod roll_over;

mod append;
mod cancel;
mod create;
mod find;

pub(crate) use append::{Appending, Tools};
pub(crate) use create::create;
pub(crate) use head_cache::HeadCache;
pub(crate) use keys::KeyName;
pub(crate) use layout::{Bucket, Layout};
pub(crate) use read::LogReader;
pub(crate) use row::content_json;
