//! What each frame of the server does.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::{ChatId, Presence, Seq, Timestamp};
use parlour_protocol::{
    ChatBody, ChatNotice, ErrorCode, ErrorFrame, OkFrame, ReceiptFrame, ResyncFrame, Retry,
    SentFrame, ServerFrame, TooLongFrame, TooLongReason, WireEvent, WireMarks,
};

use super::commands::Reply;
use super::requests::Request;
use super::{Action, ConnectionId, Machine, Output};
use crate::{ClientError, ClientEvent, Progress};

impl Machine {
    /// Something came on a connection, so it lives.
    pub(super) fn heard(&mut self, now: Timestamp, connection: ConnectionId) {
        if let Some(live) = &mut self.link.live
            && live.connection == connection
        {
            live.heard_at = now;
        }
    }

    pub(super) fn frame(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        frame: ServerFrame,
        out: &mut Output,
    ) {
        if !self.link.knows(connection) {
            return;
        }
        self.heard(now, connection);
        match frame {
            ServerFrame::Welcome(frame) => self.welcome(now, connection, &frame, out),
            ServerFrame::Marks(frame) => self.learn_marks(frame.chats),
            ServerFrame::Event(event) => self.event(Arc::new(*event), out),
            ServerFrame::Chat(notice) => self.chat_notice(connection, *notice, out),
            ServerFrame::TooLong(frame) => self.too_long(frame, out),
            ServerFrame::Resync(frame) => self.resync(&frame),
            ServerFrame::Receipt(frame) => self.receipt(frame, out),
            ServerFrame::ReceiptCounts(frame) => out.emit(ClientEvent::ReceiptCounts(frame)),
            ServerFrame::Presence(presence) => self.presence(presence, out),
            ServerFrame::Typing(notice) => {
                self.watching.typing(now, &notice);
                out.emit(ClientEvent::Typing(notice));
            }
            ServerFrame::Reconnect(frame) => {
                self.reconnect_after(now, connection, Duration::from_millis(frame.after_ms));
            }
            answer => self.answer(now, connection, answer, out),
        }
    }

    /// A frame that closes the request it names. One that names none of ours is late: nobody waits for it.
    fn answer(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        frame: ServerFrame,
        out: &mut Output,
    ) {
        let request = self.requests.close(now, frame.reference());
        match (frame, request) {
            (ServerFrame::Error(error), request) => self.error(now, *error, request, out),
            (ServerFrame::Ready(_), Some(Request::Hello)) => self.ready(connection, out),
            (ServerFrame::Synced(_), Some(Request::Sync(chats))) => self.synced(now, &chats),
            (ServerFrame::Sent(frame), Some(request)) => {
                self.sent_answer(now, &frame, &request, out);
            }
            (ServerFrame::Cancelled(_), Some(Request::Cancel(chat, order))) => {
                self.cancelled(chat, order, out);
            }
            (ServerFrame::Pong(pong), _) => self.learn_server_time(now, pong.server_time),
            (ServerFrame::Page(page), Some(Request::History(reply))) => {
                let page = Reply::Page(reply, Box::new(Ok(page)));
                out.actions.push(Action::Reply(page));
            }
            (ServerFrame::Ok(frame), Some(request)) => self.ok_answer(now, frame, request, out),
            _ => {}
        }
    }

    fn sent_answer(
        &mut self,
        now: Timestamp,
        frame: &SentFrame,
        request: &Request,
        out: &mut Output,
    ) {
        if let Request::Attempt(_, order) | Request::Cancel(_, order) = request {
            self.sent(now, *order, frame, out);
        }
    }

    fn ok_answer(&mut self, now: Timestamp, frame: OkFrame, request: Request, out: &mut Output) {
        match request {
            Request::Mark(chat, mark) => self.mark_done(chat, mark),
            Request::Watch(reply) => {
                for presence in frame.presence.unwrap_or_default() {
                    self.presence(presence, out);
                }
                let done = reply.map(|reply| Action::Reply(Reply::Done(reply, Ok(()))));
                out.actions.extend(done);
            }
            Request::Status(reply) => {
                let done = Reply::Done(reply, Ok(()));
                out.actions.push(Action::Reply(done));
            }
            Request::Token => {
                if let Some(ends_at) = frame.token_expires_at {
                    self.learn_token_end(now, ends_at);
                }
            }
            _ => {}
        }
    }

    fn error(
        &mut self,
        now: Timestamp,
        error: ErrorFrame,
        request: Option<Request>,
        out: &mut Output,
    ) {
        let wait = Duration::from_millis(error.retry_after_ms.unwrap_or_default());
        self.link.asked_wait = wait;
        if error.code == ErrorCode::RateLimited {
            self.pace.slow_down(now, wait);
        }
        match request {
            Some(Request::Attempt(chat, order) | Request::Cancel(chat, order)) => {
                self.send_refused(now, (chat, order), error, out);
            }
            Some(Request::Sync(chats)) => {
                let wait = self.pause_after(&error, 0);
                self.sync_refused(now, chats, wait);
            }
            Some(Request::Mark(chat, mark)) if error.retry == Retry::Never => {
                self.mark_done(chat, mark);
            }
            Some(Request::Mark(chat, _)) => {
                let wait = self.pause_after(&error, 0);
                self.mark_refused(now, chat, wait);
                self.heed(chat, error.retry, out);
            }
            Some(Request::Watch(Some(reply)) | Request::Status(reply)) => {
                let refused = Reply::Done(reply, Err(ClientError::from_frame(error)));
                out.actions.push(Action::Reply(refused));
            }
            Some(Request::History(reply)) => {
                let refused = Reply::Page(reply, Box::new(Err(ClientError::from_frame(error))));
                out.actions.push(Action::Reply(refused));
            }
            // The close that follows says what to do.
            Some(Request::Hello | Request::Token | Request::Ping | Request::Watch(None)) | None => {
            }
        }
    }

    /// Does what must come before the next try.
    pub(super) fn heed(&mut self, chat: ChatId, retry: Retry, out: &mut Output) {
        match retry {
            Retry::Sync => self.syncing.want(chat),
            Retry::Refresh => self.ask_token(out),
            Retry::Never | Retry::Now | Retry::Later => {}
        }
    }

    fn event(&mut self, event: Arc<WireEvent>, out: &mut Output) {
        let (chat, me) = (event.chat, self.me());
        self.settle_by_event(&event, out);
        let state = self.chats.entry(chat).or_default();
        let applied = state.receive(event, me);
        if state.has_hole() {
            self.syncing.want_hole(chat);
        }
        self.applied(chat, applied, out);
    }

    /// Stores events with the cursor that passed them, and tells them.
    fn applied(&mut self, chat: ChatId, events: Vec<Arc<WireEvent>>, out: &mut Output) {
        if events.is_empty() {
            return;
        }
        self.keep_progress(chat, out);
        self.marks.add(chat);
        for event in events {
            out.batch.events.push(Arc::clone(&event));
            out.emit(ClientEvent::Event(event));
        }
    }

    fn chat_notice(&mut self, connection: ConnectionId, notice: ChatNotice, out: &mut Output) {
        match notice {
            ChatNotice::Joined(summary) => {
                let summary = Arc::new(summary);
                out.emit(ClientEvent::ChatJoined(Arc::clone(&summary)));
                self.begin_at_head(&summary, out);
                self.look_for_hole(summary.id, summary.head);
            }
            ChatNotice::Changed(summary) => {
                let summary = Arc::new(summary);
                out.emit(ClientEvent::ChatChanged(Arc::clone(&summary)));
                self.begin_at_head(&summary, out);
            }
            // The ready connection has told of every chat that was left: what another says of it now is older.
            ChatNotice::Left(_) if self.link.ready().is_some_and(|ready| ready != connection) => {}
            ChatNotice::Left(left) => {
                self.chats.remove(&left.id);
                out.batch.drop_events(left.id);
                out.batch.chats.insert(left.id, None);
                out.emit(ClientEvent::ChatLeft(left.id));
            }
        }
    }

    /// A chat without a cursor begins at its head. One with a cursor keeps it: only `too_long` may skip events.
    fn begin_at_head(&mut self, summary: &ChatBody, out: &mut Output) {
        let me = self.me();
        let state = self.chats.entry(summary.id).or_default();
        if state.progress.is_some() {
            return;
        }
        let unseen = if summary.unread > 0 {
            summary.head
        } else {
            Seq::ZERO
        };
        state.marks = WireMarks {
            delivered: summary.delivered,
            read: summary.read,
        };
        let progress = Progress {
            applied: summary.head,
            others: Seq::ZERO,
            unseen,
            read: summary.read,
        };
        let applied = state.jump(progress, me);
        self.keep_progress(summary.id, out);
        self.applied(summary.id, applied, out);
    }

    fn look_for_hole(&mut self, chat: ChatId, head: Seq) {
        if let Some(state) = self.chats.get_mut(&chat) {
            state.reaches(head);
            if state.has_hole() {
                self.syncing.want_hole(chat);
            }
        }
    }

    fn too_long(&mut self, frame: TooLongFrame, out: &mut Output) {
        let (chat, me) = (frame.chat, self.me());
        let state = self.chats.entry(chat).or_default();
        if matches!(frame.reason, TooLongReason::Ahead | TooLongReason::Other) {
            state.forget_unapplied();
        }
        let before = state.progress.unwrap_or_default();
        let progress = Progress {
            applied: frame.head,
            others: before.others.min(frame.head),
            unseen: frame.head,
            read: before.read.min(frame.head),
        };
        out.batch.drop_events(chat);
        out.emit(ClientEvent::TooLong(frame));
        let applied = state.jump(progress, me);
        if state.has_hole() {
            self.syncing.want_hole(chat);
        }
        self.keep_progress(chat, out);
        self.applied(chat, applied, out);
    }

    fn resync(&mut self, frame: &ResyncFrame) {
        match frame.chat {
            Some(chat) => self.syncing.want(chat),
            None => self.want_sync_of_all(),
        }
    }

    fn receipt(&mut self, frame: ReceiptFrame, out: &mut Output) {
        if Some(frame.user) == self.me() {
            let marks = WireMarks {
                delivered: frame.delivered,
                read: frame.read,
            };
            self.learn_own_marks(frame.chat, marks, out);
        }
        out.emit(ClientEvent::Receipt(frame));
    }

    fn presence(&mut self, presence: Presence, out: &mut Output) {
        if self.watching.presence(&presence) {
            out.emit(ClientEvent::Presence(presence));
        }
    }

    /// How far this device is in a chat that it has a cursor for.
    pub(super) fn progress_mut(&mut self, chat: ChatId) -> Option<&mut Progress> {
        self.chats.get_mut(&chat)?.progress.as_mut()
    }

    /// Puts how far a chat is into the batch.
    pub(super) fn keep_progress(&mut self, chat: ChatId, out: &mut Output) {
        if let Some(progress) = self.progress_mut(chat) {
            out.batch.chats.insert(chat, Some(*progress));
        }
    }
}
