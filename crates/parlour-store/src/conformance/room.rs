//! A fresh chat for one case, with short words for what cases do all the time.
//!
//! [`Room::log`] checks the shape of the whole log at every read: seqs without a hole, rising ids, running
//! countable numbers, the chain of effects, and the head that belongs to them.

use std::sync::Arc;

use parlour_model::{
    AppData, Body, ChatId, ChatType, Clock, Content, Countable, Draft, Epoch, Event, EventKey,
    HistoryVisibility, ManualClock, NewMember, Role, Seq, UserId,
};

use super::Fixture;
use crate::{Appended, Authority, Creation, Head, NewChat, NotStored, Outcome, SharedStore};

/// Tries of one draft before a case gives up on a store that does not settle it.
const TRIES_MAX: u32 = 200;

/// A group chat of its own, seen through one node.
#[derive(Clone)]
pub(super) struct Room {
    pub(super) store: SharedStore,
    pub(super) clock: Arc<ManualClock>,
    pub(super) chat: ChatId,
    pub(super) owner: UserId,
    /// The members besides the owner, by rising id.
    pub(super) others: Vec<UserId>,
}

impl Room {
    /// A new group of an owner and `others` members.
    pub(super) async fn open(fixture: &dyn Fixture, others: usize) -> Self {
        Self::open_with(fixture, others, HistoryVisibility::All).await
    }

    /// A new group whose new members may see what `history` says.
    pub(super) async fn open_with(
        fixture: &dyn Fixture,
        others: usize,
        history: HistoryVisibility,
    ) -> Self {
        let mut others: Vec<UserId> = (0..others).map(|_| new_user()).collect();
        others.sort();
        let room = Self {
            store: fixture.store(),
            clock: fixture.clock(),
            chat: new_chat_id(),
            owner: new_user(),
            others,
        };
        let new = NewChat {
            id: room.chat,
            creator: room.owner,
            key: room.key(),
            content: group(room.owner, &room.others, history),
        };
        let creation = room.store.create(new).await.expect("create");
        assert!(matches!(creation, Creation::Created(_)), "{creation:?}");
        room
    }

    /// Gives up the handle of the store, so that it can be closed.
    pub(super) fn close(self) -> ClosedRoom {
        ClosedRoom {
            chat: self.chat,
            owner: self.owner,
            others: self.others,
        }
    }

    /// The same room through the second node, or through the first where there is no second.
    pub(super) async fn through_second_node(&self, fixture: &dyn Fixture) -> Self {
        match fixture.second_node().await {
            Some(node) => Self {
                store: node.store,
                clock: node.clock,
                ..self.clone()
            },
            None => self.clone(),
        }
    }

    /// A new key of the present time.
    pub(super) fn key(&self) -> EventKey {
        EventKey::generate(self.clock.now())
    }

    /// A draft with a new key, checked at `epoch`.
    pub(super) fn draft_at(&self, epoch: Epoch, author: UserId, content: Content) -> Draft {
        Draft::new(author, self.key(), epoch, content)
    }

    /// A draft with a new key, checked at the present epoch.
    pub(super) async fn draft(&self, author: UserId, content: Content) -> Draft {
        self.draft_at(self.head().await.epoch, author, content)
    }

    /// What became of one draft.
    pub(super) async fn try_append(&self, draft: Draft) -> Outcome {
        self.append(vec![draft]).await.remove(0)
    }

    /// What became of several drafts of one call.
    pub(super) async fn append(&self, drafts: Vec<Draft>) -> Vec<Outcome> {
        let count = drafts.len();
        let appended = self.store.append(self.chat, drafts).await;
        assert_eq!(appended.outcomes.len(), count, "one outcome for each draft");
        assert_head_covers(&appended);
        appended.outcomes
    }

    /// What became of one draft, retried with its key until the store is sure.
    pub(super) async fn settle(&self, draft: Draft) -> Outcome {
        for _ in 0..TRIES_MAX {
            match self.try_append(draft.clone()).await {
                Outcome::Unknown { .. } | Outcome::NotStored(NotStored::Unavailable(_)) => {
                    tokio::task::yield_now().await;
                }
                settled => return settled,
            }
        }
        panic!("not settled after {TRIES_MAX} tries: {draft:?}");
    }

    /// Appends one event that must be new.
    pub(super) async fn post(&self, author: UserId, content: Content) -> Event {
        let draft = self.draft(author, content).await;
        created(self.try_append(draft).await)
    }

    /// Appends one message that must be new.
    pub(super) async fn say(&self, author: UserId, text: &str) -> Event {
        self.post(author, message(text)).await
    }

    /// Appends `count` messages of the owner in one call: enough to cross buckets.
    pub(super) async fn fill(&self, count: usize) -> Vec<Event> {
        let epoch = self.head().await.epoch;
        let drafts = (0..count)
            .map(|i| self.draft_at(epoch, self.owner, message(&format!("filler {i}"))))
            .collect();
        self.append(drafts).await.into_iter().map(created).collect()
    }

    /// Adds a user as a member.
    pub(super) async fn add(&self, user: UserId) -> Event {
        let users = vec![NewMember {
            user,
            role: Role::Member,
        }];
        self.post(self.owner, Content::MembersAdded { users }).await
    }

    /// Removes a user.
    pub(super) async fn remove(&self, user: UserId) -> Event {
        self.post(self.owner, Content::MemberRemoved { user }).await
    }

    /// The head.
    pub(super) async fn head(&self) -> Head {
        let head = self.store.head(self.chat, Seq::ZERO).await.expect("head");
        head.expect("the chat exists")
    }

    /// A user's standing.
    pub(super) async fn authority(&self, user: UserId) -> Authority {
        let authority = self.store.authority(self.chat, user).await;
        authority.expect("authority").expect("the chat exists")
    }

    /// The whole log, checked for its shape and against the head.
    pub(super) async fn log(&self) -> Vec<Event> {
        let head = self.head().await;
        let mut log: Vec<Event> = Vec::new();
        loop {
            let after = log.last().map_or(Seq::ZERO, |event| event.seq);
            let events = self.store.events(self.chat, after, head.seq, 50).await;
            let events = events.expect("events");
            if events.is_empty() {
                break;
            }
            log.extend(events);
        }
        check_log(self.chat, &log, head);
        log
    }
}

/// A room without a handle of the store.
pub(super) struct ClosedRoom {
    chat: ChatId,
    owner: UserId,
    others: Vec<UserId>,
}

impl ClosedRoom {
    /// The same room through the fixture's present store.
    pub(super) fn open(self, fixture: &dyn Fixture) -> Room {
        Room {
            store: fixture.store(),
            clock: fixture.clock(),
            chat: self.chat,
            owner: self.owner,
            others: self.others,
        }
    }
}

/// A head that comes with outcomes is not below any event among them.
fn assert_head_covers(appended: &Appended) {
    let newest = appended
        .outcomes
        .iter()
        .filter_map(event_of)
        .max_by_key(|event| event.seq);
    if let (Some(event), Some(head)) = (newest, appended.head) {
        assert!(head.seq >= event.seq, "{head:?} is below {event:?}");
    }
}

fn event_of(outcome: &Outcome) -> Option<&Event> {
    match outcome {
        Outcome::Created(event) | Outcome::Existing(event) | Outcome::KeyReused(event) => {
            Some(event)
        }
        _ => None,
    }
}

/// Seqs are 1, 2, 3 …, ids rise, countable and effects run as the contents say, and the head ends it.
fn check_log(chat: ChatId, log: &[Event], head: Head) {
    let (mut seq, mut countable, mut epoch) = (Seq::ZERO, Countable::ZERO, Epoch::ZERO);
    let (mut effect, mut membership) = (Seq::ZERO, Seq::ZERO);
    let mut id = None;
    for event in log {
        seq = seq.next();
        assert_eq!((event.chat, event.seq), (chat, seq), "a hole in the log");
        assert!(Some(event.id) > id, "the id does not rise: {event:?}");
        id = Some(event.id);
        countable = Countable::new(countable.get() + u64::from(event.content.is_countable()));
        assert_eq!(event.countable, countable, "countable of {event:?}");
        assert_eq!(event.prev_effect, effect, "prev_effect of {event:?}");
        if event.content.has_effect() {
            effect = seq;
        }
        if event.content.changes_membership() {
            membership = seq;
        }
        if event.content.raises_epoch() {
            epoch = epoch.next();
        }
    }
    let id = id.expect("a chat has at least one event");
    let expected = Head {
        seq,
        id,
        countable,
        epoch,
        membership_seq: membership,
        effect_seq: effect,
    };
    assert_eq!(head, expected, "the head is not what the log says");
}

/// The event that this outcome created.
#[track_caller]
pub(super) fn created(outcome: Outcome) -> Event {
    match outcome {
        Outcome::Created(event) => event,
        other => panic!("not created: {other:?}"),
    }
}

/// The event of an earlier attempt that this outcome names.
#[track_caller]
pub(super) fn existing(outcome: Outcome) -> Event {
    match outcome {
        Outcome::Existing(event) => event,
        other => panic!("not existing: {other:?}"),
    }
}

/// The event of an acknowledged outcome, new or not.
#[track_caller]
pub(super) fn acknowledged(outcome: Outcome) -> Event {
    match outcome {
        Outcome::Created(event) | Outcome::Existing(event) => event,
        other => panic!("not acknowledged: {other:?}"),
    }
}

/// A text message.
pub(super) fn message(text: &str) -> Content {
    Content::Message {
        body: Body::text(text),
        reply_to: None,
    }
}

/// The content of seq 1 of a group.
pub(super) fn group(owner: UserId, others: &[UserId], history: HistoryVisibility) -> Content {
    let member = |role| move |user: &UserId| NewMember { user: *user, role };
    let users = std::iter::once(&owner)
        .map(member(Role::Owner))
        .chain(others.iter().map(member(Role::Member)))
        .collect();
    Content::ChatCreated {
        chat_type: ChatType::Group,
        title: None,
        history,
        data: AppData::default(),
        users,
    }
}

/// A random number that nobody else has, fit for an id.
pub(super) fn random_number() -> u64 {
    (rand::random::<u64>() >> 1) | 1
}

/// A user whom no other case knows.
pub(super) fn new_user() -> UserId {
    UserId::new(random_number()).expect("odd and below 2^63")
}

/// A chat that no other case knows.
pub(super) fn new_chat_id() -> ChatId {
    ChatId::new(random_number()).expect("odd and below 2^63")
}
