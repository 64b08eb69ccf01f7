//! What the tap and the store of one device share: whose device it is, and where its cursors may jump to.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use parlour_model::{ChatId, Seq, UserId};

use crate::history::{DeviceId, Recorder, What};
use crate::traffic::Traffic;

/// The records of one device.
#[derive(Debug)]
pub(crate) struct Notebook {
    device: DeviceId,
    recorder: Recorder,
    user: OnceLock<UserId>,
    jumps: Mutex<Jumps>,
    was_connected: AtomicBool,
    pub(crate) traffic: Arc<Traffic>,
}

/// What the server told of places to go on from.
#[derive(Debug, Default)]
struct Jumps {
    /// The heads of chats, for devices without a cursor there.
    heads: HashSet<(ChatId, Seq)>,
    /// Where cursors may be set whatever they were; each once.
    skips: HashSet<(ChatId, Seq)>,
    /// The cursors that ended with a membership.
    left: HashSet<ChatId>,
}

impl Notebook {
    /// An empty one of `device`.
    pub(crate) fn new(device: DeviceId, recorder: Recorder, traffic: Arc<Traffic>) -> Self {
        Self {
            device,
            recorder,
            user: OnceLock::new(),
            jumps: Mutex::default(),
            was_connected: AtomicBool::new(false),
            traffic,
        }
    }

    /// Says whose device it is; nothing is recorded before. A device stays its first user's.
    pub(crate) fn belongs_to(&self, user: UserId) {
        self.user.get_or_init(|| user);
    }

    /// Whose device it is.
    pub(crate) fn user(&self) -> Option<UserId> {
        self.user.get().copied()
    }

    /// Records that `what` happens now.
    pub(crate) fn record(&self, what: What) {
        if let Some(user) = self.user() {
            self.recorder.record(self.device, user, what);
        }
    }

    /// Records that the device is connected and in sync, for the first time or again.
    pub(crate) fn connected(&self) {
        self.record(What::Connected);
        if self.was_connected.swap(true, Ordering::SeqCst) {
            self.traffic.count(|counts| counts.reconnected += 1);
        }
    }

    /// The server told the head of a chat of the user's.
    pub(crate) fn head_told(&self, chat: ChatId, head: Seq) {
        let mut jumps = self.jumps();
        jumps.heads.insert((chat, head));
        if jumps.left.remove(&chat) {
            jumps.skips.insert((chat, head));
        }
    }

    /// The server told the device to go on from `head`.
    pub(crate) fn skip_told(&self, chat: ChatId, head: Seq) {
        self.jumps().skips.insert((chat, head));
    }

    /// The server told that a chat is no longer the user's.
    pub(crate) fn left(&self, chat: ChatId) {
        self.jumps().left.insert(chat);
    }

    /// Whether a cursor, if there is one, may be set to `to` without the events between.
    pub(crate) fn may_jump(&self, chat: ChatId, from: Option<Seq>, to: Seq) -> bool {
        let mut jumps = self.jumps();
        jumps.skips.remove(&(chat, to)) || (from.is_none() && jumps.heads.contains(&(chat, to)))
    }

    fn jumps(&self) -> MutexGuard<'_, Jumps> {
        self.jumps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
