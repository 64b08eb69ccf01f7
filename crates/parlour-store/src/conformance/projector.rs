//! The reference: what the tables must say, computed from the log alone.
//!
//! Every cell is a register versioned by seq, so the events may be given in any order and more than once.

use std::collections::{BTreeMap, BTreeSet};

use parlour_model::{
    AppData, Body, Change, Chat, ChatType, Content, Countable, Emoji, Epoch, Event,
    HistoryVisibility, Member, MemberState, Message, Overlay, OverlayChange, Role, Seq, Timestamp,
    Title, UserId, effects,
};

/// The value that the highest seq wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Register<T>(Option<(Seq, T)>);

impl<T> Default for Register<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone> Register<T> {
    fn write(&mut self, seq: Seq, value: T) {
        if self.seq() < seq {
            self.0 = Some((seq, value));
        }
    }

    fn seq(&self) -> Seq {
        self.0.as_ref().map_or(Seq::ZERO, |(seq, _)| *seq)
    }

    fn value(&self) -> Option<T> {
        self.0.as_ref().map(|(_, value)| value.clone())
    }
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct MemberCells {
    joined: Register<(Countable, Timestamp)>,
    role: Register<Role>,
    left: Register<()>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct OverlayCells {
    edited: Register<(Body, Timestamp)>,
    deleted: bool,
    pinned: Register<bool>,
    reactions: BTreeMap<(Emoji, UserId), Register<bool>>,
}

/// The tables of one chat.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Projected {
    creation: Option<Event>,
    title: Register<Title>,
    history: Register<HistoryVisibility>,
    data: Register<AppData>,
    updated_at: Register<Timestamp>,
    members: BTreeMap<UserId, MemberCells>,
    overlays: BTreeMap<Seq, OverlayCells>,
    /// The events that raised the epoch.
    raises: BTreeSet<Seq>,
}

impl Projected {
    /// The tables after these events.
    pub(super) fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut projected = Self::default();
        events.into_iter().for_each(|event| projected.apply(event));
        projected
    }

    fn apply(&mut self, event: &Event) {
        if matches!(event.content, Content::ChatCreated { .. }) {
            self.creation = Some(event.clone());
        }
        if event.content.raises_epoch() {
            self.raises.insert(event.seq);
        }
        for change in effects(event) {
            self.change(event.seq, change);
        }
    }

    fn change(&mut self, seq: Seq, change: Change) {
        match change {
            Change::Chat {
                title,
                history,
                data,
                at,
            } => {
                if let Some(title) = title {
                    self.title.write(seq, title);
                }
                if let Some(history) = history {
                    self.history.write(seq, history);
                }
                if let Some(data) = data {
                    self.data.write(seq, data);
                }
                self.updated_at.write(seq, at);
            }
            Change::Joined {
                user,
                role,
                countable,
                at,
            } => {
                let cells = self.members.entry(user).or_default();
                cells.joined.write(seq, (countable, at));
                cells.role.write(seq, role);
            }
            Change::Left { user } => self.members.entry(user).or_default().left.write(seq, ()),
            Change::Role { user, role } => {
                self.members.entry(user).or_default().role.write(seq, role);
            }
            Change::Overlay { target, change } => {
                self.overlays.entry(target).or_default().change(seq, change);
            }
        }
    }

    /// The chat's row.
    pub(super) fn chat(&self) -> Chat {
        let creation = self.creation.as_ref().expect("the events start with seq 1");
        let Content::ChatCreated { chat_type, .. } = &creation.content else {
            unreachable!("only a creation is kept as one");
        };
        let chat_type: ChatType = *chat_type;
        Chat {
            id: creation.chat,
            chat_type,
            title: self.title.value(),
            history: self.history.value().expect("written by seq 1"),
            data: self.data.value().unwrap_or_default(),
            created_at: creation.sent_at,
            updated_at: self.updated_at.value().expect("written by seq 1"),
        }
    }

    /// The rights epoch.
    pub(super) fn epoch(&self) -> Epoch {
        Epoch::new(self.raises.len() as u64)
    }

    /// A user's row, also of a former member.
    pub(super) fn member(&self, user: UserId) -> Option<Member> {
        let cells = self.members.get(&user)?;
        let (joined_countable, joined_at) = cells.joined.value()?;
        let (joined, left) = (cells.joined.seq(), cells.left.seq());
        Some(Member {
            user,
            role: cells.role.value()?,
            state: if joined > left {
                MemberState::Joined
            } else {
                MemberState::Left
            },
            joined_seq: joined,
            joined_countable,
            joined_at,
            left_seq: cells.left.value().map(|()| left),
        })
    }

    /// The present members, by rising id.
    pub(super) fn present(&self) -> Vec<Member> {
        let rows = self.members.keys().filter_map(|user| self.member(*user));
        rows.filter(Member::is_joined).collect()
    }

    /// A line in its current state.
    pub(super) fn message(&self, event: Event) -> Message {
        let overlay = self
            .overlays
            .get(&event.seq)
            .map_or_else(Overlay::default, OverlayCells::overlay);
        Message::new(event, overlay)
    }
}

impl OverlayCells {
    fn change(&mut self, seq: Seq, change: OverlayChange) {
        match change {
            OverlayChange::Edited { body, at, .. } => self.edited.write(seq, (body, at)),
            OverlayChange::Deleted => self.deleted = true,
            OverlayChange::Pinned(on) => self.pinned.write(seq, on),
            OverlayChange::Reaction { user, emoji, on } => {
                self.reactions
                    .entry((emoji, user))
                    .or_default()
                    .write(seq, on);
            }
        }
    }

    fn overlay(&self) -> Overlay {
        let mut reactions: BTreeMap<Emoji, Vec<UserId>> = BTreeMap::new();
        for ((emoji, user), on) in &self.reactions {
            if on.value() == Some(true) {
                reactions.entry(emoji.clone()).or_default().push(*user);
            }
        }
        Overlay {
            edited: self.edited.value(),
            deleted: self.deleted,
            pinned: self.pinned.value().unwrap_or(false),
            reactions,
        }
    }
}
