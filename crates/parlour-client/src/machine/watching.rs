//! Who and what is on the screen: presence by version, and typing that ends.

use std::collections::BTreeMap;
use std::time::Duration;

use parlour_model::{ChatId, Presence, PresenceStatus, Timestamp, UserId, limits};
use parlour_protocol::{TypingNotice, WatchFrame};

/// Typing that was not taken back ends this much after the server should have said so.
const TYPING_GRACE: Duration = Duration::from_secs(2);
/// Typists remembered at once; of more, the ends come from the server alone.
const TYPISTS_MAX: usize = 1_000;

/// What the application watches, and what is known of it.
#[derive(Debug, Default)]
pub(super) struct Watching {
    frame: Option<WatchFrame>,
    versions: BTreeMap<UserId, u64>,
    typing: BTreeMap<(ChatId, UserId), Timestamp>,
}

impl Watching {
    /// Replaces the screen.
    pub(super) fn set(&mut self, frame: WatchFrame) {
        self.versions.retain(|user, _| frame.users.contains(user));
        self.typing
            .retain(|(chat, _), _| frame.chats.contains(chat));
        self.frame = Some(frame);
    }

    /// The screen, if there is one.
    pub(super) fn frame(&self) -> Option<WatchFrame> {
        self.frame.clone()
    }

    /// Whether this presence is news: of a watched user, and newer than what is known. That nothing is known any more
    /// is news whatever its version, and whatever comes after it is newer.
    pub(super) fn presence(&mut self, presence: &Presence) -> bool {
        let watched = self
            .frame
            .as_ref()
            .is_some_and(|frame| frame.users.contains(&presence.user));
        if watched && presence.status == PresenceStatus::Unknown {
            self.versions.remove(&presence.user);
            return true;
        }
        let known = self.versions.get(&presence.user).copied();
        if !watched || known.is_some_and(|known| presence.version <= known) {
            return false;
        }
        self.versions.insert(presence.user, presence.version);
        true
    }

    /// Notes when this typing ends.
    pub(super) fn typing(&mut self, now: Timestamp, notice: &TypingNotice) {
        let typist = (notice.chat, notice.user);
        if !notice.on {
            self.typing.remove(&typist);
        } else if self.typing.len() < TYPISTS_MAX || self.typing.contains_key(&typist) {
            let ends = now.plus(limits::TYPING_LASTS + TYPING_GRACE);
            self.typing.insert(typist, ends);
        }
    }

    /// The typing that has ended without the server saying so.
    pub(super) fn ended_typing(&mut self, now: Timestamp) -> Vec<TypingNotice> {
        self.typing
            .extract_if(.., |_, ends| *ends <= now)
            .map(|((chat, user), _)| TypingNotice {
                chat,
                user,
                on: false,
            })
            .collect()
    }

    /// When the next typing ends.
    pub(super) fn next_end(&self) -> Option<Timestamp> {
        self.typing.values().min().copied()
    }
}
