//! Telling a connection of chats it has no cursor in: `chat {joined}`, and live from that head.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use parlour_model::{ChatId, Seq, limits};
use parlour_protocol::{ChatNotice, Encoded, ServerFrame, TooLongReason};
use parlour_store::{ChatSummary, chat_summary};

use crate::chat::{Caught, Seating};
use crate::chat_body;
use crate::core::Core;
use crate::follow::Followed;
use crate::link::Link;

/// Summaries read at once for one connection.
const SUMMARIES_AT_ONCE: usize = 8;
/// Events streamed for one chat, those that came meanwhile included, before the client is sent to the head.
const STREAMED_MAX: u64 = 2 * limits::SYNC_EVENTS_PER_CHAT_MAX as u64;

impl Core {
    /// Lets a connection know that its user became a member. Waits until its first sync is over: that one may know a
    /// cursor for the chat, and then there is nothing left to do here. `joined_at` is the event that made them one, as far
    /// as the caller knows: this node may have to read up to it first.
    pub(crate) fn join(self: &Arc<Self>, link: Arc<Link>, chat: ChatId, joined_at: Seq) {
        let core = Arc::clone(self);
        self.spawn(async move {
            if link.greeted.acquire().await.is_err() {
                return; // Detached.
            }
            // Read before the turn is taken: a chat that cannot be read keeps nothing else waiting.
            let Some(followed) = core.follow(chat, Some(&link)).await else {
                return;
            };
            core.catch_up(&followed.entry, joined_at, &link).await;
            let _turn = link.turn.lock().await;
            if !link.has_seat(chat) && !link.is_late(chat) {
                core.tell_joined(&link, vec![followed]).await;
            }
        });
    }

    /// Sends the summaries of chats in which the connection has no seat, in this order, and puts each live.
    pub(crate) async fn tell_joined(self: &Arc<Self>, link: &Arc<Link>, chats: Vec<Followed>) {
        let summaries = stream::iter(chats)
            .map(|chat| async move {
                let summary = self.seat_and_summarize(link, &chat).await;
                (chat, summary)
            })
            .buffered(SUMMARIES_AT_ONCE);
        tokio::pin!(summaries);
        while let Some((chat, summary)) = summaries.next().await {
            match summary {
                Some(summary) => self.send_joined(link, &chat, summary).await,
                None => chat.entry.lock().unseat(link.id),
            }
        }
    }

    /// Takes a seat, then reads. `None` if the user is no member any more.
    async fn seat_and_summarize(&self, link: &Arc<Link>, chat: &Followed) -> Option<ChatSummary> {
        let seating = chat.entry.lock().seat(link);
        if !matches!(seating, Seating::CatchingUp { .. }) {
            return None;
        }
        let read = || chat_summary(&*self.store, link.user, chat.entry.id);
        self.read(read, || link.outbox.is_closed()).await.flatten()
    }

    async fn send_joined(
        self: &Arc<Self>,
        link: &Arc<Link>,
        chat: &Followed,
        summary: ChatSummary,
    ) {
        let head = summary.head.seq;
        let notice = ChatNotice::Joined(chat_body(summary));
        let frame = Encoded::new(ServerFrame::Chat(Box::new(notice)));
        if link.outbox.wait_push(&frame).await {
            self.catch_up_from(link, chat, head).await;
        }
    }

    /// Streams whatever has come after `sent`, until the connection is live.
    pub(crate) async fn catch_up_from(
        self: &Arc<Self>,
        link: &Arc<Link>,
        chat: &Followed,
        sent: Seq,
    ) {
        let mut sent = sent;
        let mut jump_at = sent.plus(STREAMED_MAX);
        loop {
            if sent > jump_at {
                // The chat speaks faster than the client reads: it would never get there event by event.
                let head = chat.entry.lock().high_water().max(sent);
                let reason = TooLongReason::Behind;
                match self.send_too_long(link, chat.entry.id, head, reason).await {
                    Some(head) => sent = head,
                    None => return,
                }
                jump_at = sent.plus(STREAMED_MAX);
            }
            let caught = chat.entry.lock().go_live(link.id, sent);
            match caught {
                Caught::Live | Caught::Ended => return,
                Caught::NoRoom => {
                    if !link.outbox.wait_for_room().await {
                        return;
                    }
                }
                Caught::ReadOn => match self.stream_page(link, chat, sent).await {
                    Some(last) => sent = last,
                    None => return,
                },
            }
        }
    }
}
