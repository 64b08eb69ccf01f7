//! What a crash of the whole machine can leave: a last write that is half there, or nonsense behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use parlour_model::{Body, ChatId, EventId, Seq};
use parlour_protocol::Encoding;
use parlour_store::ChatLog;
use parlour_testkit::checker::{Invariant, check};
use parlour_testkit::crash::kill_after;
use parlour_testkit::load::{Load, Size};
use parlour_testkit::{Said, Server, World, open};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::{assert_kept, server};

/// The log file beside the database.
const LOG: &str = "parlour.db-wal";
/// A frame of the log file: its head and one page.
const FRAME: usize = 24 + 4096;
/// The head of the log file.
const HEAD: usize = 32;

/// What was not finished when the power went, each behind everything that was acknowledged.
fn unfinished(log: &[u8]) -> [Vec<u8>; 4] {
    let frame = log.get(HEAD..HEAD + FRAME).unwrap_or(&[7; FRAME]).to_vec();
    let mut wrong = frame.clone();
    wrong[FRAME - 1] ^= 0xff;
    [
        vec![0xa5; 100],
        frame[..FRAME / 2].to_vec(),
        wrong,
        vec![0; 3 * FRAME],
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_write_behind_the_log_changes_nothing() {
    let (_folder, launch) = server();
    let mut server = Server::start(launch).await.unwrap();
    let world = World::new(server.url());
    let mut load = Load::prepare(&world, rand::random(), Size::SMALL)
        .await
        .unwrap();
    load.start();
    for kind in 0..4 {
        let enough = world.traffic().counts().sent + 20;
        kill_after(&mut server, &world, enough).await.unwrap();
        let log = server.data().join(LOG);
        let tail = &unfinished(&fs::read(&log).unwrap())[kind];
        OpenOptions::new()
            .append(true)
            .open(&log)
            .unwrap()
            .write_all(tail)
            .unwrap();
        server.start_again().await.unwrap();
    }
    load.come_to_rest().await.unwrap();
    let (history, said) = load.finish().await.unwrap();
    server.terminate().await.unwrap();
    assert_kept(&history, &said, server.data()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_log_keeps_a_prefix_of_the_commits() {
    let (folder, launch) = server();
    let mut server = Server::start(launch).await.unwrap();
    let world = World::new(server.url());
    let seed = rand::random();
    let mut load = Load::prepare(&world, seed, Size::SMALL).await.unwrap();
    load.start();
    kill_after(&mut server, &world, 100).await.unwrap();
    let chats = load.chats().clone();
    drop(load);

    let whole = copy(server.data(), &folder.path().join("whole"), |_| {});
    let whole = ids(&whole, &chats).await;
    assert!(whole.len() > 100, "{}", whole.len());
    let mut rng = StdRng::seed_from_u64(seed);
    let mut shorter = 0;
    for number in 0..12 {
        let torn = copy(
            server.data(),
            &folder.path().join(format!("torn{number}")),
            |log| {
                let place = rng.random_range(log.len() / 2..log.len());
                if number % 2 == 0 {
                    log.truncate(place);
                } else {
                    log[place] ^= 0x40;
                }
            },
        );
        let torn = ids(&torn, &chats).await;
        let last = torn.last().copied();
        let prefix: BTreeSet<_> = whole
            .iter()
            .copied()
            .filter(|id| Some(*id) <= last)
            .collect();
        assert_eq!(torn, prefix, "seed {seed}, number {number}");
        shorter += usize::from(torn.len() < whole.len());
    }
    assert!(shorter > 0, "no tear reached anything");
}

/// The tests above are worth something only if a loss would be seen: an old copy of the folder loses what was
/// acknowledged after it was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_loss_is_noticed() {
    let (folder, launch) = server();
    let mut server = Server::start(launch).await.unwrap();
    let world = World::new(server.url());
    let ann = world.register("ann", Encoding::Json).await.unwrap();
    let bob = world.register("bob", Encoding::MessagePack).await.unwrap();
    let chat = ann.client().create_direct(bob.user()).await.unwrap().id;
    let say = async |text: &str| {
        let pending = ann
            .client()
            .send(chat, Body::text(text), None)
            .await
            .unwrap();
        pending.settled().await.unwrap().seq
    };
    say("kept").await;
    server.kill_9().await.unwrap();
    let old = copy(server.data(), &folder.path().join("old"), |_| {});
    server.start_again().await.unwrap();
    let lost = say("lost").await;
    bob.until_applied(chat, lost).await.unwrap();
    server.kill_9().await.unwrap();
    fs::remove_dir_all(server.data()).unwrap();
    fs::rename(old, server.data()).unwrap();
    server.start_again().await.unwrap();
    // In the place of what was lost.
    assert_eq!(say("instead").await, lost);

    let history = world.recorder().history();
    let users = BTreeMap::from([
        (ann.user(), ann.close().await),
        (bob.user(), bob.close().await),
    ]);
    let said = Said::ask(&users).await.unwrap();
    server.terminate().await.unwrap();
    let (truth, differences) = said.compare(server.data()).await.unwrap();
    assert_eq!(differences, Vec::<String>::new());
    let broken: BTreeSet<_> = check(&history, &truth)
        .iter()
        .map(|found| found.invariant)
        .collect();
    for expected in [Invariant::D1, Invariant::O3] {
        assert!(
            broken.contains(&expected),
            "{expected:?} is not among {broken:?}"
        );
    }
}

/// A copy of a data folder, with its log file changed.
fn copy(from: &Path, to: &Path, tear: impl FnOnce(&mut Vec<u8>)) -> std::path::PathBuf {
    fs::create_dir(to).unwrap();
    fs::copy(from.join("parlour.db"), to.join("parlour.db")).unwrap();
    let mut log = fs::read(from.join(LOG)).unwrap();
    tear(&mut log);
    fs::write(to.join(LOG), log).unwrap();
    to.to_owned()
}

/// The ids of all events in these chats. One writer makes them, so over all chats they rise in the order of the
/// commits.
async fn ids(data: &Path, chats: &BTreeSet<ChatId>) -> BTreeSet<EventId> {
    let store = open(data).unwrap();
    let mut ids = BTreeSet::new();
    for chat in chats {
        let events = store
            .events(*chat, Seq::ZERO, Seq::LIMIT.previous(), 100_000)
            .await
            .unwrap();
        let dense = (1..=events.len() as u64).map(Seq::new);
        assert!(
            events.iter().map(|event| event.seq).eq(dense),
            "{chat} has a hole"
        );
        ids.extend(events.iter().map(|event| event.id));
    }
    store.close().await;
    ids
}
