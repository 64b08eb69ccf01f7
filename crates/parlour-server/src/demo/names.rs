//! User names of speakers: the same for the same speaker, whenever and in whichever file.
//!
//! They all begin with `demo_`, so that the people of a demo are known as such and do not take names from others.

use aws_lc_rs::digest::{SHA256, digest};
use parlour_model::{UserName, limits};

/// What every user name of a demo begins with.
const PREFIX: &str = "demo_";
/// Characters of the mark that tells apart speakers whose names do not fit.
const MARK_CHARS: usize = 8;

/// The user name of the person who looks around.
pub(super) fn guest() -> UserName {
    UserName::new("demo_guest").expect("it is a user name")
}

/// The user name of a speaker. Case and white space do not count; what no user name can hold is replaced by a mark
/// made of the whole name.
pub(super) fn user_name(speaker: &str) -> UserName {
    let plain: String = speaker
        .to_lowercase()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join("_");
    let room = limits::USER_NAME_CHARS.end() - PREFIX.len();
    let fits = plain.len() <= room && !plain.is_empty() && plain.chars().all(may_stand);
    let name = if fits && format!("{PREFIX}{plain}") != guest().as_str() {
        plain
    } else {
        let kept = plain.chars().filter(|letter| may_stand(*letter));
        let kept: String = kept.take(room - MARK_CHARS - 1).collect();
        format!("{kept}_{}", mark(&plain))
    };
    UserName::new(&format!("{PREFIX}{name}")).expect("made of what user names are made of")
}

fn may_stand(letter: char) -> bool {
    matches!(letter, 'a'..='z' | '0'..='9' | '_')
}

fn mark(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let bytes = digest.as_ref().iter().take(MARK_CHARS / 2);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(speaker: &str) -> String {
        user_name(speaker).to_string()
    }

    #[test]
    fn a_speaker_keeps_a_name_that_can_be_typed() {
        assert_eq!(name("Nadia"), "demo_nadia");
        assert_eq!(name(" First  Citizen "), "demo_first_citizen");
    }

    #[test]
    fn names_that_do_not_fit_are_still_names_of_their_own() {
        let odd = [
            "नादिया",
            "नादियो",
            "",
            "guest",
            "O'Hara",
            "OHara",
            "a very long name that no user name can hold",
            "a very long name that no user name can hold either",
        ];
        let names: std::collections::BTreeSet<String> = odd.iter().map(|odd| name(odd)).collect();
        assert_eq!(names.len(), odd.len(), "{names:?}");
        assert!(!names.contains(guest().as_str()));
    }
}
