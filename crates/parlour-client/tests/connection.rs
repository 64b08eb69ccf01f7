//! The whole client against a scripted server, over real sockets.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]

mod support;

use std::sync::Arc;

use parlour_client::{
    Client, ClientError, ClientEvent, ConnectionState, HistoryAt, LocalStore, MemoryStore,
    SendFailure, SqliteStore, StopReason,
};
use parlour_model::Body;
use parlour_protocol::{
    ClientFrame, CloseCode, Encoding, ErrorBody, ErrorCode, ErrorFrame, PageFrame, Problem,
    ReconnectFrame, Secret, ServerFrame, SyncedFrame,
};
use support::{Server, chat, event, event_that, next_seq, own_event, seq, signed_in, soon, user};

fn memory() -> Arc<dyn LocalStore> {
    Arc::new(MemoryStore::default())
}

fn is_ready(event: &ClientEvent) -> Option<()> {
    (*event == ClientEvent::Connection(ConnectionState::Ready)).then_some(())
}

/// A store that knows chat 9 up to seq 4.
async fn knowing(store: Arc<dyn LocalStore>) -> Arc<dyn LocalStore> {
    let progress = parlour_client::Progress {
        applied: seq(4),
        ..Default::default()
    };
    let batch = parlour_client::Batch {
        chats: [(chat(9), Some(progress))].into(),
        ..Default::default()
    };
    store.commit(batch).await.unwrap();
    store
}

#[tokio::test]
async fn events_arrive_in_order_in_both_encodings() {
    for encoding in Encoding::ALL {
        let mut server = Server::start().await;
        let mut config = server.config(knowing(memory()).await);
        config.encoding = encoding;
        let client = Client::connect(config).await.unwrap();
        let mut events = client.events();
        client.sign_in(signed_in("token", 600)).await.unwrap();
        let (mut wire, hello) = server.ready().await;
        assert_eq!(wire.encoding, encoding);
        assert_eq!(hello.cursors, [(chat(9), seq(4))].into());
        assert_eq!(hello.token, Secret::new("token"));
        wire.event(event(9, 5)).await;
        wire.event(event(9, 7)).await;
        assert_eq!(next_seq(&mut events).await, 5);
        let sync = match wire.next().await {
            ClientFrame::Sync(sync) => sync,
            other => panic!("{other:?}"),
        };
        assert_eq!(sync.cursors, [(chat(9), seq(5))].into());
        wire.event(event(9, 6)).await;
        wire.event(event(9, 7)).await;
        let reference = sync.reference;
        wire.send(ServerFrame::Synced(SyncedFrame { reference }))
            .await;
        assert_eq!(next_seq(&mut events).await, 6);
        assert_eq!(next_seq(&mut events).await, 7);
        let cached = client.cached(chat(9), None, 10).await.unwrap();
        assert_eq!(cached.len(), 3);
    }
}

#[tokio::test]
async fn what_this_client_does_not_understand_is_ignored() {
    let mut server = Server::start().await;
    let mut config = server.config(knowing(memory()).await);
    config.encoding = Encoding::Json;
    let client = Client::connect(config).await.unwrap();
    let mut events = client.events();
    client.sign_in(signed_in("token", 600)).await.unwrap();
    let (mut wire, _) = server.ready().await;
    for junk in [
        r#"{"type":"fireworks","seq":1}"#,
        r#"{"type":"event"}"#,
        "not even JSON",
        "[]",
    ] {
        wire.send_raw(junk.into()).await;
    }
    let unknown = r#"{"type":"event","chat":"9","seq":5,"id":"1005","author":"2","kind":"poll","options":[1],"sent_at":1}"#;
    wire.send_raw(unknown.into()).await;
    assert_eq!(next_seq(&mut events).await, 5);
}

#[tokio::test]
async fn a_lost_answer_leads_to_the_same_key_and_one_event() {
    let mut server = Server::start().await;
    let (client, mut events) = server.client(knowing(memory()).await).await;
    let (mut wire, _) = server.ready().await;
    let pending = client
        .send(chat(9), Body::text("hello"), None)
        .await
        .unwrap();
    let key = pending.key();
    let first = wire.next_send().await;
    assert_eq!((first.key, first.applied), (key, seq(4)));
    drop(wire);
    let (mut wire, hello) = server.ready().await;
    assert_eq!(hello.cursors[&chat(9)], seq(4));
    let again = wire.next_send().await;
    assert_eq!(
        (again.key, again.applied, &again.body),
        (key, seq(4), &first.body)
    );
    wire.event(own_event(&first, 5)).await;
    wire.sent(&again, 5).await;
    let sent = soon("the end of the send", pending.settled())
        .await
        .unwrap();
    assert_eq!((sent.seq, sent.key), (seq(5), key));
    assert_eq!(next_seq(&mut events).await, 5);
    wire.event(own_event(&first, 5)).await;
    wire.event(event(9, 6)).await;
    assert_eq!(next_seq(&mut events).await, 6, "5 was told once");
}

#[tokio::test]
async fn the_outbox_and_the_cursors_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client.db");
    let mut server = Server::start().await;
    let store = knowing(Arc::new(SqliteStore::open(&file).unwrap())).await;
    let (client, mut events) = server.client(store).await;
    let (mut wire, _) = server.ready().await;
    wire.event(event(9, 5)).await;
    assert_eq!(next_seq(&mut events).await, 5);
    let first = client.send(chat(9), Body::text("1"), None).await.unwrap();
    let second = client.send(chat(9), Body::text("2"), None).await.unwrap();
    let keys = (first.key(), second.key());
    assert_eq!(wire.next_send().await.key, keys.0);
    // The program ends without a word.
    drop((client, wire));
    let end = soon("the end of the task", first.settled()).await;
    assert_eq!(end, Err(SendFailure::Closed));
    while soon("the end of the events", events.next()).await.is_some() {}

    let store: Arc<dyn LocalStore> = Arc::new(SqliteStore::open(&file).unwrap());
    let client = Client::connect(server.config(store)).await.unwrap();
    let mut events = client.events();
    assert_eq!(client.restore().await.unwrap(), Some(user(support::ME)));
    let (mut wire, hello) = server.ready().await;
    assert_eq!(hello.cursors, [(chat(9), seq(5))].into());
    for (key, number) in [(keys.0, 6), (keys.1, 7)] {
        let send = wire.next_send().await;
        assert_eq!(send.key, key);
        wire.sent(&send, number).await;
        let settled = event_that(&mut events, "the end of a send", |event| match event {
            ClientEvent::Settled { key, result, .. } => Some((*key, result.clone())),
            _ => None,
        });
        let (settled, result) = settled.await;
        assert_eq!((settled, result.unwrap().seq), (key, seq(number)));
    }
}

#[tokio::test]
async fn a_draining_node_hands_over_without_a_gap() {
    let mut server = Server::start().await;
    let (client, mut events) = server.client(knowing(memory()).await).await;
    let (mut old, _) = server.ready().await;
    let pending = client.send(chat(9), Body::text("x"), None).await.unwrap();
    let send = old.next_send().await;
    old.send(ServerFrame::Reconnect(ReconnectFrame { after_ms: 0 }))
        .await;
    let (mut new, _) = server.ready().await;
    // The old connection still works beside the new one, and its answer counts.
    old.event(event(9, 5)).await;
    assert_eq!(next_seq(&mut events).await, 5);
    old.sent(&send, 6).await;
    assert!(soon("the end", pending.settled()).await.is_ok());
    while let Some(frame) = old.next_or_close().await {
        assert!(matches!(frame, ClientFrame::Delivered(_)), "{frame:?}");
        old.ok(frame.reference().cloned()).await;
    }
    new.event(event(9, 6)).await;
    assert_eq!(next_seq(&mut events).await, 6);
    assert!(server.is_quiet());
}

#[tokio::test]
async fn an_expired_token_is_refreshed_and_kept_before_it_is_used() {
    let mut server = Server::start().await;
    let store = memory();
    let (_client, mut events) = server.client(Arc::clone(&store)).await;
    let (wire, _) = server.ready().await;
    event_that(&mut events, "ready", is_ready).await;
    let path = "POST /api/v1/auth/refresh";
    server.answer(path, 200, &signed_in("fresh", 600));
    wire.close(CloseCode::TokenExpired.number()).await;
    let call = server.call().await;
    assert!(call.body.contains("refresh-token"), "the token of before");
    let (_wire, hello) = server.ready().await;
    assert_eq!(hello.token, Secret::new("fresh"));
    let session = store.load().await.unwrap().session.unwrap();
    assert_eq!(session.refresh_token, Secret::new("refresh-fresh"));
}

#[tokio::test]
async fn a_revoked_session_stops_the_client_and_a_login_starts_it_again() {
    let mut server = Server::start().await;
    let (client, mut events) = server.client(memory()).await;
    let (wire, _) = server.ready().await;
    wire.close(CloseCode::SignedOut.number()).await;
    let reason = event_that(&mut events, "the stop", |event| match event {
        ClientEvent::Stopped(reason) => Some(*reason),
        _ => None,
    });
    assert_eq!(reason.await, StopReason::SignedOut);
    let history = client.history(chat(9), HistoryAt::End, 10).await;
    assert!(matches!(history, Err(ClientError::NotConnected)));
    server.answer("POST /api/v1/auth/login", 200, &signed_in("next", 600));
    client.login("ann", "correct horse").await.unwrap();
    let (_wire, hello) = server.ready().await;
    assert_eq!(hello.token, Secret::new("next"));
}

#[tokio::test]
async fn a_slow_application_loses_nothing() {
    const MANY: u64 = 3_000;
    let mut server = Server::start().await;
    let (_client, mut events) = server.client(knowing(memory()).await).await;
    let (mut wire, _) = server.ready().await;
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        for number in 5..=MANY {
            wire.event(event(9, number)).await;
        }
        // As a server does with a slow consumer.
        wire.close(CloseCode::SlowConsumer.number()).await;
    });
    for number in 5..=MANY / 2 {
        assert_eq!(next_seq(&mut events).await, number);
    }
    let mut last = MANY / 2;
    while last < MANY {
        last += 1;
        assert_eq!(next_seq(&mut events).await, last);
    }
    let (mut wire, hello) = server.ready().await;
    assert_eq!(hello.cursors[&chat(9)], seq(MANY));
    wire.event(event(9, MANY + 1)).await;
    assert_eq!(next_seq(&mut events).await, MANY + 1);
}

#[tokio::test]
async fn closing_sends_what_waits_and_says_goodbye() {
    let mut server = Server::start().await;
    let (client, mut events) = server.client(knowing(memory()).await).await;
    let (mut wire, _) = server.ready().await;
    event_that(&mut events, "ready", is_ready).await;
    let first = client.send(chat(9), Body::text("1"), None).await.unwrap();
    let second = client.send(chat(9), Body::text("2"), None).await.unwrap();
    client.read(chat(9), seq(4)).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(client.close());
    let mut read = false;
    let mut number = 4;
    while let Some(frame) = wire.next_or_close().await {
        match frame {
            ClientFrame::Send(send) => {
                number += 1;
                wire.sent(&send, number).await;
            }
            ClientFrame::Read(frame) => {
                read = true;
                wire.ok(frame.reference).await;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(read);
    drop(wire);
    assert_eq!(
        soon("the first", first.settled()).await.unwrap().seq,
        seq(5)
    );
    assert_eq!(
        soon("the second", second.settled()).await.unwrap().seq,
        seq(6)
    );
    soon("the close", tasks.join_next()).await.unwrap().unwrap();
}

#[tokio::test]
async fn questions_are_answered_and_refused() {
    let mut server = Server::start().await;
    let (client, mut events) = server.client(memory()).await;
    let (mut wire, _) = server.ready().await;
    event_that(&mut events, "ready", is_ready).await;
    let serve = async {
        for answer in [true, false] {
            let history = match wire.next().await {
                ClientFrame::History(history) => history,
                other => panic!("{other:?}"),
            };
            assert_eq!((history.before, history.limit), (Some(seq(40)), Some(10)));
            let reference = history.reference;
            let frame = if answer {
                ServerFrame::Page(PageFrame {
                    reference,
                    messages: Vec::new(),
                    has_before: true,
                    has_after: false,
                    at: seq(40),
                })
            } else {
                let error = ErrorBody::new(ErrorCode::ChatNotFound, "no such chat");
                ServerFrame::Error(Box::new(ErrorFrame::new(reference, error)))
            };
            wire.send(frame).await;
        }
    };
    let ask = async {
        let page = client
            .history(chat(9), HistoryAt::Before(seq(40)), 10)
            .await;
        assert!(page.unwrap().has_before);
        let refused = client
            .history(chat(9), HistoryAt::Before(seq(40)), 10)
            .await;
        let error = refused.unwrap_err();
        assert_eq!(error.refused().unwrap().code, ErrorCode::ChatNotFound);
    };
    soon("both answers", async { tokio::join!(serve, ask) }).await;
}

#[tokio::test]
async fn an_expired_token_of_a_rest_call_is_replaced_once() {
    let mut server = Server::start().await;
    let (client, _events) = server.client(memory()).await;
    let (mut wire, _) = server.ready().await;
    let path = "GET /api/v1/chats/9";
    let expired = Problem::from(ErrorBody::new(ErrorCode::TokenExpired, "expired"));
    let missing = Problem::from(ErrorBody::new(ErrorCode::ChatNotFound, "no such chat"));
    server.answer(path, 401, &expired);
    server.answer("POST /api/v1/auth/refresh", 200, &signed_in("fresh", 600));
    server.answer(path, 404, &missing);
    let error = soon("the answer", client.rest().chat(chat(9)))
        .await
        .unwrap_err();
    assert_eq!(error.refused().unwrap().code, ErrorCode::ChatNotFound);
    let mut bearers = Vec::new();
    for _ in 0..3 {
        let call = server.call().await;
        let head = call.head.lines().map(str::to_owned);
        bearers.extend(head.filter(|line| line.starts_with("authorization")));
    }
    assert_eq!(
        bearers,
        ["authorization: Bearer token", "authorization: Bearer fresh"]
    );
    match wire.next().await {
        ClientFrame::Refresh(refresh) => assert_eq!(refresh.token, Secret::new("fresh")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn logging_out_tells_the_server_and_forgets_everything() {
    let mut server = Server::start().await;
    let store = knowing(memory()).await;
    let (client, _events) = server.client(Arc::clone(&store)).await;
    let (mut wire, _) = server.ready().await;
    server.answer("POST /api/v1/auth/logout", 200, &serde_json::json!({}));
    client.logout().await.unwrap();
    assert!(server.call().await.head.contains("Bearer token"));
    assert_eq!(wire.next_or_close().await.map(drop), None);
    assert_eq!(store.load().await.unwrap(), Default::default());
    assert_eq!((client.me(), client.restore().await.unwrap()), (None, None));
}

#[tokio::test]
async fn many_clients_live_in_one_process() {
    const MANY: usize = 300;
    let mut server = Server::start().await;
    let http = reqwest::Client::new();
    let tracker = tokio_util::task::TaskTracker::new();
    let shutdown = tokio_util::sync::CancellationToken::new();
    let mut clients = Vec::new();
    for _ in 0..MANY {
        let mut config = server.config(knowing(memory()).await);
        config.http = Some(http.clone());
        config.tracker = tracker.clone();
        config.shutdown = shutdown.clone();
        let client = Client::connect(config).await.unwrap();
        let events = client.events();
        client.sign_in(signed_in("token", 600)).await.unwrap();
        clients.push((client, events));
    }
    let mut wires = Vec::new();
    for _ in 0..MANY {
        let (mut wire, _) = server.ready().await;
        wire.event(event(9, 5)).await;
        wires.push(wire);
    }
    for (_, events) in &mut clients {
        assert_eq!(next_seq(events).await, 5);
    }
    assert_eq!(tracker.len(), MANY);
    shutdown.cancel();
    tracker.close();
    soon("the end of all tasks", async {
        let goodbyes = wires
            .iter_mut()
            .map(|wire| async { while wire.next_or_close().await.is_some() {} });
        futures_util::future::join_all(goodbyes).await;
        drop(wires);
        tracker.wait().await;
    })
    .await;
}
