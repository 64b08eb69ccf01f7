//! Entering chats: from not knowing a chat to following it in order.
//!
//! Head, members, head: if no membership event lies between the two heads, the members are exactly those of the second
//! head, and the node follows from there. For a large chat it enlists before it reads the second head (see `enlisted`).
//! Whoever needs a chat first reads for all who need it. If that task is dropped half way, the next one starts over.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use parlour_model::{ChatId, Seq, UserId};
use parlour_store::{Head, StoreError};

use crate::chat::Stage;
use crate::core::Core;
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
    /// Follows a chat; `None` if there is no such chat, or nobody waits any more.
    pub(crate) async fn follow(
        self: &Arc<Self>,
        chat: ChatId,
        link: Option<&Link>,
    ) -> Option<Followed> {
        self.follow_all(&[(chat, Seq::ZERO)], link).await.pop()
    }

    /// Follows several chats; those that do not exist are left out. Beside each a seq from which the store guesses
    /// where the head lies. Ends early when `link` is closed.
    pub(crate) async fn follow_all(
        self: &Arc<Self>,
        chats: &[(ChatId, Seq)],
        link: Option<&Link>,
    ) -> Vec<Followed> {
        let is_over = || link.is_some_and(|link| link.outbox.is_closed());
        let mut followed = Vec::with_capacity(chats.len());
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
                self.lead(&led, part, is_over).await;
            }
            followed.append(&mut led);
            for chat in others {
                self.wait_until_followed(&chat, is_over).await;
                followed.push(chat);
            }
        }
        followed.retain(|chat| chat.entry.lock().stage() == Stage::Following);
        followed
    }

    fn hold(self: &Arc<Self>, chat: ChatId) -> Followed {
        Followed {
            core: Arc::clone(self),
            entry: self.hub.hold(chat),
            is_fresh: false,
        }
    }

    /// Waits for whoever reads, and takes over should they give up.
    async fn wait_until_followed(
        self: &Arc<Self>,
        chat: &Followed,
        is_over: impl Fn() -> bool + Copy,
    ) {
        loop {
            let moved = chat.entry.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if chat.entry.lock().stage() != Stage::Entering || is_over() {
                return;
            }
            if chat.take_lead() {
                let near = [(chat.entry.id, Seq::ZERO)];
                return self.lead(std::slice::from_ref(chat), &near, is_over).await;
            }
            moved.await;
        }
    }

    async fn lead(
        self: &Arc<Self>,
        chats: &[Followed],
        near: &[(ChatId, Seq)],
        is_over: impl Fn() -> bool + Copy,
    ) {
        let _lead = Lead(chats);
        let near_of = |chat: &Followed| {
            let near = near.iter().find(|(id, _)| *id == chat.entry.id);
            (chat.entry.id, near.map_or(Seq::ZERO, |(_, near)| *near))
        };
        let waiting = chats.iter().map(|chat| (chat, near_of(chat))).collect();
        for one in self.read_and_follow(waiting, is_over).await {
            if is_over() || self.token.is_cancelled() {
                return;
            }
            // One of them is damaged, and must not keep the others out.
            for (chat, _) in self.read_and_follow(vec![one], is_over).await {
                tracing::error!(chat = %chat.entry.id, "a chat that cannot be read is left out");
            }
        }
    }

    /// Follows these chats; answers those of which the reading was given up.
    async fn read_and_follow<'a>(
        self: &Arc<Self>,
        mut waiting: Vec<(&'a Followed, (ChatId, Seq))>,
        is_over: impl Fn() -> bool + Copy,
    ) -> Vec<(&'a Followed, (ChatId, Seq))> {
        while !waiting.is_empty() {
            let asked: Vec<(ChatId, Seq)> = waiting.iter().map(|(_, near)| *near).collect();
            let Some(answers) = self
                .read(|| self.heads_around_members(&asked), is_over)
                .await
            else {
                return waiting;
            };
            let answered = waiting.drain(..).zip(answers);
            waiting = answered
                .filter_map(|((chat, near), answer)| {
                    let changed = !self.start_following(chat, answer);
                    changed.then_some((chat, near))
                })
                .collect();
        }
        waiting
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

    async fn heads_around_members(
        &self,
        chats: &[(ChatId, Seq)],
    ) -> Result<Vec<Option<AroundMembers>>, StoreError> {
        let before = self.store.heads(chats).await?;
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
        let after = self.store.heads(chats).await?;
        let mut read = Vec::with_capacity(chats.len());
        for ((before, after), members) in before.into_iter().zip(after).zip(members) {
            let members = members?;
            read.push(before.zip(after).map(|(before, after)| AroundMembers {
                before,
                members,
                after,
            }));
        }
        Ok(read)
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
