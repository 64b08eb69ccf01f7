//! Pages of a conversation: exact at every edge, and never empty while there are more lines.

use parlour_model::{Body, Content, Emoji, Message, Role, Seq, Title, Visible};

use super::Fixture;
use super::room::{Room, created, message};
use crate::{Anchor, Page};

/// Pages at the end, before and after any seq hold exactly the lines next to it, whatever is visible.
pub async fn a_page_holds_exactly_the_lines_next_to_its_anchor(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    converse(&room).await;
    let lines = lines_of(&room).await;
    let head = room.head().await.seq;
    for visible in visibilities(head) {
        let seen: Vec<Seq> = lines
            .iter()
            .copied()
            .filter(|seq| visible.contains(*seq))
            .collect();
        for limit in [1, 3, 100] {
            check(&room, &seen, Anchor::Latest, limit, visible).await;
            for seq in 0..=head.get() + 2 {
                check(&room, &seen, Anchor::Before(Seq::new(seq)), limit, visible).await;
                check(&room, &seen, Anchor::After(Seq::new(seq)), limit, visible).await;
            }
        }
    }
}

/// A page around a seq is one run of lines with that seq in its middle, as far as there are lines.
pub async fn a_page_around_a_seq_has_it_in_the_middle(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    converse(&room).await;
    let lines = lines_of(&room).await;
    let head = room.head().await.seq;
    for visible in visibilities(head) {
        let seen: Vec<Seq> = lines
            .iter()
            .copied()
            .filter(|seq| visible.contains(*seq))
            .collect();
        for limit in [1, 2, 5, 100] {
            for seq in 1..=head.get() {
                let seq = Seq::new(seq);
                let page = page(&room, Anchor::Around(seq), limit, visible).await;
                check_around(&page, &seen, seq, limit);
            }
        }
    }
}

/// Hundreds of events that are no lines between two messages make no page empty and hide no message.
pub async fn hundreds_of_reactions_between_messages_hide_nothing(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    for text in ["first", "second", "third"] {
        // As a client does, drafts say what had been applied: a key need not be looked for in a hundred buckets.
        let head = room.head().await;
        let draft = room.draft_at(head.epoch, room.owner, message(text));
        let target = created(room.try_append(draft.applied(head.seq)).await).seq;
        let react = |i: usize| {
            let emoji = Emoji::new(format!("e{}", i % 7)).expect("an emoji");
            let content = Content::ReactionChanged {
                target,
                emoji,
                on: i.is_multiple_of(2),
            };
            let draft = room.draft_at(head.epoch, room.owner, content);
            draft.applied(head.seq)
        };
        let drafts = (0..200).map(react).collect();
        room.append(drafts)
            .await
            .into_iter()
            .for_each(|outcome| drop(created(outcome)));
    }
    let lines = lines_of(&room).await;
    assert_eq!(lines.len(), 4);
    let head = room.head().await.seq;
    let visible = Visible {
        after: Seq::ZERO,
        through: head,
    };
    for limit in [1, 2, 10] {
        check(&room, &lines, Anchor::Latest, limit, visible).await;
        for seq in [1, 2, 3, 100, 202, 203, 204, 403, 405, head.get()] {
            check(&room, &lines, Anchor::Before(Seq::new(seq)), limit, visible).await;
            check(&room, &lines, Anchor::After(Seq::new(seq)), limit, visible).await;
            let around = page(&room, Anchor::Around(Seq::new(seq)), limit, visible).await;
            check_around(&around, &lines, Seq::new(seq), limit);
        }
    }
}

/// Walking from page to page, up or down, meets every line once and ends.
pub async fn walking_page_by_page_meets_every_line_once(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    converse(&room).await;
    let lines = lines_of(&room).await;
    let visible = Visible {
        after: Seq::ZERO,
        through: room.head().await.seq,
    };
    for limit in [1, 3, 4] {
        let (mut down, mut anchor) = (Vec::new(), Anchor::Latest);
        loop {
            let page = page(&room, anchor, limit, visible).await;
            let seqs = seqs(&page);
            anchor = Anchor::Before(
                *seqs
                    .first()
                    .expect("a page is never empty while there is more"),
            );
            down.splice(0..0, seqs);
            if !page.has_before {
                break;
            }
        }
        let (mut up, mut anchor) = (Vec::new(), Anchor::After(Seq::ZERO));
        loop {
            let page = page(&room, anchor, limit, visible).await;
            let seqs = seqs(&page);
            anchor = Anchor::After(
                *seqs
                    .last()
                    .expect("a page is never empty while there is more"),
            );
            up.extend(seqs);
            if !page.has_after {
                break;
            }
        }
        assert_eq!((&down, &up), (&lines, &lines));
    }
}

/// One message is answered if it is a line and visible, and as pages show it.
pub async fn one_message_is_answered_as_pages_show_it(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 1).await;
    converse(&room).await;
    let lines = lines_of(&room).await;
    let head = room.head().await.seq;
    for visible in visibilities(head) {
        let page = page(&room, Anchor::Latest, 100, visible).await;
        for seq in 0..=head.get() + 2 {
            let seq = Seq::new(seq);
            let message = room
                .store
                .message(room.chat, seq, visible)
                .await
                .expect("message");
            let expected = lines.contains(&seq) && visible.contains(seq);
            assert_eq!(message.is_some(), expected, "{seq} in {visible:?}");
            assert_eq!(
                message.as_ref(),
                page.messages.iter().find(|message| message.seq == seq)
            );
        }
    }
}

/// Some forty events: lines of several kinds with what is no line before, between and after them.
async fn converse(room: &Room) {
    let (owner, other) = (room.owner, room.others[0]);
    room.post(owner, Content::Hidden {}).await;
    let first = room.say(owner, "one").await.seq;
    room.fill(4).await;
    react(room, first, 7).await;
    let second = room.say(other, "two").await.seq;
    let body = Body::text("2");
    room.post(
        other,
        Content::MessageEdited {
            target: second,
            body,
        },
    )
    .await;
    let title = Some(Title::new("A title").expect("a title"));
    room.post(
        owner,
        Content::ChatChanged {
            title,
            history: None,
            data: None,
        },
    )
    .await;
    room.post(
        owner,
        Content::RoleChanged {
            user: other,
            role: Role::Admin,
        },
    )
    .await;
    room.fill(3).await;
    let third = room.post(other, message("three")).await.seq;
    room.post(owner, Content::MessageDeleted { target: third })
        .await;
    room.post(
        owner,
        Content::PinChanged {
            target: first,
            on: true,
        },
    )
    .await;
    room.remove(other).await;
    room.add(other).await;
    react(room, second, 5).await;
}

async fn react(room: &Room, target: Seq, times: usize) {
    for time in 0..times {
        let emoji = Emoji::new("👍").expect("an emoji");
        let on = time.is_multiple_of(2);
        room.post(room.owner, Content::ReactionChanged { target, emoji, on })
            .await;
    }
}

async fn lines_of(room: &Room) -> Vec<Seq> {
    let log = room.log().await;
    log.iter()
        .filter(|event| event.content.is_line())
        .map(|event| event.seq)
        .collect()
}

/// All, from within, up to within, both, and nothing at all.
fn visibilities(head: Seq) -> [Visible; 6] {
    let range = |after, through| Visible {
        after: Seq::new(after),
        through: Seq::new(through),
    };
    let head = head.get();
    [
        range(0, head),
        range(0, head + 10),
        range(7, head),
        range(0, head - 6),
        range(8, 20),
        range(9, 9),
    ]
}

async fn page(room: &Room, anchor: Anchor, limit: usize, visible: Visible) -> Page {
    let page = room
        .store
        .page(room.chat, anchor, limit, visible)
        .await
        .expect("page");
    let head = room.head().await.seq;
    assert!(
        page.at <= head && page.at >= visible.through.min(head),
        "{:?} at {head}",
        page.at
    );
    assert!(page.messages.len() <= limit);
    page
}

/// Compares a page with the lines that a reader sees.
async fn check(room: &Room, seen: &[Seq], anchor: Anchor, limit: usize, visible: Visible) {
    let page = page(room, anchor, limit, visible).await;
    let (start, end) = match anchor {
        Anchor::Latest => (seen.len().saturating_sub(limit), seen.len()),
        Anchor::Before(seq) => {
            let end = seen.partition_point(|line| *line < seq);
            (end.saturating_sub(limit), end)
        }
        Anchor::After(seq) => {
            let start = seen.partition_point(|line| *line <= seq);
            (start, (start + limit).min(seen.len()))
        }
        Anchor::Around(_) => unreachable!("checked by `check_around`"),
    };
    let context = format!("{anchor:?} limit {limit} in {visible:?}");
    assert_eq!(seqs(&page), seen[start..end], "{context}");
    if start < end {
        assert_eq!(
            (page.has_before, page.has_after),
            (start > 0, end < seen.len()),
            "{context}"
        );
    } else if matches!(anchor, Anchor::After(_)) {
        assert!(!page.has_after, "{context}");
    } else {
        assert!(!page.has_before, "{context}");
    }
}

fn check_around(page: &Page, seen: &[Seq], seq: Seq, limit: usize) {
    let context = format!("around {seq} limit {limit} of {seen:?}: {:?}", seqs(page));
    let Some(first) = page.messages.first() else {
        assert!(seen.is_empty(), "{context}");
        return;
    };
    let start = seen
        .iter()
        .position(|line| *line == first.seq)
        .expect("a visible line");
    let end = start + page.messages.len();
    assert_eq!(seqs(page), seen[start..end], "{context}");
    assert_eq!(
        (page.has_before, page.has_after),
        (start > 0, end < seen.len()),
        "{context}"
    );
    let middle = seen.partition_point(|line| *line < seq);
    let after_middle = seen.partition_point(|line| *line <= seq);
    assert!(start <= middle && after_middle <= end, "{context}");
    let half = (limit - 1) / 2;
    assert!(
        middle - start >= half.min(middle),
        "too few before; {context}"
    );
    assert!(
        end - after_middle >= half.min(seen.len() - after_middle),
        "too few after; {context}"
    );
}

fn seqs(page: &Page) -> Vec<Seq> {
    page.messages
        .iter()
        .map(|message: &Message| message.seq)
        .collect()
}
