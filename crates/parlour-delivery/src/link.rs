//! One attached connection, as the rest of the crate holds it.
//!
//! Locks are taken in one order: a chat's state, then a connection's own. None is held across an `.await` but `turn`,
//! which exists for that.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

use parlour_bus::{ConnectionId, ConnectionRef};
use parlour_model::{ChatId, SessionId, UserId};

use crate::presence::Missed;
use crate::sync::{Joining, Late};
use crate::{NewConnection, Outbox};

/// A connection of a local user.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: ConnectionId,
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) outbox: Outbox,
    device: Box<str>,
    /// Chats in which it has a seat; `None` once it is detached, and no seat is given any more.
    seats: Mutex<Option<Vec<ChatId>>>,
    /// Chats that were left for later because the store did not tell of them.
    pub(crate) late: Late,
    /// Chats that it shall be told of as new.
    pub(crate) joining: Joining,
    /// What it looks at; `None` once it is detached.
    pub(crate) watched: Mutex<Option<Watched>>,
    /// Whom it looks at and was not shown a change of, because it reads slowly.
    pub(crate) missed: Missed,
    /// Whoever brings this connection up to date in some chat: one at a time, so that what the client is told about
    /// a chat has one order.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Whether further parts of the first sync are expected.
    pub(crate) greeting: AtomicBool,
    /// Whether the first sync has begun: before it the client does not expect anything.
    pub(crate) is_listening: AtomicBool,
}

/// Whom and what a connection looks at.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    pub(crate) users: Vec<UserId>,
    pub(crate) chats: Vec<ChatId>,
}

impl Link {
    pub(crate) fn new(id: ConnectionId, new: NewConnection, outbox: Outbox) -> Self {
        Self {
            id,
            user: new.user,
            session: new.session,
            outbox,
            device: new.device.into_boxed_str(),
            seats: Mutex::new(Some(Vec::new())),
            late: Late::default(),
            joining: Joining::default(),
            missed: Missed::default(),
            watched: Mutex::new(Some(Watched::default())),
            turn: tokio::sync::Mutex::new(()),
            greeting: AtomicBool::new(true),
            is_listening: AtomicBool::new(false),
        }
    }

    /// What its route says.
    pub(crate) fn route(&self) -> ConnectionRef {
        ConnectionRef {
            connection: self.id,
            session: self.session,
            device: self.device.to_string(),
        }
    }

    /// Notes a seat. False if the connection is detached.
    pub(crate) fn add_seat(&self, chat: ChatId) -> bool {
        match self.seats().as_mut() {
            Some(seats) => {
                seats.push(chat);
                true
            }
            None => false,
        }
    }

    pub(crate) fn forget_seat(&self, chat: ChatId) {
        if let Some(seats) = self.seats().as_mut() {
            seats.retain(|seat| *seat != chat);
        }
    }

    pub(crate) fn has_seat(&self, chat: ChatId) -> bool {
        self.seats()
            .as_ref()
            .is_some_and(|seats| seats.contains(&chat))
    }

    /// The chats in which it has a seat now.
    pub(crate) fn seats_now(&self) -> Vec<ChatId> {
        self.seats().clone().unwrap_or_default()
    }

    /// Whether it has been taken out of everything, or is about to be.
    pub(crate) fn is_detached(&self) -> bool {
        self.watched().is_none()
    }

    /// Ends the giving of seats; answers those it has.
    pub(crate) fn close_seats(&self) -> Vec<ChatId> {
        self.seats().take().unwrap_or_default()
    }

    pub(crate) fn watched(&self) -> MutexGuard<'_, Option<Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seats(&self) -> MutexGuard<'_, Option<Vec<ChatId>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
