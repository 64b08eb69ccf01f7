//! Members and roles: what the log says, as one consistent set.

use std::time::Duration;

use parlour_model::{
    Clock, Content, Countable, Member, MemberState, NewMember, Role, Seq, Title, UserId,
};
use tokio::task::JoinSet;

use super::Fixture;
use super::projector::Projected;
use super::room::{Room, created, message, new_user};

/// The creation makes its users members; nobody else is one.
pub async fn a_new_chat_has_the_members_it_was_created_with(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 3).await;
    let row = |user, role| Member {
        user,
        role,
        state: MemberState::Joined,
        joined_seq: Seq::FIRST,
        joined_countable: Countable::ZERO,
        joined_at: room.clock.now(),
        left_seq: None,
    };
    let mut expected: Vec<Member> = room
        .others
        .iter()
        .map(|user| row(*user, Role::Member))
        .collect();
    expected.push(row(room.owner, Role::Owner));
    expected.sort_by_key(|member| member.user);
    assert_eq!(members(&room).await, expected);
    for member in expected {
        let authority = room.authority(member.user).await;
        assert_eq!(
            (authority.member, authority.member_count),
            (Some(member), 4)
        );
    }
    let authority = room.authority(new_user()).await;
    assert_eq!((authority.member, authority.member_count), (None, 4));
}

/// Joining, leaving and joining again leave one row that says the latest of each.
pub async fn a_member_may_leave_and_join_again(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 0).await;
    let guest = new_user();
    room.fill(5).await;
    room.clock.advance(Duration::from_secs(1));
    let joined = room.add(guest).await;
    let row = room.authority(guest).await.member.expect("a member");
    assert_eq!(
        (row.state, row.role, row.left_seq),
        (MemberState::Joined, Role::Member, None)
    );
    assert_eq!(
        (row.joined_seq, row.joined_countable),
        (joined.seq, Countable::new(5))
    );
    assert_eq!(row.joined_at, joined.sent_at);

    room.fill(3).await;
    let left = room
        .post(guest, Content::MemberRemoved { user: guest })
        .await;
    let authority = room.authority(guest).await;
    let expected = Member {
        state: MemberState::Left,
        left_seq: Some(left.seq),
        ..row
    };
    assert_eq!(
        (authority.member, authority.member_count),
        (Some(expected), 1)
    );
    assert_eq!(members(&room).await.len(), 1);

    room.fill(4).await;
    room.clock.advance(Duration::from_secs(1));
    let again = room.add(guest).await;
    let authority = room.authority(guest).await;
    let expected = Member {
        joined_seq: again.seq,
        joined_countable: Countable::new(12),
        joined_at: again.sent_at,
        left_seq: Some(left.seq),
        ..row
    };
    assert_eq!(
        (authority.member, authority.member_count),
        (Some(expected), 2)
    );
    assert!(members(&room).await.contains(&expected));
}

/// Roles change one by one; handing a chat over is two of them in one call.
pub async fn roles_change_and_a_chat_is_handed_over(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 2).await;
    let (a, b) = (room.others[0], room.others[1]);
    let role = async |user| room.authority(user).await.member.expect("a member").role;
    room.post(
        room.owner,
        Content::RoleChanged {
            user: a,
            role: Role::Admin,
        },
    )
    .await;
    assert_eq!((role(a).await, role(b).await), (Role::Admin, Role::Member));
    room.fill(5).await;
    room.post(
        room.owner,
        Content::RoleChanged {
            user: a,
            role: Role::Owner,
        },
    )
    .await;
    room.post(
        a,
        Content::RoleChanged {
            user: room.owner,
            role: Role::Admin,
        },
    )
    .await;
    assert_eq!(
        (role(a).await, role(room.owner).await),
        (Role::Owner, Role::Admin)
    );
    room.remove(b).await;
    room.add(b).await;
    room.remove(a).await;
    assert_eq!((role(a).await, role(b).await), (Role::Owner, Role::Member));
    let admin = NewMember {
        user: a,
        role: Role::Admin,
    };
    room.post(room.owner, Content::MembersAdded { users: vec![admin] })
        .await;
    assert_eq!(role(a).await, Role::Admin);
}

/// Members are paged by rising user id, present ones only.
pub async fn members_are_paged_by_user(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 9).await;
    room.remove(room.others[4]).await;
    room.remove(room.others[8]).await;
    let everyone = members(&room).await;
    assert_eq!(everyone.len(), 8);
    assert!(everyone.is_sorted_by_key(|member| member.user));
    for limit in [1, 3, 8, 9] {
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = room
                .store
                .members(room.chat, after, limit)
                .await
                .expect("members");
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.user);
            paged.extend(page);
        }
        assert_eq!(paged, everyone);
    }
    let after_removed = room
        .store
        .members(room.chat, Some(room.others[4]), 100)
        .await;
    let expected: Vec<Member> = everyone
        .into_iter()
        .filter(|m| m.user > room.others[4])
        .collect();
    assert_eq!(after_removed.expect("members"), expected);
}

/// A user's memberships name every chat they are or were in, with the row that its authority has.
pub async fn memberships_name_present_and_former_chats(fixture: &dyn Fixture) {
    let user = new_user();
    let (stays, leaves, returns, never) = (
        Room::open(fixture, 0).await,
        Room::open(fixture, 0).await,
        Room::open(fixture, 0).await,
        Room::open(fixture, 0).await,
    );
    for room in [&stays, &leaves, &returns] {
        room.fill(4).await;
        room.add(user).await;
    }
    leaves.remove(user).await;
    returns.remove(user).await;
    returns.add(user).await;
    never.add(new_user()).await;
    let mut expected = Vec::new();
    for room in [&stays, &leaves, &returns] {
        expected.push((room.chat, room.authority(user).await.member.expect("a row")));
    }
    expected.sort_by_key(|(chat, _)| *chat);
    let memberships = stays.store.memberships(user).await.expect("memberships");
    let mut memberships: Vec<_> = memberships
        .into_iter()
        .map(|m| (m.chat, m.member))
        .collect();
    memberships.sort_by_key(|(chat, _)| *chat);
    assert_eq!(memberships, expected);
    assert!(
        stays
            .store
            .memberships(new_user())
            .await
            .expect("memberships")
            .is_empty()
    );
}

/// Many users may join by one event, which is what a large group is made of.
pub async fn many_users_join_by_one_event(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 400).await;
    let member = |user| NewMember {
        user,
        role: Role::Member,
    };
    let users: Vec<NewMember> = (0..500).map(|_| member(new_user())).collect();
    let joined = room
        .post(
            room.owner,
            Content::MembersAdded {
                users: users.clone(),
            },
        )
        .await;
    let authority = room.authority(users[499].user).await;
    assert_eq!(authority.member_count, 901);
    assert_eq!(authority.member.expect("a member").joined_seq, joined.seq);
    assert_eq!(members(&room).await.len(), 901);
}

/// Under concurrent removals and joins, each authority is what the log up to its `as_of` says, all of it.
pub async fn an_authority_is_what_the_log_says_up_to_its_seq(fixture: &dyn Fixture) {
    let room = Room::open(fixture, 3).await;
    let second = room.through_second_node(fixture).await;
    let subject = room.others[0];
    let mut readers = JoinSet::new();
    for reader in [room.clone(), second.clone(), room.clone()] {
        let before = reader.authority(subject).await;
        readers.spawn(async move {
            let mut seen = vec![before];
            while seen
                .last()
                .is_some_and(|authority| authority.as_of < Seq::new(60))
            {
                seen.push(reader.authority(subject).await);
            }
            seen
        });
    }
    come_and_go(&room, subject).await;
    let log = room.log().await;
    for seen in readers.join_all().await {
        assert!(
            seen.is_sorted_by_key(|authority| authority.as_of),
            "an authority went back"
        );
        for authority in seen {
            let as_of = usize::try_from(authority.as_of.get()).expect("small");
            let expected = Projected::of(&log[..as_of]);
            assert_eq!(authority.chat, expected.chat());
            assert_eq!(authority.member, expected.member(subject));
            assert_eq!(authority.member_count, expected.present().len() as u64);
            assert_eq!(authority.epoch, expected.epoch());
        }
    }
}

/// Sixty events and more: the subject leaves and joins, the title changes, and people talk.
async fn come_and_go(room: &Room, subject: UserId) {
    for round in 0..12 {
        let removal = room
            .draft(room.owner, Content::MemberRemoved { user: subject })
            .await;
        created(room.settle(removal).await);
        let title = Some(Title::new(&format!("Round {round}")).expect("a title"));
        for content in [
            message("in between"),
            Content::ChatChanged {
                title,
                history: None,
                data: None,
            },
            Content::MembersAdded {
                users: vec![NewMember {
                    user: subject,
                    role: Role::Member,
                }],
            },
            message("in between"),
        ] {
            let draft = room.draft(room.owner, content).await;
            created(room.settle(draft).await);
        }
    }
}

async fn members(room: &Room) -> Vec<Member> {
    room.store
        .members(room.chat, None, 1_001)
        .await
        .expect("members")
}
