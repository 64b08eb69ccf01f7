//! Nodes that lose races on a chat, and its home.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use parlour_bus::{Channels, Fate, LinkFault};
use parlour_model::{ChatId, Event};
use parlour_service::{Actor, Missing, Post, Posted, ServiceError};
use parlour_store::faults::{Fault, Operation, Plan};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;

use crate::faults::{check, client};
use crate::telling::Listener;
use crate::world::{World, message, texts};

const UNKNOWN: ServiceError = ServiceError::OutcomeUnknown { applied: None };

/// Three nodes; a group whose home is the first of them, and which is hot on the second.
struct Hot {
    home: World,
    asker: World,
    third: World,
    users: Vec<Actor>,
    chat: ChatId,
}

impl Hot {
    async fn new() -> Self {
        let hot = Self::lukewarm(true).await;
        hot.asker.faults.lose_races(2);
        hot.asker.say(&hot.users[0], hot.chat, "lost twice").await;
        hot.asker.faults.clear();
        hot
    }

    /// Nobody has lost a race yet.
    async fn lukewarm(homes: bool) -> Self {
        let mut nodes = World::cluster(3, homes);
        let users = nodes[0].users(3).await;
        let chat = nodes[0].group(&users).await;
        let home = loop {
            let is_home = |node: &World| !node.delivery.has_home_elsewhere(chat);
            let homes: Vec<usize> = (0..3).filter(|nth| is_home(&nodes[*nth])).collect();
            if let [home] = homes[..] {
                break home;
            }
            tokio::task::yield_now().await;
        };
        nodes.swap(0, home);
        let [home, asker, third] = nodes.try_into().ok().expect("three nodes");
        Self {
            home,
            asker,
            third,
            users,
            chat,
        }
    }

    /// Only the home can still write.
    fn let_only_the_home_write(&self) {
        for node in [&self.asker, &self.third] {
            node.faults.always(Operation::Append, Fault::Before);
        }
    }

    /// What becomes of packets to the home.
    fn packets_home(&self, fate: Fate) {
        let home = self.home.bus.node();
        let decide: LinkFault =
            Arc::new(move |to, _| if *to == home { fate } else { Fate::Deliver });
        self.home.network.set_fault(Some(decide));
    }

    fn draft(&self, text: &str) -> Post {
        self.asker.draft(self.chat, message(text))
    }

    /// The first user posts on the node that asks.
    async fn ask(&self, post: &Post) -> Result<Posted, ServiceError> {
        self.asker.chats.post(&self.users[0], post.clone()).await
    }

    async fn log(&self) -> Vec<Event> {
        self.home.log(self.chat).await
    }
}

#[tokio::test]
async fn a_hot_chat_is_appended_to_by_its_home_and_everybody_hears_in_order() {
    let hot = Hot::new().await;
    let nodes = [&hot.home, &hot.asker, &hot.third];
    let mut listeners = Vec::new();
    for (node, who) in nodes.iter().zip(&hot.users) {
        listeners.push(Listener::connect(&node.delivery, who, &[hot.chat]).await);
    }
    hot.let_only_the_home_write();
    let head = hot.log().await.len();
    let posts: Vec<Post> = (0..40).map(|nth| hot.draft(&nth.to_string())).collect();
    let asked = posts.iter().map(|post| hot.ask(post));
    let own = (0..40).map(|nth| {
        hot.home
            .post(&hot.users[1], hot.chat, message(&format!("own {nth}")))
    });
    let (posted, own) = tokio::join!(join_all(asked), join_all(own));
    assert!(own.iter().all(Result::is_ok));
    for (posted, post) in posted.into_iter().zip(posts) {
        let posted = posted.unwrap();
        assert_eq!((posted.event.key, posted.duplicate), (post.key, false));
    }
    for listener in &mut listeners {
        for seq in head + 1..=head + 80 {
            assert_eq!(listener.hear("event").await["seq"], seq);
        }
    }
    let refused = hot
        .third
        .post(&hot.users[2], hot.chat, message("cool"))
        .await;
    assert!(refused.is_err(), "the third has lost no race");
}

#[tokio::test]
async fn who_always_wins_comes_to_the_home_that_loses() {
    let hot = Hot::lukewarm(true).await;
    let mut listeners = Vec::new();
    for (node, who) in [&hot.home, &hot.asker, &hot.third].iter().zip(&hot.users) {
        listeners.push(Listener::connect(&node.delivery, who, &[hot.chat]).await);
    }
    hot.home.faults.lose_races(2);
    hot.home.say(&hot.users[0], hot.chat, "lost twice").await;
    hot.let_only_the_home_write();
    for node in [&hot.asker, &hot.third] {
        let came = async {
            while let Err(error) = node.post(&hot.users[1], hot.chat, message("said")).await {
                assert!(matches!(error, ServiceError::Unavailable(_)), "{error}");
                tokio::task::yield_now().await;
            }
        };
        let within = Duration::from_secs(20);
        tokio::time::timeout(within, came)
            .await
            .expect("it was not called");
    }
}

#[tokio::test]
async fn without_homes_no_node_appends_for_another() {
    let hot = Hot::lukewarm(false).await;
    hot.asker.faults.lose_races(2);
    hot.asker.say(&hot.users[0], hot.chat, "lost twice").await;
    hot.let_only_the_home_write();
    let refused = hot.ask(&hot.draft("said")).await;
    assert!(matches!(refused, Err(ServiceError::Unavailable(_))));
}

#[tokio::test]
async fn when_the_home_is_gone_the_same_key_is_appended_here_at_once() {
    let hot = Hot::new().await;
    hot.home.network.crash(&hot.home.bus);
    let (post, begun) = (hot.draft("said"), Instant::now());
    let posted = hot.ask(&post).await.unwrap();
    assert_eq!((posted.event.key, posted.duplicate), (post.key, false));
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "nobody was waited for"
    );
}

#[tokio::test]
async fn a_node_that_lost_the_bus_appends_itself() {
    let hot = Hot::new().await;
    hot.home.network.cut_off(&hot.asker.bus);
    hot.home.faults.always(Operation::Append, Fault::Before);
    hot.ask(&hot.draft("said")).await.unwrap();
}

#[tokio::test]
async fn a_silent_home_leaves_everything_open_until_the_key_is_found() {
    let hot = Hot::new().await;
    hot.packets_home(Fate::Drop);
    hot.asker.faults.always(Operation::Append, Fault::Before);
    let post = hot.draft("once");
    assert_eq!(hot.ask(&post).await, Err(UNKNOWN), "not definite any more");
    hot.asker.faults.clear();
    let posted = hot.ask(&post).await.unwrap();
    assert!(!posted.duplicate);
    assert_eq!(texts(&hot.log().await), ["lost twice", "once"]);
}

#[tokio::test]
async fn what_reaches_the_home_late_or_twice_is_one_event() {
    let hot = Hot::new().await;
    hot.packets_home(Fate::Hold);
    let late = hot.draft("late");
    let event = hot.ask(&late).await.unwrap().event;
    hot.packets_home(Fate::Double);
    hot.home.network.release_held();
    let twice = hot.ask(&hot.draft("twice")).await.unwrap();
    assert!(!twice.duplicate);
    assert_eq!(texts(&hot.log().await), ["lost twice", "late", "twice"]);
    let again = hot.home.chats.post(&hot.users[0], late).await.unwrap();
    assert_eq!((again.event, again.duplicate), (event, true));
}

#[tokio::test]
async fn a_busy_home_is_the_answer() {
    let hot = Hot::new().await;
    let who = &hot.users[1];
    hot.home.say(who, hot.chat, "so that I am known").await;
    hot.home.faults.always(Operation::Append, Fault::Hang);
    let post = || hot.home.post(who, hot.chat, message("waits"));
    let mut posts = vec![Box::pin(post())];
    assert!(posts[0].as_mut().now_or_never().is_none());
    hot.home.faults.struck(Operation::Append, 1).await;
    for _ in 0..parlour_model::limits::APPENDS_WAITING_MAX {
        let mut next = Box::pin(post());
        assert!(next.as_mut().now_or_never().is_none());
        posts.push(next);
    }
    let busy = hot.ask(&hot.draft("one too many")).await;
    assert!(
        matches!(
            busy,
            Err(ServiceError::Busy {
                own_rate: false,
                ..
            })
        ),
        "{busy:?}"
    );
    hot.home.faults.clear();
    hot.home.faults.release().await;
    assert!(join_all(posts).await.iter().all(Result::is_ok));
    assert!(!texts(&hot.log().await).contains(&"one too many".to_owned()));
}

#[tokio::test]
async fn who_was_removed_through_the_home_posts_no_more_through_others() {
    let hot = Hot::new().await;
    let [owner, bob, cem] = [hot.users[0], hot.users[1], hot.users[2]];
    for who in [&bob, &cem] {
        hot.asker.say(who, hot.chat, "so that I am known").await;
    }
    hot.home
        .chats
        .remove_member(&owner, hot.chat, bob.user)
        .await
        .unwrap();
    hot.let_only_the_home_write();
    let refused = hot.asker.post(&bob, hot.chat, message("after")).await;
    assert_eq!(refused, Err(ServiceError::NotFound(Missing::Chat)));
    hot.asker.say(&cem, hot.chat, "still here").await;
}

/// Packets that are lost, doubled and late, stores that fail in every way, and every node believes that it loses races.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_random_faults_of_stores_and_links_nothing_is_lost_doubled_or_wrongly_called_failed()
{
    let hot = Hot::lukewarm(true).await;
    let seed = rand::random::<u64>();
    eprintln!("seed of the links: {seed}");
    let packets = AtomicU64::new(0);
    let fate: LinkFault = Arc::new(move |_, _| {
        let nth = packets.fetch_add(1, Ordering::Relaxed);
        match StdRng::seed_from_u64(seed ^ nth).random_range(0..20) {
            0 => Fate::Drop,
            1 | 2 => Fate::Double,
            3 => Fate::Hold,
            _ => Fate::Deliver,
        }
    });
    hot.home.network.set_fault(Some(fate));
    let mut clients = JoinSet::new();
    let nodes = [&hot.home, &hot.asker, &hot.third];
    for (nth, (node, who)) in nodes.iter().cycle().zip(hot.users.repeat(2)).enumerate() {
        node.faults.lose_races(1);
        node.faults.at_random(Plan::from_entropy());
        let text = |post| message(&format!("{nth} {post}"));
        let posts = (0..12)
            .map(|post| node.draft(hot.chat, text(post)))
            .collect();
        clients.spawn(client(node.chats.clone(), who, posts));
    }
    let told = clients.join_all().await;
    hot.home.network.set_fault(None);
    hot.home.network.release_held();
    for node in nodes {
        node.faults.clear();
        node.faults.release().await;
    }
    // Whatever was late is in the log once the home has answered what came after it.
    hot.home.say(&hot.users[0], hot.chat, "the end").await;
    check(&hot.log().await, told);
}
