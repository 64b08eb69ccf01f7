//! Seats: a connection's place in a chat.

use std::sync::Arc;

use parlour_bus::ConnectionId;
use parlour_model::{Seq, limits};

use super::{ChatState, Stage, left_frame};
use crate::link::Link;

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) link: Arc<Link>,
    pub(super) phase: Phase,
    /// A live seat has been sent everything up to here, even where that is above the high-water.
    pub(super) after: Seq,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Live,
    CatchingUp,
    /// The user was removed by the event of this seq while catching up: there the stream ends.
    Ending(Seq),
}

/// What became of the wish for a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seating {
    /// The connection has a seat and catches up.
    CatchingUp {
        /// Whether it had one before.
        had_one: bool,
    },
    /// The user is no member as of the high-water.
    NotMember,
    /// The connection is detached, or the chat left the index.
    Closed,
}

/// How far a connection has caught up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caught {
    /// Live from here on.
    Live,
    /// There is more to read.
    ReadOn,
    /// There is more, and it is at hand, but the outbox has no room for it.
    NoRoom,
    /// The user's removal was the last thing; `chat {left}` was sent.
    Ended,
}

impl ChatState {
    /// Gives a connection of a member a seat, or takes it back from live to catching up. From here on nothing
    /// that is applied is lost to it.
    pub(crate) fn seat(&mut self, link: &Arc<Link>) -> Seating {
        if self.stage != Stage::Following {
            return Seating::Closed;
        }
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.link.id == link.id) {
            if seat.phase == Phase::Live {
                seat.phase = Phase::CatchingUp;
            }
            return Seating::CatchingUp { had_one: true };
        }
        if !self.is_member(link.user) {
            return Seating::NotMember;
        }
        if !link.add_seat(self.id) {
            return Seating::Closed;
        }
        self.seats.push(Seat {
            link: Arc::clone(link),
            phase: Phase::CatchingUp,
            after: Seq::ZERO,
        });
        Seating::CatchingUp { had_one: false }
    }

    /// Puts a connection live that was sent everything up to `sent`: at once if that is all there is, or with
    /// the frames that were held back.
    pub(crate) fn go_live(&mut self, id: ConnectionId, sent: Seq) -> Caught {
        let Some(index) = self.seats.iter().position(|seat| seat.link.id == id) else {
            return Caught::Ended;
        };
        let caught = match self.seats[index].phase {
            Phase::Ending(end) if sent >= end => return self.end(index),
            Phase::Ending(_) => Caught::ReadOn,
            Phase::Live => Caught::Live,
            Phase::CatchingUp => self.push_held(index, sent),
        };
        if caught == Caught::Live {
            let seat = &mut self.seats[index];
            seat.phase = Phase::Live;
            seat.after = seat.after.max(sent);
            self.drop_held();
        }
        caught
    }

    /// The connection was sent its own user's removal at `seq`. If that was the end, it is told so and loses its
    /// seat; false if the user came back later.
    pub(crate) fn end_at(&mut self, id: ConnectionId, seq: Seq) -> bool {
        let Some(index) = self.seats.iter().position(|seat| seat.link.id == id) else {
            return true;
        };
        let came_back = self.seats[index].phase == Phase::CatchingUp && seq <= self.high_water;
        if !came_back {
            self.end(index);
        }
        !came_back
    }

    /// Takes a connection's seat without a word. True if its user had been removed while it caught up.
    pub(crate) fn unseat(&mut self, id: ConnectionId) -> bool {
        let Some(index) = self.seats.iter().position(|seat| seat.link.id == id) else {
            return false;
        };
        matches!(self.take_seat(index).phase, Phase::Ending(_))
    }

    fn end(&mut self, index: usize) -> Caught {
        let seat = self.take_seat(index);
        seat.link.outbox.push(&left_frame(self.id));
        Caught::Ended
    }

    fn take_seat(&mut self, index: usize) -> Seat {
        let seat = self.seats.swap_remove(index);
        seat.link.forget_seat(self.id);
        let user = seat.link.user;
        if !self.seats.iter().any(|other| other.link.user == user) {
            self.authors.retain(|(author, _)| *author != user);
        }
        self.drop_held();
        seat
    }

    /// Sends what was held back after `sent`, if that closes the gap to the high-water.
    fn push_held(&self, index: usize, sent: Seq) -> Caught {
        let link = &self.seats[index].link;
        let missing = self.high_water.since(sent);
        if missing == 0 {
            return Caught::Live;
        }
        let held = self.held.iter().filter(|(seq, _)| *seq > sent);
        if missing > limits::SYNCING_FRAMES_MAX as u64 || held.clone().count() as u64 != missing {
            return Caught::ReadOn;
        }
        if !link.outbox.has_room_for(self.held.len()) {
            return Caught::NoRoom;
        }
        for (_, frames) in held {
            link.outbox.push(frames.for_user(link.user));
        }
        Caught::Live
    }

    fn drop_held(&mut self) {
        if self.seats.iter().all(|seat| seat.phase == Phase::Live) {
            self.held = std::collections::VecDeque::new();
        }
    }
}
