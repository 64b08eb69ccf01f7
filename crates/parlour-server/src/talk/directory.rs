//! The names of users and chats, asked for once and remembered.
//!
//! Whoever shows something calls `meet…` first, which may ask the server, and then reads names, which never waits. A
//! name that cannot be had in time is shown as a number and asked for again the next time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlour_client::{ClientError, ClientEvent, Rest};
use parlour_model::{ChatId, ChatType, UserId, UserName};
use parlour_protocol::{ChatBody, MemberBody, UserBody};

/// How long something may wait to be shown for the names in it.
const NAMES_WITHIN: Duration = Duration::from_secs(3);

/// Names. Cheap to clone; all clones remember together.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    me: UserId,
    rest: Rest,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    users: BTreeMap<UserId, (UserName, String)>,
    chats: BTreeMap<ChatId, Entry>,
}

/// What a chat is called.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Direct(UserId),
    Group(String),
}

impl Directory {
    /// What `me` may know through `rest`.
    pub(super) fn new(me: UserId, rest: Rest) -> Self {
        let known = Arc::default();
        Self { me, rest, known }
    }

    /// Who is signed in.
    pub(super) fn me(&self) -> UserId {
        self.me
    }

    /// Learns the names of everybody and everything in an event that is going to be shown.
    pub(super) async fn meet(&self, event: &ClientEvent) {
        let meeting = async {
            match event {
                ClientEvent::Event(event) => {
                    let mut users = event.content().map_or(Vec::new(), |c| c.named_users());
                    users.push(event.author);
                    self.meet_users(&users).await;
                    self.meet_chat_of(event.chat).await;
                }
                ClientEvent::ChatJoined(chat) | ClientEvent::ChatChanged(chat) => {
                    self.meet_chat(chat).await;
                }
                ClientEvent::Typing(typing) => self.meet_users(&[typing.user]).await,
                ClientEvent::Presence(presence) => self.meet_users(&[presence.user]).await,
                _ => {}
            }
        };
        // Too late, or refused: then numbers must do.
        let _ = tokio::time::timeout(NAMES_WITHIN, meeting).await;
    }

    /// Learns the names of these users, as far as they can be had.
    pub(super) async fn meet_users(&self, users: &[UserId]) {
        for user in users {
            if self.known().users.contains_key(user) {
                continue;
            }
            if let Ok(body) = self.rest.user(*user).await {
                self.learn(&body);
            }
        }
    }

    /// Learns what a chat is called.
    pub(super) async fn meet_chat(&self, chat: &ChatBody) {
        if let Some(title) = &chat.title {
            let entry = Entry::Group(title.to_string());
            self.known().chats.insert(chat.id, entry);
        } else if !self.known().chats.contains_key(&chat.id) {
            let members = match &chat.members {
                Some(members) => Ok(members.clone()),
                None => self.members(chat.id).await,
            };
            let other = |members: Vec<MemberBody>| {
                let mut users = members.into_iter().map(|member| member.user);
                users.find(|user| *user != self.me)
            };
            if let Some(other) = members.ok().and_then(other) {
                self.known().chats.insert(chat.id, Entry::Direct(other));
                self.meet_users(&[other]).await;
            }
        }
    }

    async fn meet_chat_of(&self, chat: ChatId) {
        if self.known().chats.contains_key(&chat) {
            return;
        }
        if let Ok(body) = self.rest.chat(chat).await {
            self.meet_chat(&body).await;
        }
    }

    /// All members of a chat.
    pub(super) async fn members(&self, chat: ChatId) -> Result<Vec<MemberBody>, ClientError> {
        let mut page = self.rest.members(chat, None).await?;
        let mut members = std::mem::take(&mut page.members);
        while let Some(next) = page.next.take() {
            page = self.rest.members(chat, Some(&next)).await?;
            members.append(&mut page.members);
        }
        Ok(members)
    }

    /// The user with this user name, if there is one.
    pub(super) async fn find(&self, name: &UserName) -> Result<Option<UserId>, ClientError> {
        let found = self.rest.user_by_name(name).await?;
        Ok(found.map(|user| {
            self.learn(&user);
            user.id
        }))
    }

    /// Remembers a user.
    pub(super) fn learn(&self, user: &UserBody) {
        let names = (user.username.clone(), user.display_name.to_string());
        self.known().users.insert(user.id, names);
    }

    /// Remembers a group's new title.
    pub(super) fn retitle(&self, chat: ChatId, title: &str) {
        let entry = Entry::Group(title.to_owned());
        self.known().chats.insert(chat, entry);
    }

    /// What a user is called: `you`, or their display name.
    pub(super) fn name(&self, user: UserId) -> String {
        if user == self.me {
            return "you".to_owned();
        }
        match self.known().users.get(&user) {
            Some((_, display_name)) => display_name.clone(),
            None => format!("user {user}"),
        }
    }

    /// Display name and user name, which cannot be taken for somebody else's.
    pub(super) fn full_name(&self, user: UserId) -> String {
        match self.known().users.get(&user) {
            Some((username, display_name)) if username.as_str() == display_name => {
                format!("@{username}")
            }
            Some((username, display_name)) => format!("{display_name} (@{username})"),
            None => format!("user {user}"),
        }
    }

    /// The user name, where it is known.
    pub(super) fn username(&self, user: UserId) -> Option<UserName> {
        let known = self.known();
        known.users.get(&user).map(|(username, _)| username.clone())
    }

    /// What a chat is called: `@bob` or `#Lunch`.
    pub(super) fn chat(&self, chat: ChatId) -> String {
        let entry = self.known().chats.get(&chat).cloned();
        match entry {
            Some(Entry::Group(title)) => format!("#{title}"),
            Some(Entry::Direct(other)) => match self.username(other) {
                Some(username) => format!("@{username}"),
                None => format!("@{other}"),
            },
            None => format!("chat {chat}"),
        }
    }

    /// The other one in a direct chat.
    pub(super) fn other(&self, chat: ChatId) -> Option<UserId> {
        match self.known().chats.get(&chat) {
            Some(Entry::Direct(other)) => Some(*other),
            _ => None,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two people have it.
pub(super) fn is_direct(chat: &ChatBody) -> bool {
    chat.chat_type == ChatType::Direct
}
