//! Telling a connection of chats it has no cursor in: `chat {joined}`, and live from that head.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use parlour_model::{ChatId, Seq, limits};
use parlour_protocol::{ChatNotice, Encoded, ServerFrame, TooLongReason};
use parlour_store::{ChatSummary, chat_summary};
use tokio::time::Instant;

use crate::chat::{Caught, Seating};
use crate::chat_body;
use crate::core::Core;
use crate::follow::Followed;
use crate::link::Link;
use crate::sync::READ_WITHIN;
use crate::turn::{Stop, Turn};

/// Summaries read at once for one connection.
const SUMMARIES_AT_ONCE: usize = 8;
/// Events streamed for one chat, those that came meanwhile included, before the client is sent to the head.
const STREAMED_MAX: u64 = 2 * limits::SYNC_EVENTS_PER_CHAT_MAX as u64;

impl Core {
    /// Lets a connection know that its user became a member, once its first sync is over: that one may know a cursor for
    /// the chat, and then there is nothing left to do here. `joined_at` is the event that made them one, as far as the
    /// caller knows: this node may have to read up to it first. Answers whether nobody had asked for that yet.
    pub(crate) fn join(self: &Arc<Self>, link: &Arc<Link>, chat: ChatId, joined_at: Seq) -> bool {
        let is_first = link.joining.add(chat, joined_at);
        if is_first {
            self.see_to_joined(link, chat);
        }
        is_first
    }

    /// The first sync of a connection is over: chats that were joined meanwhile are told.
    pub(super) fn join_after_greeting(self: &Arc<Self>, link: &Arc<Link>) {
        for chat in link.joining.greeted() {
            self.see_to_joined(link, chat);
        }
    }

    fn see_to_joined(self: &Arc<Self>, link: &Arc<Link>, chat: ChatId) {
        let (core, link) = (Arc::clone(self), Arc::clone(link));
        self.spawn(async move {
            while let Some(joined_at) = link.joining.next(chat) {
                if !link.has_seat(chat) && !link.late.contains(chat) && !link.outbox.is_closed() {
                    core.join_now(&link, chat, joined_at).await;
                }
            }
        });
    }

    /// Reads before it takes the turn: a chat that cannot be read keeps nothing else waiting, and is left for later.
    async fn join_now(self: &Arc<Self>, link: &Arc<Link>, chat: ChatId, joined_at: Seq) {
        let until = Instant::now() + READ_WITHIN;
        let mut entered = self.follow_all(&[(chat, joined_at)], link, until).await;
        let mut is_unread = !entered.unread.is_empty();
        if let Some(followed) = entered.followed.last() {
            let seen = self.catch_up(&followed.entry, joined_at, link, until);
            is_unread = !seen.await;
        }
        let turn = Turn::of(link, READ_WITHIN).await;
        if link.has_seat(chat) || link.late.contains(chat) {
            return;
        }
        if is_unread {
            self.leave_for_later(link, [(chat, None)].into_iter());
        } else {
            self.tell_joined(&turn, std::mem::take(&mut entered.followed))
                .await;
        }
    }

    /// Sends the summaries of chats in which the connection has no seat, in this order, and puts each live.
    pub(super) async fn tell_joined(self: &Arc<Self>, turn: &Turn<'_>, chats: Vec<Followed>) {
        let summaries = stream::iter(chats)
            .map(|chat| async move {
                let summary = self.seat_and_summarize(turn, &chat).await;
                (chat, summary)
            })
            .buffered(SUMMARIES_AT_ONCE);
        tokio::pin!(summaries);
        while let Some((chat, summary)) = summaries.next().await {
            match summary {
                Ok(Some(summary)) => self.send_joined(turn, &chat, summary).await,
                Ok(None) | Err(Stop::Over | Stop::Damaged) => {
                    self.leave_out(turn, &chat);
                }
                Err(Stop::Unread) => self.stop_catching_up(turn, &chat, None),
            }
        }
    }

    /// Takes a seat, then reads. `None` if the user is no member any more.
    async fn seat_and_summarize(
        &self,
        turn: &Turn<'_>,
        chat: &Followed,
    ) -> Result<Option<ChatSummary>, Stop> {
        let seating = chat.entry.lock().seat(turn.link);
        if !matches!(seating, Seating::CatchingUp { .. }) {
            return Ok(None);
        }
        let read = || chat_summary(&*self.store, turn.link.user, chat.entry.id);
        self.read_in_turn(turn, read).await
    }

    async fn send_joined(self: &Arc<Self>, turn: &Turn<'_>, chat: &Followed, summary: ChatSummary) {
        let head = summary.head.seq;
        let notice = ChatNotice::Joined(chat_body(summary));
        let frame = Encoded::new(ServerFrame::Chat(Box::new(notice)));
        if turn.link.outbox.wait_push(&frame).await {
            self.catch_up_from(turn, chat, head).await;
        }
    }

    /// Streams whatever has come after `sent`, until the connection is live, or as far as the store tells: the rest is
    /// left for later. What is damaged the client is sent past.
    pub(super) async fn catch_up_from(
        self: &Arc<Self>,
        turn: &Turn<'_>,
        chat: &Followed,
        sent: Seq,
    ) {
        let (link, mut sent) = (turn.link, sent);
        let mut jump_at = sent.plus(STREAMED_MAX);
        loop {
            let caught = chat.entry.lock().go_live(link.id, sent);
            match caught {
                Caught::Live => return,
                Caught::Ended => return self.introduce_again(&chat.entry, link.user),
                Caught::NoRoom => {
                    if !link.outbox.wait_for_room().await {
                        return;
                    }
                    continue;
                }
                Caught::ReadOn => {}
            }
            // The chat speaks faster than the client reads: it would never get there event by event.
            let is_too_far = sent > jump_at;
            let mut read = Ok(());
            if !is_too_far {
                read = self.stream_page(turn, chat, &mut sent).await;
            }
            if is_too_far || read == Err(Stop::Damaged) {
                read = self.jump(turn, chat, &mut sent).await;
                jump_at = sent.plus(STREAMED_MAX);
            }
            if let Err(stop) = read {
                return self.break_off(turn, chat, sent, stop);
            }
        }
    }

    /// Sends the client to where this node is.
    async fn jump(
        self: &Arc<Self>,
        turn: &Turn<'_>,
        chat: &Followed,
        sent: &mut Seq,
    ) -> Result<(), Stop> {
        let head = chat.entry.lock().high_water().max(*sent);
        let reason = TooLongReason::Behind;
        *sent = self
            .send_too_long(turn, chat.entry.id, head, reason)
            .await?;
        Ok(())
    }

    /// Ends catching up in a chat before the connection is live there. It keeps no seat in which it would wait for ever; from a
    /// damaged chat it is left out, as one that connects later is.
    pub(super) fn break_off(
        self: &Arc<Self>,
        turn: &Turn<'_>,
        chat: &Followed,
        cursor: Seq,
        stop: Stop,
    ) {
        match stop {
            Stop::Over => {} // Closed, or it has no seat any more.
            Stop::Unread => self.stop_catching_up(turn, chat, Some(cursor)),
            Stop::Damaged => self.leave_out(turn, chat),
        }
    }

    /// Takes the seat of a connection that is not told of a chat.
    fn leave_out(self: &Arc<Self>, turn: &Turn<'_>, chat: &Followed) {
        let was_ending = chat.entry.lock().unseat(turn.link.id);
        if was_ending {
            self.introduce_again(&chat.entry, turn.link.user);
        }
    }
}
