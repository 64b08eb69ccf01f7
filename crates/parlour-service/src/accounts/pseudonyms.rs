//! Words that stand for user names and addresses where those must not be read: in the keys of limits on the bus.
//!
//! Names and addresses are few enough to be tried one by one, so a plain hash would hide nothing. This one needs the
//! deployment's key, which every node has and the bus never sees.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes of the hash that are kept: two of millions do not meet by chance.
const KEPT_BYTES: usize = 16;

/// Makes pseudonyms: the same on every node of the deployment.
pub(super) struct Pseudonyms {
    key: hmac::Key,
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(…)")
    }
}

impl Pseudonyms {
    /// Pseudonyms by this key, which is used for nothing else.
    pub(super) fn new(key: hmac::Key) -> Self {
        Self { key }
    }

    /// What stands for these words, in this order, within `space`.
    pub(super) fn of(&self, space: &str, words: &[&str]) -> String {
        let mut hash = hmac::Context::with_key(&self.key);
        for word in [&[space], words].concat() {
            // With its length, so that words cannot run into each other.
            hash.update(&word.len().to_be_bytes());
            hash.update(word.as_bytes());
        }
        let hash = hash.sign();
        let kept = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..KEPT_BYTES]);
        format!("{space}:{kept}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonyms(secret: u8) -> Pseudonyms {
        Pseudonyms::new(hmac::Key::new(hmac::HMAC_SHA256, &[secret; 32]))
    }

    #[test]
    fn a_pseudonym_is_the_same_on_every_node_and_shows_nothing() {
        let one = pseudonyms(1).of("logins", &["192.0.2.1", "ann"]);
        assert_eq!(one, pseudonyms(1).of("logins", &["192.0.2.1", "ann"]));
        assert!(one.starts_with("logins:") && !one.contains("ann") && !one.contains("192"));
    }

    #[test]
    fn others_have_another_one() {
        let ours = pseudonyms(1);
        let one = ours.of("logins", &["ab", "c"]);
        let others = [
            ours.of("logins", &["a", "bc"]),
            ours.of("logins", &["abc"]),
            ours.of("logins", &["c", "ab"]),
            pseudonyms(2).of("logins", &["ab", "c"]),
        ];
        for other in others {
            assert_ne!(one, other);
        }
        let hash_of = |word: String| word.split_once(':').unwrap().1.to_owned();
        assert_ne!(hash_of(one), hash_of(ours.of("checks", &["ab", "c"])));
    }
}
