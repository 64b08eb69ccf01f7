//! Whatever comes in whatever order: the bounds hold, and so does the order of a log.

use std::collections::HashMap;

use parlour_model::EventKey;
use parlour_protocol::CancelFrame;
use proptest::prelude::*;

use super::*;

/// Something that may happen next.
#[derive(Debug, Clone)]
enum Step {
    /// The n-th key of a chat is sent, for the first time or again.
    Send { chat: u64, key: usize },
    /// The n-th key of a chat is given up.
    Cancel { chat: u64, key: usize },
    /// A frame of another kind.
    Other(u8),
    /// One of the requests under way ends.
    End { which: usize, verdict: Verdict },
    /// Bytes that are no frame of ours.
    Garbled,
    /// Time passes.
    Wait(u64),
    /// The node drains.
    Drain,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let verdict = prop_oneof![
        5 => Just(Verdict::Settled),
        1 => Just(Verdict::Never),
        2 => any::<bool>().prop_map(|unknown| Verdict::Again { unknown }),
    ];
    let step = prop_oneof![
        8 => (1..4_u64, 0..6_usize).prop_map(|(chat, key)| Step::Send { chat, key }),
        1 => (1..4_u64, 0..6_usize).prop_map(|(chat, key)| Step::Cancel { chat, key }),
        3 => (0..6_u8).prop_map(Step::Other),
        6 => (any::<usize>(), verdict).prop_map(|(which, verdict)| Step::End { which, verdict }),
        1 => Just(Step::Garbled),
        2 => (0..5_000_u64).prop_map(Step::Wait),
        1 => Just(Step::Drain),
    ];
    proptest::collection::vec(step, 1..300)
}

/// A client, the requests it has under way, and what the rule of the order says about each chat.
struct Run {
    state: ConnectionState,
    now: Timestamp,
    keys: HashMap<(u64, usize), EventKey>,
    under_way: Vec<Ticket>,
    /// By chat, the keys that were answered "again" and are not settled, each with whether an attempt is unknown.
    unsettled: HashMap<ChatId, Vec<(EventKey, bool)>>,
    closed: bool,
}

impl Run {
    fn new() -> Self {
        let mut run = Self {
            state: ConnectionState::new(&limits(), START),
            now: START,
            keys: HashMap::new(),
            under_way: Vec::new(),
            unsettled: HashMap::new(),
            closed: false,
        };
        run.step(Input::Frame(ClientFrame::Hello(hello(false))));
        run.step(Input::Welcomed(welcomed(false)));
        run
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Send { chat, key } => {
                let mut frame = send(*chat, &format!("{chat} {key}"));
                if let ClientFrame::Send(frame) = &mut frame {
                    frame.key = self.key(*chat, *key);
                }
                self.frame(frame);
            }
            Step::Cancel { chat: number, key } => {
                let key = self.key(*number, *key);
                let (chat, reference) = (chat(*number), None);
                self.frame(ClientFrame::Cancel(CancelFrame {
                    reference,
                    chat,
                    key,
                }));
            }
            Step::Other(kind) => self.frame(match kind {
                0 => sync("s", true),
                1 => sync("s", false),
                2 => ClientFrame::Hello(hello(false)),
                3 => read(1),
                _ => ping(),
            }),
            Step::End { which, verdict } if !self.under_way.is_empty() => {
                let ticket = self.under_way.remove(which % self.under_way.len());
                // A sync that fails ends the connection, and the run with it.
                let is_sync = matches!(ticket, Ticket::Sync);
                let verdict = if is_sync { Verdict::Settled } else { *verdict };
                self.settle(ticket, verdict);
                self.step(Input::Finished(ticket, ending(verdict)));
            }
            Step::End { .. } => {}
            Step::Garbled => {
                let (type_name, reference) = ("x".to_owned(), None);
                self.step(Input::Garbled(DecodeError::UnknownType {
                    type_name,
                    reference,
                }));
            }
            Step::Wait(ms) => {
                self.now = self.now.plus(Duration::from_millis(*ms));
                self.step(Input::Tick);
            }
            Step::Drain => self.step(Input::Drain(5)),
        }
    }

    fn key(&mut self, chat: u64, key: usize) -> EventKey {
        let new = || EventKey::generate(START);
        *self.keys.entry((chat, key)).or_insert_with(new)
    }

    /// A frame is only read while the state machine wants it.
    fn frame(&mut self, frame: ClientFrame) {
        if self.state.wants_input() {
            self.step(Input::Frame(frame));
        }
    }

    fn step(&mut self, input: Input) {
        let effects = self.state.step(input, self.now);
        assert!(
            !self.closed || effects.is_empty(),
            "after the end: {effects:?}"
        );
        for effect in effects {
            match effect {
                Effect::Start(ticket, _) => {
                    self.check_start(ticket);
                    self.under_way.push(ticket);
                }
                Effect::Send(ServerFrame::Error(error)) => self.note_refusal(&error),
                Effect::Close(_) => self.closed = true,
                Effect::Send(_) | Effect::Ping | Effect::Authenticate(_) => {}
            }
        }
        assert!(self.under_way.len() <= limits::REQUESTS_IN_FLIGHT_MAX);
    }

    /// One request of a log per chat, and none past an unsettled key.
    fn check_start(&self, ticket: Ticket) {
        let Ticket::Log(name) = ticket else { return };
        let same_chat = |other: &&Ticket| matches!(other, Ticket::Log(o) if o.chat == name.chat);
        assert_eq!(self.under_way.iter().find(same_chat), None);
        let unsettled = self.unsettled.get(&name.chat);
        if let Some((first, _)) = unsettled.and_then(|keys| keys.first())
            && !name.cancels
        {
            assert_eq!(*first, name.key, "passed an unsettled key");
        }
    }

    /// A refused key is refused with reason, and is unsettled from then on.
    fn note_refusal(&mut self, error: &ErrorFrame) {
        let sent = error.reference.as_ref().map(Reference::as_str);
        let Some((number, key)) = sent.and_then(|sent| sent.split_once(' ')) else {
            return;
        };
        let number: u64 = number.parse().unwrap();
        let key = self.key(number, key.parse().unwrap());
        let keys = self.unsettled.entry(chat(number)).or_default();
        if error.code == ErrorCode::PredecessorPending {
            assert!(keys.first().is_some_and(|(first, _)| *first != key));
        }
        if keys.iter().all(|(known, _)| *known != key) {
            keys.push((key, false));
        }
    }

    /// The rule again, in other words than the code's.
    fn settle(&mut self, ticket: Ticket, verdict: Verdict) {
        let Ticket::Log(name) = ticket else { return };
        let keys = self.unsettled.entry(name.chat).or_default();
        let known = keys.iter().position(|(key, _)| *key == name.key);
        match (verdict, known) {
            (Verdict::Settled, Some(at)) => drop(keys.remove(at)),
            (Verdict::Never, Some(at)) if !keys[at].1 || name.cancels => drop(keys.remove(at)),
            (Verdict::Again { unknown }, Some(at)) if !name.cancels => keys[at].1 |= unknown,
            (Verdict::Again { unknown }, None) if !name.cancels => {
                keys.insert(0, (name.key, unknown));
            }
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn nothing_that_comes_breaks_a_bound_or_the_order(steps in steps()) {
        let mut run = Run::new();
        for step in &steps {
            run.take(step);
        }
    }
}
