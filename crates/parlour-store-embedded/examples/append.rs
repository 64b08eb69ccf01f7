//! How many messages a second the store makes durable: writers, each with one message under way.
//!
//! `cargo run --release -p parlour-store-embedded --example append -- [folder] [writers] [chats] [seconds]`
//!
//! Writers share the chats evenly. Every message is a text of 128 bytes, a call of its own, and durable when its
//! writer goes on to the next.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parlour_model::{
    AppData, Body, ChatId, ChatType, Clock, Content, Draft, Epoch, EventKey, HistoryVisibility,
    IdGenerator, NewMember, NodeNumber, Role, SystemClock, Timestamp, UserId, limits,
};
use parlour_store::{ChatLog, NewChat, Outcome};
use parlour_store_embedded::{EmbeddedStore, Options};
use tokio::task::JoinSet;

struct Load {
    dir: PathBuf,
    writers: u64,
    chats: u64,
    lasts: Duration,
}

#[tokio::main]
async fn main() {
    let load = read_arguments();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids = IdGenerator::new(NodeNumber::ZERO, Arc::clone(&clock), Timestamp::default());
    let options = Options {
        clock: Arc::clone(&clock),
        ids: Arc::new(ids),
        bucket_events: limits::BUCKET_EVENTS,
        readers: 2,
    };
    let store = Arc::new(EmbeddedStore::open(&load.dir, options).expect("the folder opens"));
    for number in 1..=load.chats {
        store
            .create(new_chat(number, clock.now()))
            .await
            .expect("the chat is created");
    }
    let started = Instant::now();
    let mut writers = JoinSet::new();
    for number in 1..=load.writers {
        let chat = id(number % load.chats + 1, ChatId::new);
        let writer = write(
            Arc::clone(&store),
            Arc::clone(&clock),
            chat,
            number,
            load.lasts,
        );
        writers.spawn(writer);
    }
    let mut latencies: Vec<Duration> = writers.join_all().await.concat();
    let seconds = started.elapsed().as_secs_f64();
    latencies.sort();
    report(&load, &latencies, seconds);
    store.close().await;
}

/// Sends one message after the other; answers how long each took.
async fn write(
    store: Arc<EmbeddedStore>,
    clock: Arc<dyn Clock>,
    chat: ChatId,
    writer: u64,
    lasts: Duration,
) -> Vec<Duration> {
    let author = id(writer, UserId::new);
    let started = Instant::now();
    let mut latencies = Vec::new();
    while started.elapsed() < lasts {
        let content = Content::Message {
            body: Body::text("x".repeat(128)),
            reply_to: None,
        };
        let sent = Instant::now();
        let draft = Draft::new(
            author,
            EventKey::generate(clock.now()),
            Epoch::ZERO,
            content,
        );
        let appended = store.append(chat, vec![draft]).await;
        assert!(
            matches!(appended.outcomes[..], [Outcome::Created(_)]),
            "{appended:?}"
        );
        latencies.push(sent.elapsed());
    }
    latencies
}

#[expect(clippy::print_stdout, reason = "the result of the program")]
fn report(load: &Load, latencies: &[Duration], seconds: f64) {
    let quantile = |q: f64| latencies[(latencies.len() as f64 * q) as usize];
    println!(
        "{} writers, {} chats: {:.0} durable messages/s, p50 {:?}, p99 {:?}",
        load.writers,
        load.chats,
        latencies.len() as f64 / seconds,
        quantile(0.5),
        quantile(0.99)
    );
}

fn new_chat(number: u64, now: Timestamp) -> NewChat {
    let creator = id(number, UserId::new);
    let users = vec![NewMember {
        user: creator,
        role: Role::Owner,
    }];
    NewChat {
        id: id(number, ChatId::new),
        creator,
        key: EventKey::generate(now),
        content: Content::ChatCreated {
            chat_type: ChatType::Group,
            title: None,
            history: HistoryVisibility::All,
            data: AppData::default(),
            users,
        },
    }
}

fn id<I>(number: u64, new: fn(u64) -> Result<I, parlour_model::IdError>) -> I {
    new(number).expect("the number is small and not zero")
}

fn read_arguments() -> Load {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments
        .next()
        .unwrap_or_else(|| "target/append-example".to_owned());
    let mut number = |default| {
        let given = arguments.next();
        given.map_or(default, |text| text.parse().expect("a number"))
    };
    Load {
        dir: dir.into(),
        writers: number(1_024),
        chats: number(256).max(1),
        lasts: Duration::from_secs(number(5)),
    }
}
