//! What a client says about itself of which only the last counts: what it looks at, its status, whether it types.
//!
//! Of each kind one is under way, and the next waits for it, so what was said last is what stays. The kinds do not wait for
//! one another. Pure; a kind of which nothing is under way has no entry.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use parlour_protocol::ClientFrame;

/// A kind of choice; each of a kind replaces the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Choice {
    /// What the connection looks at.
    Watched,
    /// The status of the user.
    Status,
    /// Whether the user types.
    Typing,
}

impl Choice {
    /// The kind of a frame; `None` if it is no choice.
    pub(super) fn of(frame: &ClientFrame) -> Option<Self> {
        match frame {
            ClientFrame::Watch(_) => Some(Self::Watched),
            ClientFrame::SetStatus(_) => Some(Self::Status),
            ClientFrame::Typing(_) => Some(Self::Typing),
            _ => None,
        }
    }
}

/// The choices of one connection: those that wait, by kinds of which one is under way.
#[derive(Debug, Default)]
pub(super) struct Choices(
    // queue: requests in flight per connection
    HashMap<Choice, VecDeque<ClientFrame>>,
);

impl Choices {
    /// Takes a frame in; gives it back if it is to start now.
    pub(super) fn arrive(&mut self, choice: Choice, frame: ClientFrame) -> Option<ClientFrame> {
        match self.0.entry(choice) {
            Entry::Vacant(idle) => {
                idle.insert(VecDeque::new());
                Some(frame)
            }
            Entry::Occupied(mut waiting) => {
                waiting.get_mut().push_back(frame);
                None
            }
        }
    }

    /// One of this kind ended; what starts now.
    pub(super) fn finish(&mut self, choice: Choice) -> Option<ClientFrame> {
        let next = self.0.get_mut(&choice).and_then(VecDeque::pop_front);
        if next.is_none() {
            self.0.remove(&choice);
        }
        next
    }

    /// How many are under way or wait.
    pub(super) fn count(&self) -> usize {
        self.0.values().map(|waiting| waiting.len() + 1).sum()
    }
}
