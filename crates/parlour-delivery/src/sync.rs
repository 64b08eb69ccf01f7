//! Bringing a connection up to date: from its cursors to live.
//!
//! Register before reading: the route stands and the seat is taken before anything is read, so what commits later is
//! pushed or held back, and what committed earlier is read. Chats come newest first. A sync waits for room in the outbox
//! and never closes the connection.

mod join;
mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parlour_model::{ChatId, Member, Seq, limits};
use parlour_protocol::{Encoded, MarksFrame, ServerFrame};

use crate::core::Core;
use crate::follow::{Followed, HEADS_PER_READ};
use crate::link::Link;

/// Which request a sync answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncKind {
    /// `hello`: the user's marks come first.
    Hello,
    /// `sync`.
    Sync,
}

/// One request to bring one connection up to date.
pub(crate) struct SyncTask {
    core: Arc<Core>,
    link: Arc<Link>,
    memberships: BTreeMap<ChatId, Member>,
    /// Events this request may still stream.
    budget: usize,
}

impl Core {
    /// Streams what the cursors miss and puts those chats live. With the last part of the first sync the user's other
    /// chats are told and put live too.
    pub(crate) async fn sync(
        self: &Arc<Self>,
        link: &Arc<Link>,
        cursors: BTreeMap<ChatId, Seq>,
        kind: SyncKind,
        more: bool,
    ) {
        // Before the marks are read: a later mark is told, an earlier one is read.
        link.is_listening.store(true, Ordering::SeqCst);
        let _turn = link.turn.lock().await;
        let is_over = || link.outbox.is_closed();
        let read = || self.store.memberships(link.user);
        let Some(memberships) = self.read(read, is_over).await else {
            return;
        };
        let memberships = memberships.into_iter().map(|row| (row.chat, row.member));
        let mut task = SyncTask {
            core: Arc::clone(self),
            link: Arc::clone(link),
            memberships: memberships.collect(),
            budget: limits::SYNC_EVENTS_MAX,
        };
        if kind == SyncKind::Hello {
            task.send_marks().await;
        }
        let ends_greeting = !more && link.greeting.load(Ordering::SeqCst);
        task.run(cursors, ends_greeting).await;
        if ends_greeting && !link.outbox.is_closed() {
            link.greeting.store(false, Ordering::SeqCst);
            link.greeted.add_permits(1);
        }
    }
}

impl SyncTask {
    async fn run(&mut self, cursors: BTreeMap<ChatId, Seq>, with_others: bool) {
        let mut wanted: Vec<(ChatId, Seq)> = Vec::new();
        for (chat, member) in &self.memberships {
            let cursor = cursors.get(chat);
            if member.is_joined() && (with_others || cursor.is_some()) {
                wanted.push((*chat, cursor.copied().unwrap_or(Seq::ZERO)));
            }
        }
        let mut followed = self.core.follow_all(&wanted, Some(&self.link)).await;
        self.catch_up_with_store(&followed).await;
        followed.sort_by_key(|chat| std::cmp::Reverse(chat.entry.lock().newest()));
        let (missing, new): (Vec<Followed>, Vec<Followed>) = followed
            .into_iter()
            .partition(|chat| cursors.contains_key(&chat.entry.id));
        for chat in missing {
            let cursor = cursors[&chat.entry.id];
            self.stream(chat, cursor).await;
        }
        self.stream_left(&cursors).await;
        let mut new = new;
        new.retain(|chat| !self.link.has_seat(chat.entry.id));
        self.core.tell_joined(&self.link, new).await;
    }

    /// Chats that this node followed before may lack an event that was committed on another node and whose announcement
    /// is late or lost. Whoever connects or asks is shown the store's present.
    async fn catch_up_with_store(&self, chats: &[Followed]) {
        if self.core.bus.is_alone() {
            return; // Everything committed is announced here.
        }
        let known: Vec<&Followed> = chats.iter().filter(|chat| !chat.is_fresh).collect();
        for part in known.chunks(HEADS_PER_READ) {
            let near = |chat: &&Followed| (chat.entry.id, chat.entry.lock().high_water());
            let asked: Vec<(ChatId, Seq)> = part.iter().map(near).collect();
            let is_over = || self.link.outbox.is_closed();
            let Some(heads) = self
                .core
                .read(|| self.core.store.heads(&asked), is_over)
                .await
            else {
                return;
            };
            for (chat, head) in part.iter().zip(heads) {
                if let Some(head) = head {
                    self.core.catch_up(&chat.entry, head.seq, &self.link).await;
                }
            }
        }
    }

    async fn send_marks(&self) {
        let read = || self.core.store.marks_of_user(self.link.user);
        let is_over = || self.link.outbox.is_closed();
        let Some(marks) = self.core.read(read, is_over).await else {
            return;
        };
        let chats = marks.into_iter().map(|(chat, marks)| (chat, marks.into()));
        let frame = ServerFrame::Marks(MarksFrame {
            chats: chats.collect(),
        });
        self.link.outbox.wait_push(&Encoded::new(frame)).await;
    }

    /// Chats in which the client has a cursor and its user is no member any more.
    async fn stream_left(&mut self, cursors: &BTreeMap<ChatId, Seq>) {
        for (chat, cursor) in cursors {
            let member = self.memberships.get(chat).copied();
            if !member.is_some_and(|member| member.is_joined()) && !self.link.has_seat(*chat) {
                self.stream_to_the_end(*chat, *cursor, member).await;
            }
        }
    }
}
