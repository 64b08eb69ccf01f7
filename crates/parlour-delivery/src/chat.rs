//! What a node remembers of one chat that some local user is a member of.
//!
//! Pure but for pushing frames into outboxes: no I/O and no waiting, so it is tested without a store or a network.
//!
//! - The high-water is the last event this node has applied; an event is applied when it is the next one.
//! - `members` is who the log up to the high-water says they are. An event goes to members' connections only.
//! - A connection has a *seat*: live, or still catching up, or catching up to its own removal. What a seat that
//!   catches up misses meanwhile is held back in frames shared by all such seats.

mod seat;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parlour_model::{ChatId, Content, Event, EventId, Seq, UserId, limits};
use parlour_protocol::{ChatNotice, Encoded, EncodedEvent, LeftChat, ServerFrame};
use tokio::time::Instant;

use crate::link::Link;

pub(crate) use seat::{Caught, Seating};
use seat::{Phase, Seat};

/// Events kept that came before the one that is next.
const EARLY_EVENTS_MAX: usize = 64;

#[derive(Debug)]
pub(crate) struct ChatState {
    id: ChatId,
    stage: Stage,
    high_water: Seq,
    newest: Option<EventId>,
    members: Arc<Vec<UserId>>,
    /// When the members were read, or changed.
    members_since: Instant,
    seats: Vec<Seat>,
    // queue: shared frames per syncing chat
    held: VecDeque<(Seq, EncodedEvent)>,
    /// Events that are known to exist reach up to here.
    wanted: Seq,
    early: BTreeMap<Seq, Event>,
    /// Whether a membership event came while the chat was being entered.
    introductions_due: bool,
    /// Of local authors in a large chat: their newest message.
    authors: Vec<(UserId, Seq)>,
    /// How many tasks want the chat to stay.
    pub(crate) holds: usize,
    /// Whether somebody is reading the missing events from the store.
    pub(crate) repairing: bool,
    /// Whether somebody is reading the chat's head and members.
    pub(crate) led: bool,
    pub(crate) active_at: Instant,
    /// When its head was last read from the store; `None` if it must be read at once.
    pub(crate) compared_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Head and members are being read; events wait.
    Entering,
    /// In order.
    Following,
    /// Out of the index; whoever still holds this looks the chat up again.
    Gone,
}

/// What an event led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// Applied before, or kept until the chat is entered.
    Nothing,
    /// Applied, with the early ones after it. These users became members.
    Applied { joined: Vec<UserId> },
    /// One before it is missing.
    Hole,
    /// The chat has left the index.
    Gone,
}

impl ChatState {
    pub(crate) fn new(id: ChatId) -> Self {
        Self {
            id,
            stage: Stage::Entering,
            high_water: Seq::ZERO,
            newest: None,
            members: Arc::default(),
            members_since: Instant::now(),
            seats: Vec::new(),
            held: VecDeque::new(),
            wanted: Seq::ZERO,
            early: BTreeMap::new(),
            introductions_due: false,
            authors: Vec::new(),
            holds: 0,
            repairing: false,
            led: false,
            active_at: Instant::now(),
            // It is entered by reading it.
            compared_at: Some(Instant::now()),
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    pub(crate) fn high_water(&self) -> Seq {
        self.high_water
    }

    /// The id of the last event: newer chats have greater ones.
    pub(crate) fn newest(&self) -> Option<EventId> {
        self.newest
    }

    pub(crate) fn members(&self) -> &Arc<Vec<UserId>> {
        &self.members
    }

    /// Since when this node has known these to be the members.
    pub(crate) fn members_since(&self) -> Instant {
        self.members_since
    }

    pub(crate) fn is_member(&self, user: UserId) -> bool {
        self.members.binary_search(&user).is_ok()
    }

    /// Local authors' newest messages, in a large chat.
    pub(crate) fn authors(&self) -> &[(UserId, Seq)] {
        &self.authors
    }

    /// Starts to follow the chat from its head, with the members as of that head. Answers whether members may have come
    /// meanwhile who have not been told.
    pub(crate) fn follow(&mut self, head: (Seq, EventId), mut members: Vec<UserId>) -> bool {
        members.sort_unstable();
        (self.high_water, self.newest) = (head.0, Some(head.1));
        self.members = Arc::new(members);
        self.members_since = Instant::now();
        self.stage = Stage::Following;
        self.early.retain(|seq, _| *seq > head.0);
        let joined = self.apply_early();
        std::mem::take(&mut self.introductions_due) || !joined.is_empty()
    }

    /// Takes the chat out of service if nobody needs it. True if it is out. Missing events are read first: they may name
    /// somebody who needs it.
    pub(crate) fn retire(&mut self) -> bool {
        if !self.is_needed_beyond(0) {
            self.stage = Stage::Gone;
        }
        self.stage == Stage::Gone
    }

    /// Whether more than so many holds keep the chat here.
    pub(crate) fn is_needed_beyond(&self, holds: usize) -> bool {
        self.holds > holds || !self.seats.is_empty() || self.repairing
    }

    pub(crate) fn accept(&mut self, event: &Event) -> Accepted {
        match self.stage {
            Stage::Gone => Accepted::Gone,
            Stage::Entering => {
                self.introductions_due |= event.content.changes_membership();
                self.keep_early(event);
                Accepted::Nothing
            }
            Stage::Following if event.seq <= self.high_water => Accepted::Nothing,
            Stage::Following if event.seq == self.high_water.next() => {
                let mut joined = self.apply(event);
                joined.extend(self.apply_early());
                Accepted::Applied { joined }
            }
            Stage::Following => {
                self.keep_early(event);
                Accepted::Hole
            }
        }
    }

    /// Notes that the log reaches up to `head`.
    pub(crate) fn want(&mut self, head: Seq) {
        self.wanted = self.wanted.max(head);
    }

    /// Whether an event is known to exist that has not been applied.
    pub(crate) fn has_hole(&self) -> bool {
        self.stage == Stage::Following && self.wanted > self.high_water
    }

    /// Gives up on events that the store does not have.
    pub(crate) fn stop_wanting(&mut self) {
        self.wanted = self.high_water;
        self.early.clear();
    }

    /// A full buffer drops the event: it is read from the store like any that was lost.
    fn keep_early(&mut self, event: &Event) {
        self.want(event.seq);
        if self.early.len() < EARLY_EVENTS_MAX {
            self.early.entry(event.seq).or_insert_with(|| event.clone());
        }
    }

    fn apply_early(&mut self) -> Vec<UserId> {
        let mut joined = Vec::new();
        while let Some(event) = self.early.remove(&self.high_water.next()) {
            joined.extend(self.apply(&event));
        }
        joined
    }

    /// Applies the next event; answers who became a member.
    fn apply(&mut self, event: &Event) -> Vec<UserId> {
        debug_assert_eq!(event.seq, self.high_water.next());
        self.high_water = event.seq;
        self.newest = Some(event.id);
        self.active_at = Instant::now();
        self.early.remove(&event.seq);
        if !self.seats.is_empty() {
            self.push_to_seats(event);
        }
        match &event.content {
            Content::MembersAdded { .. } | Content::ChatCreated { .. } => {
                let users = event.content.named_users();
                self.add_members(&users);
                users
            }
            Content::MemberRemoved { user } => {
                self.remove_member(*user);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn push_to_seats(&mut self, event: &Event) {
        let frames = EncodedEvent::new(event);
        let mut pushed = 0_u32;
        let mut catching_up = false;
        for seat in &self.seats {
            match seat.phase {
                Phase::Live if event.seq > seat.after => {
                    pushed += u32::from(seat.link.outbox.push(frames.for_user(seat.link.user)));
                }
                Phase::Live => {}
                Phase::CatchingUp | Phase::Ending(_) => catching_up = true,
            }
        }
        if catching_up {
            self.hold_back(event.seq, frames);
        }
        self.note_author(event);
        metrics::histogram!("parlour_fan_out").record(f64::from(pushed));
    }

    fn hold_back(&mut self, seq: Seq, frames: EncodedEvent) {
        if self.held.len() == limits::SYNCING_FRAMES_MAX {
            self.held.pop_front();
        }
        self.held.push_back((seq, frames));
    }

    fn note_author(&mut self, event: &Event) {
        let is_large = self.members.len() > limits::NAMED_RECEIPTS_MEMBERS_MAX;
        let is_local = |seat: &Seat| seat.link.user == event.author;
        if is_large && event.content.is_countable() && self.seats.iter().any(is_local) {
            self.authors.retain(|(author, _)| *author != event.author);
            self.authors.push((event.author, event.seq));
        }
    }

    fn add_members(&mut self, users: &[UserId]) {
        self.members_since = Instant::now();
        let members = Arc::make_mut(&mut self.members);
        members.extend_from_slice(users);
        members.sort_unstable();
        members.dedup();
    }

    fn remove_member(&mut self, user: UserId) {
        self.members_since = Instant::now();
        Arc::make_mut(&mut self.members).retain(|member| *member != user);
        let end = self.high_water;
        let (gone, stay): (Vec<Seat>, Vec<Seat>) = std::mem::take(&mut self.seats)
            .into_iter()
            .partition(|seat| seat.link.user == user && seat.phase == Phase::Live);
        self.seats = stay;
        for seat in &mut self.seats {
            if seat.link.user == user && seat.phase == Phase::CatchingUp {
                seat.phase = Phase::Ending(end);
            }
        }
        let left = left_frame(self.id);
        for seat in gone {
            seat.link.outbox.push(&left);
            seat.link.forget_seat(self.id);
        }
        self.authors.retain(|(author, _)| *author != user);
    }
}

/// `chat {left}`.
pub(crate) fn left_frame(chat: ChatId) -> Encoded {
    let left = ChatNotice::Left(LeftChat { id: chat });
    Encoded::new(ServerFrame::Chat(Box::new(left)))
}

/// Every connection with a seat.
impl ChatState {
    pub(crate) fn seated(&self) -> impl Iterator<Item = &Arc<Link>> {
        self.seats.iter().map(|seat| &seat.link)
    }
}

#[cfg(test)]
mod tests;
