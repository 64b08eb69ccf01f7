//! The way of events to the application, which may be slow or absent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use parlour_model::limits;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::ClientEvent;

/// Where the events go now; the application may put another receiver there at any time.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventSlot(Arc<Mutex<Option<mpsc::Sender<ClientEvent>>>>);

impl EventSlot {
    /// A new receiver in place of the one before. Every event from here on reaches it.
    pub(crate) fn subscribe(&self) -> mpsc::Receiver<ClientEvent> {
        // queue: events waiting for a client's application
        let (sender, receiver) = mpsc::channel(limits::OUTBOUND_FRAMES_MAX);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    fn current(&self) -> Option<mpsc::Sender<ClientEvent>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Events on their way. Those that found no room wait here; they are at most what one batch of frames gives,
/// because nothing is read meanwhile.
#[derive(Debug)]
pub(crate) struct Events {
    slot: EventSlot,
    // queue: events waiting for a client's application
    waiting: VecDeque<ClientEvent>,
}

impl Events {
    /// Events that go to the receiver in `slot`.
    pub(crate) fn new(slot: EventSlot) -> Self {
        Self {
            slot,
            waiting: VecDeque::new(),
        }
    }

    /// Whether some found no room.
    pub(super) fn are_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Puts an event behind the others.
    pub(super) fn push(&mut self, event: ClientEvent) {
        self.waiting.push_back(event);
    }

    /// Hands over what finds room. Without a receiver, events are not kept.
    pub(super) fn pass_on(&mut self) {
        let Some(sender) = self.slot.current() else {
            return self.waiting.clear();
        };
        while let Some(event) = self.waiting.pop_front() {
            match sender.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => return self.waiting.push_front(event),
                Err(TrySendError::Closed(_)) => return self.waiting.clear(),
            }
        }
    }

    /// Ends the receiver's stream once it has taken what was handed over.
    pub(super) fn end(&self) {
        *self.slot.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Waits until there is room, or nobody who reads.
    pub(super) async fn room(&self) {
        if let Some(sender) = self.slot.current() {
            // An error means that the receiver is gone: that makes room too.
            let _ = sender.reserve().await;
        }
    }
}
