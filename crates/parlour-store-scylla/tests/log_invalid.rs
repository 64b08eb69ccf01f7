//! Events that the store does not take, whatever is around them: each fails alone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::sync::Arc;

use fixture::chat::{Chat, created};
use fixture::proxy::BATCH;
use fixture::wire::{self, Between};
use parlour_model::ManualClock;
use parlour_store::{NotStored, Outcome};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The words that the node does not take.
const WORDS: &str = "too much for this node";
/// The answer to a batch with them: an error (0) of code 0x2200, invalid, without words.
const INVALID: [u8; 15] = [0x84, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0x22, 0, 0, 0];

/// A node that refuses what holds the words as it refuses what is larger than it is told to take.
struct Picky;

impl Between for Picky {
    fn request(&self, frame: &mut [u8]) -> Option<Vec<u8>> {
        let is_refused = frame[4] == BATCH && holds_the_words(frame);
        is_refused.then(|| INVALID.to_vec())
    }
}

fn holds_the_words(frame: &[u8]) -> bool {
    frame
        .windows(WORDS.len())
        .any(|window| window == WORDS.as_bytes())
}

#[tokio::test]
async fn however_many_invalid_events_come_before_a_good_one_it_is_stored() {
    let Some(host) = fixture::host() else { return };
    let (ip, _) = host.rsplit_once(':').unwrap();
    let listener = TcpListener::bind((ip, 0)).await.unwrap();
    let way = listener.local_addr().unwrap().to_string();
    let mut wires = JoinSet::new();
    wire::lay(&mut wires, listener, &host, Arc::new(Picky));
    let connection = fixture::connection(&way).await;
    let clock = Arc::new(ManualClock::new(fixture::START));
    let store = Arc::new(fixture::open(&connection, 1, &clock).await);
    let chat = Chat::create(store, clock).await;
    let mut drafts: Vec<_> = (0..12).map(|_| chat.draft(0, WORDS)).collect();
    drafts.push(chat.draft(0, "good"));
    let mut outcomes = chat.append(drafts).await;
    let good = created(outcomes.pop().unwrap());
    assert_eq!(chat.log().await[1..], [good]);
    for outcome in outcomes {
        let Outcome::NotStored(NotStored::Unavailable(reason)) = outcome else {
            panic!("not refused: {outcome:?}");
        };
        assert!(reason.contains("invalid"), "{reason}");
    }
}
