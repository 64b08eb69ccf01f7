//! The chat list: unread is derived from log and marks, never counted.

use parlour_model::{Content, Emoji, HistoryVisibility, Mark, Seq, UserId, Visible};

use super::Fixture;
use super::room::{Room, new_chat_id, new_user};
use crate::{Anchor, ChatSummary, chat_summary};

/// Unread is what was said since the read mark or since joining, whichever is later.
pub async fn unread_is_what_was_said_since_reading_or_joining(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let guest = new_user();
    room.fill(5).await;
    room.add(guest).await;
    assert_eq!(unread(&room, guest).await, 0);
    let said = room.fill(6).await;
    assert_eq!(unread(&room, guest).await, 6);
    read(&room, guest, said[1].seq).await;
    assert_eq!(unread(&room, guest).await, 4);
    read(&room, guest, said[0].seq).await;
    assert_eq!(unread(&room, guest).await, 4);
    for on in [true, false, true] {
        let emoji = Emoji::new("👍").expect("an emoji");
        let target = said[0].seq;
        room.post(room.owner, Content::ReactionChanged { target, emoji, on })
            .await;
    }
    room.post(room.owner, Content::Hidden {}).await;
    assert_eq!(unread(&room, guest).await, 4);
    let head = room.head().await.seq;
    read(&room, guest, head).await;
    assert_eq!(unread(&room, guest).await, 0);
}

/// Who comes back has not missed what was said while they were away.
pub async fn unread_starts_again_at_joining_again(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let user = room.others[0];
    room.fill(3).await;
    read(&room, user, Seq::new(2)).await;
    room.remove(user).await;
    room.fill(7).await;
    assert!(summary(&room, user).await.is_none());
    room.add(user).await;
    assert_eq!(unread(&room, user).await, 0);
    room.fill(2).await;
    assert_eq!(unread(&room, user).await, 2);
}

/// A deleted message stays counted: what unread says never depends on what was deleted.
pub async fn unread_is_not_changed_by_a_deletion(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    let said = room.fill(5).await;
    room.post(
        room.owner,
        Content::MessageDeleted {
            target: said[2].seq,
        },
    )
    .await;
    assert_eq!(unread(&room, room.others[0]).await, 5);
    read(&room, room.others[0], said[2].seq).await;
    assert_eq!(unread(&room, room.others[0]).await, 2);
}

/// A summary holds the chat, the user's row, the last line in its current state, and all members' marks.
pub async fn a_summary_is_put_together_from_the_reads(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 2).await;
    let user = room.others[1];
    let said = room.say(room.owner, "the last line").await;
    let edit = Content::MessageEdited {
        target: said.seq,
        body: parlour_model::Body::text("the last line, edited"),
    };
    room.post(room.owner, edit).await;
    read(&room, room.others[0], said.seq).await;
    let summary = summary(&room, user).await.expect("a member");
    let authority = room.authority(user).await;
    assert_eq!(
        (&summary.chat, Some(summary.member)),
        (&authority.chat, authority.member)
    );
    assert_eq!((summary.head, summary.member_count), (room.head().await, 3));
    let last = summary.last_message.expect("a line");
    assert_eq!((last.seq, last.edited_at.is_some()), (said.seq, true));
    let members = summary.members.expect("named in a small chat");
    for (member, marks) in &members {
        assert_eq!(
            *marks,
            room.store
                .marks(member.user, room.chat)
                .await
                .expect("marks")
        );
    }
    let present = room
        .store
        .members(room.chat, None, 10)
        .await
        .expect("members");
    assert_eq!(
        members
            .into_iter()
            .map(|(member, _)| member)
            .collect::<Vec<_>>(),
        present
    );
}

/// Strangers, former members and chats that do not exist have no summary.
pub async fn only_a_member_has_a_summary(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    assert!(summary(&room, new_user()).await.is_none());
    room.remove(room.others[0]).await;
    assert!(summary(&room, room.others[0]).await.is_none());
    let nowhere = chat_summary(&*room.store, room.owner, new_chat_id()).await;
    assert!(nowhere.expect("summary").is_none());
}

/// Someone who joined late and was removed sees in pages only what lies between, both ends included.
pub async fn a_former_member_sees_what_lies_between_joining_and_leaving(fixture: &dyn Fixture) {
    let room = Room::open_with(fixture, 0, HistoryVisibility::SinceJoin).await;
    let guest = new_user();
    room.fill(5).await;
    let joined = room.add(guest).await.seq;
    room.say(guest, "hello").await;
    room.fill(5).await;
    let left = room.remove(guest).await.seq;
    room.fill(6).await;
    let visible = visible(&room, guest).await;
    for anchor in [
        Anchor::Latest,
        Anchor::Before(Seq::LIMIT),
        Anchor::After(Seq::ZERO),
    ] {
        let page = room
            .store
            .page(room.chat, anchor, 100, visible)
            .await
            .expect("page");
        let seqs: Vec<u64> = page
            .messages
            .iter()
            .map(|message| message.seq.get())
            .collect();
        assert_eq!(seqs, (joined.get()..=left.get()).collect::<Vec<_>>());
        assert!(!page.has_before && !page.has_after);
    }
    for outside in [joined.previous(), left.next()] {
        let message = room.store.message(room.chat, outside, visible).await;
        assert_eq!(message.expect("message"), None);
    }
}

async fn visible(room: &Room, user: UserId) -> Visible {
    let authority = room.authority(user).await;
    let member = authority.member.expect("the row of a former member stays");
    ChatSummary::visible(&authority.chat, &member, authority.as_of)
}

async fn summary(room: &Room, user: UserId) -> Option<ChatSummary> {
    chat_summary(&*room.store, user, room.chat)
        .await
        .expect("summary")
}

async fn unread(room: &Room, user: UserId) -> u64 {
    summary(room, user).await.expect("a member").unread
}

async fn read(room: &Room, user: UserId, seq: Seq) {
    room.store
        .raise(user, room.chat, Mark::Read(seq))
        .await
        .expect("raise");
}
