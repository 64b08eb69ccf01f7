//! A chat summary as it travels.

use parlour_protocol::{ChatBody, MemberBody, MessageBody};
use parlour_store::ChatSummary;

/// The wire form of a summary, for the member whose summary it is.
#[must_use]
pub fn chat_body(summary: ChatSummary) -> ChatBody {
    let reader = summary.member.user;
    let last_message = summary.last_message.map(|message| {
        let own = message.author == reader;
        MessageBody::new(message, own)
    });
    let members = summary.members.map(|members| {
        let body = |(member, marks)| MemberBody::new(&member, marks);
        members.into_iter().map(body).collect()
    });
    ChatBody {
        unread: summary.unread,
        last_message,
        member_count: summary.member_count,
        members,
        ..ChatBody::new(
            summary.chat,
            &summary.member,
            summary.marks,
            summary.head.seq,
        )
    }
}
