//! A store in memory whose reads can be held up and made to fail. Writing goes through [`MemoryStore::commit`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use parlour_model::{
    Change, Chat, ChatId, ChosenStatus, Content, Countable, Draft, Epoch, Event, EventId, EventKey,
    Marks, Member, MemberState, Membership, Message, Overlay, Privacy, Seq, SessionId, Timestamp,
    UserId, Visible, effects,
};
use parlour_store::{
    Anchor, Appended, Authority, Cancellation, ChatLog, Creation, Head, Lookup, NewChat, Page,
    StoreError, Views,
};
use tokio::sync::Semaphore;

/// Everything in one lock.
pub(crate) struct MemoryStore {
    state: Mutex<State>,
    pub(super) gates: Mutex<HashMap<&'static str, Arc<Semaphore>>>,
    pub(super) failures: Mutex<HashMap<&'static str, usize>>,
    pub(super) panics: Mutex<Option<&'static str>>,
    pub(super) reads: Mutex<HashMap<&'static str, usize>>,
    /// Reads take up to this many milliseconds, half of it before and half after the read itself.
    pub(super) slowness_ms: AtomicU64,
}

#[derive(Default)]
pub(super) struct State {
    logs: HashMap<ChatId, Log>,
    pub(super) damaged: HashSet<ChatId>,
    /// Nothing of these can be read for now.
    pub(super) away: HashSet<ChatId>,
    /// Of these the head and the members can be read, and nothing else for now.
    pub(super) mute: HashSet<ChatId>,
    /// The events of these contradict themselves up to this one.
    pub(super) spoilt: HashMap<ChatId, Seq>,
    /// Users whose lists of memberships cannot be read, and whether that is for ever.
    pub(super) unlisted: HashMap<UserId, bool>,
    pub(super) marks: BTreeMap<(ChatId, UserId), Marks>,
    pub(super) statuses: HashMap<UserId, ChosenStatus>,
    pub(super) last_seen: HashMap<UserId, Timestamp>,
    pub(super) revoked: Vec<(SessionId, Timestamp)>,
    pub(super) privacy: HashMap<UserId, Privacy>,
}

#[derive(Default)]
struct Log {
    events: Vec<Event>,
    /// Events whose effects are not in the tables yet.
    open: Vec<Event>,
    members: BTreeMap<UserId, Member>,
    chat: Option<Chat>,
    membership_seq: Seq,
    effect_seq: Seq,
}

impl MemoryStore {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            gates: Mutex::default(),
            failures: Mutex::default(),
            panics: Mutex::default(),
            reads: Mutex::default(),
            slowness_ms: AtomicU64::new(0),
        }
    }

    /// Appends an event without asking anybody.
    pub(crate) fn commit(&self, chat: ChatId, author: UserId, content: Content) -> Event {
        let event = self.commit_and_die(chat, author, content);
        self.project(chat);
        event
    }

    /// Appends an event and leaves its effects to whoever needs them.
    pub(crate) fn commit_and_die(&self, chat: ChatId, author: UserId, content: Content) -> Event {
        let mut state = self.lock();
        let log = state.logs.entry(chat).or_default();
        let seq = Seq::new(log.events.len() as u64 + 1);
        let last = log.events.last();
        let countable = last.map_or(0, |event| event.countable.get());
        let event = Event {
            chat,
            seq,
            id: EventId::new(seq.get() * 1_000 + chat.get()).unwrap(),
            author,
            key: EventKey::generate(Timestamp::from_millis(1_800_000_000_000)),
            sent_at: Timestamp::from_millis(1_800_000_000_000),
            countable: Countable::new(countable + u64::from(content.is_countable())),
            prev_effect: log.effect_seq,
            erased: false,
            content,
        };
        log.append(&event);
        event
    }

    /// Writes the effects that were left open; answers whether some were.
    fn project(&self, chat: ChatId) -> bool {
        let mut state = self.lock();
        let log = state.logs.get_mut(&chat);
        log.is_some_and(Log::project)
    }

    /// Passes the gate, and some time.
    async fn pass(&self, gate: &'static str) {
        let gate = self.gates.lock().unwrap().get(gate).cloned();
        if let Some(gate) = gate {
            let _closed = gate.acquire().await;
        }
        let slowness = self.slowness_ms.load(Ordering::SeqCst);
        if slowness > 0 {
            let reads: usize = self.reads.lock().unwrap().values().sum();
            let millis = (reads as u64 * 7_919 + 13) % slowness; // Spread, and the same in every run.
            super::pass(Duration::from_millis(millis)).await;
        }
    }

    /// How many reads of this kind there were.
    pub(crate) fn reads(&self, kind: &'static str) -> usize {
        self.reads.lock().unwrap().get(kind).copied().unwrap_or(0)
    }

    pub(crate) fn set_marks(&self, chat: ChatId, user: UserId, marks: Marks) {
        self.lock().marks.insert((chat, user), marks);
    }

    pub(crate) fn set_chosen(&self, user: UserId, status: ChosenStatus) {
        self.lock().statuses.insert(user, status);
    }

    pub(crate) fn revoke(&self, session: SessionId, at: Timestamp) {
        self.lock().revoked.push((session, at));
    }

    pub(crate) fn last_seen(&self, user: UserId) -> Option<Timestamp> {
        self.lock().last_seen.get(&user).copied()
    }

    pub(crate) fn head_now(&self, chat: ChatId) -> u64 {
        self.lock()
            .logs
            .get(&chat)
            .map_or(0, |log| log.events.len() as u64)
    }

    pub(crate) fn events_now(&self, chat: ChatId) -> Vec<Event> {
        self.lock().logs[&chat].events.clone()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// One read: counted, perhaps failed, perhaps held up before and after.
    pub(super) async fn read<T>(
        &self,
        kind: &'static str,
        after: &'static str,
        read: impl FnOnce(&State) -> T,
    ) -> Result<T, StoreError> {
        let panics = self.panics.lock().unwrap().take_if(|at| *at == kind);
        assert!(panics.is_none(), "told to panic");
        *self.reads.lock().unwrap().entry(kind).or_default() += 1;
        self.pass(kind).await;
        if let Some(left) = self.failures.lock().unwrap().get_mut(kind)
            && *left > 0
        {
            *left -= 1;
            return Err(StoreError::Unavailable("told to fail".to_owned()));
        }
        let answer = read(&self.lock());
        self.pass(after).await;
        Ok(answer)
    }
}

impl State {
    fn can_read(&self, chat: ChatId) -> Result<(), StoreError> {
        if self.damaged.contains(&chat) {
            return Err(StoreError::Corrupt("told to be".to_owned()));
        }
        if self.away.contains(&chat) {
            return Err(StoreError::Unavailable("told to be away".to_owned()));
        }
        Ok(())
    }

    fn can_read_events(&self, chat: ChatId) -> Result<(), StoreError> {
        if self.mute.contains(&chat) {
            return Err(StoreError::Unavailable("told to be mute".to_owned()));
        }
        Ok(())
    }
}

impl Log {
    fn append(&mut self, event: &Event) {
        if event.content.changes_membership() {
            self.membership_seq = event.seq;
        }
        if event.content.has_effect() {
            self.effect_seq = event.seq;
        }
        self.open.push(event.clone());
        self.events.push(event.clone());
    }

    fn project(&mut self) -> bool {
        let open = std::mem::take(&mut self.open);
        for event in &open {
            self.apply(event);
        }
        open.iter().any(|event| event.content.has_effect())
    }

    fn apply(&mut self, event: &Event) {
        for change in effects(event) {
            match change {
                Change::Joined {
                    user,
                    role,
                    countable,
                    at,
                } => {
                    let left_seq = self.members.get(&user).and_then(|member| member.left_seq);
                    let member = Member {
                        user,
                        role,
                        state: MemberState::Joined,
                        joined_seq: event.seq,
                        joined_countable: countable,
                        joined_at: at,
                        left_seq,
                    };
                    self.members.insert(user, member);
                }
                Change::Left { user } => {
                    if let Some(member) = self.members.get_mut(&user) {
                        member.state = MemberState::Left;
                        member.left_seq = Some(event.seq);
                    }
                }
                _ => {}
            }
        }
        if let Content::ChatCreated {
            chat_type,
            title,
            history,
            data,
            ..
        } = &event.content
        {
            self.chat = Some(Chat {
                id: event.chat,
                chat_type: *chat_type,
                title: title.clone(),
                history: *history,
                data: data.clone(),
                created_at: event.sent_at,
                updated_at: event.sent_at,
            });
        }
    }

    fn head(&self) -> Option<Head> {
        let last = self.events.last()?;
        Some(Head {
            seq: last.seq,
            id: last.id,
            countable: last.countable,
            epoch: Epoch::ZERO,
            membership_seq: self.membership_seq,
            effect_seq: self.effect_seq,
        })
    }

    fn authority(&self, user: UserId) -> Option<Authority> {
        Some(Authority {
            chat: self.chat.clone()?,
            member: self.members.get(&user).copied(),
            member_count: self.present().count() as u64,
            epoch: Epoch::ZERO,
            as_of: self.head()?.seq,
        })
    }

    fn present(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.is_joined())
    }
}

#[async_trait]
impl ChatLog for MemoryStore {
    async fn create(&self, _: NewChat) -> Result<Creation, StoreError> {
        Err(unused())
    }

    async fn append(&self, _: ChatId, _: Vec<Draft>) -> Appended {
        Appended {
            outcomes: Vec::new(),
            head: None,
            lost_races: 0,
        }
    }

    async fn find(&self, _: ChatId, _: UserId, _: EventKey, _: Seq) -> Result<Lookup, StoreError> {
        Err(unused())
    }

    async fn cancel(&self, _: ChatId, _: UserId, _: EventKey) -> Result<Cancellation, StoreError> {
        Err(unused())
    }

    async fn heads(&self, chats: &[(ChatId, Seq)]) -> Vec<Result<Option<Head>, StoreError>> {
        let heads = self.read("heads", "heads.after", |state| {
            let head = |(chat, _): &(ChatId, Seq)| {
                state.can_read(*chat)?;
                Ok(state.logs.get(chat).and_then(Log::head))
            };
            chats.iter().map(head).collect()
        });
        let heads = heads.await;
        heads.unwrap_or_else(|error| vec![Err(error); chats.len()])
    }

    async fn events(
        &self,
        chat: ChatId,
        after: Seq,
        through: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.read("events", "events.after", |state| {
            state.can_read_events(chat)?;
            if state.spoilt.get(&chat).is_some_and(|end| after < *end) {
                return Err(StoreError::Corrupt("told to be".to_owned()));
            }
            let Some(log) = state.logs.get(&chat) else {
                return Ok(Vec::new());
            };
            let wanted = |event: &&Event| event.seq > after && event.seq <= through;
            let events = log.events.iter().filter(wanted);
            Ok(events.take(limit).cloned().collect())
        })
        .await?
    }

    async fn seq_of(&self, _: ChatId, _: EventId) -> Result<Option<Seq>, StoreError> {
        Err(unused())
    }

    fn observe(&self, _: &Event) {}
}

#[async_trait]
impl Views for MemoryStore {
    async fn authority(&self, chat: ChatId, user: UserId) -> Result<Option<Authority>, StoreError> {
        self.project(chat);
        self.read("authority", "authority.after", |state| {
            state.can_read_events(chat)?;
            Ok(state.logs.get(&chat).and_then(|log| log.authority(user)))
        })
        .await?
    }

    async fn page(
        &self,
        chat: ChatId,
        _: Anchor,
        limit: usize,
        visible: Visible,
    ) -> Result<Page, StoreError> {
        self.read("page", "page.after", |state| {
            let events = state
                .logs
                .get(&chat)
                .map(|log| log.events.clone())
                .unwrap_or_default();
            let lines = events.into_iter().rev();
            let lines =
                lines.filter(|event| visible.contains(event.seq) && event.content.is_line());
            let mut messages: Vec<Message> = lines
                .take(limit)
                .map(|event| Message::new(event, Overlay::default()))
                .collect();
            messages.reverse();
            Page {
                messages,
                has_before: false,
                has_after: false,
                at: visible.through,
            }
        })
        .await
    }

    async fn message(&self, _: ChatId, _: Seq, _: Visible) -> Result<Option<Message>, StoreError> {
        Err(unused())
    }

    async fn members(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Member>, StoreError> {
        self.project(chat);
        self.read("members", "members.after", |state| {
            state.can_read(chat)?;
            let Some(log) = state.logs.get(&chat) else {
                return Ok(Vec::new());
            };
            let members = log.present().filter(|member| Some(member.user) > after);
            Ok(members.take(limit).copied().collect())
        })
        .await?
    }

    async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        self.read("memberships", "memberships.after", |state| {
            match state.unlisted.get(&user) {
                Some(true) => return Err(StoreError::Corrupt("told to be".to_owned())),
                Some(false) => {
                    return Err(StoreError::Unavailable("told to be away".to_owned()));
                }
                None => {}
            }
            let rows = state.logs.iter().filter_map(|(chat, log)| {
                Some(Membership {
                    chat: *chat,
                    member: *log.members.get(&user)?,
                })
            });
            Ok(rows.collect())
        })
        .await?
    }

    async fn finish(&self, chat: ChatId, _: Seq) -> Result<bool, StoreError> {
        self.read("finish", "finish.after", |state| state.can_read(chat))
            .await??;
        Ok(self.project(chat))
    }
}

pub(super) fn unused() -> StoreError {
    StoreError::Unavailable("delivery never calls this".to_owned())
}
