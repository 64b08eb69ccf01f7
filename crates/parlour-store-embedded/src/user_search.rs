//! The user search: by the start of a user name, of a display name, or of a word in it.
//!
//! A user has one row per word, under the first two characters of the word and then the user name. So a query of
//! two characters or more walks one stretch of the table in the order of its answers and stops when it has enough.

use parlour_model::{User, UserName, fold_for_search};
use rusqlite::{Connection, params};

use crate::accounts::{self, POINTS_BACK, USER};
use crate::failure::Failure;
use crate::rows::{count, int};
use crate::sql;

/// Characters of a word that say where its row lies.
const STARTS_CHARS: usize = 2;

/// Writes the words of a user, in place of those from before.
pub(crate) fn index(conn: &Connection, user: &User) -> Result<(), Failure> {
    let id = int(user.id.get());
    sql::change(conn, "DELETE FROM user_words WHERE user = ?1", [id])?;
    for word in words(user) {
        sql::change(
            conn,
            "INSERT INTO user_words (starts, name, user, word) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
            params![starts(&word), user.username.as_str(), id, word],
        )?;
    }
    Ok(())
}

/// Users with a word that starts with `prefix`, by rising user name.
pub(crate) fn search(
    conn: &Connection,
    prefix: &str,
    after: Option<&UserName>,
    limit: usize,
) -> Result<Vec<User>, Failure> {
    let prefix = fold_for_search(prefix);
    let prefix = prefix.trim_start();
    let starts = starts(prefix);
    // A shorter query meets several stretches: all that start with it.
    let place = if starts.chars().count() == STARTS_CHARS {
        "starts = ?1"
    } else {
        "starts >= ?1 AND starts < ?1 || char(0x10ffff)"
    };
    // The order of the joins is ours: the words in the order of the answers, so that the limit ends the walk.
    let query = format!(
        "SELECT {USER} FROM user_words
             CROSS JOIN users ON users.id = user_words.user AND users.name = user_words.name
             CROSS JOIN {POINTS_BACK}
         WHERE {place} AND user_words.name > ?2 AND substr(word, 1, length(?3)) = ?3
         GROUP BY user_words.name ORDER BY user_words.name LIMIT ?4"
    );
    let after = after.map_or("", UserName::as_str);
    let asked = params![starts, after, prefix, count(limit)];
    sql::all(conn, &query, asked, accounts::decode)
}

/// What a user is found by: the user name, the whole display name, and each word of it.
fn words(user: &User) -> Vec<String> {
    let display = fold_for_search(user.display_name.as_str());
    let mut words = vec![user.username.as_str().to_owned(), display.trim().to_owned()];
    words.extend(display.split_whitespace().map(str::to_owned));
    words.retain(|word| !word.is_empty());
    words.sort();
    words.dedup();
    words
}

fn starts(word: &str) -> String {
    word.chars().take(STARTS_CHARS).collect()
}
