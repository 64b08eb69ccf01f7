//! What the server says of chats and members is compared with the logs.

use std::collections::BTreeMap;
use std::sync::Arc;

use parlour_model::{ChatId, UserId};
use parlour_protocol::Encoding;
use parlour_store::SharedStore;
use tempfile::TempDir;

use super::{Log, Said, open};
use crate::{LocalNode, World};

/// A chat of two people, what a node said of it, and the node's folder.
struct Scene {
    ann: UserId,
    bob: UserId,
    chat: ChatId,
    said: Said,
    folder: TempDir,
}

impl Scene {
    async fn play() -> Self {
        let node = LocalNode::start().await.unwrap();
        let world = World::new(node.url());
        let ann = world.register("ann", Encoding::Json).await.unwrap();
        let bob = world.register("bob", Encoding::Json).await.unwrap();
        let chat = ann.client().create_direct(bob.user()).await.unwrap().id;
        let (anns, bobs) = (ann.user(), bob.user());
        let users = BTreeMap::from([(anns, ann.close().await), (bobs, bob.close().await)]);
        let said = Said::ask(&users).await.unwrap();
        Self {
            ann: anns,
            bob: bobs,
            chat,
            said,
            folder: node.stop().await.unwrap(),
        }
    }

    async fn differences(&self) -> Vec<String> {
        self.said.compare(self.folder.path()).await.unwrap().1
    }
}

#[tokio::test]
async fn a_list_that_leaves_out_a_chat_differs_from_its_log() {
    let mut scene = Scene::play().await;
    assert_eq!(scene.differences().await, Vec::<String>::new());
    scene.said.users.get_mut(&scene.bob).unwrap().clear();
    let missing = |user| {
        let chat = scene.chat;
        format!("{user} is in {chat} by its log and is not told of it")
    };
    let (anns, bobs) = (missing(scene.ann), missing(scene.bob));
    assert_eq!(scene.differences().await, std::slice::from_ref(&bobs));

    // Nobody names it any more: then it is who wrote there that does.
    scene.said.users.get_mut(&scene.ann).unwrap().clear();
    assert_eq!(scene.differences().await, Vec::<String>::new());
    scene.said = scene.said.knowing([scene.chat]);
    assert_eq!(scene.differences().await, [anns, bobs]);
}

#[tokio::test]
async fn rows_of_members_that_the_log_does_not_name_are_told() {
    let scene = Scene::play().await;
    let store = Arc::new(open(scene.folder.path()).unwrap());
    let shared: SharedStore = store.clone();
    let mut log = Log::read(&shared, scene.chat).await.unwrap();
    store.close().await;
    let members = log.truth().members_by_log();
    let mut differences = Vec::new();
    log.compare_rows(scene.chat, &members, &mut differences);
    assert_eq!(differences, Vec::<String>::new());
    log.members.remove(&scene.bob).unwrap();
    log.compare_rows(scene.chat, &members, &mut differences);
    assert_eq!(differences.len(), 1);
}
