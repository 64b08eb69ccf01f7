//! Messages as they travel, the same on the socket and over HTTP.

use parlour_model::{ChatId, Event, Marks, Member, Message, Seq, UserId};
use parlour_protocol::{ChatBody, MessageBody, MessageStatus, MessagesPage, Posted};
use parlour_service::{Actor, Anchor, ChatSummary, Chats, ServiceError};

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

/// A chat, for the user whose row its summary has. In chats of so few members that all are named, their own last message
/// says how far it got; in larger ones that would be a reading of all members per chat of a list.
pub(crate) fn chat_body(summary: ChatSummary) -> ChatBody {
    let reader = summary.member.user;
    let last = summary.last_message.as_ref().map(|message| message.seq);
    let members = summary.members.as_deref();
    let least = last.and_then(|seq| least_status(members?, reader, seq));
    let mut chat = parlour_delivery::chat_body(summary);
    if let Some(message) = &mut chat.last_message
        && has_status(message, reader)
    {
        message.status = least;
    }
    chat
}

/// How far `author`'s message at `seq` got with everybody else who was there already.
fn least_status(members: &[(Member, Marks)], author: UserId, seq: Seq) -> Option<MessageStatus> {
    let others = members
        .iter()
        .filter(|(member, _)| member.user != author && member.joined_seq <= seq);
    others.map(|(_, marks)| status(*marks, seq)).min()
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

/// Whether `reader` is told how far a message got: it is their own, and still there.
fn has_status(message: &MessageBody, reader: UserId) -> bool {
    message.author == reader && message.body.is_some() && !message.deleted
}

/// Tells the actor how far their own messages got with everybody else who was there already. Marks of all members are one reading, whatever
/// the number of messages; if that fails the page is still a page, without them.
async fn add_status(chats: &Chats, actor: &Actor, messages: &mut [MessageBody]) {
    let own = |message: &&mut MessageBody| has_status(message, actor.user);
    let Some(chat) = messages.iter_mut().find(own).map(|m| m.chat) else {
        return;
    };
    let Ok(members) = chats.all_marks(actor, chat).await else {
        return;
    };
    for message in messages.iter_mut().filter(own) {
        message.status = least_status(&members, actor.user, message.seq);
    }
}
