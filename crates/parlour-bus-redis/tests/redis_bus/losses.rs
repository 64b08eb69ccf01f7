//! Packets, routes and subscriptions that get lost: whoever missed something is told.

use bytes::Bytes;
use futures_util::future::join_all;
use parlour_bus::conformance::TestBus;
use parlour_bus::{
    BusError, Channels, Health, Inbound, Inbox, NodeRef, Receivers, ResyncReason, Routes,
};
use parlour_bus_redis::RedisBus;

use crate::network::{Network, becomes, connection, hears, next, next_resync, user};
use crate::server::{eventually, is_installed};

async fn say(from: &RedisBus, to: &NodeRef, number: u32) -> Result<Receivers, BusError> {
    let packet = Bytes::copy_from_slice(&number.to_be_bytes());
    from.publish(to, packet).await
}

/// Packets up to this one, and whether there was a resync.
async fn read_up_to(inbox: &mut Inbox, last: u32) -> (Vec<u32>, bool) {
    let (mut packets, mut is_resync) = (Vec::new(), false);
    loop {
        match next(inbox).await {
            Inbound::Packet(packet) => {
                let number = u32::from_be_bytes(packet[..].try_into().unwrap());
                if number == last {
                    return (packets, is_resync);
                }
                packets.push(number);
            }
            Inbound::Resync(_) => is_resync = true,
        }
    }
}

#[tokio::test]
async fn a_burst_arrives_or_the_receiver_is_told() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let (from, to) = (network.join().await, network.join().await);
    let mut inbox = to.take_inbox().unwrap();
    let burst = 20_000;
    let node = to.node();
    let answers = join_all((0..burst).map(|number| say(&from, &node, number))).await;
    let sent = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!(
        sent > 0
            && answers
                .iter()
                .flatten()
                .all(|answer| *answer == Receivers(1))
    );
    say(&from, &node, burst).await.unwrap();
    let (packets, is_resync) = read_up_to(&mut inbox, burst).await;
    assert!(packets.is_sorted(), "in their order");
    assert!(
        packets.len() == usize::try_from(burst).unwrap() || is_resync,
        "{} packets arrived and nobody was told",
        packets.len()
    );
    if !is_resync {
        assert_eq!(sent, packets.len());
    }
}

#[tokio::test]
async fn bursts_below_the_bounds_arrive_whole() {
    if !is_installed() {
        return;
    }
    let network = Network::on_cluster().await;
    let (from, to) = (network.join().await, network.join().await);
    let mut inbox = to.take_inbox().unwrap();
    let node = to.node();
    for round in 0..4 {
        let numbers = round * 5_000..(round + 1) * 5_000;
        let answers = join_all(numbers.clone().map(|number| say(&from, &node, number))).await;
        assert!(answers.iter().all(|answer| *answer == Ok(Receivers(1))));
    }
    say(&from, &node, 20_000).await.unwrap();
    let (packets, is_resync) = read_up_to(&mut inbox, 20_000).await;
    assert_eq!(packets, (0..20_000).collect::<Vec<u32>>());
    assert!(!is_resync);
}

#[tokio::test]
async fn numbers_that_change_in_redis_are_noticed() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let (from, to) = (network.join().await, network.join().await);
    let mut inbox = to.take_inbox().unwrap();
    let node = to.node();
    for number in 0..10 {
        say(&from, &node, number).await.unwrap();
    }
    let (packets, is_resync) = read_up_to(&mut inbox, 9).await;
    assert!(packets.len() == 9 && !is_resync);
    // As if a pack had been lost, and nothing followed it.
    network.server().ask(&format!("INCR n:{{{node}}}"));
    assert_eq!(next(&mut inbox).await, Inbound::Resync(ResyncReason::Gap));
    // The counter moved back.
    network.server().ask(&format!("SET n:{{{node}}} 3"));
    assert_eq!(next(&mut inbox).await, Inbound::Resync(ResyncReason::Gap));
    // Somebody else speaks on the channel.
    network
        .server()
        .ask(&format!("SPUBLISH n:{{{node}}} hello"));
    assert_eq!(next(&mut inbox).await, Inbound::Resync(ResyncReason::Gap));
    hears(&from, &to, &mut inbox).await;
}

#[tokio::test]
async fn numbers_beyond_doubles_are_exact() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let (from, to) = (network.join().await, network.join().await);
    let mut inbox = to.take_inbox().unwrap();
    let node = to.node();
    network
        .server()
        .ask(&format!("SET n:{{{node}}} 7312345678901234567"));
    assert_eq!(next(&mut inbox).await, Inbound::Resync(ResyncReason::Gap));
    // Each packet on its own, so that each has a number: as doubles many would be the same.
    for number in 0..20 {
        say(&from, &node, number).await.unwrap();
    }
    let (packets, is_resync) = read_up_to(&mut inbox, 19).await;
    assert_eq!((packets.len(), is_resync), (19, false));
}

#[tokio::test]
async fn a_killed_listener_hears_again_and_is_told() {
    if !is_installed() {
        return;
    }
    for network in [Network::on_one().await, Network::on_cluster().await] {
        let (from, to) = (network.join().await, network.join().await);
        let mut inbox = to.take_inbox().unwrap();
        let node = to.node();
        for server in network.servers.iter() {
            server.ask("CLIENT KILL TYPE pubsub");
        }
        assert_eq!(next_resync(&mut inbox).await, ResyncReason::Reconnected);
        hears(&from, &to, &mut inbox).await;
        assert_eq!(to.node(), node, "the lease was never gone");
    }
}

#[tokio::test]
async fn a_wipe_under_load_is_told_and_routes_come_back() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let (from, to) = (network.join().await, network.join().await);
    let mut inbox = to.take_inbox().unwrap();
    to.register(user(1), connection(1)).await.unwrap();
    let before = to.node();
    let load = async {
        let mut number = 0;
        loop {
            let _ = join_all((0..50).map(|_| say(&from, &before, number))).await;
            number += 1;
            // Refusals are immediate, and others want to run.
            tokio::task::yield_now().await;
        }
    };
    let reason = tokio::select! {
        () = load => unreachable!("it goes on for ever"),
        reason = async {
            hears(&from, &to, &mut inbox).await;
            network.server().ask("FLUSHALL");
            loop {
                let reason = next_resync(&mut inbox).await;
                if reason == ResyncReason::Lapsed {
                    return reason;
                }
            }
        } => reason,
    };
    assert_eq!(reason, ResyncReason::Lapsed);
    assert!(to.node().incarnation > before.incarnation);
    becomes(&from, Health::Up).await;
    to.register(user(1), connection(1)).await.unwrap();
    assert_eq!(from.routes(&[user(1)]).await, Ok(vec![vec![to.node()]]));
    hears(&from, &to, &mut inbox).await;
}

#[tokio::test]
async fn a_wipe_of_one_server_of_a_cluster_is_told() {
    if !is_installed() {
        return;
    }
    let network = Network::on_cluster().await;
    let node = network.join().await;
    let mut inbox = node.take_inbox().unwrap();
    let before = node.node();
    // The servers that hold neither the leases nor this node's channel: no number and no connection shows it.
    let holds = |server: &crate::server::Server, key: &str| {
        let keys = server.ask("KEYS *");
        keys.lines().any(|line| line == key)
    };
    let channel = format!("n:{{{before}}}");
    let others = network
        .servers
        .iter()
        .filter(|server| !holds(server, "leases:{nodes}") && !holds(server, &channel));
    for server in others {
        server.ask("FLUSHALL");
        assert_eq!(
            next(&mut inbox).await,
            Inbound::Resync(ResyncReason::Reconnected)
        );
    }
    assert_eq!(node.node(), before);
}

#[tokio::test]
async fn a_lost_lease_brings_a_new_incarnation_and_the_old_channel_falls_silent() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let (from, to) = (network.join().await, network.join().await);
    let mut inbox = to.take_inbox().unwrap();
    let before = to.node();
    network.lapse(&to).await;
    assert_eq!(
        next(&mut inbox).await,
        Inbound::Resync(ResyncReason::Lapsed)
    );
    assert_eq!(say(&from, &before, 1).await, Ok(Receivers(0)));
    eventually("others see the new life", async || {
        from.nodes()
            .await
            .is_ok_and(|nodes| nodes.contains(&to.node()))
    })
    .await;
    hears(&from, &to, &mut inbox).await;
}
