//! Entering chats: from not knowing a chat to following it in order.
//!
//! Head, members, head: if no membership event lies between the two heads, the members are exactly those of the second
//! head, and the node follows from there. For a large chat it enlists before it reads the second head (see `enlisted`).
//! Whoever needs a chat first reads for all who need it. If that task is dropped half way, the next one starts over.
//! Each chat is read by itself: one that cannot be read keeps no other out.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use parlour_model::{ChatId, Seq, UserId};
use parlour_store::{Head, StoreError};
use tokio::time::Instant;

use crate::chat::Stage;
use crate::core::{Core, RETRY_FIRST, RETRY_LAST, note_failure};
use crate::hub::Entry;
use crate::link::Link;

/// Chats asked for in one read of heads.
pub(crate) const HEADS_PER_READ: usize = 200;
/// Reads of members under way at once, for one connection.
const READS_AT_ONCE: usize = 16;
const MEMBERS_PER_READ: usize = 500;

/// A chat that this node follows, kept in the index while this lives.
pub(crate) struct Followed {
    core: Arc<Core>,
    pub(crate) entry: Arc<Entry>,
    /// Whether the head was read for this caller, and not by somebody earlier.
    pub(crate) is_fresh: bool,
}

/// What became of the chats that somebody wants to follow. Those that do not exist or are damaged are in neither.
#[derive(Default)]
pub(crate) struct Entered {
    pub(crate) followed: Vec<Followed>,
    /// The store did not say in time what is in these.
    pub(crate) unread: Vec<ChatId>,
}

/// How long somebody waits for chats: while their connection lasts, and until a time if one is given.
#[derive(Clone, Copy)]
struct Patience<'a> {
    link: Option<&'a Link>,
    until: Option<Instant>,
}

impl Patience<'_> {
    fn is_over(self) -> bool {
        self.link.is_some_and(|link| link.outbox.is_closed())
            || self.until.is_some_and(|until| Instant::now() >= until)
    }

    async fn wait(self, event: impl Future<Output = ()>) {
        match self.until {
            // That it is over is seen by whoever looks next.
            Some(until) => drop(tokio::time::timeout_at(until, event).await),
            None => event.await,
        }
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.core.hub.release(&self.entry);
    }
}

/// Whoever reads for all; put back if dropped half way.
struct Lead<'a>(&'a [Followed]);

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        for followed in self.0 {
            followed.entry.lock().led = false;
            followed.entry.moved.notify_waiters();
        }
    }
}

impl Core {
    /// Follows a chat; `None` if there is no such chat, it is damaged, or nobody waits any more.
    pub(crate) async fn follow(
        self: &Arc<Self>,
        chat: ChatId,
        link: Option<&Link>,
    ) -> Option<Followed> {
        let patience = Patience { link, until: None };
        let mut entered = self.enter(&[(chat, Seq::ZERO)], patience).await;
        entered.followed.pop()
    }

    /// Follows several chats for one connection, as far as they can be read until then. Beside each a seq from which the
    /// store guesses where the head lies. Ends early when `link` is closed.
    pub(crate) async fn follow_all(
        self: &Arc<Self>,
        chats: &[(ChatId, Seq)],
        link: &Link,
        until: Instant,
    ) -> Entered {
        let (link, until) = (Some(link), Some(until));
        self.enter(chats, Patience { link, until }).await
    }

    async fn enter(self: &Arc<Self>, chats: &[(ChatId, Seq)], patience: Patience<'_>) -> Entered {
        let mut entered = Entered::default();
        for part in chats.chunks(HEADS_PER_READ) {
            let held: Vec<Followed> = part.iter().map(|(chat, _)| self.hold(*chat)).collect();
            let mut led = Vec::new();
            let mut others = Vec::new();
            for mut chat in held {
                chat.is_fresh = chat.take_lead();
                if chat.is_fresh {
                    led.push(chat);
                } else {
                    others.push(chat);
                }
            }
            if !led.is_empty() {
                entered.unread.extend(self.lead(&led, part, patience).await);
            }
            entered.followed.append(&mut led);
            for chat in others {
                let unread = self.wait_until_followed(&chat, patience).await;
                entered.unread.extend(unread);
                entered.followed.push(chat);
            }
        }
        let is_followed = |chat: &Followed| chat.entry.lock().stage() == Stage::Following;
        entered.followed.retain(is_followed);
        entered
    }

    fn hold(self: &Arc<Self>, chat: ChatId) -> Followed {
        Followed {
            core: Arc::clone(self),
            entry: self.hub.hold(chat),
            is_fresh: false,
        }
    }

    /// Waits for whoever reads, and takes over should they give up. Answers the chat if it is still not read.
    async fn wait_until_followed(
        self: &Arc<Self>,
        chat: &Followed,
        patience: Patience<'_>,
    ) -> Vec<ChatId> {
        loop {
            let moved = chat.entry.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if chat.entry.lock().stage() != Stage::Entering {
                return Vec::new();
            }
            if patience.is_over() {
                return vec![chat.entry.id];
            }
            if chat.take_lead() {
                let near = [(chat.entry.id, Seq::ZERO)];
                return self.lead(std::slice::from_ref(chat), &near, patience).await;
            }
            patience.wait(moved).await;
        }
    }

    /// Reads these chats and follows them, each as soon as it can be read. Answers those that could not be read in time;
    /// those that are damaged are left out.
    async fn lead(
        self: &Arc<Self>,
        chats: &[Followed],
        near: &[(ChatId, Seq)],
        patience: Patience<'_>,
    ) -> Vec<ChatId> {
        let _lead = Lead(chats);
        let near_of = |chat: &Followed| {
            let near = near.iter().find(|(id, _)| *id == chat.entry.id);
            (chat.entry.id, near.map_or(Seq::ZERO, |(_, near)| *near))
        };
        let mut waiting: Vec<_> = chats.iter().map(|chat| (chat, near_of(chat))).collect();
        let mut pause = RETRY_FIRST;
        loop {
            let some_unread;
            (waiting, some_unread) = self.read_and_follow(waiting).await;
            if waiting.is_empty() {
                return Vec::new();
            }
            if some_unread {
                let unread = waiting.len();
                tracing::warn!(unread, "the store did not tell of some chats; trying again");
                if patience.is_over() || self.token.is_cancelled() {
                    return waiting.iter().map(|(_, (chat, _))| *chat).collect();
                }
                patience.wait(tokio::time::sleep(pause)).await;
                pause = (pause * 2).min(RETRY_LAST);
            }
        }
    }

    /// Reads chats once and follows them. Answers those to be read again, and whether the store did not answer for one.
    async fn read_and_follow<'a>(
        self: &Arc<Self>,
        chats: Vec<(&'a Followed, (ChatId, Seq))>,
    ) -> (Vec<(&'a Followed, (ChatId, Seq))>, bool) {
        let asked: Vec<(ChatId, Seq)> = chats.iter().map(|(_, near)| *near).collect();
        let answers = self.heads_around_members(&asked).await;
        let (mut again, mut some_unread) = (Vec::new(), false);
        for ((chat, near), answer) in chats.into_iter().zip(answers) {
            let is_due = match answer {
                Ok(read) => !self.start_following(chat, read),
                Err(error) => {
                    let may_heal = note_failure(&error);
                    some_unread |= may_heal;
                    if !may_heal {
                        tracing::error!(chat = %chat.entry.id, "a chat that cannot be read is left out");
                    }
                    may_heal
                }
            };
            if is_due {
                again.push((chat, near));
            }
        }
        (again, some_unread)
    }

    /// Follows a chat from what was read. False if the members changed while they were read.
    fn start_following(self: &Arc<Self>, chat: &Followed, read: Option<AroundMembers>) -> bool {
        let entry = &chat.entry;
        let Some(read) = read else {
            // No such chat: it stays as it is and goes with the last who holds it.
            return true;
        };
        if read.before.membership_seq != read.after.membership_seq {
            return false;
        }
        let head = (read.after.seq, read.after.id);
        let mut state = entry.lock();
        let introductions_due = state.follow(head, read.members);
        let repair_due = state.has_hole();
        drop(state);
        entry.moved.notify_waiters();
        if repair_due {
            self.repair(entry);
        }
        // Events that waited may have made it large.
        self.enlist_if_grown(entry);
        if introductions_due {
            self.introduce_all(entry);
        }
        true
    }

    /// One answer for each chat, in their order.
    async fn heads_around_members(
        &self,
        chats: &[(ChatId, Seq)],
    ) -> Vec<Result<Option<AroundMembers>, StoreError>> {
        let before = self.store.heads(chats).await;
        let ids: Vec<ChatId> = chats.iter().map(|(chat, _)| *chat).collect();
        let members = stream::iter(ids)
            .map(|chat| self.all_members(chat))
            .buffered(READS_AT_ONCE);
        let members: Vec<Result<Vec<UserId>, StoreError>> = members.collect().await;
        let sizes = chats.iter().zip(&members);
        let sizes =
            sizes.filter_map(|((chat, _), members)| Some((*chat, members.as_ref().ok()?.len())));
        let sizes: Vec<(ChatId, usize)> = sizes.collect();
        self.enlist_if_large(&sizes).await;
        let after = self.store.heads(chats).await;
        let read = before.into_iter().zip(members).zip(after);
        read.map(|((before, members), after)| {
            let (before, members, after) = (before?, members?, after?);
            Ok(before.zip(after).map(|(before, after)| AroundMembers {
                before,
                members,
                after,
            }))
        })
        .collect()
    }

    /// All present members of a chat.
    pub(crate) async fn all_members(&self, chat: ChatId) -> Result<Vec<UserId>, StoreError> {
        let mut users: Vec<UserId> = Vec::new();
        loop {
            let after = users.last().copied();
            let page = self.store.members(chat, after, MEMBERS_PER_READ).await?;
            users.extend(page.iter().map(|member| member.user));
            if page.len() < MEMBERS_PER_READ {
                return Ok(users);
            }
        }
    }
}

/// What was read about one chat.
struct AroundMembers {
    before: Head,
    members: Vec<UserId>,
    after: Head,
}

impl Followed {
    /// Whether the caller is the one who reads.
    fn take_lead(&self) -> bool {
        let mut state = self.entry.lock();
        let free = state.stage() == Stage::Entering && !state.led;
        state.led |= free;
        free
    }
}
