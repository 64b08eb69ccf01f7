//! The truth after a test, from two witnesses: what the running server said, and what its store holds.
//!
//! A folder is opened after the process has ended, so it is what a restart would find. Pages of history are
//! not believed: every line is put together anew from the events and compared as bytes. Nor are lists of chats and rows
//! of members: who is a member, and since when, follows from the events.

mod lines;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use parlour_client::Rest;
use parlour_model::{
    ChatId, Clock, Event, IdGenerator, Marks, Member, NodeNumber, Seq, SystemClock, Timestamp,
    UserId, limits,
};
use parlour_protocol::{ChatBody, HistoryQuery, MessageBody, Position};
use parlour_store::SharedStore;
use parlour_store_embedded::{EmbeddedStore, Options};

use crate::truth::{ChatTruth, Logged, MemberTruth, Truth};
use lines::{bytes_of, lines_of};

/// Rows asked for at once.
const ROWS: usize = 500;

/// What the server says, by user: their chats, and the lines of each.
#[derive(Debug, Default)]
pub struct Said {
    users: BTreeMap<UserId, BTreeMap<ChatId, (ChatBody, Vec<MessageBody>)>>,
    /// Chats that exist whether or not anybody is told of them.
    known: BTreeSet<ChatId>,
}

impl Said {
    /// Asks the server on behalf of these users. Nothing may change meanwhile.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ask(users: &BTreeMap<UserId, Rest>) -> anyhow::Result<Self> {
        let mut said = Self::default();
        for (user, rest) in users {
            let mut chats = BTreeMap::new();
            for chat in all_chats(rest).await? {
                let lines = all_lines(rest, chat.id).await?;
                chats.insert(chat.id, (chat, lines));
            }
            said.users.insert(*user, chats);
        }
        Ok(said)
    }

    /// Lets these chats be compared too, even if nobody lists them.
    #[must_use]
    pub fn knowing(mut self, chats: impl IntoIterator<Item = ChatId>) -> Self {
        self.known.extend(chats);
        self
    }

    /// The chats of a user.
    #[must_use]
    pub fn chats(&self, user: UserId) -> Vec<&ChatBody> {
        self.users
            .get(&user)
            .into_iter()
            .flatten()
            .map(|(_, (chat, _))| chat)
            .collect()
    }

    /// Opens the folder of a server that has stopped, and answers the truth and where the server had said
    /// something else.
    ///
    /// # Errors
    /// When the folder cannot be opened or read.
    pub async fn compare(&self, data: &Path) -> anyhow::Result<(Truth, Vec<String>)> {
        let store = Arc::new(open(data)?);
        let shared: SharedStore = store.clone();
        let compared = self.compare_with(&shared).await;
        store.close().await;
        compared
    }

    /// The same with any store that nobody writes to meanwhile.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn compare_with(&self, store: &SharedStore) -> anyhow::Result<(Truth, Vec<String>)> {
        let listed = self.users.values().flat_map(|chats| chats.keys().copied());
        let chats: BTreeSet<ChatId> = listed.chain(self.known.iter().copied()).collect();
        let (mut truth, mut differences) = (Truth::default(), Vec::new());
        for chat in chats {
            let log = Log::read(store, chat).await?;
            let mut state = log.truth();
            let members = state.members_by_log();
            log.compare_rows(chat, &members, &mut differences);
            for (user, chats) in &self.users {
                let joined = members.get(user).copied();
                let listed = chats.get(&chat);
                differences.extend(listing(*user, chat, joined.is_some(), listed.is_some()));
                if let Some((summary, lines)) = listed {
                    log.compare(*user, summary, lines, &mut differences);
                    let member = member(summary, joined.unwrap_or_default());
                    state.members.insert(*user, member);
                }
            }
            truth.chats.insert(chat, state);
        }
        Ok((truth, differences))
    }
}

/// Opens the folder of a server that does not run.
///
/// # Errors
/// What an operator would be told.
pub fn open(data: &Path) -> anyhow::Result<EmbeddedStore> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids = IdGenerator::new(NodeNumber::ZERO, Arc::clone(&clock), Timestamp::default());
    let (ids, bucket_events) = (Arc::new(ids), limits::BUCKET_EVENTS);
    Ok(EmbeddedStore::open(
        data,
        Options {
            clock,
            ids,
            bucket_events,
            readers: 1,
        },
    )?)
}

async fn all_chats(rest: &Rest) -> anyhow::Result<Vec<ChatBody>> {
    let (mut chats, mut next) = (Vec::new(), None);
    loop {
        let page = rest.chats(next.as_deref()).await.context("chats")?;
        chats.extend(page.chats);
        next = page.next;
        if next.is_none() {
            return Ok(chats);
        }
    }
}

async fn all_lines(rest: &Rest, chat: ChatId) -> anyhow::Result<Vec<MessageBody>> {
    let limit = Some(limits::PAGE_MESSAGES_MAX as u64);
    let (mut lines, mut after) = (Vec::<MessageBody>::new(), Seq::ZERO);
    loop {
        let query = HistoryQuery {
            limit,
            after: Some(Position::Seq(after)),
            ..HistoryQuery::default()
        };
        let page = rest.messages(chat, &query).await.context("history")?;
        anyhow::ensure!(
            !page.has_after || !page.messages.is_empty(),
            "an empty page before the end"
        );
        after = page.messages.last().map_or(after, |line| line.seq);
        lines.extend(page.messages);
        if !page.has_after {
            return Ok(lines);
        }
    }
}

/// One chat as its folder has it.
struct Log {
    events: Vec<Event>,
    members: BTreeMap<UserId, Member>,
    marks: BTreeMap<UserId, Marks>,
}

impl Log {
    async fn read(store: &SharedStore, chat: ChatId) -> anyhow::Result<Self> {
        let (mut events, end) = (Vec::<Event>::new(), Seq::LIMIT.previous());
        loop {
            let after = events.last().map_or(Seq::ZERO, |event| event.seq);
            let more = store.events(chat, after, end, ROWS).await?;
            let is_last = more.len() < ROWS;
            events.extend(more);
            if is_last {
                break;
            }
        }
        let members = store.members(chat, None, limits::GROUP_MEMBERS_MAX).await?;
        let marks = store
            .marks_of_chat(chat, None, usize::from(u16::MAX))
            .await?;
        let members = members
            .into_iter()
            .map(|member| (member.user, member))
            .collect();
        Ok(Self {
            events,
            members,
            marks: marks.into_iter().collect(),
        })
    }

    fn head(&self) -> Seq {
        self.events.last().map_or(Seq::ZERO, |event| event.seq)
    }

    fn truth(&self) -> ChatTruth {
        let events = self.events.iter().map(Logged::from).collect();
        ChatTruth {
            head: self.head(),
            events,
            members: BTreeMap::new(),
        }
    }

    /// The rows of the members against what the log says of them.
    fn compare_rows(
        &self,
        chat: ChatId,
        members: &BTreeMap<UserId, Seq>,
        differences: &mut Vec<String>,
    ) {
        let rows = self.members.iter();
        let rows: BTreeMap<_, _> = rows.map(|(user, row)| (*user, row.joined_seq)).collect();
        if rows != *members {
            differences.push(format!(
                "{chat}: the rows of its members are {rows:?}, the log says {members:?}"
            ));
        }
    }

    fn compare(
        &self,
        user: UserId,
        said: &ChatBody,
        lines: &[MessageBody],
        differences: &mut Vec<String>,
    ) {
        let chat = said.id;
        let marks = self.marks.get(&user).copied().unwrap_or_default();
        if (said.delivered, said.read) != (marks.delivered, marks.read) {
            let (delivered, read) = (marks.delivered, marks.read);
            differences.push(format!(
                "{user} in {chat}: said {}/{}, stored {delivered}/{read}",
                said.delivered, said.read
            ));
        }
        if said.head != self.head() {
            differences.push(format!(
                "{chat}: said to end at {}, ends at {}",
                said.head,
                self.head()
            ));
        }
        let expected = lines_of(&self.events, user);
        let said_lines: Vec<_> = lines.iter().map(bytes_of).collect();
        if expected != said_lines {
            let place = expected.iter().zip(&said_lines).position(|(a, b)| a != b);
            let place = place.unwrap_or(expected.len().min(said_lines.len()));
            let (expected, said) = (expected.get(place), said_lines.get(place));
            differences.push(format!(
                "{chat} for {user}, line {place}: said {said:?}, the log has {expected:?}"
            ));
        }
    }
}

/// What the server said of a member who joined at `joined`.
fn member(said: &ChatBody, joined: Seq) -> MemberTruth {
    let (delivered, read, unread) = (said.delivered, said.read, said.unread);
    MemberTruth {
        delivered,
        read,
        joined,
        unread,
    }
}

/// What is wrong with a list of chats: everybody is told of the chats in which they are by the log, and of no other.
fn listing(user: UserId, chat: ChatId, is_member: bool, is_listed: bool) -> Option<String> {
    match (is_member, is_listed) {
        (true, false) => Some(format!(
            "{user} is in {chat} by its log and is not told of it"
        )),
        (false, true) => Some(format!(
            "{user} is told of {chat} and is not in it by its log"
        )),
        _ => None,
    }
}
