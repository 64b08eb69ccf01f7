//! A client as the protocol describes one, and it minds: an event that is not the next one fails the test.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use parlour_delivery::{Batch, Connection, NewConnection, Outgoing, SyncKind};
use parlour_model::{ChatId, Seq, SessionId, UserId};
use parlour_protocol::{
    ChatNotice, CloseCode, Encoding, ReadyFrame, ServerFrame, TooLongReason, WireEvent,
    decode_server,
};

use super::{Node, user};

pub(crate) struct Client {
    pub(crate) user: UserId,
    pub(crate) connection: Connection,
    outgoing: Outgoing,
    waiting: VecDeque<ServerFrame>,
    pub(crate) cursors: BTreeMap<ChatId, Seq>,
    pub(crate) events: Vec<WireEvent>,
    pub(crate) joined: Vec<ChatId>,
    pub(crate) left: BTreeSet<ChatId>,
    pub(crate) too_long: Vec<(ChatId, TooLongReason)>,
    /// Whether it has asked again for what may have been on its way: then, and only then, events may come twice.
    asked_again: bool,
}

pub(crate) fn seq(number: u64) -> Seq {
    Seq::new(number)
}

impl Client {
    /// Attached, and nothing more.
    pub(crate) async fn attach(node: &Node, number: u64) -> Self {
        let new = NewConnection {
            user: user(number),
            session: SessionId::new(number).unwrap(),
            device: "test".to_owned(),
            encoding: Encoding::Json,
        };
        let connection = node.delivery.attach(new).await.unwrap();
        Self {
            user: user(number),
            outgoing: connection.take_outgoing().unwrap(),
            connection,
            waiting: VecDeque::new(),
            cursors: BTreeMap::new(),
            events: Vec::new(),
            joined: Vec::new(),
            left: BTreeSet::new(),
            too_long: Vec::new(),
            asked_again: false,
        }
    }

    /// Attached, with the cursors of an earlier connection, and ready.
    pub(crate) async fn connect(
        node: &Node,
        number: u64,
        cursors: impl IntoIterator<Item = (ChatId, u64)>,
    ) -> Self {
        let mut client = Self::attach(node, number).await;
        let cursors = cursors.into_iter().map(|(chat, at)| (chat, seq(at)));
        client.cursors = cursors.collect();
        client.sync(SyncKind::Hello).await;
        client
    }

    /// Syncs all cursors and applies everything up to the answer.
    pub(crate) async fn sync(&mut self, kind: SyncKind) {
        self.try_sync(kind)
            .await
            .expect("the connection stays open");
    }

    /// As [`Client::sync`]; why the connection closed, if it does.
    pub(crate) async fn try_sync(&mut self, kind: SyncKind) -> Result<(), CloseCode> {
        self.asked_again |= kind == SyncKind::Sync;
        let connection = &self.connection;
        let cursors = self.cursors.clone();
        let sync = async {
            connection.sync(cursors, kind, false).await;
            connection
                .outbox()
                .send(ServerFrame::Ready(ReadyFrame::default()));
        };
        let (outgoing, waiting) = (&mut self.outgoing, &mut self.waiting);
        let read = async {
            while !waiting
                .iter()
                .any(|frame| matches!(frame, ServerFrame::Ready(_)))
            {
                read_batch(outgoing, waiting).await?;
            }
            Ok(())
        };
        let both = async { tokio::join!(sync, read).1 };
        let ended = tokio::time::timeout(Duration::from_secs(600), both).await;
        self.apply_waiting();
        ended.expect("a sync ends")
    }

    /// The next frame, applied.
    pub(crate) async fn next(&mut self) -> ServerFrame {
        self.try_next().await.expect("the connection stays open")
    }

    /// As [`Client::next`]; why the connection closed, if it does.
    pub(crate) async fn try_next(&mut self) -> Result<ServerFrame, CloseCode> {
        let wait = async {
            while self.waiting.is_empty() {
                read_batch(&mut self.outgoing, &mut self.waiting).await?;
            }
            Ok(())
        };
        tokio::time::timeout(Duration::from_secs(600), wait)
            .await
            .expect("a frame comes")?;
        let frame = self.waiting.pop_front().expect("one was read");
        self.apply(&frame);
        Ok(frame)
    }

    /// Reads and applies until the cursor of a chat is at `at`.
    pub(crate) async fn until(&mut self, chat: ChatId, at: u64) {
        while self.cursors.get(&chat) != Some(&seq(at)) {
            self.next().await;
        }
    }

    /// What came, without waiting for more; applied.
    pub(crate) fn drain(&mut self) -> Vec<ServerFrame> {
        while let Some(Batch::Frames(frames)) = self.outgoing.try_next_batch(usize::MAX) {
            self.waiting
                .extend(frames.iter().map(|bytes| decode(bytes)));
        }
        let frames: Vec<ServerFrame> = self.waiting.iter().cloned().collect();
        self.apply_waiting();
        frames
    }

    /// Why the connection closed; what waits before is read and dropped.
    pub(crate) async fn closed(&mut self) -> CloseCode {
        let wait = async {
            loop {
                if let Err(code) = read_batch(&mut self.outgoing, &mut self.waiting).await {
                    return code;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(600), wait)
            .await
            .expect("it closes")
    }

    /// The seqs of a chat's events, in the order they came.
    pub(crate) fn seqs(&self, chat: ChatId) -> Vec<u64> {
        let events = self.events.iter().filter(|event| event.chat == chat);
        events.map(|event| event.seq.get()).collect()
    }

    fn apply_waiting(&mut self) {
        for frame in std::mem::take(&mut self.waiting) {
            self.apply(&frame);
        }
    }

    fn apply(&mut self, frame: &ServerFrame) {
        match frame {
            ServerFrame::Event(event) => self.apply_event(event),
            ServerFrame::TooLong(frame) => {
                self.cursors.insert(frame.chat, frame.head);
                self.too_long.push((frame.chat, frame.reason));
            }
            ServerFrame::Chat(notice) => match &**notice {
                ChatNotice::Joined(chat) => {
                    assert!(!self.cursors.contains_key(&chat.id), "joined what it has");
                    self.cursors.insert(chat.id, chat.head);
                    self.joined.push(chat.id);
                    self.left.remove(&chat.id);
                }
                ChatNotice::Left(chat) => {
                    self.cursors.remove(&chat.id);
                    self.left.insert(chat.id);
                }
                ChatNotice::Changed(_) => panic!("never sent"),
            },
            _ => {}
        }
    }

    fn apply_event(&mut self, event: &WireEvent) {
        assert_eq!(
            event.key.is_some(),
            event.author == self.user,
            "own key only"
        );
        let cursor = self.cursors.get_mut(&event.chat);
        let cursor = cursor
            .unwrap_or_else(|| panic!("{}: an event of no chat of mine: {event:?}", self.user));
        if self.asked_again && event.seq <= *cursor {
            return;
        }
        assert_eq!(
            event.seq,
            cursor.next(),
            "{}: not the next event",
            self.user
        );
        *cursor = event.seq;
        self.events.push(event.clone());
    }
}

async fn read_batch(
    outgoing: &mut Outgoing,
    waiting: &mut VecDeque<ServerFrame>,
) -> Result<(), CloseCode> {
    match outgoing.next_batch(64 * 1024).await {
        Batch::Frames(frames) => {
            waiting.extend(frames.iter().map(|bytes| decode(bytes)));
            Ok(())
        }
        Batch::Close(code) => Err(code),
    }
}

fn decode(bytes: &[u8]) -> ServerFrame {
    decode_server(Encoding::Json, bytes).unwrap()
}
