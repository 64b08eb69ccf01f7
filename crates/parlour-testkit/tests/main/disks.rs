//! A disk without room: read-only rather than wrong, and well again by itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use parlour_client::HistoryAt;
use parlour_model::{Body, ChatId, Clock, EventKey, SystemClock};
use parlour_protocol::{Encoding, ErrorCode, PostMessage};
use parlour_testkit::{Device, Said, Server, World};
use tempfile::TempDir;

use crate::support::{assert_kept, launch, server};

/// A small file system in memory, gone with this value.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .output();
        mounted
            .ok()
            .filter(|output| output.status.success())
            .map(|_| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes `kib` of its room.
    fn fill(&self, kib: usize) -> PathBuf {
        let file = self.path().join("filler");
        std::fs::write(&file, vec![1; kib * 1024]).unwrap();
        file
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status();
        assert!(std::thread::panicking() || unmounted.is_ok_and(|status| status.success()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_makes_the_server_read_only_until_there_is_room() {
    let Some(disk) = SmallDisk::mount(8) else {
        println!("mounting is not permitted here: the limit of files stands in for it");
        return;
    };
    let filler = disk.fill(5 * 1024);
    let server = Server::start(launch(&disk.path().join("data")))
        .await
        .unwrap();
    let outlived = outlive(server, async |_| std::fs::remove_file(&filler).unwrap()).await;
    assert!(outlived > 10, "only {outlived} lines fitted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_grow_makes_the_server_read_only_until_it_may() {
    let (_folder, mut launch) = server();
    launch.file_kib_max = Some(2 * 1024);
    let server = Server::start(launch).await.unwrap();
    let outlived = outlive(server, async |server| {
        server.lift_file_limit().await.unwrap();
    })
    .await;
    assert!(outlived > 10, "only {outlived} lines fitted");
}

/// Writes until there is no room, makes room, and answers how many lines fitted before. Nothing is lost on the way.
async fn outlive(mut server: Server, make_room: impl AsyncFnOnce(&Server)) -> usize {
    let world = World::new(server.url());
    let ann = world.register("ann", Encoding::MessagePack).await.unwrap();
    let bob = world.register("bob", Encoding::Json).await.unwrap();
    let chat = ann.client().create_direct(bob.user()).await.unwrap().id;

    let line = Body::text("a line that takes room ".repeat(400));
    let mut fitted = 0;
    loop {
        let pending = ann.client().send(chat, line.clone(), None).await.unwrap();
        tokio::select! {
            // What is settled counts, also if the next one was refused already.
            biased;
            sent = pending.settled() => drop(sent.unwrap()),
            _ = world.traffic().wait_for(|counts| counts.not_stored + counts.unknown > 0) => break,
        }
        fitted += 1;
    }
    reads_go_on_and_writes_are_refused(&ann, &bob, chat).await;
    make_room(&server).await;

    ann.until_kept(|kept| kept.unsettled == 0).await.unwrap();
    let after = ann
        .client()
        .send(chat, Body::text("room again"), None)
        .await
        .unwrap()
        .settled()
        .await
        .unwrap();
    assert!(after.seq.get() > fitted as u64 + 1);
    ann.until_applied(chat, after.seq).await.unwrap();
    bob.until_applied(chat, after.seq).await.unwrap();

    let history = world.recorder().history();
    let users = BTreeMap::from([
        (ann.user(), ann.close().await),
        (bob.user(), bob.close().await),
    ]);
    let said = Said::ask(&users).await.unwrap();
    server.terminate().await.unwrap();
    assert_kept(&history, &said, server.data()).await;
    fitted
}

async fn reads_go_on_and_writes_are_refused(ann: &Device, bob: &Device, chat: ChatId) {
    let page = bob.client().history(chat, HistoryAt::End, 5).await.unwrap();
    assert_eq!(page.messages.len(), 5);
    assert_eq!(ann.client().chats().await.unwrap().len(), 1);
    let body = PostMessage {
        body: Body::text("x".repeat(9_000)),
        applied: page.at,
        reply_to: None,
    };
    let key = EventKey::generate(SystemClock::new().now());
    let refused = bob
        .client()
        .rest()
        .post(chat, &body, key)
        .await
        .unwrap_err();
    let refused = refused.refused().unwrap_or_else(|| panic!("{refused}"));
    assert_eq!(refused.code, ErrorCode::StoreUnavailable, "{refused:?}");
}
