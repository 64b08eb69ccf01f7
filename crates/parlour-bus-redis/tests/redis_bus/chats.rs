//! What Redis holds about large chats.

use parlour_bus::conformance::TestBus;
use parlour_bus::{Channels, ChatRoute, ChatRoutes, Health, Inbound, ResyncReason};
use parlour_model::ChatId;

use crate::network::{Network, becomes, next};
use crate::server::{eventually, is_installed};

fn chat(number: u64) -> ChatId {
    ChatId::new(number).unwrap()
}

fn route(of: u64, number: u64) -> ChatRoute {
    ChatRoute {
        chat: chat(of),
        number,
    }
}

#[tokio::test]
async fn readers_drop_the_chat_routes_of_the_dead_and_of_nobody_else() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let (stays, dies) = (network.join().await, network.join().await);
    for node in [&stays, &dies] {
        node.enlist(&[route(1, 5)]).await.unwrap();
    }
    network.crash(&dies).await;
    assert_eq!(network.server().ask("HLEN chat:{1}"), "2");
    assert_eq!(stays.nodes_of(chat(1)).await, Ok(vec![stays.node()]));
    let field = format!("{}:5", stays.node());
    assert_eq!(network.server().ask("HKEYS chat:{1}"), field);
    stays.withdraw(&[route(1, 5)]).await.unwrap();
    assert_eq!(network.server().ask("EXISTS chat:{1}"), "0");
}

#[tokio::test]
async fn a_chat_is_remembered_while_a_node_is_enlisted() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let node = network.join().await;
    node.enlist(&[route(1, 1), route(2, 2)]).await.unwrap();
    let server = network.server();
    let is_kept = |key: &str| {
        let left: i64 = server.ask(&format!("TTL {key}")).parse().unwrap();
        left > 24 * 3600
    };
    for key in ["chat:{1}", "chat:{2}"] {
        assert!(is_kept(key), "and not for ever");
        assert_eq!(server.ask(&format!("EXPIRE {key} 60")), "1");
        eventually("it is renewed", async || is_kept(key)).await;
    }
}

#[tokio::test]
async fn after_a_wipe_a_node_is_told_and_can_enlist_for_its_chats_again() {
    if !is_installed() {
        return;
    }
    for network in [Network::on_one().await, Network::on_cluster().await] {
        let (looks, enlists) = (network.join().await, network.join().await);
        let mut inbox = enlists.take_inbox().unwrap();
        let routes: Vec<ChatRoute> = (1..=50).map(|number| route(number, number)).collect();
        enlists.enlist(&routes).await.unwrap();
        for server in network.servers.iter() {
            server.ask("FLUSHALL");
        }
        // A wipe takes the leases too.
        while next(&mut inbox).await != Inbound::Resync(ResyncReason::Lapsed) {}
        becomes(&enlists, Health::Up).await;
        becomes(&looks, Health::Up).await;
        assert_eq!(looks.nodes_of(chat(50)).await, Ok(vec![]));
        enlists.enlist(&routes).await.unwrap();
        for route in routes {
            let nodes = looks.nodes_of(route.chat).await;
            assert_eq!(nodes, Ok(vec![enlists.node()]));
        }
    }
}
