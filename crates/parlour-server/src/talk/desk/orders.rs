//! What goes out: lines obeyed, jobs begun and ended.

use std::io;
use std::time::Duration;

use futures_util::FutureExt;
use parlour_client::{ClientError, Operation, PendingMessage};
use parlour_model::{Body, ChatId, Seq, UserId, UserName};
use tokio::time::Instant;

use super::super::command::{Command, HELP, parse};
use super::super::jobs::{Jobs, Outcome, reason};
use super::super::room::{Opened, Room};
use super::super::screen::Line;
use super::super::sending::{Pending, What};
use super::{Awaited, Desk, End, Link};

/// How often typing is told while it goes on: before others take it for ended.
const TYPING_EVERY: Duration = Duration::from_secs(3);
/// Events that may have come while a chat was being opened.
const LATE_MAX: usize = 100;

impl Desk {
    /// Does what a line says.
    pub(super) async fn obey(&mut self, line: &str) -> io::Result<()> {
        match parse(line) {
            Ok(Some(command)) => self.command(command).await,
            Ok(None) => Ok(()),
            Err(explanation) => self.screen.notice(explanation),
        }
    }

    async fn command(&mut self, command: Command) -> io::Result<()> {
        match command {
            Command::Help => self.screen.show(&Line::talk(HELP)),
            Command::Quit => {
                self.end = End::Now;
                Ok(())
            }
            Command::With(name) => {
                self.with(&name);
                Ok(())
            }
            Command::Group { title, names } => self.begin_opening(|jobs| jobs.group(title, names)),
            Command::Chats => self.begin(Jobs::chats),
            Command::Status(status) => self.begin(|jobs| jobs.status(status)),
            Command::Who => {
                let chat = self.room.as_ref().map(|room| room.chat);
                self.begin(|jobs| jobs.who(chat))
            }
            Command::Open(number) => match self.shelf.chat(number) {
                Some(chat) => self.begin_opening(|jobs| jobs.open(chat)),
                None => self
                    .screen
                    .notice(format!("there is no chat {number}: /chats lists them")),
            },
            Command::Cancel => {
                let keys = self.sending.take_stalled().into_iter().collect();
                self.begin(|jobs| jobs.cancel(keys))
            }
            command => match self.room.as_ref().map(|room| (room.chat, room.oldest)) {
                Some((chat, oldest)) => self.in_room(command, chat, oldest).await,
                None => self
                    .screen
                    .notice("no chat is open: /with NAME, or /chats and /open N"),
            },
        }
    }

    /// Does what needs an open chat.
    async fn in_room(&mut self, command: Command, chat: ChatId, oldest: Seq) -> io::Result<()> {
        let body = |text: String| Body::text(text);
        match command {
            Command::Say(text) => {
                self.post(
                    chat,
                    Operation::Send {
                        body: body(text),
                        reply_to: None,
                    },
                )
                .await
            }
            Command::Reply(target, text) => {
                let reply_to = Some(target);
                self.post(
                    chat,
                    Operation::Send {
                        body: body(text),
                        reply_to,
                    },
                )
                .await
            }
            Command::Edit(target, text) => {
                self.post(
                    chat,
                    Operation::Edit {
                        target,
                        body: body(text),
                    },
                )
                .await
            }
            Command::Delete(target) => self.post(chat, Operation::Delete { target }).await,
            Command::React { target, emoji, on } => {
                self.post(chat, Operation::React { target, emoji, on })
                    .await
            }
            Command::History(count) => self.begin(|jobs| jobs.earlier(chat, oldest, count)),
            Command::Members => self.begin(|jobs| jobs.members(chat)),
            Command::Add(names) => self.begin(|jobs| jobs.add(chat, names)),
            Command::Remove(name) => self.begin(|jobs| jobs.remove(chat, name)),
            Command::Leave => self.begin(|jobs| jobs.leave(chat)),
            // The rest was done before it came here.
            _ => Ok(()),
        }
    }

    /// Puts something into the outbox, which is durable, and shows it unless the user sees it already.
    async fn post(&mut self, chat: ChatId, operation: Operation) -> io::Result<()> {
        let what = What::from(&operation);
        let pending = match self.queue(chat, operation).await {
            Ok(pending) => pending,
            Err(error) => {
                let line = format!("✗ not sent: {} — {}", what.text(), reason(&error.into()));
                return self.screen.show(&Line::talk(line));
            }
        };
        if !self.screen.echoes() || self.link != Link::Live {
            self.screen.notice(format!("[…] {}", what.text()))?;
        }
        self.sending.begin(pending.key(), Pending { chat, what });
        if self.typing_told.take().is_some() {
            // Nothing is lost by an error: typing ends by itself.
            let _ = self.client.typing(chat, false).await;
        }
        Ok(())
    }

    async fn queue(
        &self,
        chat: ChatId,
        operation: Operation,
    ) -> Result<PendingMessage, ClientError> {
        match operation {
            Operation::Send { body, reply_to } => self.client.send(chat, body, reply_to).await,
            Operation::Edit { target, body } => self.client.edit(chat, target, body).await,
            Operation::Delete { target } => self.client.delete(chat, target).await,
            Operation::React { target, emoji, on } => {
                self.client.react(chat, target, (emoji, on)).await
            }
        }
    }

    /// Somebody is writing a message: the others in the chat are told now and then.
    pub(super) async fn tell_typing(&mut self) {
        let is_due = self
            .typing_told
            .is_none_or(|told| told.elapsed() >= TYPING_EVERY);
        if let Some(room) = self.room.as_ref().filter(|_| is_due) {
            self.typing_told = Some(Instant::now());
            // Nothing is lost by an error: typing ends by itself.
            let _ = self.client.typing(room.chat, true).await;
        }
    }

    fn begin<F>(&mut self, job: impl FnOnce(Jobs) -> F) -> io::Result<()>
    where
        F: Future<Output = anyhow::Result<Outcome>> + Send + 'static,
    {
        self.job = Some(job(self.jobs.clone()).boxed());
        Ok(())
    }

    /// Begins a job that opens a chat: the server tells anew how those in it are.
    fn begin_opening<F>(&mut self, job: impl FnOnce(Jobs) -> F) -> io::Result<()>
    where
        F: Future<Output = anyhow::Result<Outcome>> + Send + 'static,
    {
        self.presence.clear();
        self.begin(job)
    }

    /// Opens the chat with a user, as soon as it can be.
    pub(super) fn with(&mut self, name: &UserName) {
        self.awaited = Some(Awaited {
            name: name.clone(),
            is_told: false,
        });
        self.presence.clear();
        self.look_for_awaited();
    }

    /// Tries again to open the chat that is waited for.
    pub(super) fn look_for_awaited(&mut self) {
        if let Some(name) = self.awaited.as_ref().map(|awaited| awaited.name.clone()) {
            self.job = Some(self.jobs.clone().with(name).boxed());
        }
    }

    /// Shows what came of a job.
    pub(super) async fn finish_job(&mut self, outcome: anyhow::Result<Outcome>) -> io::Result<()> {
        match outcome {
            Ok(Outcome::Show(lines)) => self.show_all(&lines),
            Ok(Outcome::Opened(opened)) => self.opened(&opened).await,
            Ok(Outcome::NotYet(name, why)) => self.not_yet(&name, &why),
            Ok(Outcome::Listed(chats, lines)) => {
                self.shelf.renew(chats);
                self.show_all(&lines)
            }
            Ok(Outcome::Earlier(chat, oldest, lines)) => {
                if let Some(room) = self.room.as_mut().filter(|room| room.chat == chat) {
                    room.oldest = oldest.unwrap_or(room.oldest);
                }
                self.show_all(&lines)
            }
            Ok(Outcome::Left(chat)) => self.left(chat),
            Err(error) => {
                self.awaited = None;
                self.screen.notice(reason(&error))
            }
        }
    }

    /// Says once why a chat is not open yet.
    fn not_yet(&mut self, name: &UserName, why: &str) -> io::Result<()> {
        let awaited = self
            .awaited
            .as_mut()
            .filter(|awaited| awaited.name == *name);
        let Some(awaited) = awaited.filter(|awaited| !awaited.is_told) else {
            return Ok(());
        };
        awaited.is_told = true;
        self.screen.notice(format!(
            "{why}; the chat with {name} opens as soon as it can"
        ))
    }

    async fn opened(&mut self, opened: &Opened) -> io::Result<()> {
        self.awaited = None;
        self.typists.clear();
        self.typing_told = None;
        let chat = opened.chat.id;
        let mut room = Room::open(opened, self.me);
        self.missed.remove(&chat);
        self.screen
            .notice(format!("— {} —", self.directory.chat(chat)))?;
        let lines = self.jobs.lines(&opened.page.messages);
        self.show_all(&lines)?;
        // What was told while the page was on its way is in the local store, and later events come one by one.
        let late = self
            .client
            .cached(chat, None, LATE_MAX)
            .await
            .unwrap_or_default();
        for event in late {
            if room.take(&event, self.me) {
                self.show_event(&event)?;
            }
        }
        // An error means that the client has ended, which is told as an event.
        let _ = self.client.read(chat, room.shown).await;
        self.room = Some(room);
        let other = self.direct_other();
        match other.and_then(|other| self.presence.get(&other).copied()) {
            Some(presence) => self.show_presence(&presence),
            // It comes as an event.
            None => Ok(()),
        }
    }

    /// The other one in the open chat, if it has two members.
    pub(super) fn direct_other(&self) -> Option<UserId> {
        self.directory.other(self.room.as_ref()?.chat)
    }

    fn show_all(&mut self, lines: &[Line]) -> io::Result<()> {
        lines.iter().try_for_each(|line| self.screen.show(line))
    }
}
