//! Records what one device says and hears, frame by frame, in the order in which it does.
//!
//! - A call is recorded before its frame goes out, an answer when it comes in: nothing is guessed.
//! - An attempt whose connection ends without an answer was answered [`Answer::Unknown`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlour_client::Tap;
use parlour_model::{ChatId, Content, EventKey};
use parlour_protocol::{
    ChatNotice, ClientFrame, ErrorFrame, MarkFrame, Outcome, ServerFrame, WireMarks,
};

use crate::history::{Answer, Digest, Watermark, What};
use crate::notebook::Notebook;

/// The tap of one run of one device's client.
#[derive(Debug)]
pub(crate) struct RecordingTap {
    notebook: Arc<Notebook>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ready: BTreeSet<u64>,
    open: BTreeMap<String, (u64, Open)>,
    /// How often each chat's known end has moved.
    moves: HashMap<ChatId, u64>,
}

/// A frame that waits for its answer.
#[derive(Debug, Clone, Copy)]
enum Open {
    Attempt(ChatId, EventKey),
    Cancel(ChatId, EventKey),
    Mark(ChatId, Watermark),
    /// With the moves of the chat when it was asked.
    History(ChatId, u64),
    /// A greeting or a sync.
    Sync,
}

impl RecordingTap {
    /// A tap that writes into `notebook`.
    pub(crate) fn new(notebook: Arc<Notebook>) -> Self {
        Self {
            notebook,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, what: What) {
        self.notebook.record(what);
    }

    fn called(&self, frame: &ClientFrame) -> Option<Open> {
        let (chat, key, content) = content_of(frame)?;
        self.notebook.traffic.attempt(key);
        self.record(What::Called {
            chat,
            key,
            digest: Digest::of(&content),
        });
        Some(Open::Attempt(chat, key))
    }

    fn mark_called(&self, frame: &MarkFrame, watermark: Watermark) -> Open {
        let chat = frame.chat;
        self.record(What::MarkCalled { chat, watermark });
        Open::Mark(chat, watermark)
    }

    fn answered(&self, chat: ChatId, key: EventKey, answer: Answer) {
        self.record(What::Answered { chat, key, answer });
    }

    fn sync_began(&self) -> Open {
        self.record(What::SyncBegan);
        Open::Sync
    }

    fn refused(&self, open: Open, error: &ErrorFrame) {
        match open {
            Open::Attempt(chat, key) => {
                let stored = error.outcome.unwrap_or(error.code.outcome());
                let answer = if stored == Outcome::NotStored {
                    Answer::NotStored
                } else {
                    Answer::Unknown
                };
                self.notebook.traffic.answered(answer);
                self.answered(chat, key, answer);
            }
            Open::Sync => self.record(What::SyncEnded { complete: false }),
            Open::Cancel(..) | Open::Mark(..) | Open::History(..) => {}
        }
    }

    fn closed(&self, state: &mut State, open: Open, frame: &ServerFrame) {
        match (open, frame) {
            (Open::Attempt(chat, key) | Open::Cancel(chat, key), ServerFrame::Sent(sent)) => {
                let answer = Answer::Sent {
                    seq: sent.seq,
                    id: sent.id,
                };
                if let Open::Attempt(..) = open {
                    self.notebook.traffic.answered(answer);
                }
                *state.moves.entry(chat).or_default() += 1;
                self.answered(chat, key, answer);
            }
            (Open::Cancel(chat, key), ServerFrame::Cancelled(_)) => {
                self.answered(chat, key, Answer::Cancelled);
            }
            (Open::Mark(chat, watermark), ServerFrame::Ok(_)) => {
                self.record(What::MarkOk { chat, watermark });
            }
            // A page that was made while something else moved the known end may lie on either side of it.
            (Open::History(chat, moves), ServerFrame::Page(page)) => {
                let known = state.moves.entry(chat).or_default();
                if *known == moves {
                    *known += 1;
                    self.record(What::HistoryRead { chat, at: page.at });
                }
            }
            (Open::Sync, ServerFrame::Ready(_) | ServerFrame::Synced(_)) => {
                self.record(What::SyncEnded { complete: true });
            }
            (open, ServerFrame::Error(error)) => self.refused(open, error),
            _ => {}
        }
    }

    fn told(&self, state: &mut State, connection: u64, frame: &ServerFrame) {
        match frame {
            ServerFrame::Ready(_) => {
                let first = state.ready.is_empty();
                if state.ready.insert(connection) && first {
                    self.notebook.connected();
                }
            }
            ServerFrame::Receipt(frame) => {
                let (delivered, read) = (frame.delivered, frame.read);
                self.record(What::ReceiptSeen {
                    chat: frame.chat,
                    of: frame.user,
                    delivered,
                    read,
                });
            }
            ServerFrame::Marks(frame) => {
                let Some(of) = self.notebook.user() else {
                    return;
                };
                for (chat, WireMarks { delivered, read }) in frame.chats.clone() {
                    self.record(What::ReceiptSeen {
                        chat,
                        of,
                        delivered,
                        read,
                    });
                }
            }
            ServerFrame::TooLong(frame) => self.notebook.skip_told(frame.chat, frame.head),
            ServerFrame::Chat(notice) => match &**notice {
                ChatNotice::Joined(chat) | ChatNotice::Changed(chat) => {
                    self.notebook.head_told(chat.id, chat.head);
                }
                ChatNotice::Left(chat) => self.notebook.left(chat.id),
            },
            _ => {}
        }
    }
}

impl Tap for RecordingTap {
    fn sending(&self, connection: u64, frame: &ClientFrame) {
        let mut state = self.state();
        let open = match frame {
            ClientFrame::Hello(_) | ClientFrame::Sync(_) => Some(self.sync_began()),
            ClientFrame::Cancel(frame) => Some(Open::Cancel(frame.chat, frame.key)),
            ClientFrame::Delivered(frame) => {
                Some(self.mark_called(frame, Watermark::Delivered(frame.seq)))
            }
            ClientFrame::Read(frame) => Some(self.mark_called(frame, Watermark::Read(frame.seq))),
            ClientFrame::History(frame) => {
                let moves = state.moves.get(&frame.chat).copied().unwrap_or_default();
                Some(Open::History(frame.chat, moves))
            }
            frame => self.called(frame),
        };
        if let (Some(open), Some(reference)) = (open, frame.reference()) {
            state
                .open
                .insert(reference.as_str().to_owned(), (connection, open));
        }
    }

    fn received(&self, connection: u64, frame: &ServerFrame) {
        let mut state = self.state();
        self.told(&mut state, connection, frame);
        if let ServerFrame::Welcome(_) = frame {
            return; // It answers the greeting, but does not end it.
        }
        let open = frame
            .reference()
            .and_then(|reference| state.open.remove(reference.as_str()));
        if let Some((_, open)) = open {
            self.closed(&mut state, open, frame);
        }
    }

    fn ended(&self, connection: u64) {
        let mut state = self.state();
        let lost: Vec<_> = state
            .open
            .extract_if(.., |_, (on, _)| *on == connection)
            .collect();
        for (_, (_, open)) in lost {
            match open {
                Open::Attempt(chat, key) => {
                    self.notebook.traffic.answered(Answer::Unknown);
                    self.answered(chat, key, Answer::Unknown);
                }
                Open::Sync => self.record(What::SyncEnded { complete: false }),
                Open::Cancel(..) | Open::Mark(..) | Open::History(..) => {}
            }
        }
        if state.ready.remove(&connection) && state.ready.is_empty() {
            self.record(What::Disconnected);
        }
    }
}

/// Where and under which key a frame wants what in the log; `None` if it wants nothing there.
fn content_of(frame: &ClientFrame) -> Option<(ChatId, EventKey, Content)> {
    Some(match frame.clone() {
        ClientFrame::Send(frame) => (
            frame.chat,
            frame.key,
            Content::Message {
                body: frame.body,
                reply_to: frame.reply_to,
            },
        ),
        ClientFrame::Edit(frame) => (
            frame.chat,
            frame.key,
            Content::MessageEdited {
                target: frame.target,
                body: frame.body,
            },
        ),
        ClientFrame::Delete(frame) => (
            frame.chat,
            frame.key,
            Content::MessageDeleted {
                target: frame.target,
            },
        ),
        ClientFrame::React(frame) => {
            let (target, emoji, on) = (frame.target, frame.emoji, frame.on);
            (
                frame.chat,
                frame.key,
                Content::ReactionChanged { target, emoji, on },
            )
        }
        _ => return None,
    })
}
