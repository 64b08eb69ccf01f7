//! How things read: events, messages, presence.
//!
//! Pure: names come from the caller, and what is written here is made safe for the terminal by the screen.

use std::time::Duration;

use parlour_model::{
    Body, ChatType, ChosenStatus, Content, NewMember, Presence, PresenceStatus, Role, Timestamp,
    UserId,
};
use parlour_protocol::{MessageBody, MessageStatus, WireEvent};

use super::screen::Line;

/// What users are called; oneself is `you`.
pub(super) type Names<'a> = &'a dyn Fn(UserId) -> String;

/// Letters of a text that are shown where only a reminder is wanted.
const GIST_CHARS: usize = 40;

/// The line of an event; `None` if there is nothing to show.
pub(super) fn event(event: &WireEvent, names: Names<'_>) -> Option<Line> {
    let seq = event.seq;
    let author = names(event.author);
    Some(match event.content()? {
        Content::Message { body, reply_to } => {
            let to = reply_to.map_or(String::new(), |seq| format!(" (to [{seq}])"));
            Line::talk(format!("[{seq}] {author}{to}: {}", body_text(&body)))
        }
        Content::MessageEdited { target, body } => Line::talk(format!(
            "[{target}] {author} (edited): {}",
            body_text(&body)
        )),
        Content::MessageDeleted { target } => Line::notice(format!("{author} deleted [{target}]")),
        Content::ReactionChanged { target, emoji, on } => {
            let what = if on { "put" } else { "took" };
            let place = if on { "on" } else { "off" };
            Line::notice(format!("{author} {what} {emoji} {place} [{target}]"))
        }
        Content::PinChanged { target, on } => {
            let what = if on { "pinned" } else { "unpinned" };
            Line::notice(format!("{author} {what} [{target}]"))
        }
        content => Line::notice(happening(&content, event.author, names)?),
    })
}

/// The line of a message in its current state.
pub(super) fn message(message: &MessageBody, names: Names<'_>) -> Option<Line> {
    let seq = message.seq;
    let author = names(message.author);
    if message.deleted {
        return Some(Line::notice(format!("[{seq}] {author}: (deleted)")));
    }
    let content = message.content()?;
    let Content::Message { body, reply_to } = content else {
        return happening(&content, message.author, names).map(Line::notice);
    };
    let mut text = format!("[{seq}] {author}");
    if let Some(target) = reply_to {
        text += &format!(" (to [{target}])");
    }
    text += &format!(": {}", body_text(&body));
    if message.edited_at.is_some() {
        text += " (edited)";
    }
    for reaction in &message.reactions {
        text += &format!(" {}{}", reaction.emoji, times(reaction.users.len()));
    }
    if let Some(status) = message.status {
        text += &format!(" {}", tick(status));
    }
    Some(Line::talk(text))
}

/// Members, roles and titles: what happened, in words.
fn happening(content: &Content, author: UserId, names: Names<'_>) -> Option<String> {
    let who = names(author);
    let listed = |users: &[NewMember]| {
        let others = users.iter().filter(|member| member.user != author);
        let others: Vec<String> = others.map(|member| names(member.user)).collect();
        others.join(", ")
    };
    Some(match content {
        Content::ChatCreated {
            chat_type: ChatType::Direct,
            ..
        } => format!("{who} opened this chat"),
        Content::ChatCreated { title, users, .. } => {
            let title = title
                .as_ref()
                .map_or(String::new(), |title| format!(" “{title}”"));
            format!("{who} made the group{title} with {}", listed(users))
        }
        Content::MembersAdded { users } => format!("{who} added {}", listed(users)),
        Content::MemberRemoved { user } if *user == author => format!("{who} left"),
        Content::MemberRemoved { user } => format!("{who} removed {}", names(*user)),
        Content::RoleChanged { user, role } => {
            format!("{who} gave {} the role {}", names(*user), self::role(*role))
        }
        Content::ChatChanged {
            title: Some(title), ..
        } => format!("{who} named the group “{title}”"),
        Content::ChatChanged {
            history: Some(_), ..
        } => format!("{who} changed the settings of the group"),
        _ => return None,
    })
}

/// What a body says.
pub(super) fn body_text(body: &Body) -> String {
    match (body.as_text(), body.type_name()) {
        (Some(text), _) => text.to_owned(),
        (None, "encrypted") => "(encrypted)".to_owned(),
        (None, other) => format!("({other})"),
    }
}

/// The beginning of a text, on one line.
pub(super) fn gist(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut gist: String = line.chars().take(GIST_CHARS).collect();
    if gist.len() < text.len() {
        gist.push('…');
    }
    gist
}

/// The tick of one's own message.
pub(super) fn tick(status: MessageStatus) -> &'static str {
    match status {
        MessageStatus::Sent => "✓",
        MessageStatus::Delivered => "✓✓",
        MessageStatus::Read => "✓✓ read",
    }
}

/// The word for a role.
pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Admin => "admin",
        Role::Owner => "owner",
    }
}

/// The word for a chosen status.
pub(super) fn status(status: ChosenStatus) -> &'static str {
    match status {
        ChosenStatus::Online => "online",
        ChosenStatus::Away => "away",
        ChosenStatus::Busy => "busy",
        ChosenStatus::Invisible => "invisible",
    }
}

/// How somebody is.
pub(super) fn presence(presence: &Presence, now: Timestamp) -> String {
    match (presence.status, presence.last_seen) {
        (PresenceStatus::Online, _) => "online".to_owned(),
        (PresenceStatus::Away, _) => "away".to_owned(),
        (PresenceStatus::Busy, _) => "busy".to_owned(),
        (PresenceStatus::Unknown, _) => "not to be seen now".to_owned(),
        (PresenceStatus::Offline, None) => "offline".to_owned(),
        (PresenceStatus::Offline, Some(seen)) => format!("offline, seen {}", ago(now.since(seen))),
    }
}

fn ago(time: Duration) -> String {
    match time.as_secs() / 60 {
        0 => "just now".to_owned(),
        minutes @ 1..60 => format!("{minutes} min ago"),
        minutes @ 60..1440 => format!("{} h ago", minutes / 60),
        minutes => format!("{} d ago", minutes / 1440),
    }
}

fn times(count: usize) -> String {
    if count > 1 {
        format!("×{count}")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests;
