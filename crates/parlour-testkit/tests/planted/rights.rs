//! Bugs about who is a member: an old row with a new epoch, a page for who was removed, rights carried over from
//! memory when a bucket begins.
//!
//! In each scenario one node hears of others with delay, as it does behind a slow bus: its users go on as if
//! nothing had happened to them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use parlour_bus::{Channels, Fate, LinkFault};
use parlour_client::{HistoryAt, SendFailure};
use parlour_model::{Body, ChatId, Draft, Member, Seq, UserId};
use parlour_store::{Appended, Authority, SharedStore, StoreError};
use parlour_testkit::Device;
use parlour_testkit::checker::{Invariant, Violation};
use parlour_testkit::planting::{StoreBug, time_passes};

use crate::support::{AFTER_A_FAULT, BUCKET_EVENTS, Bug, Nodes, must_be_named};

/// How often the one who was removed tries while their node does not know: more often than a bucket has events.
const TRIES: u64 = BUCKET_EVENTS + 2;

/// Bob, on the second node, writes and reads on after having been removed, because his node has not heard of it.
async fn with_one_node_behind(nodes: Nodes) -> Vec<Violation> {
    let ann = nodes.device(0, "ann").await;
    let bob = nodes.device(1, "bob").await;
    let group = ann.client().create_group("group", vec![bob.user()]).await;
    let chat = group.unwrap().id;
    bob.until_applied(chat, Seq::FIRST).await.unwrap();
    write(&bob, chat).await.expect("bob is a member");
    bob.client()
        .history(chat, HistoryAt::End, 20)
        .await
        .unwrap();
    let behind = Channels::node(&*nodes.buses[1]);
    let fault: LinkFault = Arc::new(move |to, _| {
        if *to == behind {
            Fate::Hold
        } else {
            Fate::Deliver
        }
    });
    nodes.network.set_fault(Some(fault));
    let rest = ann.client().rest();
    rest.remove_member(chat, bob.user()).await.unwrap();
    for _ in 0..TRIES {
        write(&ann, chat).await.expect("ann is a member");
        // Refused as a rule, or put off: a bug that keeps the standing keeps him trying.
        let _ = tokio::time::timeout(Duration::from_secs(1), write(&bob, chat)).await;
        let _ = bob.client().history(chat, HistoryAt::End, 20).await;
    }
    nodes.network.set_fault(None);
    nodes.network.release_held();
    time_passes(AFTER_A_FAULT).await;
    nodes.judge_devices(vec![ann, bob]).await
}

async fn write(device: &Device, chat: ChatId) -> Result<(), SendFailure> {
    let body = Body::text("hello");
    let sent = device.client().send(chat, body, None).await.unwrap();
    sent.settled().await.map(drop)
}

async fn with_bug(bug: &str, expected: Invariant, make: impl Fn() -> Arc<dyn StoreBug>) {
    must_be_named(bug, expected, async |_, is_planted| {
        let bug = |_| {
            if is_planted {
                Bug::of_store(make())
            } else {
                Bug::none()
            }
        };
        with_one_node_behind(Nodes::start(bug).await).await
    })
    .await;
}

/// Remembers the member's row and takes everything else afresh, the epoch too.
#[derive(Default)]
struct RowWithoutEpoch(Mutex<HashMap<(ChatId, UserId), Member>>);

#[async_trait]
impl StoreBug for RowWithoutEpoch {
    async fn authority(
        &self,
        store: &SharedStore,
        chat: ChatId,
        user: UserId,
    ) -> Result<Option<Authority>, StoreError> {
        let fresh = store.authority(chat, user).await?;
        Ok(fresh.map(|mut authority| {
            let mut remembered = self.0.lock().unwrap();
            match (remembered.get(&(chat, user)), &authority.member) {
                (Some(member), _) => authority.member = Some(*member),
                (None, Some(member)) if member.is_joined() => {
                    remembered.insert((chat, user), *member);
                }
                _ => {}
            }
            authority
        }))
    }
}

#[tokio::test(start_paused = true)]
async fn a_membership_remembered_without_its_epoch() {
    with_bug("membership cached without epoch", Invariant::A1, || {
        Arc::new(RowWithoutEpoch::default())
    })
    .await;
}

/// Believes the standing of a member after their removal, and says that it is as new as the head.
#[derive(Default)]
struct OldStanding(Mutex<HashMap<(ChatId, UserId), Authority>>);

#[async_trait]
impl StoreBug for OldStanding {
    async fn authority(
        &self,
        store: &SharedStore,
        chat: ChatId,
        user: UserId,
    ) -> Result<Option<Authority>, StoreError> {
        let Some(fresh) = store.authority(chat, user).await? else {
            return Ok(None);
        };
        let mut remembered = self.0.lock().unwrap();
        if fresh.member.as_ref().is_some_and(Member::is_joined) {
            remembered.insert((chat, user), fresh.clone());
            return Ok(Some(fresh));
        }
        let old = remembered.get(&(chat, user)).cloned();
        let as_of = fresh.as_of;
        Ok(Some(old.map_or(fresh, |old| Authority { as_of, ..old })))
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_released_on_an_old_membership() {
    with_bug("page released on an old membership", Invariant::A2, || {
        Arc::new(OldStanding::default())
    })
    .await;
}

/// Carries the rights of a chat into a new bucket from what this node remembers, not from the sealed bucket: the
/// first event of a bucket is committed at whatever epoch its author was checked.
struct RollOverFromMemory;

#[async_trait]
impl StoreBug for RollOverFromMemory {
    async fn append(&self, store: &SharedStore, chat: ChatId, mut drafts: Vec<Draft>) -> Appended {
        let head = store.head(chat, Seq::ZERO).await.unwrap().unwrap();
        if head.seq.get().is_multiple_of(BUCKET_EVENTS) {
            for draft in &mut drafts {
                draft.epoch = head.epoch;
            }
        }
        store.append(chat, drafts).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_roll_over_with_a_cached_head() {
    with_bug("roll-over with a cached head", Invariant::A1, || {
        Arc::new(RollOverFromMemory)
    })
    .await;
}
