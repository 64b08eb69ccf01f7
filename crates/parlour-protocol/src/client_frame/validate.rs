//! The limits of each client frame.

use std::collections::BTreeMap;

use parlour_model::{ChatId, Seq, limits};

use super::{ClientFrame, HelloFrame, HistoryFrame, SendFrame, WatchFrame};
use crate::InvalidField;
use crate::checks::{at_most, device_fits, limit_fits, one_place, seq_fits, target_fits};

impl ClientFrame {
    /// Whether every field is within its limits. [`crate::decode_client`] has asked already; a client
    /// asks before it sends. What a body says is judged by [`parlour_model::Body::check_postable`].
    ///
    /// # Errors
    /// [`InvalidField`] names the first field that is not.
    pub fn validate(&self) -> Result<(), InvalidField> {
        match self {
            Self::Hello(frame) => hello(frame),
            Self::Sync(frame) => cursors(&frame.cursors),
            Self::Send(frame) => send(frame),
            Self::Edit(frame) => change(frame.applied, frame.target),
            Self::Delete(frame) => change(frame.applied, frame.target),
            Self::React(frame) => change(frame.applied, frame.target),
            Self::Delivered(frame) | Self::Read(frame) => seq_fits("seq", frame.seq),
            Self::Watch(frame) => watch(frame),
            Self::History(frame) => history(frame),
            Self::Cancel(_)
            | Self::Typing(_)
            | Self::SetStatus(_)
            | Self::Refresh(_)
            | Self::Ping(_) => Ok(()),
        }
    }
}

fn hello(frame: &HelloFrame) -> Result<(), InvalidField> {
    device_fits(frame.device.as_deref())?;
    cursors(&frame.cursors)
}

fn cursors(cursors: &BTreeMap<ChatId, Seq>) -> Result<(), InvalidField> {
    let (field, max) = ("cursors", limits::CURSORS_PER_FRAME_MAX);
    at_most(field, cursors.len(), max, "chats")?;
    cursors
        .values()
        .try_for_each(|cursor| seq_fits(field, *cursor))
}

fn send(frame: &SendFrame) -> Result<(), InvalidField> {
    seq_fits("applied", frame.applied)?;
    frame
        .reply_to
        .map_or(Ok(()), |target| target_fits("reply_to", target))
}

fn change(applied: Seq, target: Seq) -> Result<(), InvalidField> {
    seq_fits("applied", applied)?;
    target_fits("target", target)
}

fn watch(frame: &WatchFrame) -> Result<(), InvalidField> {
    let (users, chats) = (frame.users.len(), frame.chats.len());
    at_most("users", users, limits::WATCH_USERS_MAX, "users")?;
    at_most("chats", chats, limits::WATCH_CHATS_MAX, "chats")
}

fn history(frame: &HistoryFrame) -> Result<(), InvalidField> {
    one_place(
        frame.before.is_some(),
        frame.after.is_some(),
        frame.around.is_some(),
    )?;
    let places = [
        ("before", frame.before),
        ("after", frame.after),
        ("around", frame.around),
    ];
    for (field, place) in places {
        place.map_or(Ok(()), |place| seq_fits(field, place))?;
    }
    limit_fits(frame.limit, 1..=limits::PAGE_MESSAGES_MAX)
}
