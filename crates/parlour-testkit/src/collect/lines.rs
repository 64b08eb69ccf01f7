//! The lines of a conversation, put together from nothing but its events.

use std::collections::{BTreeMap, BTreeSet};

use parlour_model::{Change, Emoji, Event, Message, Overlay, OverlayChange, Seq, UserId, effects};
use parlour_protocol::MessageBody;

/// The lines of a conversation as `user` must see them, from nothing but its events.
pub(super) fn lines_of(events: &[Event], user: UserId) -> Vec<String> {
    let mut overlays = BTreeMap::<Seq, (Overlay, BTreeMap<Emoji, BTreeSet<UserId>>)>::new();
    for event in events {
        for change in effects(event) {
            if let Change::Overlay { target, change } = change {
                let (overlay, reactions) = overlays.entry(target).or_default();
                lay_over(overlay, reactions, change);
            }
        }
    }
    let lines = events.iter().filter(|event| event.content.is_line());
    lines
        .map(|event| {
            let (mut overlay, reactions) = overlays.remove(&event.seq).unwrap_or_default();
            let reactions = reactions.into_iter().filter(|(_, users)| !users.is_empty());
            overlay.reactions = reactions
                .map(|(emoji, users)| (emoji, users.into_iter().collect()))
                .collect();
            bytes_of(&MessageBody::new(
                Message::new(event.clone(), overlay),
                event.author == user,
            ))
        })
        .collect()
}

fn lay_over(
    overlay: &mut Overlay,
    reactions: &mut BTreeMap<Emoji, BTreeSet<UserId>>,
    change: OverlayChange,
) {
    match change {
        OverlayChange::Edited { body, at, .. } => overlay.edited = Some((body, at)),
        OverlayChange::Deleted => overlay.deleted = true,
        OverlayChange::Pinned(on) => overlay.pinned = on,
        OverlayChange::Reaction {
            user,
            emoji,
            on: true,
        } => {
            reactions.entry(emoji).or_default().insert(user);
        }
        OverlayChange::Reaction {
            user,
            emoji,
            on: false,
        } => {
            reactions.entry(emoji).or_default().remove(&user);
        }
    }
}

/// A line as it travels, without the status: that follows from others' marks and is compared by itself.
pub(super) fn bytes_of(line: &MessageBody) -> String {
    let line = MessageBody {
        status: None,
        ..line.clone()
    };
    serde_json::to_string(&line).expect("a line is always writable")
}
