//! What takes the server's answer: done beside the events, which go on being shown meanwhile.

use std::cmp::Reverse;

use anyhow::Context;
use parlour_client::{Client, ClientError};
use parlour_model::{
    ChatId, ChosenStatus, Clock, EventKey, Role, Seq, SystemClock, UserId, UserName, limits,
};
use parlour_protocol::{ChatBody, HistoryQuery, MessageBody, MessagesPage, Position, Retry};

use super::command::HISTORY_DEFAULT;
use super::directory::{Directory, is_direct};
use super::render;
use super::room::Opened;
use super::screen::Line;

/// Members of chats in which each is looked at, and told of, one by one.
const MEMBERS_WATCHED_MAX: u64 = 64;

/// What came of it.
pub(super) enum Outcome {
    /// To be shown.
    Show(Vec<Line>),
    /// A chat is open now.
    Opened(Box<Opened>),
    /// The chat with this user cannot be opened yet, and why.
    NotYet(UserName, String),
    /// The chats as they are numbered now.
    Listed(Vec<ChatId>, Vec<Line>),
    /// Earlier messages of a chat, and where they begin.
    Earlier(ChatId, Option<Seq>, Vec<Line>),
    /// The user has left this chat.
    Left(ChatId),
}

/// Does jobs for one client. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Jobs {
    pub(super) client: Client,
    pub(super) directory: Directory,
}

impl Jobs {
    /// Opens the chat with a user, if both are there already.
    pub(super) async fn with(self, name: UserName) -> anyhow::Result<Outcome> {
        match self.try_with(&name).await {
            Err(error) if is_passing(&error) => Ok(Outcome::NotYet(name, reason(&error))),
            outcome => outcome,
        }
    }

    async fn try_with(self, name: &UserName) -> anyhow::Result<Outcome> {
        let Some(user) = self.directory.find(name).await? else {
            let why = format!("{name} is not here yet");
            return Ok(Outcome::NotYet(name.clone(), why));
        };
        let chat = self.client.create_direct(user).await?;
        self.enter(chat).await
    }

    /// Makes a group and opens it.
    pub(super) async fn group(
        self,
        title: String,
        names: Vec<UserName>,
    ) -> anyhow::Result<Outcome> {
        let users = self.find_all(&names).await?;
        let chat = self.client.create_group(&title, users).await?;
        self.enter(chat).await
    }

    /// Opens a chat.
    pub(super) async fn open(self, chat: ChatId) -> anyhow::Result<Outcome> {
        let chat = self.client.rest().chat(chat).await?;
        self.enter(chat).await
    }

    async fn enter(self, chat: ChatBody) -> anyhow::Result<Outcome> {
        self.directory.meet_chat(&chat).await;
        let members = match &chat.members {
            Some(members) => members.clone(),
            None if chat.member_count <= MEMBERS_WATCHED_MAX => {
                self.directory.members(chat.id).await?
            }
            None => Vec::new(),
        };
        let page = self.page(chat.id, None, HISTORY_DEFAULT).await?;
        let me = self.directory.me();
        let others: Vec<UserId> = members
            .iter()
            .map(|m| m.user)
            .filter(|user| *user != me)
            .collect();
        self.directory.meet_users(&others).await;
        // Without a connection it is told with the next one.
        match self.client.watch(others, vec![chat.id]).await {
            Ok(()) | Err(ClientError::NotConnected) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Outcome::Opened(Box::new(Opened {
            chat,
            members,
            page,
        })))
    }

    /// Lists the user's chats.
    pub(super) async fn chats(self) -> anyhow::Result<Outcome> {
        let chats = self.client.chats().await?;
        if chats.is_empty() {
            let hint = Line::notice("no chats yet: /with NAME opens one");
            return Ok(Outcome::Listed(Vec::new(), vec![hint]));
        }
        for chat in &chats {
            self.directory.meet_chat(chat).await;
            let author = chat.last_message.iter().map(|message| message.author);
            self.directory.meet_users(&Vec::from_iter(author)).await;
        }
        let others = chats.iter().filter(|chat| is_direct(chat));
        let others = others.filter_map(|chat| self.directory.other(chat.id));
        let presence = self.presence(others.collect()).await?;
        let lines = chats.iter().enumerate().map(|(place, chat)| {
            let other = self.directory.other(chat.id);
            let there = presence.iter().find(|(user, _)| Some(*user) == other);
            let there = there.map_or(String::new(), |(_, presence)| format!(" ({presence})"));
            Line::talk(format!(
                "{:>3}  {}{there}{}",
                place + 1,
                self.directory.chat(chat.id),
                self.rest_of(chat)
            ))
        });
        Ok(Outcome::Listed(
            chats.iter().map(|chat| chat.id).collect(),
            lines.collect(),
        ))
    }

    /// Unread messages and the last line.
    fn rest_of(&self, chat: &ChatBody) -> String {
        let mut text = match chat.unread {
            0 => String::new(),
            unread => format!("  {unread} new"),
        };
        let names = |user| self.directory.name(user);
        let last = chat.last_message.as_ref();
        if let Some(line) = last.and_then(|message| render::message(message, &names)) {
            text += &format!("  {}", render::gist(line.text()));
        }
        text
    }

    /// How these users are.
    async fn presence(&self, users: Vec<UserId>) -> anyhow::Result<Vec<(UserId, String)>> {
        let now = SystemClock::new().now();
        let mut known = Vec::with_capacity(users.len());
        for users in users.chunks(limits::WATCH_USERS_MAX) {
            let presence = self.client.rest().presence(users).await?;
            known.extend(presence.iter().map(|p| (p.user, render::presence(p, now))));
        }
        Ok(known)
    }

    /// Shows messages before a seq.
    pub(super) async fn earlier(
        self,
        chat: ChatId,
        before: Seq,
        limit: u64,
    ) -> anyhow::Result<Outcome> {
        let page = self.page(chat, Some(before), limit).await?;
        let oldest = page.messages.first().map(|message| message.seq);
        let mut lines = self.lines(&page.messages);
        if page.has_before {
            lines.insert(0, Line::notice("— more: /history —"));
        }
        lines.push(match oldest {
            Some(_) => Line::notice(format!("— up to [{}] —", before.previous())),
            None => Line::notice("there is nothing earlier"),
        });
        Ok(Outcome::Earlier(chat, oldest, lines))
    }

    async fn page(
        &self,
        chat: ChatId,
        before: Option<Seq>,
        limit: u64,
    ) -> anyhow::Result<MessagesPage> {
        let query = HistoryQuery {
            limit: Some(limit),
            before: before.map(Position::Seq),
            ..HistoryQuery::default()
        };
        let page = self.client.rest().messages(chat, &query).await?;
        let mut users: Vec<UserId> = page.messages.iter().map(|message| message.author).collect();
        users.extend(
            page.messages
                .iter()
                .filter_map(MessageBody::content)
                .flat_map(|c| c.named_users()),
        );
        self.directory.meet_users(&users).await;
        Ok(page)
    }

    /// How messages read.
    pub(super) fn lines(&self, messages: &[MessageBody]) -> Vec<Line> {
        let names = |user| self.directory.name(user);
        messages
            .iter()
            .filter_map(|message| render::message(message, &names))
            .collect()
    }

    /// Lists the members of a chat.
    pub(super) async fn members(self, chat: ChatId) -> anyhow::Result<Outcome> {
        let mut members = self.directory.members(chat).await?;
        let users: Vec<UserId> = members.iter().map(|member| member.user).collect();
        self.directory.meet_users(&users).await;
        members.sort_by_cached_key(|member| {
            (Reverse(member.role), self.directory.full_name(member.user))
        });
        let lines = members.iter().map(|member| {
            let name = self.directory.full_name(member.user);
            let role = match member.role {
                Role::Member => String::new(),
                role => format!(", {}", render::role(role)),
            };
            Line::talk(format!("     {name}{role}"))
        });
        Ok(Outcome::Show(lines.collect()))
    }

    /// Shows who the user is, and how the others in a chat are.
    pub(super) async fn who(self, chat: Option<ChatId>) -> anyhow::Result<Outcome> {
        let me = self.directory.me();
        let mut lines = vec![Line::talk(format!(
            "     you are {}",
            self.directory.full_name(me)
        ))];
        let members = match chat {
            Some(chat) => self.directory.members(chat).await?,
            None => Vec::new(),
        };
        let others: Vec<UserId> = members
            .iter()
            .map(|m| m.user)
            .filter(|user| *user != me)
            .collect();
        self.directory.meet_users(&others).await;
        for (user, presence) in self.presence(others).await? {
            lines.push(Line::talk(format!(
                "     {} is {presence}",
                self.directory.full_name(user)
            )));
        }
        Ok(Outcome::Show(lines))
    }

    /// Adds members. The chat's own event says that it is done.
    pub(super) async fn add(self, chat: ChatId, names: Vec<UserName>) -> anyhow::Result<Outcome> {
        let users = self.find_all(&names).await?;
        self.client.rest().add_members(chat, users).await?;
        Ok(Outcome::Show(Vec::new()))
    }

    /// Removes a member. The chat's own event says that it is done.
    pub(super) async fn remove(self, chat: ChatId, name: UserName) -> anyhow::Result<Outcome> {
        let user = self.find(&name).await?;
        self.client.rest().remove_member(chat, user).await?;
        Ok(Outcome::Show(Vec::new()))
    }

    /// Leaves a group.
    pub(super) async fn leave(self, chat: ChatId) -> anyhow::Result<Outcome> {
        self.client.rest().leave(chat).await?;
        Ok(Outcome::Left(chat))
    }

    /// Chooses a status.
    pub(super) async fn status(self, status: ChosenStatus) -> anyhow::Result<Outcome> {
        self.client.rest().set_status(status).await?;
        let word = render::status(status);
        Ok(Outcome::Show(vec![Line::notice(format!(
            "your status: {word}"
        ))]))
    }

    /// Gives sends up; how each ends is told as an event.
    pub(super) async fn cancel(self, keys: Vec<EventKey>) -> anyhow::Result<Outcome> {
        for key in keys {
            self.client.cancel(key).await?;
        }
        Ok(Outcome::Show(Vec::new()))
    }

    async fn find_all(&self, names: &[UserName]) -> anyhow::Result<Vec<UserId>> {
        let mut users = Vec::with_capacity(names.len());
        for name in names {
            users.push(self.find(name).await?);
        }
        Ok(users)
    }

    async fn find(&self, name: &UserName) -> anyhow::Result<UserId> {
        let found = self.directory.find(name).await?;
        found.with_context(|| format!("there is no user {name}"))
    }
}

/// Why a job failed, for people.
pub(super) fn reason(error: &anyhow::Error) -> String {
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::Refused(error)) => error.message.clone(),
        Some(ClientError::Unreachable(_)) => "the server cannot be reached now".to_owned(),
        _ => format!("{error:#}"),
    }
}

/// Whether the same may work later.
fn is_passing(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::Unreachable(_)) => true,
        Some(ClientError::Refused(error)) => error.retry != Retry::Never,
        _ => false,
    }
}
