//! Demos against a real node in this process: what they leave in the logs, and that bots answer.

use std::sync::Arc;
use std::time::Duration;

use parlour_client::{Client, ClientConfig, ClientEvent, EventStream, HistoryAt, MemoryStore};
use parlour_model::{Body, ChatId, ChatType, Seq, limits};
use parlour_protocol::ChatBody;
use tempfile::TempDir;

use super::*;
use crate::{Config, Limits, Node};

/// How long anything that must happen may take.
const PATIENCE: Duration = Duration::from_secs(30);

const CONVERSATIONS: &str = r#"{"chat":"pair","lines":[["Ann","one"],["Bob","two"],["Ann","one"]]}
{"chat":"group","lines":[["Ann","Where is the key?"],["Bob","Under the mat."],["Cyd","As ever."],["Ann","Thanks."]]}"#;

/// A node, and what a demo of it is told.
struct World {
    node: Node,
    _folder: TempDir,
}

impl World {
    async fn start(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            admin_listen: ([127, 0, 0, 1], 0).into(),
            data: folder.path().to_owned(),
            drain_seconds: 1,
            limits,
            ..Config::default()
        };
        Self {
            node: Node::start(config, None).await.unwrap(),
            _folder: folder,
        }
    }

    fn play(&self, conversations: &str, bots: usize) -> Play {
        let (conversations, bad) = corpus::parse(conversations);
        assert_eq!(bad, []);
        let moment = Duration::from_millis(1)..Duration::from_millis(2);
        Play {
            args: DemoArgs {
                url: format!("http://{}", self.node.address()),
                corpus: None,
                chats: None,
                bots,
                password: "a demo password".to_owned(),
                once: bots == 0,
            },
            script: Script::new(&conversations),
            pace: Pace {
                // Nobody says anything by themselves while a test looks at the answers.
                between_lines: Duration::from_secs(3_600)..Duration::from_secs(3_601),
                reading: moment.clone(),
                typing: moment,
                between_statuses: Duration::from_secs(3_600)..Duration::from_secs(3_601),
            },
        }
    }

    async fn fills(&self, conversations: &str) {
        let play = self.play(conversations, 0);
        play.perform(&CancellationToken::new()).await.unwrap();
    }

    /// Somebody of the demo, signed in by a person.
    async fn log_in(&self, name: &str) -> (Client, EventStream) {
        let url = format!("http://{}", self.node.address());
        let config = ClientConfig::new(url, Arc::new(MemoryStore::default()));
        let client = Client::connect(config).await.unwrap();
        let events = client.events();
        client.login(name, "a demo password").await.unwrap();
        (client, events)
    }

    async fn stop(self) {
        self.node.drain_and_stop().await.unwrap();
    }
}

fn many() -> Limits {
    let many = 1_000_000;
    Limits {
        requests_per_second: many,
        requests_burst: many,
        logins_per_minute: many,
        registrations_per_minute: many,
        ..Limits::default()
    }
}

async fn texts(client: &Client, chat: ChatId) -> Vec<String> {
    let query = HistoryAt::End;
    let page = patience::patiently(|| client.history(chat, query, limits::PAGE_MESSAGES_MAX));
    let messages = page.await.unwrap().messages;
    let bodies = messages.iter().filter_map(|message| message.body.as_ref());
    bodies
        .filter_map(|body| Some(body.as_text()?.to_owned()))
        .collect()
}

fn the(chats: &[ChatBody], chat_type: ChatType) -> ChatId {
    let mut found = chats.iter().filter(|chat| chat.chat_type == chat_type);
    let chat = found.next().unwrap();
    assert!(found.next().is_none(), "more than one");
    chat.id
}

#[tokio::test]
async fn a_demo_that_is_done_twice_doubles_nothing() {
    let world = World::start(many()).await;
    for _ in 0..2 {
        world.fills(CONVERSATIONS).await;
        let (bob, _events) = world.log_in("demo_bob").await;
        let chats = bob.chats().await.unwrap();
        let pair = texts(&bob, the(&chats, ChatType::Direct)).await;
        assert_eq!(pair, ["one", "two", "one"]);
        let group = texts(&bob, the(&chats, ChatType::Group)).await;
        let said = ["Where is the key?", "Under the mat.", "As ever.", "Thanks."];
        assert_eq!(group, said);
        bob.logout().await.unwrap();
    }
    world.stop().await;
}

#[tokio::test]
async fn a_demo_goes_on_where_an_earlier_one_stopped_whatever_people_did_since() {
    let world = World::start(many()).await;
    let beginning =
        r#"{"chat":"group","lines":[["Ann","one"],["Bob","two"],["Cyd","one"],["Ann","two"]]}"#;
    world.fills(beginning).await;
    let (guest, _events) = world.log_in("demo_guest").await;
    let (ann, _events) = world.log_in("demo_ann").await;
    let chat = the(&guest.chats().await.unwrap(), ChatType::Group);
    let says = guest.send(chat, Body::text("What is this?"), None).await;
    says.unwrap().settled().await.unwrap();
    let first = ann.history(chat, HistoryAt::After(Seq::ZERO), 10).await;
    let first = first.unwrap().messages;
    let first = first.iter().find(|message| message.body.is_some()).unwrap();
    let gone = ann.delete(chat, first.seq).await.unwrap();
    gone.settled().await.unwrap();

    world
        .fills(r#"{"chat":"group","lines":[["Ann","one"],["Bob","two"],["Cyd","one"],["Ann","two"],["Bob","three"]]}"#)
        .await;
    // Nothing is left of the text of what was deleted.
    let now = ["", "two", "one", "two", "What is this?", "three"];
    assert_eq!(texts(&guest, chat).await, now);
    world.stop().await;
}

#[tokio::test]
async fn the_limits_of_the_server_are_kept_to() {
    let world = World::start(Limits {
        requests_per_second: 40,
        requests_burst: 2,
        ..many()
    })
    .await;
    world.fills(CONVERSATIONS).await;
    let (cyd, _events) = world.log_in("demo_cyd").await;
    let chats = patience::patiently(|| cyd.chats()).await.unwrap();
    assert_eq!(texts(&cyd, the(&chats, ChatType::Group)).await.len(), 4);
    world.stop().await;
}

#[tokio::test]
async fn a_user_with_another_password_ends_the_demo_with_a_sentence() {
    let world = World::start(many()).await;
    world.fills(CONVERSATIONS).await;
    let mut play = world.play(CONVERSATIONS, 0);
    play.args.password = "another password".to_owned();
    let error = play.perform(&CancellationToken::new()).await.unwrap_err();
    assert!(format!("{error:#}").contains("--password"), "{error:#}");
    world.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let world = World::start(many()).await;
    let mut play = world.play(CONVERSATIONS, 0);
    world.stop().await;
    play.args.url = "http://127.0.0.1:1".to_owned();
    let error = play.perform(&CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains("127.0.0.1:1"), "{error:#}");
}

/// The next event of the stream that `wanted` makes something of.
async fn awaited<T>(
    events: &mut EventStream,
    mut wanted: impl FnMut(ClientEvent) -> Option<T>,
) -> T {
    let found = async {
        loop {
            let event = events.next().await.expect("the client goes on");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.expect("it happens in time")
}

/// The answer to a message, once it is there and the message was read: in whichever order that is told.
async fn reaction_to(asker: &Client, events: &mut EventStream, asked: Seq) -> String {
    let me = asker.me();
    let (mut answer, mut is_read) = (None, false);
    while answer.is_none() || !is_read {
        awaited(events, |event| {
            match event {
                ClientEvent::Event(event) if event.reply_to == Some(asked) => {
                    answer = event
                        .body
                        .as_ref()
                        .and_then(Body::as_text)
                        .map(str::to_owned);
                }
                ClientEvent::Receipt(receipt)
                    if receipt.read >= asked && Some(receipt.user) != me =>
                {
                    is_read = true;
                }
                _ => return None,
            }
            Some(())
        })
        .await;
    }
    answer.unwrap()
}

#[tokio::test]
async fn bots_read_and_answer_what_a_person_writes_and_sign_out_at_the_end() {
    let world = World::start(many()).await;
    world.fills(CONVERSATIONS).await;
    let (guest, mut events) = world.log_in("demo_guest").await;
    let chats = guest.chats().await.unwrap();
    let group = the(&chats, ChatType::Group);
    let direct = the(&chats, ChatType::Direct);
    guest.watch(vec![], vec![group, direct]).await.unwrap();

    let play = world.play(CONVERSATIONS, 2);
    let stop = CancellationToken::new();
    let person = async {
        for chat in [direct, group] {
            let asks = guest.send(chat, Body::text("where's the key?"), None).await;
            let asked = asks.unwrap().settled().await.unwrap().seq;
            assert_eq!(
                reaction_to(&guest, &mut events, asked).await,
                "Under the mat."
            );
        }
        stop.cancel();
    };
    let (outcome, ()) = tokio::join!(play.perform(&stop), person);
    outcome.unwrap();

    let (ann, _events) = world.log_in("demo_ann").await;
    assert_eq!(ann.rest().sessions().await.unwrap().len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn bots_go_on_with_their_conversations() {
    let world = World::start(many()).await;
    world.fills(CONVERSATIONS).await;
    let (guest, mut events) = world.log_in("demo_guest").await;
    let group = the(&guest.chats().await.unwrap(), ChatType::Group);
    guest.watch(vec![], vec![group]).await.unwrap();
    let mut play = world.play(CONVERSATIONS, 3);
    play.pace.between_lines = Duration::from_millis(1)..Duration::from_millis(2);
    let stop = CancellationToken::new();
    let person = async {
        awaited(&mut events, |event| match event {
            ClientEvent::Typing(typing) if typing.on => Some(typing.user),
            _ => None,
        })
        .await;
        let mut said = 0;
        while said < 4 {
            awaited(&mut events, |event| match event {
                ClientEvent::Event(event) if event.chat == group => Some(()),
                _ => None,
            })
            .await;
            said += 1;
        }
        stop.cancel();
    };
    let (outcome, ()) = tokio::join!(play.perform(&stop), person);
    outcome.unwrap();
    world.stop().await;
}

#[tokio::test]
async fn a_demo_ends_when_its_bots_are_turned_away() {
    let world = World::start(many()).await;
    world.fills(CONVERSATIONS).await;
    let (guest, mut events) = world.log_in("demo_guest").await;
    let (ann, _events) = world.log_in("demo_ann").await;
    let direct = the(&guest.chats().await.unwrap(), ChatType::Direct);
    let asks = guest
        .send(direct, Body::text("where's the key?"), None)
        .await;
    let asked = asks.unwrap().settled().await.unwrap().seq;

    let play = world.play(CONVERSATIONS, 1);
    let person = async {
        // Once the bot answers it is there; from another device its session is ended.
        reaction_to(&guest, &mut events, asked).await;
        ann.rest().revoke_others().await.unwrap();
    };
    let stop = CancellationToken::new();
    let performance = tokio::time::timeout(PATIENCE, play.perform(&stop));
    let (outcome, ()) = tokio::join!(performance, person);
    let error = outcome.expect("it ends in time").unwrap_err();
    assert!(
        error.to_string().contains("turned every bot away"),
        "{error:#}"
    );
    world.stop().await;
}

#[test]
fn the_sample_is_played_whole() {
    let (conversations, bad) = corpus::parse(SAMPLE);
    assert_eq!(bad, []);
    let script = Script::new(&conversations);
    assert_eq!(script.left_out, Vec::<String>::new());
    assert_eq!(script.scenes.len(), conversations.len() + 1, "a greeting");
}
