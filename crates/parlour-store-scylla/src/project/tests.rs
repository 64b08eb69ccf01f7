//! Crashes between a commit and its effects, and projectors that come late: what only the inside can bring about.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::{
    Body, Clock, Content, Emoji, Event, ManualClock, Mark, Message, NewMember, Role, Seq, UserId,
    Visible,
};
use parlour_store::{Anchor, Outcome, Views, Watermarks};

use crate::ScyllaStore;
use crate::fixture::chat::{Chat, created, message, random};
use crate::fixture::{self, START};
use crate::log::{Appending, Tools};

/// A chat seen through two nodes.
struct Two {
    first: Chat,
    second: Chat,
}

impl Two {
    async fn open() -> Option<Self> {
        let connection = fixture::connection(&fixture::host()?).await;
        let clock = || Arc::new(ManualClock::new(START));
        let (first_clock, second_clock) = (clock(), clock());
        let first = Arc::new(fixture::open(&connection, 1, &first_clock).await);
        let second = Arc::new(fixture::open(&connection, 2, &second_clock).await);
        let first = Chat::create(first, first_clock).await;
        let second = first.through(&second, &second_clock);
        Some(Self { first, second })
    }
}

/// Commits as a node does that dies before it has written any effect.
async fn commit_and_die(chat: &Chat, contents: Vec<Content>) -> Vec<Event> {
    let store: &ScyllaStore = &chat.store;
    let mut events = Vec::new();
    for content in contents {
        let epoch = chat.head().await.epoch.get();
        let tools = Tools {
            log: &store.log,
            heads: &store.heads,
            clock: &*store.clock,
            ids: &store.ids,
        };
        let drafts = vec![chat.draft_of(chat.owner, epoch, content)];
        let (appended, _) = Appending::new(tools, chat.id, drafts).run().await;
        events.extend(appended.outcomes.into_iter().map(created));
    }
    events
}

async fn commit(chat: &Chat, content: Content) -> Event {
    let epoch = chat.head().await.epoch.get();
    created(
        chat.append_one(chat.draft_of(chat.owner, epoch, content))
            .await,
    )
}

async fn current(chat: &Chat, seq: Seq) -> Message {
    let visible = Visible {
        after: Seq::ZERO,
        through: chat.head().await.seq,
    };
    let message = chat.store.message(chat.id, seq, visible).await.unwrap();
    message.unwrap()
}

fn edited(target: Seq, text: &str) -> Content {
    let body = Body::text(text);
    Content::MessageEdited { target, body }
}

fn reacted(target: Seq, on: bool) -> Content {
    let emoji = Emoji::new("👍").unwrap();
    Content::ReactionChanged { target, emoji, on }
}

fn text(message: &Message) -> &str {
    match &message.content {
        Content::Message { body, .. } => body.as_text().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_next_finishes_what_a_crash_left_open() {
    let Some(Two { first, second }) = Two::open().await else {
        return;
    };
    let target = commit(&first, message("v0")).await.seq;
    let (guest, added) = a_guest_is_added();
    let mut contents = vec![edited(target, "v1"), added];
    // More than one stretch of the walk.
    contents.extend((0..100).map(|i| reacted(target, i % 2 == 0)));
    contents.push(Content::MemberRemoved { user: first.member });
    commit_and_die(&first, contents).await;
    let authority = second.store.authority(second.id, first.member).await;
    let authority = authority.unwrap().unwrap();
    assert!(!authority.member.unwrap().is_joined());
    assert_eq!(authority.member_count, 2);
    assert_eq!(authority.as_of, second.head().await.seq);
    let message = current(&second, target).await;
    assert_eq!((text(&message), message.reactions.len()), ("v1", 0));
    let memberships = first.store.memberships(guest).await.unwrap();
    assert_eq!(memberships.len(), 1, "the walk writes both tables");
}

fn a_guest_is_added() -> (UserId, Content) {
    let user = UserId::new(random()).unwrap();
    let role = Role::Member;
    let users = vec![NewMember { user, role }];
    (user, Content::MembersAdded { users })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_compares_heads_can_finish_what_a_crash_left_open() {
    let Some(Two { first, second }) = Two::open().await else {
        return;
    };
    let (guest, added) = a_guest_is_added();
    commit_and_die(&first, vec![added]).await;
    let newest = second.head().await.effect_seq;
    let finish = || second.store.finish(second.id, newest);
    assert!(finish().await.unwrap(), "it was open");
    let memberships = second.store.memberships(guest).await.unwrap();
    assert_eq!(memberships.len(), 1);
    assert!(!finish().await.unwrap());
    assert!(!first.store.finish(first.id, newest).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_writes_what_a_crash_before_it_left_open() {
    let Some(Two { first, second }) = Two::open().await else {
        return;
    };
    let (guest, added) = a_guest_is_added();
    commit_and_die(&first, vec![added]).await;
    assert!(second.store.memberships(guest).await.unwrap().is_empty());
    commit(&second, message("no effect, no walk")).await;
    assert!(second.store.memberships(guest).await.unwrap().is_empty());
    commit(&second, reacted(Seq::new(3), true)).await;
    assert_eq!(second.store.memberships(guest).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_writes_what_its_first_attempt_left_open() {
    let Some(Two { first, second }) = Two::open().await else {
        return;
    };
    let (guest, added) = a_guest_is_added();
    let draft = first.draft_of(first.owner, 0, added);
    let tools = Tools {
        log: &first.store.log,
        heads: &first.store.heads,
        clock: &*first.store.clock,
        ids: &first.store.ids,
    };
    let (appended, _) = Appending::new(tools, first.id, vec![draft.clone()])
        .run()
        .await;
    let event = created(appended.outcomes.into_iter().next().unwrap());
    assert!(second.store.memberships(guest).await.unwrap().is_empty());
    assert_eq!(second.append_one(draft).await, Outcome::Existing(event));
    assert_eq!(second.store.memberships(guest).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_projector_loses() {
    let Some(Two { first, second }) = Two::open().await else {
        return;
    };
    let target = commit(&first, message("v0")).await.seq;
    let mut past = Vec::new();
    for text in ["v1", "v2", "v3"] {
        past.push(commit(&first, edited(target, text)).await);
    }
    for on in [true, false, true] {
        past.push(commit(&first, reacted(target, on)).await);
        past.push(commit(&first, Content::PinChanged { target, on }).await);
    }
    let user = first.member;
    past.push(commit(&first, Content::MemberRemoved { user }).await);
    let before = current(&first, target).await;
    assert_eq!((text(&before), before.pinned), ("v3", true));
    // The other node is an hour behind and writes everything once more, the newest first.
    let behind = second.clock.now().minus(Duration::from_secs(3_600));
    second.clock.set(behind);
    for event in past.iter().rev() {
        second.store.project_again(event).await.unwrap();
    }
    assert_eq!(current(&second, target).await, before);
    let authority = second.store.authority(second.id, user).await.unwrap();
    assert!(!authority.unwrap().member.unwrap().is_joined());
    let (projected,): (i64,) = projected(&second).await;
    assert_eq!(projected, past.last().unwrap().seq.get() as i64);
}

async fn projected(chat: &Chat) -> (i64,) {
    let at = (chat.id.get() as i64,);
    chat.store
        .cql
        .one(&super::PROJECTED, at)
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_is_written_after_its_deletion_leaves_no_body() {
    let Some(Two { first, second }) = Two::open().await else {
        return;
    };
    let target = commit(&first, message("secret 0")).await.seq;
    let edits = vec![edited(target, "secret 1"), edited(target, "secret 2")];
    let edits = commit_and_die(&first, edits).await;
    // The deletion's own effects come first, then those of the edits from before it.
    let deletion = commit_and_die(&first, vec![Content::MessageDeleted { target }]).await;
    let store = &second.store;
    assert!(store.write_effects(&deletion).await.unwrap());
    let late = commit_and_die(&first, vec![edited(target, "secret 3")]).await;
    for event in late.iter().chain(&edits) {
        let is_due = store.write_effects(std::slice::from_ref(event)).await;
        assert!(is_due.unwrap(), "its message is deleted");
    }
    assert!(is_told(&second).await);
    assert_eq!(erase_all(&second).await, 1);
    let at = second.store.place(second.id, target);
    let rows: Vec<(Option<String>,)> = second.store.cql.all(&BODY, at).await.unwrap();
    assert_eq!(rows, [(Some(String::new()),)]);
    assert!(current(&first, target).await.deleted);
}

/// Whether the log still says anywhere what was said.
async fn is_told(chat: &Chat) -> bool {
    let log = chat.log().await;
    log.iter().any(|event| content(event).contains("secret"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_does_not_wait_until_a_message_of_many_edits_is_erased() {
    let Some(Two { first, second }) = Two::open().await else {
        return;
    };
    let target = commit(&first, message("secret")).await.seq;
    let edits =
        (0..200).map(|i| first.draft_of(first.owner, 0, edited(target, &format!("secret {i}"))));
    for outcome in first.append(edits.collect()).await {
        created(outcome);
    }
    commit_and_die(&first, vec![Content::MessageDeleted { target }]).await;
    let authority = second.store.authority(second.id, second.member).await;
    assert_eq!(authority.unwrap().unwrap().as_of, second.head().await.seq);
    assert!(current(&second, target).await.deleted);
    assert!(is_told(&second).await, "the readers erased all of it");
    assert!(erase_all(&second).await > 1, "a turn is bounded");
}

/// Compares the chat with its head until nothing is left to erase; answers how often.
async fn erase_all(chat: &Chat) -> usize {
    let newest = chat.head().await.effect_seq;
    let mut turns = 0;
    while is_told(chat).await {
        assert!(turns < 200, "it goes on");
        turns += 1;
        chat.store.finish(chat.id, newest).await.unwrap();
    }
    turns
}

static BODY: crate::cql::Statement = crate::cql::Statement::new(
    "test_overlay_body",
    "SELECT body FROM overlay WHERE chat_id = ? AND bucket = ? AND target = ?",
);

fn content(event: &Event) -> String {
    serde_json::to_string(&event.content).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_the_past_sees_nothing_newer() {
    let Some(Two { first, second }) = Two::open().await else {
        return;
    };
    let target = commit(&first, message("v0")).await.seq;
    let mut states = Vec::new();
    for (i, text) in ["v1", "v2", "v3"].into_iter().enumerate() {
        commit(&first, edited(target, text)).await;
        commit(&first, reacted(target, i % 2 == 0)).await;
        let on = commit(&first, Content::PinChanged { target, on: i == 1 }).await;
        states.push((on.seq, current(&first, target).await));
    }
    for (through, expected) in states {
        let visible = Visible {
            after: Seq::ZERO,
            through,
        };
        let page = second.store.page(second.id, Anchor::Latest, 10, visible);
        let message = page.await.unwrap().messages.pop().unwrap();
        assert_eq!(message, expected, "at {through}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_stands_through_leaving_and_joining_again_on_another_node() {
    let Some(Two { first, second }) = Two::open().await else {
        return;
    };
    let user = first.member;
    first.fill(6, 0).await;
    let raise = async |chat: &Chat, mark| chat.store.raise(user, chat.id, mark).await.unwrap();
    let before = raise(&first, Mark::Read(Seq::new(6))).await;
    commit(&first, Content::MemberRemoved { user }).await;
    let users = vec![NewMember {
        user,
        role: Role::Member,
    }];
    second
        .clock
        .set(second.clock.now().minus(Duration::from_secs(3_600)));
    commit(&second, Content::MembersAdded { users }).await;
    assert_eq!(raise(&second, Mark::Read(Seq::new(3))).await, before);
    assert_eq!(raise(&second, Mark::Delivered(Seq::new(5))).await, before);
    let above = raise(&second, Mark::Read(Seq::new(8))).await;
    assert_eq!((above.read, above.delivered), (Seq::new(8), Seq::new(8)));
    for chat in [&first, &second] {
        assert_eq!(chat.store.marks(user, chat.id).await.unwrap(), above);
        let all = chat.store.marks_of_chat(chat.id, None, 10).await.unwrap();
        assert_eq!(all, [(user, above)]);
    }
    assert!(matches!(
        first
            .append_one(first.draft(0, "an epoch from before"))
            .await,
        Outcome::RightsChanged
    ));
}
