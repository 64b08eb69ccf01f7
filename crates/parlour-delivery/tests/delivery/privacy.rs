//! Who may see when somebody was last seen.

use std::time::Duration;

use parlour_model::{Audience, ChosenStatus, Clock, Presence, PresenceStatus, Privacy};
use parlour_protocol::ServerFrame;
use parlour_store::Accounts;

use crate::support::{Client, World, pass, settle, user};

async fn choose(world: &World, last_seen: Audience) {
    let set = world.store.set_privacy(user(1), Privacy { last_seen });
    set.await.unwrap();
}

/// What a connection was told of user 1, newest last.
fn told(client: &mut Client) -> Vec<Presence> {
    let frames = client.drain().into_iter();
    let presence = frames.filter_map(|frame| match frame {
        ServerFrame::Presence(presence) => Some(presence),
        _ => None,
    });
    presence.collect()
}

#[tokio::test(start_paused = true)]
async fn who_hides_it_is_told_as_offline_without_since_when_on_every_node() {
    let world = World::new(2);
    choose(&world, Audience::Nobody).await;
    let mut here = Client::connect(&world.nodes[0], 8, []).await;
    let mut there = Client::connect(&world.nodes[1], 9, []).await;
    for looks in [&here, &there] {
        looks.connection.watch(vec![user(1)], Vec::new()).await;
    }
    let client = Client::connect(&world.nodes[0], 1, []).await;
    pass(Duration::from_secs(1)).await;
    client.connection.detach().await;
    pass(Duration::from_secs(60)).await;
    assert!(world.store.last_seen(user(1)).is_some(), "it is known");
    for looks in [&mut here, &mut there] {
        let presence = told(looks).pop().unwrap();
        assert_eq!(presence.status, PresenceStatus::Offline);
        assert_eq!(presence.last_seen, None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_follows_the_choice_at_once_and_its_version_gives_nothing_away() {
    let world = World::new(2);
    let client = Client::connect(&world.nodes[0], 1, []).await;
    pass(Duration::from_secs(1)).await;
    client.connection.detach().await;
    pass(Duration::from_secs(60)).await;
    world.clock.advance(Duration::from_secs(600));
    let last_seen = world.store.last_seen(user(1));
    let ask = async |viewer| {
        let delivery = &world.nodes[1].delivery;
        delivery.presence(user(viewer), &[user(1)]).await[0]
    };
    let open = ask(9).await;
    assert_eq!(open.last_seen, last_seen);
    choose(&world, Audience::Nobody).await;
    let hidden = ask(9).await;
    assert_eq!((hidden.status, hidden.last_seen), (open.status, None));
    let apart = world.clock.now().as_millis().checked_sub(hidden.version);
    assert_eq!(apart, Some(5_000), "the version is of now, not of then");
    assert_eq!(ask(1).await, open, "one's own devices see it");
    let looks = Client::connect(&world.nodes[1], 9, []).await;
    let watched = looks.connection.watch(vec![user(1)], Vec::new()).await;
    assert_eq!(watched[0].last_seen, None);
    world.store.fail("last_known", 1);
    assert_eq!(ask(9).await.last_seen, None, "not known is not shown");
    choose(&world, Audience::Everyone).await;
    assert_eq!(ask(9).await, open);
}

#[tokio::test(start_paused = true)]
async fn who_comes_online_after_a_made_up_version_is_shown() {
    let world = World::new(1);
    choose(&world, Audience::Nobody).await;
    let mut looks = Client::connect(&world.nodes[0], 9, []).await;
    let watched = looks.connection.watch(vec![user(1)], Vec::new()).await;
    let _client = Client::connect(&world.nodes[0], 1, []).await;
    settle().await;
    let online = told(&mut looks).pop().unwrap();
    assert_eq!(online.status, PresenceStatus::Online);
    assert!(online.version > watched[0].version);
}

#[tokio::test(start_paused = true)]
async fn ones_own_devices_are_told_since_when() {
    let world = World::new(2);
    choose(&world, Audience::Nobody).await;
    let mut own = Client::connect(&world.nodes[1], 1, []).await;
    let mut looks = Client::connect(&world.nodes[1], 9, []).await;
    for client in [&own, &looks] {
        client.connection.watch(vec![user(1)], Vec::new()).await;
    }
    pass(Duration::from_secs(1)).await;
    let delivery = &world.nodes[0].delivery;
    world.store.set_chosen(user(1), ChosenStatus::Invisible);
    delivery.status_chosen(user(1), ChosenStatus::Invisible);
    pass(Duration::from_secs(1)).await;
    let (seen, shown) = (told(&mut own).pop(), told(&mut looks).pop());
    assert!(seen.unwrap().last_seen.is_some(), "{seen:?}");
    assert_eq!(shown.unwrap().last_seen, None);
}
