//! Messages as they travel, the same on the socket and over HTTP.

use parlour_model::{ChatId, Event, Marks, Message, Seq, UserId};
use parlour_protocol::{MessageBody, MessageStatus, MessagesPage, Posted};
use parlour_service::{Actor, Anchor, Chats, ServiceError};

/// The answer to whatever is in a log now.
pub(crate) fn posted(event: &Event, duplicate: bool) -> Posted {
    Posted {
        chat: event.chat,
        seq: event.seq,
        id: event.id,
        sent_at: event.sent_at,
        duplicate,
    }
}

/// A page of history, for `actor`.
pub(crate) async fn page(
    chats: &Chats,
    actor: &Actor,
    chat: ChatId,
    anchor: Anchor,
    limit: usize,
) -> Result<MessagesPage, ServiceError> {
    let page = chats.history(actor, chat, anchor, limit).await?;
    let mut messages: Vec<MessageBody> = page
        .messages
        .into_iter()
        .map(|message| body(message, actor.user))
        .collect();
    add_status(chats, actor, &mut messages).await;
    Ok(MessagesPage {
        messages,
        has_before: page.has_before,
        has_after: page.has_after,
        at: page.at,
    })
}

/// One message, for `actor`.
pub(crate) async fn one(
    chats: &Chats,
    actor: &Actor,
    chat: ChatId,
    seq: Seq,
) -> Result<MessageBody, ServiceError> {
    let message = chats.message(actor, chat, seq).await?;
    let mut bodies = [body(message, actor.user)];
    add_status(chats, actor, &mut bodies).await;
    let [body] = bodies;
    Ok(body)
}

/// How far a message got with somebody who has these marks.
pub(crate) fn status(marks: Marks, seq: Seq) -> MessageStatus {
    if marks.read >= seq {
        MessageStatus::Read
    } else if marks.delivered >= seq {
        MessageStatus::Delivered
    } else {
        MessageStatus::Sent
    }
}

fn body(message: Message, reader: UserId) -> MessageBody {
    let own = message.author == reader;
    MessageBody::new(message, own)
}

/// Tells the actor how far their own messages got with everybody else. Marks of all members are one reading, whatever
/// the number of messages; if that fails the page is still a page, without them.
async fn add_status(chats: &Chats, actor: &Actor, messages: &mut [MessageBody]) {
    let own = |message: &&mut MessageBody| {
        message.author == actor.user && message.body.is_some() && !message.deleted
    };
    let Some((chat, seq)) = messages.iter_mut().find(own).map(|m| (m.chat, m.seq)) else {
        return;
    };
    let Ok(receipts) = chats.receipts(actor, chat, seq).await else {
        return;
    };
    for message in messages.iter_mut().filter(own) {
        let everybody = receipts
            .iter()
            .map(|(_, marks)| status(*marks, message.seq));
        message.status = everybody.min();
    }
}
