//! The whole way of a message on one node: two people, and a thousand.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use parlour_client::HistoryAt;
use parlour_model::{
    AppData, Body, ChatId, Clock, DisplayName, Emoji, IdGenerator, NodeNumber, PresenceStatus, Seq,
    SystemClock, Timestamp, User, UserId, UserName,
};
use parlour_protocol::Encoding;
use parlour_store::{Accounts, ClaimSpace, Claims, NewUser};
use parlour_testkit::{Device, LocalNode, Said, World, open};

use crate::support::assert_kept;

async fn say(device: &Device, chat: ChatId, text: &str) -> Seq {
    let pending = device
        .client()
        .send(chat, Body::text(text), None)
        .await
        .unwrap();
    pending.settled().await.unwrap().seq
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk() {
    let node = LocalNode::start().await.unwrap();
    let world = World::new(node.url());
    let ann = world.register("ann", Encoding::Json).await.unwrap();
    let bob = world.register("bob", Encoding::MessagePack).await.unwrap();
    let phone = world.login("bob", Encoding::Json).await.unwrap();
    let (one, other) = tokio::join!(
        ann.client().create_direct(bob.user()),
        bob.client().create_direct(ann.user())
    );
    let chat = one.unwrap().id;
    assert_eq!(chat, other.unwrap().id);
    for device in [&ann, &bob, &phone] {
        device.until_applied(chat, Seq::FIRST).await.unwrap();
    }

    // Who looks sees who is there, and who types.
    ann.client()
        .watch(vec![bob.user()], vec![chat])
        .await
        .unwrap();
    let online = |status| move |presence: &parlour_model::Presence| presence.status == status;
    ann.until_shown(|sights| {
        sights
            .presence
            .get(&bob.user())
            .is_some_and(online(PresenceStatus::Online))
    })
    .await
    .unwrap();
    bob.client().typing(chat, true).await.unwrap();
    ann.until_shown(|sights| sights.typing.contains(&(chat, bob.user())))
        .await
        .unwrap();
    // Nobody says that it has ended: it ends by itself.
    ann.until_shown(|sights| sights.typing.is_empty())
        .await
        .unwrap();

    // Both ways, in both encodings, to all devices.
    let question = say(&ann, chat, "Grüße, 你好 \"quoted\"").await;
    phone.until_applied(chat, question).await.unwrap();
    let answer = say(&bob, chat, "🎉 и тебе").await;
    for device in [&ann, &bob, &phone] {
        device.until_applied(chat, answer).await.unwrap();
    }
    let page = ann
        .client()
        .history(chat, HistoryAt::End, 10)
        .await
        .unwrap();
    let texts = page
        .messages
        .iter()
        .filter_map(|line| line.body.as_ref()?.as_text().map(str::to_owned));
    assert_eq!(
        texts.collect::<Vec<_>>(),
        ["Grüße, 你好 \"quoted\"", "🎉 и тебе"]
    );

    changes_show_in_their_message(&ann, &bob, (chat, question)).await;
    marks_and_unread_follow(&ann, &bob, &phone, (chat, answer)).await;

    phone.close().await;
    nothing_was_broken(&world, node, vec![ann, bob]).await;
}

async fn changes_show_in_their_message(ann: &Device, bob: &Device, (chat, target): (ChatId, Seq)) {
    let edited = ann
        .client()
        .edit(chat, target, Body::text("better"))
        .await
        .unwrap()
        .settled()
        .await
        .unwrap();
    let thumb = Emoji::new("👍").unwrap();
    let reacted = bob
        .client()
        .react(chat, target, (thumb, true))
        .await
        .unwrap()
        .settled()
        .await
        .unwrap();
    assert!(edited.seq < reacted.seq);
    let page = bob
        .client()
        .history(chat, HistoryAt::Around(target), 5)
        .await
        .unwrap();
    let line = page
        .messages
        .iter()
        .find(|line| line.seq == target)
        .unwrap();
    assert_eq!(line.body.as_ref().unwrap().as_text(), Some("better"));
    assert_eq!(line.reactions[0].users, [bob.user()]);
    assert!(line.edited_at.is_some());
    // Not his to edit.
    let refused = bob
        .client()
        .edit(chat, target, Body::text("worse"))
        .await
        .unwrap()
        .settled()
        .await;
    assert!(refused.is_err(), "{refused:?}");
}

async fn marks_and_unread_follow(
    ann: &Device,
    bob: &Device,
    phone: &Device,
    (chat, seq): (ChatId, Seq),
) {
    let unread = async |device: &Device| device.client().chats().await.unwrap()[0].unread;
    let last = say(ann, chat, "unread").await;
    assert!(last > seq);
    let delivered = |sights: &parlour_testkit::Sights| {
        sights
            .marks
            .get(&(chat, bob.user()))
            .is_some_and(|(delivered, _)| *delivered >= last)
    };
    ann.until_shown(delivered).await.unwrap();
    assert!(unread(bob).await > 0);
    phone.client().read(chat, last).await.unwrap();
    let read = |sights: &parlour_testkit::Sights| {
        sights
            .marks
            .get(&(chat, bob.user()))
            .is_some_and(|(_, read)| *read >= last)
    };
    // The author sees it, and the reader's other device does too.
    ann.until_shown(read).await.unwrap();
    bob.until_shown(read).await.unwrap();
    assert_eq!(unread(bob).await, 0);
}

/// Users that exist and never connect.
async fn strangers(data: &std::path::Path, count: usize) -> Vec<UserId> {
    let store = open(data).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids = IdGenerator::new(NodeNumber::ZERO, clock.clone(), Timestamp::default());
    let (store, now) = (&store, clock.now());
    let users = (0..count).map(async |number| {
        let id = UserId::new(ids.next_id().unwrap()).unwrap();
        let name = format!("stranger_{number}");
        let user = User {
            id,
            username: UserName::new(&name).unwrap(),
            display_name: DisplayName::new(&name).unwrap(),
            avatar_url: None,
            data: AppData::default(),
            created_at: now,
            updated_at: now,
        };
        store
            .put_user(NewUser {
                user,
                password_hash: String::new(),
            })
            .await
            .unwrap();
        store
            .claim(ClaimSpace::UserName, &name, id.get(), None)
            .await
            .unwrap();
        id
    });
    // All at once, so that many of them become durable together.
    let users = join_all(users).await;
    store.close().await;
    users
}

async fn count_members(device: &Device, chat: ChatId) -> usize {
    let mut found = 0;
    let mut page = device.client().rest().members(chat, None).await.unwrap();
    loop {
        found += page.members.len();
        let Some(next) = page.next else { break };
        page = device
            .client()
            .rest()
            .members(chat, Some(&next))
            .await
            .unwrap();
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_a_thousand_hears_everything() {
    const CONNECTED: usize = 12;
    const LINES: usize = 30;
    let folder = tempfile::tempdir().unwrap();
    let mut members = strangers(folder.path(), 1_000 - CONNECTED).await;
    let node = LocalNode::start_on(folder).await.unwrap();
    let world = World::new(node.url());
    let mut devices = Vec::new();
    for number in 0..CONNECTED {
        let encoding = if number % 2 == 0 {
            Encoding::Json
        } else {
            Encoding::MessagePack
        };
        devices.push(
            world
                .register(&format!("member_{number}"), encoding)
                .await
                .unwrap(),
        );
    }
    members.extend(devices[1..].iter().map(Device::user));
    let owner = &devices[0];
    let chat = owner
        .client()
        .create_group("everybody", members)
        .await
        .unwrap();
    assert_eq!(chat.member_count, 1_000);
    let chat = chat.id;
    for device in &devices {
        device.until_applied(chat, Seq::FIRST).await.unwrap();
    }

    let mut pending = Vec::new();
    for number in 0..LINES {
        let device = &devices[number % CONNECTED];
        pending.push(
            device
                .client()
                .send(chat, Body::text(format!("line {number}")), None)
                .await
                .unwrap(),
        );
    }
    let mut last = Seq::ZERO;
    for line in pending {
        last = last.max(line.settled().await.unwrap().seq);
    }
    assert_eq!(last.get(), 1 + LINES as u64);
    for device in &devices {
        device.until_applied(chat, last).await.unwrap();
    }
    // Too many for names: the author of a line is told how many have it.
    let line = say(owner, chat, "who has this?").await;
    let others = CONNECTED as u64 - 1;
    let all_have_it = |sights: &parlour_testkit::Sights| {
        sights
            .counts
            .get(&(chat, line))
            .is_some_and(|(delivered, _)| *delivered >= others)
    };
    owner.until_shown(all_have_it).await.unwrap();
    assert_eq!(count_members(owner, chat).await, 1_000);

    nothing_was_broken(&world, node, devices).await;
}

/// Ends the devices (one for each user) and the node, and checks every promise.
async fn nothing_was_broken(world: &World, node: LocalNode, devices: Vec<Device>) {
    let history = world.recorder().history();
    let mut users = BTreeMap::new();
    for device in devices {
        users.insert(device.user(), device.close().await);
    }
    let said = Said::ask(&users).await.unwrap();
    let folder = node.stop().await.unwrap();
    assert_kept(&history, &said, folder.path()).await;
}
