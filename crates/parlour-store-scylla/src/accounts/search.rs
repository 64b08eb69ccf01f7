//! The user search: walks the words under one beginning in the order of user names, and shows whose profile of now
//! still has the word.
//!
//! Rows of words are written and never taken back, so nodes need not agree on an order of writes. A row that is no
//! longer true costs a read and shows nothing.

use std::collections::BTreeMap;

use parlour_model::{User, UserId, UserName, fold_for_search};
use parlour_store::StoreError;

use super::words::{start_of, starts, words};
use crate::ScyllaStore;
use crate::codes;
use crate::columns::int;
use crate::cql::Statement;
use crate::together::together;

/// Rows read at once.
const ROWS_AT_ONCE: i32 = 512;

static WRITE: Statement = Statement::new(
    "user_names_write",
    "UPDATE user_names SET is_on = true
     WHERE starts = ? AND name = ? AND user_id = ? AND word = ?",
);
static NEXT: Statement = Statement::new(
    "user_names_next",
    "SELECT name, user_id, word FROM user_names
     WHERE starts = ? AND (name, user_id, word) > (?, ?, ?) LIMIT ?",
);

type WordRow = (String, i64, String);

impl ScyllaStore {
    /// Makes a user findable by the names they have in `user`.
    pub(super) async fn write_words(&self, user: &User) -> Result<(), StoreError> {
        let words = words(user);
        let (name, id) = (user.username.as_str(), int(user.id.get()));
        let mut writes = Vec::new();
        for word in &words {
            let starts = starts(word).into_iter();
            writes.extend(starts.map(|start| self.cql.write(&WRITE, (start, name, id, word))));
        }
        together(writes).await?;
        Ok(())
    }

    pub(super) async fn search(
        &self,
        prefix: &str,
        after: Option<&UserName>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError> {
        let folded = fold_for_search(prefix);
        let prefix = folded.trim_start();
        let start = start_of(prefix);
        let after = after.map_or("", UserName::as_str);
        let mut at: WordRow = (after.to_owned(), i64::MAX, String::new());
        let mut found = Vec::new();
        while found.len() < limit {
            let range = (&start, &at.0, at.1, &at.2, ROWS_AT_ONCE);
            let rows: Vec<WordRow> = self.cql.all(&NEXT, range).await?;
            let Some(last) = rows.last() else { break };
            at = last.clone();
            let hits = rows
                .into_iter()
                .filter(|(_, _, word)| word.starts_with(prefix));
            self.show(hits, prefix, limit, &mut found).await?;
        }
        Ok(found)
    }

    /// Appends those users of `hits`, which come by rising name, that exist and still have a word with the prefix.
    async fn show(
        &self,
        hits: impl Iterator<Item = WordRow>,
        prefix: &str,
        limit: usize,
        found: &mut Vec<User>,
    ) -> Result<(), StoreError> {
        let last = found.last().map(|user| user.id);
        let mut candidates: BTreeMap<(String, i64), UserId> = BTreeMap::new();
        for (name, user, _) in hits {
            let id = codes::user(user)?;
            // The words of one user may lie on both sides of a page.
            if Some(id) != last {
                candidates.insert((name, user), id);
            }
        }
        let candidates: Vec<UserId> = candidates.into_values().collect();
        for ids in candidates.chunks(limit.max(1)) {
            let users = self.read_users(ids).await?;
            found.extend(users.into_iter().filter(|user| has_word(user, prefix)));
            if found.len() >= limit {
                found.truncate(limit);
                break;
            }
        }
        Ok(())
    }
}

fn has_word(user: &User, prefix: &str) -> bool {
    words(user).iter().any(|word| word.starts_with(prefix))
}
