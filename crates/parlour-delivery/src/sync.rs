//! Bringing a connection up to date: from its cursors to live.
//!
//! Register before reading: the route stands and the seat is taken before anything is read, so what commits later is
//! pushed or held back, and what committed earlier is read. Chats come newest first. A sync waits for room in the outbox
//! and never closes the connection.

mod join;
mod joining;
mod late;
mod stream;

pub(crate) use joining::Joining;
pub(crate) use late::Late;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parlour_model::{ChatId, Member, Seq, limits};
use parlour_protocol::{Encoded, MarksFrame, ServerFrame};
use parlour_store::{Head, StoreError};

use crate::core::{Core, note_failure};
use crate::follow::{Entered, Followed, HEADS_PER_READ};
use crate::link::Link;
use crate::turn::Turn;

/// How long somebody waits for chats that the store does not tell of. They come by themselves later.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// Which request a sync answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncKind {
    /// `hello`: the user's marks come first.
    Hello,
    /// `sync`.
    Sync,
}

/// One request to bring one connection up to date.
struct SyncTask<'a> {
    core: &'a Arc<Core>,
    turn: &'a Turn<'a>,
    link: &'a Arc<Link>,
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
        let turn = Turn::of(link, READ_WITHIN).await;
        self.sync_in_turn(&turn, cursors, kind, more).await;
    }

    /// As [`Core::sync`], for whoever has the connection's turn.
    async fn sync_in_turn(
        self: &Arc<Self>,
        turn: &Turn<'_>,
        cursors: BTreeMap<ChatId, Seq>,
        kind: SyncKind,
        more: bool,
    ) {
        let link = turn.link;
        let is_over = || link.outbox.is_closed();
        let read = || self.store.memberships(link.user);
        let Some(memberships) = self.read(read, is_over).await else {
            return;
        };
        let memberships = memberships.into_iter().map(|row| (row.chat, row.member));
        let mut task = SyncTask {
            core: self,
            turn,
            link,
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
            self.join_after_greeting(link);
        }
    }
}

impl SyncTask<'_> {
    async fn run(&mut self, cursors: BTreeMap<ChatId, Seq>, with_others: bool) {
        let mut wanted: Vec<(ChatId, Seq)> = Vec::new();
        for (chat, member) in &self.memberships {
            let cursor = cursors.get(chat);
            if member.is_joined() && (with_others || cursor.is_some()) {
                wanted.push((*chat, cursor.copied().unwrap_or(Seq::ZERO)));
            }
        }
        let until = self.turn.until;
        let entered = self.core.follow_all(&wanted, self.link, until).await;
        let entered = self.catch_up_with_store(entered).await;
        let unread = entered.unread.iter();
        let unread = unread.map(|chat| (*chat, cursors.get(chat).copied()));
        self.core.leave_for_later(self.link, unread);
        let mut followed = entered.followed;
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
        new.retain(|chat| {
            let id = chat.entry.id;
            !self.link.has_seat(id) && !self.link.late.contains(id)
        });
        self.core.tell_joined(self.turn, new).await;
    }

    /// Chats that this node followed before may lack an event that was committed on another node and whose announcement
    /// is late or lost. Whoever connects or asks is shown the store's present, or the chat later.
    async fn catch_up_with_store(&self, entered: Entered) -> Entered {
        if self.core.bus.is_alone() {
            return entered; // Everything committed is announced here.
        }
        let Entered {
            followed,
            mut unread,
        } = entered;
        let (mut present, known): (Vec<Followed>, Vec<Followed>) =
            followed.into_iter().partition(|chat| chat.is_fresh);
        let mut known = known.into_iter().peekable();
        while known.peek().is_some() {
            let part: Vec<Followed> = known.by_ref().take(HEADS_PER_READ).collect();
            let near = |chat: &Followed| (chat.entry.id, chat.entry.lock().high_water());
            let asked: Vec<(ChatId, Seq)> = part.iter().map(near).collect();
            let heads = self.core.store.heads(&asked).await;
            for (chat, head) in part.into_iter().zip(heads) {
                if self.catch_up(&chat, head).await {
                    present.push(chat);
                } else {
                    unread.push(chat.entry.id);
                }
            }
        }
        let followed = present;
        Entered { followed, unread }
    }

    /// Reads on up to a head. False if that cannot be done before the time is over. What is damaged is shown as far as it
    /// can be read.
    async fn catch_up(&self, chat: &Followed, head: Result<Option<Head>, StoreError>) -> bool {
        match head {
            Ok(Some(head)) => self.read_on(chat, head.seq).await,
            Ok(None) => true,
            Err(error) => !note_failure(&error),
        }
    }

    async fn read_on(&self, chat: &Followed, head: Seq) -> bool {
        let (entry, until) = (&chat.entry, self.turn.until);
        self.core.catch_up(entry, head, self.link, until).await
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
