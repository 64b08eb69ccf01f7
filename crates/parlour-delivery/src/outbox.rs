//! What waits to be written to one connection.
//!
//! Bounded by frames and bytes. What is durable never waits for a slow reader: when its frame does not fit, the
//! connection closes and the client resumes from its cursors. Typing and presence are dropped at half. A sync may
//! wait, and fills at most half, so that the live events of other chats find room meanwhile. An empty outbox holds
//! no buffer, because most connections are idle.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use parlour_model::limits;
use parlour_protocol::{CloseCode, Encoded, Encoding, ServerFrame};
use tokio::sync::Notify;

use crate::gate::Gate;

/// How often the writer looks whether what is held back may leave.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The end of a connection's queue that everybody may write to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

/// The end that the connection's writer holds.
#[derive(Debug)]
pub struct Outgoing {
    shared: Arc<Shared>,
}

/// What the writer does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Batch {
    /// Write these, in one go.
    // not a queue: a bounded outbox, taken as it was
    Frames(VecDeque<Bytes>),
    /// Close the connection. Nothing follows.
    Close(CloseCode),
}

#[derive(Debug)]
struct Shared {
    encoding: Encoding,
    /// Nothing is taken out while it is shut.
    gate: Option<Arc<Gate>>,
    queue: Mutex<Queue>,
    /// Something was put in, or the outbox closed. The writer waits here.
    arrived: Notify,
    /// Something was taken out, or the outbox closed. Syncs wait here.
    room: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    // queue: outbound per connection
    frames: VecDeque<Bytes>,
    bytes: usize,
    closed: Option<CloseCode>,
}

/// How much of the bounds a frame may use.
#[derive(Debug, Clone, Copy)]
enum Share {
    Whole,
    Half,
}

impl Outbox {
    /// An empty outbox of a connection that speaks `encoding`, and its other end.
    #[must_use]
    pub fn new(encoding: Encoding) -> (Self, Outgoing) {
        Self::with(None, encoding)
    }

    /// As [`Outbox::new`], and nothing is taken out of it while the gate is shut.
    pub(crate) fn behind(gate: Arc<Gate>, encoding: Encoding) -> (Self, Outgoing) {
        Self::with(Some(gate), encoding)
    }

    fn with(gate: Option<Arc<Gate>>, encoding: Encoding) -> (Self, Outgoing) {
        let shared = Arc::new(Shared {
            encoding,
            gate,
            queue: Mutex::default(),
            arrived: Notify::new(),
            room: Notify::new(),
        });
        let outbox = Self {
            shared: Arc::clone(&shared),
        };
        (outbox, Outgoing { shared })
    }

    /// Puts a frame in that must not be missed. If it does not fit, the connection closes with
    /// [`CloseCode::SlowConsumer`]. False if the connection is closed.
    pub fn push(&self, frame: &Encoded) -> bool {
        self.push_bytes(frame.bytes(self.shared.encoding))
    }

    /// As [`Outbox::push`], for a frame of this connection alone.
    pub fn send(&self, frame: ServerFrame) -> bool {
        self.push(&Encoded::new(frame))
    }

    /// Puts a frame in that may be missed: it is dropped when the outbox is half full. False if it was.
    pub fn push_soft(&self, frame: &Encoded) -> bool {
        let taken = self
            .shared
            .try_push(frame.bytes(self.shared.encoding), Share::Half);
        if taken != Ok(()) {
            metrics::counter!("parlour_outbound_dropped_total", "kind" => "soft").increment(1);
        }
        taken == Ok(())
    }

    /// Puts a frame in as soon as the outbox is less than half full, however long that takes. False if the
    /// connection is closed. For a sync, and for large answers.
    pub async fn wait_push(&self, frame: &Encoded) -> bool {
        let bytes = frame.bytes(self.shared.encoding);
        loop {
            let room = self.shared.room.notified();
            tokio::pin!(room);
            // Enabled before looking, so that room made in between is not missed.
            room.as_mut().enable();
            match self.shared.try_push(bytes.clone(), Share::Half) {
                Ok(()) => return true,
                Err(Refused::Closed) => return false,
                Err(Refused::Full) => room.await,
            }
        }
    }

    /// Closes the connection after what waits has been written. Whoever closes first names the code.
    pub fn close(&self, code: CloseCode) {
        self.shared.close(code, false);
    }

    /// Closes the connection at once: what waits is not written.
    pub fn cut(&self, code: CloseCode) {
        self.shared.close(code, true);
    }

    /// Lets the writer look again.
    pub(crate) fn wake(&self) {
        self.shared.arrived.notify_one();
    }

    /// How the connection's frames are encoded.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.shared.encoding
    }

    /// How many frames wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.lock().frames.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shared.lock().bytes
    }

    /// Waits until the connection is closed or about to be, whatever still waits to be written.
    pub async fn closed(&self) -> CloseCode {
        loop {
            let changed = self.shared.room.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(code) = self.shared.lock().closed {
                return code;
            }
            changed.await;
        }
    }

    /// Whether the connection is closed or about to be.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.lock().closed.is_some()
    }

    /// Whether `frames` more small frames would leave a quarter free for others.
    pub(crate) fn has_room_for(&self, frames: usize) -> bool {
        let queue = self.shared.lock();
        queue.closed.is_none()
            && queue.frames.len() + frames <= limits::OUTBOUND_FRAMES_MAX / 4 * 3
            && queue.bytes <= limits::OUTBOUND_BYTES_MAX / 2
    }

    /// Waits until less than half is taken. False if the connection is closed.
    pub(crate) async fn wait_for_room(&self) -> bool {
        loop {
            let room = self.shared.room.notified();
            tokio::pin!(room);
            room.as_mut().enable();
            {
                let queue = self.shared.lock();
                if queue.closed.is_some() {
                    return false;
                }
                if queue.fits(0, Share::Half) {
                    return true;
                }
            }
            room.await;
        }
    }

    fn push_bytes(&self, bytes: Bytes) -> bool {
        match self.shared.try_push(bytes, Share::Whole) {
            Ok(()) => true,
            Err(Refused::Closed) => false,
            Err(Refused::Full) => {
                metrics::counter!("parlour_slow_consumers_total").increment(1);
                self.cut(CloseCode::SlowConsumer);
                false
            }
        }
    }
}

impl Outgoing {
    /// Waits for something to write, and takes what waits up to `bytes_max` (at least one frame). Once closed,
    /// it answers the same [`Batch::Close`] for ever. Nothing is lost if the future is dropped.
    pub async fn next_batch(&mut self, bytes_max: usize) -> Batch {
        loop {
            if let Some(batch) = self.try_next_batch(bytes_max) {
                return batch;
            }
            let arrived = self.shared.arrived.notified();
            if self.shared.lock().frames.is_empty() {
                arrived.await;
            } else {
                // A gate may open by itself, when a lease is renewed at the last moment.
                let _ = tokio::time::timeout(LOOK_AGAIN, arrived).await;
            }
        }
    }

    /// What waits, without waiting for more.
    pub fn try_next_batch(&mut self, bytes_max: usize) -> Option<Batch> {
        let mut queue = self.shared.lock();
        if !queue.frames.is_empty() && self.shared.is_held_back() {
            return None;
        }
        let batch = queue.take(bytes_max)?;
        drop(queue);
        self.shared.room.notify_waiters();
        Some(batch)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Refused {
    Full,
    Closed,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_held_back(&self) -> bool {
        self.gate.as_ref().is_some_and(|gate| gate.is_shut())
    }

    fn try_push(&self, bytes: Bytes, share: Share) -> Result<(), Refused> {
        let mut queue = self.lock();
        if queue.closed.is_some() {
            return Err(Refused::Closed);
        }
        if !queue.fits(bytes.len(), share) {
            return Err(Refused::Full);
        }
        queue.bytes += bytes.len();
        queue.frames.push_back(bytes);
        drop(queue);
        self.arrived.notify_one();
        Ok(())
    }

    fn close(&self, code: CloseCode, at_once: bool) {
        let mut queue = self.lock();
        queue.closed.get_or_insert(code);
        if at_once {
            queue.frames = VecDeque::new();
            queue.bytes = 0;
        }
        drop(queue);
        self.arrived.notify_one();
        self.room.notify_waiters();
    }
}

impl Queue {
    /// An empty queue takes a frame of any size, or one larger than the bound could never be sent.
    fn fits(&self, bytes: usize, share: Share) -> bool {
        let divisor = match share {
            Share::Whole => 1,
            Share::Half => 2,
        };
        self.frames.is_empty()
            || (self.frames.len() < limits::OUTBOUND_FRAMES_MAX / divisor
                && self.bytes + bytes <= limits::OUTBOUND_BYTES_MAX / divisor)
    }

    fn take(&mut self, bytes_max: usize) -> Option<Batch> {
        if self.frames.is_empty() {
            return self.closed.map(Batch::Close);
        }
        if self.bytes <= bytes_max {
            self.bytes = 0;
            return Some(Batch::Frames(std::mem::take(&mut self.frames)));
        }
        let mut taken = 0;
        let count = self.frames.iter().take_while(|frame| {
            taken += frame.len();
            taken <= bytes_max
        });
        let count = count.count().max(1);
        let frames: VecDeque<Bytes> = self.frames.drain(..count).collect();
        self.bytes -= frames.iter().map(Bytes::len).sum::<usize>();
        Some(Batch::Frames(frames))
    }
}

#[cfg(test)]
mod tests;
