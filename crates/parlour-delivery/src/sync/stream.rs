//! Streaming the missing events of one chat.
//!
//! What is read may reach beyond this node's high-water, and so beyond what it knows of membership. It is fenced by its own
//! content: the stream of a chat ends with the event that removes its user.

use std::sync::Arc;

use parlour_model::{ChatId, Content, Event, HistoryVisibility, Member, Seq, UserId, limits};
use parlour_protocol::{Encoded, ServerFrame, TooLongFrame, TooLongReason, WireEvent};

use super::SyncTask;
use crate::chat::{Seating, left_frame};
use crate::core::Core;
use crate::follow::Followed;
use crate::link::Link;

const EVENTS_PER_PAGE: usize = 100;

impl SyncTask {
    /// Streams a chat the user is a member of, from `cursor`, and puts it live.
    pub(super) async fn stream(&mut self, chat: Followed, cursor: Seq) {
        let Some(member) = self.memberships.get(&chat.entry.id).copied() else {
            return;
        };
        if !self.take_seat(&chat, &member).await {
            let id = chat.entry.id;
            let member = self.member_now(id).await.or(Some(member));
            return self.stream_to_the_end(id, cursor, member).await;
        }
        let head = chat.entry.lock().high_water();
        let sent = match self.too_long(&chat, cursor, head, &member).await {
            Some(reason) => self.send_too_long(chat.entry.id, head, reason).await,
            None => Some(cursor),
        };
        if let Some(sent) = sent {
            self.spend(head.since(sent));
            self.core.catch_up_from(&self.link, &chat, sent).await;
        }
    }

    /// Takes the seat. The row says that the user is a member; should this node not know yet, it reads on first.
    async fn take_seat(&self, chat: &Followed, member: &Member) -> bool {
        for may_read_on in [true, false] {
            let seating = chat.entry.lock().seat(&self.link);
            match seating {
                Seating::CatchingUp { .. } => return true,
                Seating::Closed => return false,
                Seating::NotMember if may_read_on => {
                    let joined = member.joined_seq;
                    self.core.catch_up(&chat.entry, joined, &self.link).await;
                }
                Seating::NotMember => {}
            }
        }
        false
    }

    /// Why the events after `cursor` cannot all be streamed, if so.
    async fn too_long(
        &self,
        chat: &Followed,
        cursor: Seq,
        head: Seq,
        member: &Member,
    ) -> Option<TooLongReason> {
        if cursor > head && self.head_of(chat.entry.id, cursor).await? < cursor {
            return Some(TooLongReason::Ahead);
        }
        self.too_far(cursor, head, member)
    }

    fn too_far(&self, cursor: Seq, head: Seq, member: &Member) -> Option<TooLongReason> {
        let missing = head.since(cursor);
        if member.joined_seq > cursor.next() {
            Some(TooLongReason::Rejoined)
        } else if missing > (limits::SYNC_EVENTS_PER_CHAT_MAX.min(self.budget)) as u64 {
            Some(TooLongReason::Behind)
        } else {
            None
        }
    }

    fn spend(&mut self, events: u64) {
        let events = usize::try_from(events).unwrap_or(usize::MAX);
        self.budget = self.budget.saturating_sub(events);
    }

    async fn head_of(&self, chat: ChatId, near: Seq) -> Option<Seq> {
        let read = || self.core.store.head(chat, near);
        let head = self
            .core
            .read(read, || self.link.outbox.is_closed())
            .await?;
        Some(head.map_or(Seq::ZERO, |head| head.seq))
    }

    /// The user's row as it is now.
    async fn member_now(&self, chat: ChatId) -> Option<Member> {
        let read = || self.core.store.authority(chat, self.link.user);
        let authority = self
            .core
            .read(read, || self.link.outbox.is_closed())
            .await?;
        authority?.member
    }

    /// Tells the client to start over at `head`; answers where it is then.
    async fn send_too_long(&self, chat: ChatId, head: Seq, reason: TooLongReason) -> Option<Seq> {
        self.core
            .send_too_long(&self.link, chat, head, reason)
            .await
    }

    /// Streams a chat that is no longer the user's up to their removal, then says so. The connection has no seat in it,
    /// and gets none while this sync has its turn.
    pub(super) async fn stream_to_the_end(
        &mut self,
        chat: ChatId,
        cursor: Seq,
        member: Option<Member>,
    ) {
        let end = member.and_then(|member| member.left_seq.map(|end| (member, end)));
        if let Some((member, end)) = end.filter(|(_, end)| *end > cursor) {
            match self.too_far(cursor, end, &member) {
                Some(reason) => {
                    self.send_too_long(chat, end, reason).await;
                }
                None => {
                    self.spend(end.since(cursor));
                    self.stream_between(chat, cursor, end).await;
                }
            }
        }
        self.link.outbox.wait_push(&left_frame(chat)).await;
    }

    async fn stream_between(&self, chat: ChatId, cursor: Seq, end: Seq) {
        let mut after = cursor;
        while after < end {
            let read = || self.core.store.events(chat, after, end, EVENTS_PER_PAGE);
            let is_over = || self.link.outbox.is_closed();
            let events = self.core.read(read, is_over).await.unwrap_or_default();
            let Some(last) = events.last() else { return };
            after = last.seq;
            for event in &events {
                if !send_event(&self.link, event).await {
                    return;
                }
            }
        }
    }
}

impl Core {
    /// Sends the next page after `sent`; answers how far that reaches. `None` when the stream is over: the user was
    /// removed, or the connection is closed.
    pub(super) async fn stream_page(
        self: &Arc<Self>,
        link: &Arc<Link>,
        chat: &Followed,
        sent: Seq,
    ) -> Option<Seq> {
        let id = chat.entry.id;
        let is_over = || link.outbox.is_closed();
        let read = || self.store.events(id, sent, Seq::LIMIT, EVENTS_PER_PAGE);
        let events = self.read(read, is_over).await?;
        if events.is_empty() {
            // The node has seen more than this read shows: ask again in a moment.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let mut last = sent;
        for event in &events {
            if !send_event(link, event).await {
                return None;
            }
            last = event.seq;
            if removes(event, link.user) {
                if chat.entry.lock().end_at(link.id, event.seq) {
                    return None;
                }
                let head = chat.entry.lock().high_water();
                return self
                    .send_too_long(link, id, head, TooLongReason::Rejoined)
                    .await;
            }
        }
        (!is_over()).then_some(last)
    }

    pub(super) async fn send_too_long(
        self: &Arc<Self>,
        link: &Arc<Link>,
        chat: ChatId,
        head: Seq,
        reason: TooLongReason,
    ) -> Option<Seq> {
        let read = || self.store.authority(chat, link.user);
        let authority = self.read(read, || link.outbox.is_closed()).await?;
        let oldest = authority.and_then(|authority| {
            let member = authority.member?;
            Some(oldest(authority.chat.history, &member))
        });
        metrics::counter!("parlour_too_long_total").increment(1);
        let frame = ServerFrame::TooLong(TooLongFrame {
            chat,
            head,
            oldest: oldest.unwrap_or(Seq::FIRST),
            reason,
        });
        link.outbox
            .wait_push(&Encoded::new(frame))
            .await
            .then_some(head)
    }
}

/// The first seq a member may read.
fn oldest(history: HistoryVisibility, member: &Member) -> Seq {
    match history {
        HistoryVisibility::All => Seq::FIRST,
        HistoryVisibility::SinceJoin => member.joined_seq,
    }
}

fn removes(event: &Event, user: UserId) -> bool {
    matches!(&event.content, Content::MemberRemoved { user: removed } if *removed == user)
}

async fn send_event(link: &Link, event: &Event) -> bool {
    let event = WireEvent::new(event, event.author == link.user);
    let frame = ServerFrame::Event(Box::new(event));
    link.outbox.wait_push(&Encoded::new(frame)).await
}
