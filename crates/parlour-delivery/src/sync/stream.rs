//! Streaming the missing events of one chat.
//!
//! What is read may reach beyond this node's high-water, and so beyond what it knows of membership. It is fenced by its own
//! content: the stream of a chat ends with the event that removes its user.

use std::sync::Arc;

use parlour_model::{ChatId, Content, Event, HistoryVisibility, Member, Seq, UserId, limits};
use parlour_protocol::{Encoded, ServerFrame, TooLongFrame, TooLongReason, WireEvent};
use tokio::time::Instant;

use super::SyncTask;
use crate::chat::{Seating, left_frame};
use crate::core::Core;
use crate::follow::Followed;
use crate::link::Link;
use crate::turn::{Stop, Turn};

const EVENTS_PER_PAGE: usize = 100;

impl SyncTask<'_> {
    /// Streams a chat the user is a member of, from `cursor`, and puts it live, or leaves it for later.
    pub(super) async fn stream(&mut self, chat: Followed, cursor: Seq) {
        let Some(member) = self.memberships.get(&chat.entry.id).copied() else {
            return;
        };
        let begun = match self.take_seat(&chat, &member).await {
            Ok(true) => self.begin(&chat, cursor, &member).await,
            Ok(false) => return self.stream_left_lately(&chat, cursor, member).await,
            Err(stop) => Err(stop),
        };
        match begun {
            Ok(sent) => self.core.catch_up_from(self.turn, &chat, sent).await,
            Err(stop) => self.core.break_off(self.turn, &chat, cursor, stop),
        }
    }

    /// Where the stream of a chat begins: at the cursor, or at the head if that is too far.
    async fn begin(&mut self, chat: &Followed, cursor: Seq, member: &Member) -> Result<Seq, Stop> {
        let head = chat.entry.lock().high_water();
        let sent = match self.too_long(chat, cursor, head, member).await? {
            Some(reason) => {
                let id = chat.entry.id;
                self.core.send_too_long(self.turn, id, head, reason).await?
            }
            None => cursor,
        };
        self.spend(head.since(sent));
        Ok(sent)
    }

    /// The row said that the user is a member; meanwhile they have been removed.
    async fn stream_left_lately(&mut self, chat: &Followed, cursor: Seq, member: Member) {
        let id = chat.entry.id;
        let now = self.member_now(id).await;
        if now == Err(Stop::Unread) {
            return self.leave(id, cursor);
        }
        let member = now.ok().flatten().or(Some(member));
        self.stream_to_the_end(id, cursor, member).await;
    }

    /// Takes the seat. The row says that the user is a member; should this node not know yet, it reads on first.
    async fn take_seat(&self, chat: &Followed, member: &Member) -> Result<bool, Stop> {
        for may_read_on in [true, false] {
            let seating = chat.entry.lock().seat(self.link);
            match seating {
                Seating::CatchingUp { .. } => return Ok(true),
                Seating::Closed => return Ok(false),
                Seating::NotMember if may_read_on => {
                    if !self.read_on(chat, member.joined_seq).await {
                        return Err(Stop::Unread);
                    }
                }
                Seating::NotMember => {}
            }
        }
        Ok(false)
    }

    /// Why the events after `cursor` cannot all be streamed, if so.
    async fn too_long(
        &self,
        chat: &Followed,
        cursor: Seq,
        head: Seq,
        member: &Member,
    ) -> Result<Option<TooLongReason>, Stop> {
        if cursor > head && self.head_of(chat.entry.id, cursor).await? < cursor {
            return Ok(Some(TooLongReason::Ahead));
        }
        Ok(self.too_far(cursor, head, member))
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

    async fn head_of(&self, chat: ChatId, near: Seq) -> Result<Seq, Stop> {
        let read = || self.core.store.head(chat, near);
        let head = self.core.read_in_turn(self.turn, read).await?;
        Ok(head.map_or(Seq::ZERO, |head| head.seq))
    }

    /// The user's row as it is now.
    async fn member_now(&self, chat: ChatId) -> Result<Option<Member>, Stop> {
        let read = || self.core.store.authority(chat, self.link.user);
        let authority = self.core.read_in_turn(self.turn, read).await?;
        Ok(authority.and_then(|authority| authority.member))
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
        let mut sent = cursor;
        if let Some((member, end)) = end.filter(|(_, end)| *end > cursor) {
            let told = match self.too_far(cursor, end, &member) {
                Some(reason) => {
                    let told = self.core.send_too_long(self.turn, chat, end, reason).await;
                    told.map(drop)
                }
                None => {
                    self.spend(end.since(cursor));
                    self.stream_between(chat, &mut sent, end).await
                }
            };
            if told == Err(Stop::Unread) {
                return self.leave(chat, sent);
            }
        }
        self.link.outbox.wait_push(&left_frame(chat)).await;
    }

    /// Streams the events after `sent` and raises it.
    async fn stream_between(&self, chat: ChatId, sent: &mut Seq, end: Seq) -> Result<(), Stop> {
        while *sent < end {
            let read = || self.core.store.events(chat, *sent, end, EVENTS_PER_PAGE);
            let events = self.core.read_in_turn(self.turn, read).await?;
            if events.is_empty() {
                return Ok(());
            }
            for event in &events {
                if !send_event(self.link, event).await {
                    return Err(Stop::Over);
                }
                *sent = event.seq;
            }
        }
        Ok(())
    }

    /// Leaves a chat for later in which the connection has no seat.
    fn leave(&self, chat: ChatId, cursor: Seq) {
        let late = [(chat, Some(cursor))].into_iter();
        self.core.leave_for_later(self.link, late);
    }
}

impl Core {
    /// Sends the next page after `sent` and raises it. An error when the stream is over: the user was removed, or the
    /// connection is closed; or the store did not tell more.
    pub(super) async fn stream_page(
        self: &Arc<Self>,
        turn: &Turn<'_>,
        chat: &Followed,
        sent: &mut Seq,
    ) -> Result<(), Stop> {
        let (id, link) = (chat.entry.id, turn.link);
        let read = || self.store.events(id, *sent, Seq::LIMIT, EVENTS_PER_PAGE);
        let events = self.read_in_turn(turn, read).await?;
        if events.is_empty() {
            if Instant::now() > turn.until {
                return Err(Stop::Unread);
            }
            // The node has seen more than this read shows: ask again in a moment.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        for event in &events {
            if !send_event(link, event).await {
                return Err(Stop::Over);
            }
            *sent = event.seq;
            if removes(event, link.user) {
                let is_end = chat.entry.lock().end_at(link.id, event.seq);
                if is_end {
                    self.introduce_again(&chat.entry, link.user);
                    return Err(Stop::Over);
                }
                let head = chat.entry.lock().high_water();
                let reason = TooLongReason::Rejoined;
                *sent = self.send_too_long(turn, id, head, reason).await?;
                return Ok(());
            }
        }
        if turn.is_over() {
            return Err(Stop::Over);
        }
        Ok(())
    }

    /// Tells the client to start over at `head`; answers where it is then.
    pub(super) async fn send_too_long(
        self: &Arc<Self>,
        turn: &Turn<'_>,
        chat: ChatId,
        head: Seq,
        reason: TooLongReason,
    ) -> Result<Seq, Stop> {
        let read = || self.store.authority(chat, turn.link.user);
        let authority = self.read_in_turn(turn, read).await?;
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
        if turn.link.outbox.wait_push(&Encoded::new(frame)).await {
            Ok(head)
        } else {
            Err(Stop::Over)
        }
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
