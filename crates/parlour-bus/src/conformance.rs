//! What every bus must keep, as tests that any implementation can run.
//!
//! An implementation gives a [`TestBus`] that makes nodes of one fresh network, and calls [`run_all`] from a test of
//! its own. A case that fails panics with what was expected.

mod channels;
mod chats;
mod presence;
mod quotas;
mod routes;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parlour_model::{SessionId, UserId};

use crate::{Bus, ConnectionId, ConnectionRef, Inbound, Inbox};

/// How long the suite waits for what must come.
const WITHIN: Duration = Duration::from_secs(20);

/// Makes nodes for the suite.
#[async_trait]
pub trait TestBus: Send + Sync {
    /// The bus as the implementation names it.
    type Node: Bus;

    /// A new node of the same network.
    async fn join(&self) -> Arc<Self::Node>;

    /// Lets a node's lease lapse; returns when other nodes see it under its new incarnation only.
    async fn lapse(&self, node: &Arc<Self::Node>);

    /// Lets a node die; returns when other nodes do not see it any more.
    async fn crash(&self, node: &Arc<Self::Node>);
}

/// Runs the whole suite. `fresh` makes a network without nodes and users for each case.
pub async fn run_all<T: TestBus>(fresh: impl AsyncFn() -> T) {
    channels::a_packet_arrives_as_it_was_published(&fresh().await).await;
    channels::packets_of_one_publisher_keep_their_order(&fresh().await).await;
    channels::a_broadcast_reaches_everybody_else(&fresh().await).await;
    channels::a_packet_for_a_node_that_is_gone_reaches_nobody(&fresh().await).await;
    channels::a_lapsed_node_is_told_and_has_a_new_incarnation(&fresh().await).await;
    channels::there_is_one_inbox(&fresh().await).await;
    channels::nobody_says_alone_who_is_not(&fresh().await).await;
    routes::a_route_is_seen_by_all_once_registered(&fresh().await).await;
    routes::a_node_is_named_once_however_many_connections_it_has(&fresh().await).await;
    routes::registering_twice_is_registering_once(&fresh().await).await;
    routes::unregistering_takes_away_one_connection(&fresh().await).await;
    routes::the_routes_of_a_dead_or_lapsed_node_are_gone(&fresh().await).await;
    chats::who_enlists_for_a_chat_is_found_by_all(&fresh().await).await;
    chats::enlisting_twice_is_enlisting_once(&fresh().await).await;
    chats::withdrawing_takes_away_one_route(&fresh().await).await;
    chats::the_chat_routes_of_a_dead_or_lapsed_node_are_gone(&fresh().await).await;
    chats::withdrawing_what_an_earlier_life_wrote_takes_nothing_away(&fresh().await).await;
    presence::who_connects_is_online_and_who_is_gone_is_offline(&fresh().await).await;
    presence::nobody_is_offline_while_a_route_lives(&fresh().await).await;
    presence::the_users_of_a_dead_node_settle_as_offline(&fresh().await).await;
    presence::versions_rise_across_everything(&fresh().await).await;
    presence::the_chosen_status_is_shown_and_newer_choices_win(&fresh().await).await;
    presence::the_invisible_show_no_edge(&fresh().await).await;
    presence::nobody_is_shown_before_their_choice_is_known(&fresh().await).await;
    presence::changes_name_those_who_look(&fresh().await).await;
    quotas::a_quota_holds_over_all_nodes(&fresh().await).await;
    quotas::keys_are_independent(&fresh().await).await;
    quotas::a_refusal_takes_nothing(&fresh().await).await;
}

fn user(number: u64) -> UserId {
    UserId::new(number).expect("test ids are positive")
}

fn connection(number: u64) -> ConnectionRef {
    ConnectionRef {
        connection: ConnectionId::new(number),
        session: SessionId::new(number).expect("test ids are positive"),
        device: "test".to_owned(),
    }
}

/// The next packet, whatever the bus says about resyncs before it.
async fn next_packet(inbox: &mut Inbox) -> Bytes {
    let packet = async {
        loop {
            match inbox.next().await {
                Some(Inbound::Packet(packet)) => return packet,
                Some(Inbound::Resync(_)) => {}
                None => panic!("the inbox closed"),
            }
        }
    };
    tokio::time::timeout(WITHIN, packet)
        .await
        .expect("a packet comes")
}
