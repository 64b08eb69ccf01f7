//! A store in a folder of its own that fails when told to, one node's chats on it, and a clock that stands still.

use std::sync::Arc;

use parlour_bus::{LocalBus, LocalNetwork};
use parlour_delivery::{Delivery, DeliveryParts};
use parlour_model::{
    AppData, Body, ChatId, Clock, Content, DisplayName, Event, EventKey, HistoryVisibility,
    IdGenerator, ManualClock, NodeNumber, Seq, SessionId, Timestamp, Title, User, UserId, UserName,
    limits,
};
use parlour_service::{Actor, ChatParts, Chats, NewGroup, Post, Posted, ServiceError};
use parlour_store::faults::{Faults, FaultyStore};
use parlour_store::{Claim, ClaimSpace, NewUser, SharedStore};
use parlour_store_embedded::{EmbeddedStore, Options};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) struct World {
    /// The store without faults, to look at.
    pub(crate) store: SharedStore,
    /// How the store of `chats` fails.
    pub(crate) faults: Faults,
    pub(crate) chats: Chats,
    pub(crate) delivery: Delivery,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) bus: Arc<LocalBus>,
    pub(crate) network: LocalNetwork,
    token: CancellationToken,
    _folder: Arc<TempDir>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let mut nodes = Self::cluster(1, true);
        nodes.pop().expect("one node")
    }

    /// Nodes of one network on one store, which fails for each of them by itself.
    pub(crate) fn cluster(nodes: usize, homes: bool) -> Vec<Self> {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let time: Arc<dyn Clock> = clock.clone();
        let number = NodeNumber::ZERO;
        let ids = IdGenerator::new(number, Arc::clone(&time), Timestamp::default());
        let ids = Arc::new(ids);
        let options = Options {
            clock: Arc::clone(&time),
            ids: Arc::clone(&ids),
            bucket_events: limits::BUCKET_EVENTS,
            readers: 2,
        };
        let store: SharedStore = Arc::new(EmbeddedStore::open(folder.path(), options).unwrap());
        let network = LocalNetwork::new();
        let join = |_| Arc::new(network.join(Arc::clone(&time)));
        // All are there before one of them looks who is.
        let buses: Vec<_> = (0..nodes).map(join).collect();
        let nodes = buses.into_iter().map(|bus| {
            let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
            let delivery = Delivery::new(DeliveryParts {
                store: Arc::clone(&store),
                bus: bus.clone(),
                clock: Arc::clone(&time),
                tracker: tracker.clone(),
                token: token.clone(),
            });
            delivery.start();
            let faulty = FaultyStore::new(Arc::clone(&store));
            let faults = faulty.faults();
            let chats = Chats::new(ChatParts {
                store: Arc::new(faulty),
                delivery: delivery.clone(),
                clock: Arc::clone(&time),
                ids: Arc::clone(&ids),
                tracker,
                homes,
                token: token.clone(),
            });
            Self {
                store: Arc::clone(&store),
                faults,
                chats,
                delivery,
                clock: Arc::clone(&clock),
                ids: Arc::clone(&ids),
                bus,
                network: network.clone(),
                token,
                _folder: Arc::clone(&folder),
            }
        });
        nodes.collect()
    }

    /// Somebody new.
    pub(crate) async fn user(&self) -> Actor {
        let id = UserId::new(self.ids.next_id().unwrap()).unwrap();
        let username = UserName::new(&format!("user_{id}")).unwrap();
        let now = self.clock.now();
        let user = User {
            id,
            username: username.clone(),
            display_name: DisplayName::new("Somebody").unwrap(),
            avatar_url: None,
            data: AppData::default(),
            created_at: now,
            updated_at: now,
        };
        let password_hash = "none".to_owned();
        let new = NewUser {
            user,
            password_hash,
        };
        self.store.put_user(new).await.unwrap();
        let space = ClaimSpace::UserName;
        let claim = self.store.claim(space, username.as_str(), id.get(), None);
        assert_eq!(claim.await.unwrap(), Claim::Won);
        Actor {
            user: id,
            session: SessionId::new(1).unwrap(),
            expires_at: now.plus(limits::KEY_AGE_MAX),
        }
    }

    pub(crate) async fn users(&self, count: usize) -> Vec<Actor> {
        let mut users = Vec::with_capacity(count);
        for _ in 0..count {
            users.push(self.user().await);
        }
        users
    }

    /// A group of these members with everything visible; the first is its owner.
    pub(crate) async fn group(&self, members: &[Actor]) -> ChatId {
        self.group_with(members, HistoryVisibility::All).await
    }

    pub(crate) async fn group_with(&self, members: &[Actor], history: HistoryVisibility) -> ChatId {
        let new = NewGroup {
            title: Title::new("A group").unwrap(),
            users: members.iter().map(|member| member.user).collect(),
            history,
            data: AppData::default(),
            idempotency_key: None,
        };
        let (chat, existed) = self.chats.create_group(&members[0], new).await.unwrap();
        assert!(!existed);
        chat.chat.id
    }

    pub(crate) async fn direct(&self, one: &Actor, other: &Actor) -> ChatId {
        let (chat, _) = self.chats.create_direct(one, other.user).await.unwrap();
        chat.chat.id
    }

    pub(crate) fn key(&self) -> EventKey {
        EventKey::generate(self.clock.now())
    }

    /// A post with a new key.
    pub(crate) fn draft(&self, chat: ChatId, content: Content) -> Post {
        Post {
            chat,
            key: self.key(),
            applied: Seq::ZERO,
            content,
        }
    }

    pub(crate) async fn post(
        &self,
        actor: &Actor,
        chat: ChatId,
        content: Content,
    ) -> Result<Posted, ServiceError> {
        self.chats.post(actor, self.draft(chat, content)).await
    }

    /// Says something that must be possible.
    pub(crate) async fn say(&self, actor: &Actor, chat: ChatId, text: &str) -> Event {
        let posted = self.post(actor, chat, message(text)).await.unwrap();
        assert!(!posted.duplicate);
        posted.event
    }

    /// The whole log.
    pub(crate) async fn log(&self, chat: ChatId) -> Vec<Event> {
        let head = self.store.head(chat, Seq::ZERO).await.unwrap().unwrap();
        let events = self
            .store
            .events(chat, Seq::ZERO, head.seq, 1_000_000)
            .await;
        let events = events.unwrap();
        let seqs: Vec<u64> = events.iter().map(|event| event.seq.get()).collect();
        assert_eq!(seqs, (1..=head.seq.get()).collect::<Vec<_>>());
        events
    }

    /// Who is a member now, and as what, in the order of ids.
    pub(crate) async fn roles(&self, chat: ChatId) -> Vec<(UserId, parlour_model::Role)> {
        let members = self.store.members(chat, None, 2_000).await.unwrap();
        members
            .iter()
            .map(|member| (member.user, member.role))
            .collect()
    }
}

pub(crate) fn message(text: &str) -> Content {
    let (body, reply_to) = (Body::text(text), None);
    Content::Message { body, reply_to }
}

/// The texts of a log's messages.
pub(crate) fn texts(events: &[Event]) -> Vec<String> {
    let texts = events.iter().filter_map(|event| match &event.content {
        Content::Message { body, .. } => body.as_text(),
        _ => None,
    });
    texts.map(str::to_owned).collect()
}

/// What is told where something may be stored.
pub(crate) const UNKNOWN: ServiceError = ServiceError::OutcomeUnknown { applied: None };

/// How many chats somebody has.
pub(crate) async fn chats_of(world: &World, who: &Actor) -> usize {
    world.chats.list(who, None, 10).await.unwrap().chats.len()
}
