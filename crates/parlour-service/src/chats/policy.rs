//! Who may do what in a chat: one table, and the two lines of code that read it.
//!
//! Invariants:
//! - Nothing a user does in a chat goes past this table; what it does not grant is refused.
//! - Only present members are in it. Former members and strangers are refused alike, without a hint that the
//!   chat exists.

use parlour_model::{ChatType, Role};

use crate::{Missing, ServiceError};

/// Something a user may want to do in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// Read history, one message, the summary of the chat, receipts.
    Read,
    /// See who the members are, with their marks.
    SeeMembers,
    /// Raise one's own watermarks.
    Mark,
    /// Show that one is typing.
    Typing,
    /// Say something.
    Post,
    /// Put a reaction on a message, or take it off.
    React,
    /// Give one's own message another body.
    EditOwn,
    /// Delete one's own message.
    DeleteOwn,
    /// Delete somebody else's message.
    DeleteOthers,
    /// Pin a message, or unpin it.
    Pin,
    /// Change the title, or the data of the application.
    Rename,
    /// Change what of the past new members may see.
    SetHistory,
    /// Make users members.
    AddMembers,
    /// Take somebody out whose role is lower than one's own.
    RemoveMember,
    /// Make a member an admin, or an admin a member.
    SetRole,
    /// Make somebody else the owner.
    HandOver,
    /// Leave. An owner does so only when nobody else is left.
    Leave,
}

/// One line of the table.
struct Rule {
    operation: Operation,
    /// The least role in a direct chat; `None`: nobody.
    direct: Option<Role>,
    /// The least role in a group; `None`: nobody.
    group: Option<Role>,
    /// Whether it is allowed in a direct chat of two of whom one has blocked the other.
    while_blocked: bool,
}

const MEMBER: Option<Role> = Some(Role::Member);
const ADMIN: Option<Role> = Some(Role::Admin);
const OWNER: Option<Role> = Some(Role::Owner);
const NOBODY: Option<Role> = None;

/// What may be done while one of two has blocked the other: read what there is, and take back one's own words.
const RULES: [Rule; 17] = [
    rule(Operation::Read, MEMBER, MEMBER, true),
    rule(Operation::SeeMembers, MEMBER, MEMBER, true),
    rule(Operation::Mark, MEMBER, MEMBER, true),
    rule(Operation::Typing, MEMBER, MEMBER, false),
    rule(Operation::Post, MEMBER, MEMBER, false),
    rule(Operation::React, MEMBER, MEMBER, false),
    rule(Operation::EditOwn, MEMBER, MEMBER, false),
    rule(Operation::DeleteOwn, MEMBER, MEMBER, true),
    rule(Operation::DeleteOthers, NOBODY, ADMIN, false),
    rule(Operation::Pin, MEMBER, ADMIN, false),
    rule(Operation::Rename, NOBODY, ADMIN, false),
    rule(Operation::SetHistory, NOBODY, OWNER, false),
    rule(Operation::AddMembers, NOBODY, ADMIN, false),
    rule(Operation::RemoveMember, NOBODY, ADMIN, false),
    rule(Operation::SetRole, NOBODY, OWNER, false),
    rule(Operation::HandOver, NOBODY, OWNER, false),
    rule(Operation::Leave, NOBODY, MEMBER, false),
];

const fn rule(
    operation: Operation,
    direct: Option<Role>,
    group: Option<Role>,
    while_blocked: bool,
) -> Rule {
    Rule {
        operation,
        direct,
        group,
        while_blocked,
    }
}

/// What decides over an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Circumstances {
    /// Direct or group.
    pub(super) chat_type: ChatType,
    /// The role of a present member; `None` for everybody else.
    pub(super) role: Option<Role>,
    /// Whether one of the two in a direct chat has blocked the other.
    pub(super) blocked: bool,
}

/// Whether `operation` is allowed.
///
/// # Errors
/// Chat not found for who is no member; [`ServiceError::Forbidden`]; [`ServiceError::Blocked`].
pub(super) fn judge(
    operation: Operation,
    circumstances: Circumstances,
) -> Result<(), ServiceError> {
    let Some(role) = circumstances.role else {
        return Err(ServiceError::NotFound(Missing::Chat));
    };
    let rule = RULES
        .iter()
        .find(|rule| rule.operation == operation)
        .expect("every operation has its line: the test of the whole table looks at each");
    let least = match circumstances.chat_type {
        ChatType::Direct => rule.direct,
        ChatType::Group => rule.group,
    };
    if least.is_none_or(|least| role < least) {
        Err(ServiceError::Forbidden)
    } else if circumstances.blocked && !rule.while_blocked {
        Err(ServiceError::Blocked)
    } else {
        Ok(())
    }
}

/// Whether somebody of role `remover` may take out somebody of role `removed`: an owner everybody else, an
/// admin only plain members.
pub(super) fn outranks(remover: Role, removed: Role) -> bool {
    remover > removed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who may in direct chats, who may in groups (m: members, a: admins, o: owners), and whether while blocked.
    const EXPECTED: [(Operation, &str, &str, bool); 17] = [
        (Operation::Read, "mao", "mao", true),
        (Operation::SeeMembers, "mao", "mao", true),
        (Operation::Mark, "mao", "mao", true),
        (Operation::Typing, "mao", "mao", false),
        (Operation::Post, "mao", "mao", false),
        (Operation::React, "mao", "mao", false),
        (Operation::EditOwn, "mao", "mao", false),
        (Operation::DeleteOwn, "mao", "mao", true),
        (Operation::DeleteOthers, "", "ao", false),
        (Operation::Pin, "mao", "ao", false),
        (Operation::Rename, "", "ao", false),
        (Operation::SetHistory, "", "o", false),
        (Operation::AddMembers, "", "ao", false),
        (Operation::RemoveMember, "", "ao", false),
        (Operation::SetRole, "", "o", false),
        (Operation::HandOver, "", "o", false),
        (Operation::Leave, "", "mao", false),
    ];

    fn expected(granted: &str, letter: char, blocked_stops: bool) -> Result<(), ServiceError> {
        match granted.contains(letter) {
            false => Err(ServiceError::Forbidden),
            true if blocked_stops => Err(ServiceError::Blocked),
            true => Ok(()),
        }
    }

    #[test]
    fn the_whole_table_says_what_it_shall() {
        let roles = [(Role::Member, 'm'), (Role::Admin, 'a'), (Role::Owner, 'o')];
        for (operation, direct, group, while_blocked) in EXPECTED {
            for (chat_type, granted) in [(ChatType::Direct, direct), (ChatType::Group, group)] {
                for (role, letter) in roles {
                    for blocked in [false, true] {
                        let circumstances = Circumstances {
                            chat_type,
                            role: Some(role),
                            blocked,
                        };
                        assert_eq!(
                            judge(operation, circumstances),
                            expected(granted, letter, blocked && !while_blocked),
                            "{operation:?} {circumstances:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_but_a_present_member_may_do_anything() {
        for rule in &RULES {
            for chat_type in [ChatType::Direct, ChatType::Group] {
                for blocked in [false, true] {
                    let stranger = Circumstances {
                        chat_type,
                        role: None,
                        blocked,
                    };
                    assert_eq!(
                        judge(rule.operation, stranger),
                        Err(ServiceError::NotFound(Missing::Chat))
                    );
                }
            }
        }
    }

    #[test]
    fn every_line_of_the_table_is_looked_at() {
        for rule in &RULES {
            let lines = EXPECTED.iter().filter(|line| line.0 == rule.operation);
            assert_eq!(lines.count(), 1, "{:?}", rule.operation);
        }
    }

    #[test]
    fn nobody_takes_out_an_equal() {
        let removable = |remover| {
            [Role::Member, Role::Admin, Role::Owner]
                .into_iter()
                .filter(|removed| outranks(remover, *removed))
                .collect::<Vec<_>>()
        };
        assert_eq!(removable(Role::Owner), [Role::Member, Role::Admin]);
        assert_eq!(removable(Role::Admin), [Role::Member]);
        assert!(removable(Role::Member).is_empty());
    }
}
