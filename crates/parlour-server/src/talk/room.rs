//! The open chat: what of it is on the screen, and how far one's own messages got.
//!
//! `shown` is the seq up to which everything is on the screen; `oldest` is where it begins.

use parlour_model::{ChatId, Content, Seq, UserId};
use parlour_protocol::{ChatBody, MemberBody, MessagesPage, WireEvent};

use super::ticks::Ticks;

/// The open chat.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) chat: ChatId,
    pub(super) shown: Seq,
    pub(super) oldest: Seq,
    pub(super) ticks: Ticks,
}

/// What is known of a chat when it is opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) chat: ChatBody,
    /// Empty in chats whose members are too many to be looked at one by one.
    pub(super) members: Vec<MemberBody>,
    pub(super) page: MessagesPage,
}

impl Room {
    /// The chat as its newest page shows it to `me`.
    pub(super) fn open(opened: &Opened, me: UserId) -> Self {
        let mut ticks = Ticks::default();
        for member in opened.members.iter().filter(|member| member.user != me) {
            ticks.add(member.user, (member.delivered, member.read));
        }
        let page = &opened.page;
        let own = page
            .messages
            .iter()
            .rfind(|message| message.author == me && message.status.is_some());
        if let Some(own) = own {
            ticks.sent(own.seq);
            // Its line says how far it got until now.
            let _ = ticks.news();
        }
        Self {
            chat: opened.chat.id,
            shown: page.at,
            oldest: page
                .messages
                .first()
                .map_or(page.at.next(), |first| first.seq),
            ticks,
        }
    }

    /// Takes the next event of the chat in; false if it is on the screen already.
    pub(super) fn take(&mut self, event: &WireEvent, me: UserId) -> bool {
        if event.seq <= self.shown {
            return false;
        }
        self.shown = event.seq;
        match event.content() {
            Some(Content::MembersAdded { users }) => {
                for member in users.iter().filter(|member| member.user != me) {
                    self.ticks.add(member.user, (event.seq, event.seq));
                }
            }
            Some(Content::MemberRemoved { user }) => self.ticks.remove(user),
            _ => {}
        }
        true
    }

    /// Everything up to `head` will not be told: what is on the screen begins behind it.
    pub(super) fn skip(&mut self, head: Seq) {
        self.shown = self.shown.max(head);
        self.oldest = self.shown.next();
    }
}
