//! Marks: how far this device has received and the user has read, told to the server.
//!
//! Marks are cumulative, so of one chat only the newest counts: one is on its way at most, the next says everything
//! that came meanwhile. `delivered` follows by itself what was applied (and so is in the store).

use std::collections::BTreeSet;
use std::time::Duration;

use parlour_model::{ChatId, Mark, Seq, Timestamp};
use parlour_protocol::{ClientFrame, MarkFrame, Reference, WireMarks};

use super::chat::ChatState;
use super::requests::Request;
use super::{Action, Machine, Output};

/// Marks on their way at once, all chats together: fewer than the server serves of one connection.
const OPEN_MAX: usize = 16;
/// The pace of marks in one chat.
const PACE: Duration = Duration::from_secs(1);

/// The chats whose marks must be told.
#[derive(Debug, Default)]
pub(super) struct MarksDue {
    chats: BTreeSet<ChatId>,
    open: usize,
    flushing: bool,
}

impl MarksDue {
    /// Something in this chat may have to be told.
    pub(super) fn add(&mut self, chat: ChatId) {
        self.chats.insert(chat);
    }

    /// No longer keeps the pace.
    pub(super) fn flush(&mut self) {
        self.flushing = true;
    }

    /// Whether nothing is due or on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.chats.is_empty() && self.open == 0
    }
}

impl Machine {
    /// The application says that the user has read this far.
    pub(super) fn read(&mut self, chat: ChatId, seq: Seq, out: &mut Output) {
        let Some(progress) = self.progress_mut(chat) else {
            return;
        };
        if progress.read < seq {
            progress.read = seq;
            self.keep_progress(chat, out);
            self.marks.add(chat);
        }
    }

    /// The server told the user's marks of all chats.
    pub(super) fn learn_marks(&mut self, chats: impl IntoIterator<Item = (ChatId, WireMarks)>) {
        for (chat, marks) in chats {
            if let Some(state) = self.chats.get_mut(&chat) {
                state.marks = marks;
            }
        }
    }

    /// The server told the user's marks of one chat, perhaps raised by another device.
    pub(super) fn learn_own_marks(&mut self, chat: ChatId, marks: WireMarks, out: &mut Output) {
        let Some(state) = self.chats.get_mut(&chat) else {
            return;
        };
        state.marks.delivered = state.marks.delivered.max(marks.delivered);
        state.marks.read = state.marks.read.max(marks.read);
        if let Some(progress) = &mut state.progress
            && progress.read < marks.read
        {
            progress.read = marks.read;
            self.keep_progress(chat, out);
        }
    }

    /// All chats may have marks to tell: the connection has just caught up.
    pub(super) fn all_marks_due(&mut self) {
        let due = self
            .chats
            .iter()
            .filter(|(_, state)| due_mark(state).is_some());
        self.marks.chats.extend(due.map(|(chat, _)| *chat));
    }

    pub(super) fn pump_marks(&mut self, now: Timestamp, out: &mut Output) {
        let Some(connection) = self.link.ready() else {
            return;
        };
        let due: Vec<ChatId> = self.marks.chats.iter().copied().collect();
        for chat in due {
            if self.marks.open >= OPEN_MAX {
                return;
            }
            if self.pace.next() > now {
                return;
            }
            let Some(mark) = self.take_mark(now, chat) else {
                continue;
            };
            self.pace.take(now);
            let request = Request::Mark(chat, mark);
            let reference = self.requests.open(now, connection, request);
            let frame = mark_frame(chat, mark, reference);
            out.actions.push(Action::Send(connection, Box::new(frame)));
        }
    }

    /// The mark of `chat` that is to be sent now.
    fn take_mark(&mut self, now: Timestamp, chat: ChatId) -> Option<Mark> {
        let state = self.chats.get_mut(&chat);
        let Some((state, mark)) = state.and_then(|state| due_mark(state).map(|mark| (state, mark)))
        else {
            self.marks.chats.remove(&chat);
            return None;
        };
        if state.mark_open || (state.mark_not_before > now && !self.marks.flushing) {
            return None;
        }
        self.marks.chats.remove(&chat);
        state.mark_open = true;
        state.mark_not_before = now.plus(PACE);
        self.marks.open += 1;
        Some(mark)
    }

    /// A mark is durable, or will never be: either way it is not sent again.
    pub(super) fn mark_done(&mut self, chat: ChatId, mark: Mark) {
        if let Some(state) = self.chats.get_mut(&chat) {
            state.marks.delivered = state.marks.delivered.max(mark.seq());
            if let Mark::Read(seq) = mark {
                state.marks.read = state.marks.read.max(seq);
            }
        }
        self.mark_closed(chat);
    }

    /// A mark was refused and may be tried again after `wait`.
    pub(super) fn mark_refused(&mut self, now: Timestamp, chat: ChatId, wait: Duration) {
        self.mark_closed(chat);
        if let Some(state) = self.chats.get_mut(&chat) {
            state.mark_not_before = now.plus(wait.max(PACE));
        }
    }

    /// A mark was lost with its connection: it is told on the next one without a pause.
    pub(super) fn mark_lost(&mut self, chat: ChatId) {
        if let Some(state) = self.chats.get_mut(&chat) {
            state.mark_not_before = Timestamp::default();
        }
        self.mark_closed(chat);
    }

    /// A mark is no longer on its way.
    fn mark_closed(&mut self, chat: ChatId) {
        self.marks.open = self.marks.open.saturating_sub(1);
        if let Some(state) = self.chats.get_mut(&chat) {
            state.mark_open = false;
            if due_mark(state).is_some() {
                self.marks.add(chat);
            }
        }
    }

    /// When the next mark may go.
    pub(super) fn next_mark(&self) -> Option<Timestamp> {
        self.link.ready()?;
        if self.marks.open >= OPEN_MAX {
            return None;
        }
        let states = self
            .marks
            .chats
            .iter()
            .filter_map(|chat| self.chats.get(chat));
        states
            .filter(|state| !state.mark_open)
            .map(|state| state.mark_not_before.max(self.pace.next()))
            .min()
    }
}

/// What the server does not know yet. `read` covers `delivered`.
fn due_mark(state: &ChatState) -> Option<Mark> {
    let progress = state.progress?;
    if progress.read > state.marks.read {
        Some(Mark::Read(progress.read))
    } else if progress.others > state.marks.delivered {
        Some(Mark::Delivered(progress.applied))
    } else {
        None
    }
}

fn mark_frame(chat: ChatId, mark: Mark, reference: Reference) -> ClientFrame {
    let frame = MarkFrame {
        reference: Some(reference),
        chat,
        seq: mark.seq(),
    };
    match mark {
        Mark::Delivered(_) => ClientFrame::Delivered(frame),
        Mark::Read(_) => ClientFrame::Read(frame),
    }
}
