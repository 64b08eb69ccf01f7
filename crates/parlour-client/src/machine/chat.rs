//! The client rule, for one chat: the next seq is applied, an old one dropped, a later one held.

use std::collections::BTreeMap;
use std::sync::Arc;

use parlour_model::{Seq, Timestamp, UserId, limits};
use parlour_protocol::{WireEvent, WireMarks};

use crate::Progress;

/// What a client knows of one chat.
#[derive(Debug, Default)]
pub(super) struct ChatState {
    /// `None`: an event came of a chat whose summary has not come yet.
    pub(super) progress: Option<Progress>,
    /// Events above a hole. A hole asks for `sync`, which brings again whatever found no room here.
    held: BTreeMap<Seq, Arc<WireEvent>>,
    /// The highest seq seen, held or not.
    highest: Seq,
    /// The user's marks as the server last told them.
    pub(super) marks: WireMarks,
    /// Whether a mark is on its way.
    pub(super) mark_open: bool,
    /// The earliest time of the next mark.
    pub(super) mark_not_before: Timestamp,
}

impl ChatState {
    /// A chat with a cursor.
    pub(super) fn known(progress: Progress) -> Self {
        Self {
            progress: Some(progress),
            highest: progress.applied,
            ..Self::default()
        }
    }

    /// The cursor; zero without one.
    pub(super) fn applied(&self) -> Seq {
        self.progress.unwrap_or_default().applied
    }

    /// Takes an event and gives those that are to be applied now, in order.
    pub(super) fn receive(
        &mut self,
        event: Arc<WireEvent>,
        me: Option<UserId>,
    ) -> Vec<Arc<WireEvent>> {
        self.highest = self.highest.max(event.seq);
        let next = self.progress.map(|progress| progress.applied.next());
        if next.is_none_or(|next| event.seq > next) {
            self.hold(event);
            return Vec::new();
        }
        if next != Some(event.seq) {
            return Vec::new();
        }
        self.apply(&event, me);
        let mut applied = vec![event];
        applied.extend(self.apply_held(me));
        applied
    }

    /// Sets the cursor without events, and gives the held events that follow there.
    pub(super) fn jump(&mut self, progress: Progress, me: Option<UserId>) -> Vec<Arc<WireEvent>> {
        self.progress = Some(progress);
        self.reaches(progress.applied);
        self.apply_held(me)
    }

    /// Hears that the log reaches to `head`.
    pub(super) fn reaches(&mut self, head: Seq) {
        self.highest = self.highest.max(head);
    }

    /// Hears that the log ends earlier than what was seen of it: forgets what is not applied.
    pub(super) fn forget_unapplied(&mut self) {
        self.held.clear();
        self.highest = Seq::ZERO;
    }

    /// Whether something between the cursor and the highest known seq is missing.
    pub(super) fn has_hole(&self) -> bool {
        self.progress
            .is_some_and(|progress| progress.applied < self.highest)
    }

    fn hold(&mut self, event: Arc<WireEvent>) {
        // queue: events held above a hole
        self.held.insert(event.seq, event);
        if self.held.len() > limits::OUTBOUND_FRAMES_MAX {
            self.held.pop_last();
        }
    }

    fn apply_held(&mut self, me: Option<UserId>) -> Vec<Arc<WireEvent>> {
        let mut applied = Vec::new();
        while let Some(event) = self.held.remove(&self.applied().next()) {
            self.apply(&event, me);
            applied.push(event);
        }
        // `sync` may have brought what is held here too.
        self.held = self.held.split_off(&self.applied().next());
        applied
    }

    fn apply(&mut self, event: &WireEvent, me: Option<UserId>) {
        let Some(progress) = &mut self.progress else {
            return;
        };
        progress.applied = event.seq;
        if event.kind != "message" {
            return;
        }
        if Some(event.author) != me {
            progress.others = event.seq;
        } else if progress.read >= progress.others.max(progress.unseen) {
            // Who writes after having read everything has read their own message too.
            progress.read = event.seq;
        }
    }
}
