//! What a user is found by, as pure functions: the words of their names, and how a word begins.
//!
//! A word has a row under its first two characters and, if it is that long, one under its first four. Under one
//! beginning rows lie by user name, which is the order of the answers: a search walks them and stops when it has
//! enough. A short query meets mostly rows that match; a longer one has a beginning of its own, where few others lie.

use parlour_model::{User, fold_for_search};

/// Characters of the beginnings a word is found under.
const STARTS_CHARS: [usize; 2] = [2, 4];

/// What a user is found by: the user name, the whole display name, and each word of it, folded.
pub(super) fn words(user: &User) -> Vec<String> {
    let display = fold_for_search(user.display_name.as_str());
    let mut words = vec![user.username.as_str().to_owned(), display.trim().to_owned()];
    words.extend(display.split_whitespace().map(str::to_owned));
    words.retain(|word| !word.is_empty());
    words.sort();
    words.dedup();
    words
}

/// The beginnings under which a word has a row. A word shorter than the shortest is its own.
pub(super) fn starts(word: &str) -> Vec<String> {
    let length = word.chars().count();
    let [shortest, ..] = STARTS_CHARS;
    if length < shortest {
        return vec![word.to_owned()];
    }
    let fitting = STARTS_CHARS.into_iter().filter(|chars| *chars <= length);
    fitting.map(|chars| first(word, chars)).collect()
}

/// The beginning under which all words lie that start with `prefix`. A prefix shorter than the shortest beginning
/// meets only words that are no longer than itself.
pub(super) fn start_of(prefix: &str) -> String {
    let mut starts = starts(prefix);
    starts.pop().unwrap_or_default()
}

fn first(word: &str, chars: usize) -> String {
    word.chars().take(chars).collect()
}

#[cfg(test)]
mod tests {
    use parlour_model::{AppData, DisplayName, Timestamp, UserId, UserName};
    use proptest::prelude::*;

    use super::*;

    fn user(name: &str, display: &str) -> User {
        User {
            id: UserId::new(1).unwrap(),
            username: UserName::new(name).unwrap(),
            display_name: DisplayName::new(display).unwrap(),
            avatar_url: None,
            data: AppData::default(),
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    #[test]
    fn a_user_has_their_names_and_each_word_of_them() {
        let words = words(&user("ann", "Änn  van Ann"));
        assert_eq!(words, ["ann", "ann  van ann", "van"]);
    }

    #[test]
    fn a_word_lies_under_its_first_two_and_its_first_four_characters() {
        assert_eq!(starts("a"), ["a"]);
        assert_eq!(starts("abc"), ["ab"]);
        assert_eq!(starts("αβγδε"), ["αβ", "αβγδ"]);
    }

    proptest! {
        #[test]
        fn a_word_lies_where_each_of_its_prefixes_is_looked_up(word in "[a-cα-γ ]{2,12}", chars in 2_usize..12) {
            let prefix = first(&word, chars);
            prop_assert!(starts(&word).contains(&start_of(&prefix)));
        }
    }
}
