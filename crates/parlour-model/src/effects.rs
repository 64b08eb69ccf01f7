//! What an event does to the tables that project the log.
//!
//! Every cell is a register whose version is the seq of the event that wrote it: the higher seq wins. So
//! changes may be applied late, twice and in any order, and the tables still converge to what the log says.

use crate::{
    AppData, Body, Content, Countable, Emoji, Event, EventId, HistoryVisibility, NewMember, Role,
    Seq, Timestamp, Title, UserId,
};

/// One change to the tables, to be written with the version `event.seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The chat's row has these settings. `None` leaves a cell alone.
    Chat {
        /// Title.
        title: Option<Title>,
        /// History visibility.
        history: Option<HistoryVisibility>,
        /// The application's data; empty: none.
        data: Option<AppData>,
        /// Time of the change.
        at: Timestamp,
    },
    /// A user joined (again).
    Joined {
        /// Who.
        user: UserId,
        /// With which role.
        role: Role,
        /// The countable number at that point.
        countable: Countable,
        /// When.
        at: Timestamp,
    },
    /// A user is no longer a member.
    Left {
        /// Who.
        user: UserId,
    },
    /// A user has another role.
    Role {
        /// Who.
        user: UserId,
        /// Which.
        role: Role,
    },
    /// Something about a message changed.
    Overlay {
        /// The message.
        target: Seq,
        /// What.
        change: OverlayChange,
    },
}

/// A change to one message's current state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OverlayChange {
    /// It has a new body, by the event of this id and time.
    Edited {
        /// The new body.
        body: Body,
        /// The editing event.
        by: EventId,
        /// When.
        at: Timestamp,
    },
    /// It is deleted. Sticky: no edit, late or later, brings it back.
    Deleted,
    /// A user's reaction is on or off.
    Reaction {
        /// Who.
        user: UserId,
        /// Which.
        emoji: Emoji,
        /// On or off.
        on: bool,
    },
    /// It is pinned or not.
    Pinned(bool),
}

/// What `event` does to the tables. Pure: both stores apply exactly this.
#[must_use]
pub fn effects(event: &Event) -> Vec<Change> {
    match &event.content {
        Content::MembersAdded { users } => joined(event, users).collect(),
        Content::MemberRemoved { user } => vec![Change::Left { user: *user }],
        Content::RoleChanged { user, role } => role_changed(event.author, *user, *role),
        Content::ChatChanged {
            title,
            history,
            data,
        } => {
            vec![Change::Chat {
                title: title.clone(),
                history: *history,
                data: data.clone(),
                at: event.sent_at,
            }]
        }
        Content::ChatCreated {
            title,
            history,
            data,
            users,
            ..
        } => {
            let chat = Change::Chat {
                title: title.clone(),
                history: Some(*history),
                data: Some(data.clone()).filter(|data| !data.is_empty()),
                at: event.sent_at,
            };
            std::iter::once(chat).chain(joined(event, users)).collect()
        }
        about_a_message => overlay(event, about_a_message).into_iter().collect(),
    }
}

/// Handing a group over is one event, so that no crash leaves two owners or none: whoever makes somebody
/// the owner was it, and is an admin from then on.
fn role_changed(author: UserId, user: UserId, role: Role) -> Vec<Change> {
    let named = Change::Role { user, role };
    if role != Role::Owner || author == user {
        return vec![named];
    }
    let role = Role::Admin;
    vec![named, Change::Role { user: author, role }]
}

fn joined<'a>(event: &'a Event, users: &'a [NewMember]) -> impl Iterator<Item = Change> + 'a {
    users.iter().map(|member| Change::Joined {
        user: member.user,
        role: member.role,
        countable: event.countable,
        at: event.sent_at,
    })
}

fn overlay(event: &Event, content: &Content) -> Option<Change> {
    let change = match content {
        Content::MessageEdited { body, .. } => OverlayChange::Edited {
            body: body.clone(),
            by: event.id,
            at: event.sent_at,
        },
        Content::MessageDeleted { .. } => OverlayChange::Deleted,
        Content::ReactionChanged { emoji, on, .. } => OverlayChange::Reaction {
            user: event.author,
            emoji: emoji.clone(),
            on: *on,
        },
        Content::PinChanged { on, .. } => OverlayChange::Pinned(*on),
        _ => return None,
    };
    content
        .target()
        .map(|target| Change::Overlay { target, change })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChatId, ChatType, EventKey};

    fn event(content: Content) -> Event {
        let at = Timestamp::from_millis(1_800_000_000_000);
        Event {
            chat: ChatId::new(1).unwrap(),
            seq: Seq::new(9),
            id: EventId::new(3).unwrap(),
            author: UserId::new(4).unwrap(),
            key: EventKey::generate(at),
            content,
            sent_at: at,
            countable: Countable::new(5),
            prev_effect: Seq::FIRST,
            erased: false,
        }
    }

    #[test]
    fn exactly_the_kinds_with_an_effect_change_a_table() {
        let user = UserId::new(4).unwrap();
        let users = vec![NewMember {
            user,
            role: Role::Member,
        }];
        let (body, target) = (Body::text("x"), Seq::new(2));
        let kinds = [
            Content::Message {
                body: body.clone(),
                reply_to: None,
            },
            Content::MessageEdited { target, body },
            Content::MessageDeleted { target },
            Content::ReactionChanged {
                target,
                emoji: Emoji::new("👍").unwrap(),
                on: true,
            },
            Content::PinChanged { target, on: true },
            Content::MembersAdded {
                users: users.clone(),
            },
            Content::MemberRemoved { user },
            Content::RoleChanged {
                user,
                role: Role::Admin,
            },
            Content::ChatChanged {
                title: None,
                history: Some(HistoryVisibility::All),
                data: None,
            },
            Content::ChatCreated {
                chat_type: ChatType::Group,
                title: None,
                history: HistoryVisibility::All,
                data: AppData::default(),
                users,
            },
            Content::Hidden {},
        ];
        for content in kinds {
            let event = event(content);
            let kind = event.content.kind();
            assert_eq!(
                event.content.has_effect(),
                !effects(&event).is_empty(),
                "{kind}"
            );
        }
    }

    #[test]
    fn handing_over_makes_one_owner_and_one_admin_in_one_event() {
        let heir = UserId::new(5).unwrap();
        let role = Role::Owner;
        let handed_over = event(Content::RoleChanged { user: heir, role });
        let giver = Change::Role {
            user: handed_over.author,
            role: Role::Admin,
        };
        assert_eq!(
            effects(&handed_over),
            [Change::Role { user: heir, role }, giver]
        );
    }
}
