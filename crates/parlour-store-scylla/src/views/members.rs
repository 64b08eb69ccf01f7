//! Rows of members, by chat and by user.

use parlour_model::{ChatId, Countable, Member, MemberState, Membership, Seq, UserId};
use parlour_store::StoreError;

use super::authority::Versioned;
use crate::ScyllaStore;
use crate::codes;
use crate::columns::{corrupt, int, number};
use crate::cql::Statement;

/// Rows read at once where former members stand in between.
const ROWS_AT_ONCE: i32 = 512;

static ONE: Statement = Statement::new(
    "members_one",
    "SELECT user_id, role, joined_seq, joined_countable, joined_at, left_seq, WRITETIME(role)
     FROM members WHERE chat_id = ? AND user_id = ?",
);
static NEXT: Statement = Statement::new(
    "members_next",
    "SELECT user_id, role, joined_seq, joined_countable, joined_at, left_seq, WRITETIME(role)
     FROM members WHERE chat_id = ? AND user_id > ? LIMIT ?",
);
static SEQS: Statement = Statement::new(
    "members_seqs",
    "SELECT joined_seq, left_seq FROM members WHERE chat_id = ?",
);
static OF_USER: Statement = Statement::new(
    "chats_by_user_all",
    "SELECT chat_id, role, joined_seq, joined_countable, joined_at, left_seq, WRITETIME(role)
     FROM chats_by_user WHERE user_id = ?",
);

/// The first column is the user's id, or the chat's in the table by user.
type MemberRow = (
    i64,
    Option<i8>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);

impl ScyllaStore {
    pub(super) async fn member_row(
        &self,
        chat: ChatId,
        user: UserId,
    ) -> Result<Versioned<Option<Member>>, StoreError> {
        let at = (int(chat.get()), int(user.get()));
        let row: Option<MemberRow> = self.cql.one(&ONE, at).await?;
        row.map_or(
            Ok(Versioned {
                value: None,
                version: Seq::ZERO,
            }),
            |row| member(user, row),
        )
    }

    /// Present members by rising id; former ones are skipped however many there are.
    pub(super) async fn read_members(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Member>, StoreError> {
        let mut members = Vec::new();
        let mut after = after.map_or(0, |user| int(user.get()));
        while members.len() < limit {
            let range = (int(chat.get()), after, ROWS_AT_ONCE);
            let rows: Vec<MemberRow> = self.cql.all(&NEXT, range).await?;
            let Some(last) = rows.last() else { break };
            after = last.0;
            for row in rows {
                let member = member(codes::user(row.0)?, row)?.value;
                members.extend(member.filter(Member::is_joined));
            }
        }
        members.truncate(limit);
        Ok(members)
    }

    pub(super) async fn read_memberships(
        &self,
        user: UserId,
    ) -> Result<Vec<Membership>, StoreError> {
        let rows: Vec<MemberRow> = self.cql.all(&OF_USER, (int(user.get()),)).await?;
        let mut memberships = Vec::new();
        for row in rows {
            let chat = ChatId::new(number(row.0)?).map_err(corrupt)?;
            let member = member(user, row)?.value;
            memberships.extend(member.map(|member| Membership { chat, member }));
        }
        Ok(memberships)
    }

    /// How many are joined.
    pub(super) async fn count_members(&self, chat: ChatId) -> Result<Versioned<u64>, StoreError> {
        let rows: Vec<(Option<i64>, Option<i64>)> = self.cql.all(&SEQS, (int(chat.get()),)).await?;
        let mut count = Versioned {
            value: 0,
            version: Seq::ZERO,
        };
        for (joined, left) in rows {
            let (joined, left) = (codes::seq(joined)?, codes::seq(left)?);
            count.value += u64::from(joined > left);
            count.version = count.version.max(joined).max(left);
        }
        Ok(count)
    }
}

/// The member of a row, and the newest event in it. A row whose joining is not written yet is nobody's.
fn member(user: UserId, row: MemberRow) -> Result<Versioned<Option<Member>>, StoreError> {
    let (_, role, joined, countable, joined_at, left, role_seq) = row;
    let (joined_seq, left_seq) = (codes::seq(joined)?, codes::seq(left)?);
    let version = codes::seq(role_seq)?.max(joined_seq).max(left_seq);
    let (Some(role), Some(countable), Some(joined_at), true) =
        (role, countable, joined_at, joined_seq > Seq::ZERO)
    else {
        let value = None;
        return Ok(Versioned { value, version });
    };
    let state = if joined_seq > left_seq {
        MemberState::Joined
    } else {
        MemberState::Left
    };
    let value = Some(Member {
        user,
        role: codes::role(role)?,
        state,
        joined_seq,
        joined_countable: Countable::new(number(countable)?),
        joined_at: codes::time(joined_at)?,
        left_seq: (left_seq > Seq::ZERO).then_some(left_seq),
    });
    Ok(Versioned { value, version })
}
