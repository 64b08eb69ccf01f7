//! The log against a model: whatever nodes with stale heads do to one chat, in any order and at once, every acknowledged
//! event is found by whoever looks for it, once, and nothing else is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::sync::Arc;

use fixture::chat::{Chat, acknowledged, created, message};
use parlour_model::{Content, Draft, Epoch, Event, ManualClock, Role, Seq};
use parlour_store::{Cancellation, ChatLog, Lookup, Outcome};
use parlour_store_scylla::Connection;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use tokio::task::JoinSet;

const NODES: usize = 3;

/// What happens next, and through which node.
#[derive(Debug, Clone)]
enum Step {
    /// New drafts in one call. Who is named takes a right by one of them: what follows it is of an epoch that is over.
    Append {
        node: usize,
        count: usize,
        change: Option<Index>,
    },
    /// All nodes append at once, one draft after the other.
    Race([usize; NODES]),
    /// An earlier draft again, with what its author knew then or without.
    Retry {
        node: usize,
        which: Index,
        is_hinted: bool,
    },
    /// Other words under a key that was used.
    Reuse { node: usize, which: Index },
    /// A new draft that was checked before the last right was taken.
    Outdated { node: usize },
    /// Takes an earlier draft's key out of use, or a new one.
    Cancel { node: usize, which: Option<Index> },
    /// The node is told of an event.
    Observe { node: usize, which: Index },
    /// The node starts again and knows no head.
    Forget { node: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let node = 0..NODES;
    let index = any::<Index>;
    let change = prop::option::weighted(0.15, index());
    let count = prop_oneof![4 => 1..4_usize, 1 => 4..10_usize];
    prop_oneof![
        8 => (node.clone(), count, change).prop_map(|(node, count, change)| Step::Append { node, count, change }),
        1 => prop::array::uniform3(0..3_usize).prop_map(Step::Race),
        3 => (node.clone(), index(), any::<bool>())
            .prop_map(|(node, which, is_hinted)| Step::Retry { node, which, is_hinted }),
        1 => (node.clone(), index()).prop_map(|(node, which)| Step::Reuse { node, which }),
        1 => node.clone().prop_map(|node| Step::Outdated { node }),
        3 => (node.clone(), prop::option::of(index())).prop_map(|(node, which)| Step::Cancel { node, which }),
        2 => (node.clone(), index()).prop_map(|(node, which)| Step::Observe { node, which }),
        1 => node.prop_map(|node| Step::Forget { node }),
    ]
}

/// One chat, and what must be true of it.
struct World<'a> {
    connection: &'a Connection,
    nodes: Vec<Chat>,
    events: Vec<Event>,
    /// What was ever tried: the draft, and the event that it is; none if it was cancelled.
    tried: Vec<(Draft, Option<Event>)>,
    epoch: u64,
}

impl<'a> World<'a> {
    async fn new(connection: &'a Connection) -> Self {
        let mut nodes: Vec<Chat> = Vec::new();
        for number in 1..=NODES {
            let clock = Arc::new(ManualClock::new(fixture::START));
            let number = u16::try_from(number).unwrap();
            let store = Arc::new(fixture::open(connection, number, &clock).await);
            nodes.push(match nodes.first() {
                Some(first) => first.through(&store, &clock),
                None => Chat::create(store, clock).await,
            });
        }
        let events = nodes[0].log().await;
        Self {
            connection,
            nodes,
            events,
            tried: Vec::new(),
            epoch: 0,
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Append {
                node,
                count,
                change,
            } => self.append(node, count, change).await,
            Step::Race(counts) => self.race(counts).await,
            Step::Retry {
                node,
                which,
                is_hinted,
            } => self.retry(node, which, is_hinted).await,
            Step::Reuse { node, which } => self.reuse(node, which).await,
            Step::Outdated { node } => self.outdated(node).await,
            Step::Cancel { node, which } => self.cancel(node, which).await,
            Step::Observe { node, which } => {
                let event = which.get(&self.events);
                self.nodes[node].store.observe(event);
            }
            Step::Forget { node } => self.forget(node).await,
        }
    }

    /// A new draft of the present epoch whose author has seen everything.
    fn draft(&self, node: usize, content: Content) -> Draft {
        let chat = &self.nodes[node];
        chat.draft_of(chat.owner, self.epoch, content)
            .applied(self.head())
    }

    fn head(&self) -> Seq {
        self.events.last().unwrap().seq
    }

    async fn append(&mut self, node: usize, count: usize, change: Option<Index>) {
        let change = change.map_or(count, |at| at.index(count));
        let change_of = |i| (i == change).then(|| self.a_change(node));
        let content = |i| change_of(i).unwrap_or_else(|| message(&format!("words {i}")));
        let drafts: Vec<Draft> = (0..count).map(|i| self.draft(node, content(i))).collect();
        let outcomes = self.nodes[node].append(drafts.clone()).await;
        assert_eq!(outcomes.len(), count);
        for (i, (draft, outcome)) in drafts.into_iter().zip(outcomes).enumerate() {
            if i > change {
                assert_eq!(outcome, Outcome::RightsChanged, "draft {i}");
            } else {
                self.said(draft, created(outcome));
            }
        }
    }

    /// Something that raises the epoch.
    fn a_change(&self, node: usize) -> Content {
        let user = self.nodes[node].member;
        let role = if self.epoch.is_multiple_of(2) {
            Role::Admin
        } else {
            Role::Member
        };
        Content::RoleChanged { user, role }
    }

    /// Takes down what came next.
    fn said(&mut self, draft: Draft, event: Event) {
        assert_eq!(event.seq, self.head().next());
        assert!(event.id > self.events.last().unwrap().id);
        assert_eq!((event.key, &event.content), (draft.key, &draft.content));
        self.epoch += u64::from(event.content.raises_epoch());
        self.events.push(event.clone());
        self.tried.push((draft, Some(event)));
    }

    async fn race(&mut self, counts: [usize; NODES]) {
        let mut racers = JoinSet::new();
        for (node, count) in counts.into_iter().enumerate() {
            let chat = self.nodes[node].clone();
            let drafts: Vec<Draft> = (0..count)
                .map(|i| self.draft(node, message(&format!("{node} races {i}"))))
                .collect();
            racers.spawn(async move {
                let mut said = Vec::new();
                for draft in drafts {
                    said.push((draft.clone(), until_acknowledged(&chat, draft).await));
                }
                said
            });
        }
        let mut said: Vec<_> = racers.join_all().await.into_iter().flatten().collect();
        said.sort_by_key(|(_, event)| event.seq);
        for (draft, event) in said {
            self.said(draft, event);
        }
    }

    async fn retry(&mut self, node: usize, which: Index, is_hinted: bool) {
        if self.tried.is_empty() {
            return;
        }
        let (mut draft, event) = which.get(&self.tried).clone();
        if !is_hinted {
            draft = draft.applied(Seq::ZERO);
        }
        let outcome = self.nodes[node].append_one(draft).await;
        assert_eq!(outcome, event.map_or(Outcome::Cancelled, Outcome::Existing));
    }

    async fn reuse(&mut self, node: usize, which: Index) {
        if self.tried.is_empty() {
            return;
        }
        let (Draft { author, key, .. }, event) = which.get(&self.tried).clone();
        let epoch = Epoch::new(self.epoch);
        let other = Draft::new(author, key, epoch, message("something else"));
        let outcome = self.nodes[node].append_one(other).await;
        assert_eq!(
            outcome,
            event.map_or(Outcome::Cancelled, Outcome::KeyReused)
        );
    }

    async fn outdated(&mut self, node: usize) {
        let Some(before) = self.epoch.checked_sub(1) else {
            return;
        };
        let late = self.nodes[node].draft(before, "too late");
        let outcome = self.nodes[node].append_one(late).await;
        assert_eq!(outcome, Outcome::RightsChanged);
    }

    async fn cancel(&mut self, node: usize, which: Option<Index>) {
        let which = which.filter(|_| !self.tried.is_empty());
        let (draft, event) = match which {
            Some(which) => which.get(&self.tried).clone(),
            None => (self.draft(node, message("regretted")), None),
        };
        let chat = &self.nodes[node];
        let found = chat.store.cancel(chat.id, draft.author, draft.key).await;
        let expected = event.map_or(Cancellation::Cancelled, Cancellation::Found);
        assert_eq!(found.unwrap(), expected);
        if which.is_none() {
            self.tried.push((draft, None));
        }
    }

    async fn forget(&mut self, node: usize) {
        let chat = &self.nodes[node];
        let number = u16::try_from(node + 1).unwrap();
        let store = fixture::open(self.connection, number, &chat.clock).await;
        self.nodes[node] = chat.through(&Arc::new(store), &chat.clock);
    }

    /// What somebody who knows nothing sees.
    async fn check_head(&self) {
        let (head, last) = (self.nodes[0].head().await, self.events.last().unwrap());
        assert_eq!((head.seq, head.id), (last.seq, last.id));
        assert_eq!(head.countable, last.countable);
        assert_eq!(head.epoch.get(), self.epoch);
    }

    /// What every node sees.
    async fn check_all(&self) {
        for chat in &self.nodes {
            assert_eq!(chat.log().await, self.events);
            for (draft, event) in &self.tried {
                let found = chat.store.find(chat.id, draft.author, draft.key, Seq::ZERO);
                let expected = event.clone().map_or(Lookup::Cancelled, Lookup::Found);
                assert_eq!(found.await.unwrap(), expected);
            }
            for event in &self.events {
                let seq = chat.store.seq_of(chat.id, event.id).await.unwrap();
                assert_eq!(seq, Some(event.seq));
                let near = chat.store.head(chat.id, event.seq).await.unwrap().unwrap();
                assert_eq!(near.seq, self.head(), "looked for near {}", event.seq);
            }
        }
    }
}

/// Tries a draft until it is known to be an event.
async fn until_acknowledged(chat: &Chat, draft: Draft) -> Event {
    loop {
        match chat.append_one(draft.clone()).await {
            Outcome::Unknown { .. } | Outcome::NotStored(_) => {}
            outcome => return acknowledged(outcome),
        }
    }
}

#[test]
fn whatever_nodes_do_to_a_chat_its_events_are_found_by_all() {
    let Some(host) = fixture::host() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connection = runtime.block_on(fixture::connection(&host));
    let mut config = Config {
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    };
    if config.cases == Config::default().cases {
        config.cases = 24;
    }
    let steps = prop::collection::vec(step(), 1..40);
    let case = |steps: Vec<Step>| -> TestCaseResult {
        runtime.block_on(async {
            let mut world = World::new(&connection).await;
            for step in steps {
                world.take(step).await;
                world.check_head().await;
            }
            world.check_all().await;
        });
        Ok(())
    };
    TestRunner::new(config).run(&steps, case).unwrap();
}
