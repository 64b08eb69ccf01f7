//! What comes in: events of the client, shown.

use std::io;

use parlour_client::{ClientEvent, ConnectionState, SendFailure, Sent, StopReason};
use parlour_model::{ChatId, Clock, Content, EventKey, Presence, PresenceStatus, SystemClock};
use parlour_protocol::{
    ChatBody, ErrorBody, MessageStatus, ReceiptFrame, TooLongFrame, TypingNotice, WireEvent,
};

use super::super::render;
use super::super::screen::Line;
use super::super::sending::{Pending, What};
use super::super::ticks::Reach;
use super::{Desk, Link};

impl Desk {
    /// Shows what happened.
    pub(super) async fn arrive(&mut self, event: ClientEvent) -> io::Result<()> {
        match event {
            ClientEvent::Event(event) => self.event(&event).await,
            ClientEvent::ChatJoined(chat) => self.joined(&chat).await,
            // The event that changed it says so; marks in large chats are not looked at.
            ClientEvent::ChatChanged(_) | ClientEvent::ReceiptCounts(_) => Ok(()),
            ClientEvent::ChatLeft(chat) => self.left(chat),
            ClientEvent::TooLong(frame) => self.too_long(&frame),
            ClientEvent::Receipt(receipt) => self.receipt(&receipt),
            ClientEvent::Typing(typing) => self.typing(&typing),
            ClientEvent::Presence(presence) => self.presence(&presence),
            ClientEvent::Settled { chat, key, result } => self.settled(chat, key, result),
            ClientEvent::Stalled { key, error, .. } => self.stalled(key, error.as_deref()),
            ClientEvent::Connection(state) => self.connection(state),
            ClientEvent::Stopped(reason) => self.stopped(reason),
        }
    }

    async fn event(&mut self, event: &WireEvent) -> io::Result<()> {
        if let Some(Content::ChatChanged {
            title: Some(title), ..
        }) = event.content()
        {
            self.directory.retitle(event.chat, title.as_str());
        }
        let is_own = self.sending.is_own(event);
        match &mut self.room {
            Some(room) if room.chat == event.chat => {
                if !room.take(event, self.me) {
                    return Ok(());
                }
                if event.author != self.me {
                    self.typists.remove(&event.author);
                    // An error means that the client has ended, which is told as an event.
                    let _ = self.client.read(event.chat, event.seq).await;
                }
            }
            _ if is_own || event.author == self.me => return Ok(()),
            _ => return self.elsewhere(event),
        }
        if !is_own {
            self.show_event(event)?;
        }
        self.tick()
    }

    pub(super) fn show_event(&mut self, event: &WireEvent) -> io::Result<()> {
        let names = |user| self.directory.name(user);
        match render::event(event, &names) {
            Some(line) => self.screen.show(&line),
            None => Ok(()),
        }
    }

    /// A message in a chat that is not open.
    fn elsewhere(&mut self, event: &WireEvent) -> io::Result<()> {
        let Some(Content::Message { body, .. }) = event.content() else {
            return Ok(());
        };
        if self.link != Link::Live {
            *self.missed.entry(event.chat).or_default() += 1;
            return Ok(());
        }
        let number = self.shelf.number(event.chat);
        let chat = self.directory.chat(event.chat);
        let text = render::gist(&render::body_text(&body));
        let author = match self.directory.other(event.chat) {
            Some(_) => String::new(),
            None => format!(", {}", self.directory.name(event.author)),
        };
        self.screen
            .notice(format!("{chat}{author}: {text}  (/open {number})"))
    }

    async fn joined(&mut self, chat: &ChatBody) -> io::Result<()> {
        if let Some(room) = self.room.as_ref().filter(|room| room.chat == chat.id) {
            // The client did not know the chat when it was opened, and so could not mark it.
            let _ = self.client.read(chat.id, room.shown).await;
            return Ok(());
        }
        if self.link != Link::Live {
            if chat.unread > 0 {
                self.missed.insert(chat.id, chat.unread);
            }
            return Ok(());
        }
        // One's own new chat is opened by the job that made it.
        if self.job.is_some() {
            return Ok(());
        }
        let number = self.shelf.number(chat.id);
        let name = self.directory.chat(chat.id);
        self.screen
            .notice(format!("you are in a new chat: {name}  (/open {number})"))
    }

    /// The user is no longer a member.
    pub(super) fn left(&mut self, chat: ChatId) -> io::Result<()> {
        self.missed.remove(&chat);
        if self.room.as_ref().is_some_and(|room| room.chat == chat) {
            self.room = None;
            let name = self.directory.chat(chat);
            self.screen.notice(format!("you are no longer in {name}"))?;
        }
        Ok(())
    }

    fn too_long(&mut self, frame: &TooLongFrame) -> io::Result<()> {
        self.sending.skip(frame.chat, frame.head);
        match &mut self.room {
            Some(room) if room.chat == frame.chat => {
                room.skip(frame.head);
                self.screen
                    .notice("more happened here than is shown: /history")
            }
            _ => Ok(()),
        }
    }

    fn receipt(&mut self, receipt: &ReceiptFrame) -> io::Result<()> {
        match &mut self.room {
            Some(room) if room.chat == receipt.chat && receipt.user != self.me => {
                room.ticks
                    .raise(receipt.user, (receipt.delivered, receipt.read));
                self.tick()
            }
            _ => Ok(()),
        }
    }

    /// Tells how far the newest own message got, if that is news.
    fn tick(&mut self) -> io::Result<()> {
        let news = self.room.as_mut().and_then(|room| room.ticks.news());
        let Some((seq, reach)) = news else {
            return Ok(());
        };
        let tick = render::tick(match reach {
            Reach::Delivered => MessageStatus::Delivered,
            Reach::Read => MessageStatus::Read,
        });
        self.screen.notice(format!("[{seq}] {tick}"))
    }

    fn typing(&mut self, typing: &TypingNotice) -> io::Result<()> {
        let is_here = self
            .room
            .as_ref()
            .is_some_and(|room| room.chat == typing.chat);
        if !typing.on {
            self.typists.remove(&typing.user);
        } else if is_here && typing.user != self.me && self.typists.insert(typing.user) {
            let name = self.directory.name(typing.user);
            return self.screen.notice(format!("{name} is typing…"));
        }
        Ok(())
    }

    fn presence(&mut self, presence: &Presence) -> io::Result<()> {
        let before = self.presence.insert(presence.user, *presence);
        let is_news = match before {
            Some(before) => before.status != presence.status,
            // Of a group, the first look is at everybody at once.
            None => self.direct_other() == Some(presence.user),
        };
        if is_news {
            self.show_presence(presence)
        } else {
            Ok(())
        }
    }

    pub(super) fn show_presence(&mut self, presence: &Presence) -> io::Result<()> {
        if presence.user == self.me || presence.status == PresenceStatus::Unknown {
            return Ok(());
        }
        let name = self.directory.name(presence.user);
        let how = render::presence(presence, SystemClock::new().now());
        self.screen.notice(format!("{name} is {how}"))
    }

    fn settled(
        &mut self,
        chat: ChatId,
        key: EventKey,
        result: Result<Sent, SendFailure>,
    ) -> io::Result<()> {
        match result {
            Ok(sent) => {
                let pending = self.sending.sent(chat, key, &sent);
                self.show_sent(chat, &sent, pending)
            }
            // It waits for the next run.
            Err(SendFailure::Closed) => Ok(()),
            Err(SendFailure::Cancelled) => self.show_failed(key, "given up"),
            Err(SendFailure::GivenUp) => {
                self.show_failed(key, "given up; whether it was sent is not known")
            }
            Err(SendFailure::Refused(error)) => self.show_failed(key, &error.message),
        }
    }

    fn show_sent(&mut self, chat: ChatId, sent: &Sent, pending: Option<Pending>) -> io::Result<()> {
        let room = self.room.as_mut().filter(|room| room.chat == chat);
        let to = match &room {
            Some(_) => String::new(),
            None => format!("  (in {})", self.directory.chat(chat)),
        };
        let tick = render::tick(MessageStatus::Sent);
        match pending.map(|pending| pending.what) {
            Some(What::Other(what)) => self.screen.notice(format!("{what} {tick}{to}")),
            what => {
                let text = what.map_or(String::new(), |what| format!(" {}", what.text()));
                self.screen
                    .notice(format!("[{}] {tick}{text}{to}", sent.seq))?;
                if let Some(room) = room {
                    room.ticks.sent(sent.seq);
                }
                self.tick()
            }
        }
    }

    fn show_failed(&mut self, key: EventKey, why: &str) -> io::Result<()> {
        let pending = self.sending.end(key);
        let what = pending.map_or(String::new(), |pending| {
            format!(": {}", pending.what.text())
        });
        self.screen
            .show(&Line::talk(format!("✗ not sent{what} — {why}")))
    }

    fn stalled(&mut self, key: EventKey, error: Option<&ErrorBody>) -> io::Result<()> {
        let pending = self.sending.stall(key);
        let what = pending.map_or(String::new(), |pending| {
            format!(": {}", pending.what.text())
        });
        let why = error.map_or("the server closed the connection over it", |error| {
            &error.message
        });
        let line =
            format!("! cannot be sent{what} — {why}; what follows waits, /cancel gives it up");
        self.screen.show(&Line::talk(line))
    }

    fn connection(&mut self, state: ConnectionState) -> io::Result<()> {
        let before = self.link;
        match state {
            ConnectionState::Connecting => Ok(()),
            ConnectionState::CatchingUp => {
                self.link = Link::CatchingUp;
                Ok(())
            }
            ConnectionState::Ready => {
                self.link = Link::Live;
                self.screen.notice("connected")?;
                self.show_missed()
            }
            ConnectionState::Waiting(_) => {
                self.link = Link::Down;
                self.typists.clear();
                match before {
                    Link::Down => Ok(()),
                    Link::Starting => self.screen.notice("no connection yet, trying again…"),
                    Link::Live | Link::CatchingUp => {
                        self.screen.notice("connection lost, trying again…")
                    }
                }
            }
        }
    }

    /// What came while nobody could be told one by one.
    fn show_missed(&mut self) -> io::Result<()> {
        for (chat, count) in std::mem::take(&mut self.missed) {
            if self.room.as_ref().is_some_and(|room| room.chat == chat) {
                continue;
            }
            let number = self.shelf.number(chat);
            let name = self.directory.chat(chat);
            self.screen
                .notice(format!("{count} new in {name}  (/open {number})"))?;
        }
        Ok(())
    }

    fn stopped(&mut self, reason: StopReason) -> io::Result<()> {
        self.stopped = Some(reason);
        if self.keyboard.is_terminal() {
            let why = why_stopped(reason);
            self.screen
                .show(&Line::talk(format!("{why} (Enter leaves)")))?;
        }
        Ok(())
    }
}

/// Why the client stopped, and what helps.
pub(super) fn why_stopped(reason: StopReason) -> String {
    match reason {
        StopReason::SignedOut => "signed out: start again to log in".to_owned(),
        StopReason::AccountDisabled => "this account is disabled".to_owned(),
        StopReason::WrongProtocol => {
            "server and client do not understand each other: one is too old".to_owned()
        }
        StopReason::Refused(number) => format!("the server closed for good ({number})"),
        StopReason::StoreFailed => "the state file cannot be written".to_owned(),
    }
}
