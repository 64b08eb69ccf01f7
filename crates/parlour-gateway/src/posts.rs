//! Frames that enter a log, as the service takes them. HTTP requests become such frames first, so that both ways keep to
//! the same limits.

use parlour_model::{ChatId, Content, EventKey, Seq};
use parlour_protocol::ClientFrame;
use parlour_service::Post;

/// What a frame would enter into a log; `None` if it is not of that kind.
pub(crate) fn of(frame: ClientFrame) -> Option<Post> {
    Some(match frame {
        ClientFrame::Send(frame) => {
            let (body, reply_to) = (frame.body, frame.reply_to);
            let content = Content::Message { body, reply_to };
            post(frame.chat, frame.key, frame.applied, content)
        }
        ClientFrame::Edit(frame) => {
            let (target, body) = (frame.target, frame.body);
            let content = Content::MessageEdited { target, body };
            post(frame.chat, frame.key, frame.applied, content)
        }
        ClientFrame::Delete(frame) => {
            let target = frame.target;
            let content = Content::MessageDeleted { target };
            post(frame.chat, frame.key, frame.applied, content)
        }
        ClientFrame::React(frame) => {
            let (target, emoji, on) = (frame.target, frame.emoji, frame.on);
            let content = Content::ReactionChanged { target, emoji, on };
            post(frame.chat, frame.key, frame.applied, content)
        }
        _ => return None,
    })
}

fn post(chat: ChatId, key: EventKey, applied: Seq, content: Content) -> Post {
    Post {
        chat,
        key,
        applied,
        content,
    }
}
