//! Users and their names.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::{AppData, Timestamp, UserId, limits};

/// A user's profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Unique, never changes, never changes hands.
    pub username: UserName,
    /// What others read.
    pub display_name: DisplayName,
    /// A picture elsewhere.
    pub avatar_url: Option<String>,
    /// What the application keeps with the user; empty if nothing.
    pub data: AppData,
    /// When they registered.
    pub created_at: Timestamp,
    /// When the profile last changed.
    pub updated_at: Timestamp,
}

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a user name.
    #[error("a user name has 3 to 32 characters of a-z, 0-9, underscore and dot")]
    UserName,
    /// Not a display name.
    #[error(
        "a display name has 1 to 64 characters, not only white space, and no control characters"
    )]
    DisplayName,
}

/// A unique name: 3 to 32 of `[a-z0-9_.]`. Upper case is folded when parsing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct UserName(
    #[schemars(
        length(min = *limits::USER_NAME_CHARS.start(), max = *limits::USER_NAME_CHARS.end()),
        regex(pattern = "^[a-z0-9_.]+$")
    )]
    String,
);

impl UserName {
    /// The user name in `text`, in lower case.
    ///
    /// # Errors
    /// [`NameError::UserName`].
    pub fn new(text: &str) -> Result<Self, NameError> {
        let name = text.to_ascii_lowercase();
        let allowed = name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'));
        if allowed && limits::USER_NAME_CHARS.contains(&name.len()) {
            Ok(Self(name))
        } else {
            Err(NameError::UserName)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UserName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// The name others read: 1 to 64 characters of any script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct DisplayName(
    #[schemars(
        length(min = 1, max = limits::DISPLAY_NAME_CHARS_MAX),
        regex(pattern = limits::LINE_PATTERN)
    )]
    String,
);

impl DisplayName {
    /// The display name in `text`, without white space around it.
    ///
    /// # Errors
    /// [`NameError::DisplayName`].
    pub fn new(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= limits::DISPLAY_NAME_CHARS_MAX;
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::DisplayName)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DisplayName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// `text` as the user search compares it: compatibility forms, accents and case folded (NFKD without marks,
/// then lower case).
#[must_use]
pub fn fold_for_search(text: &str) -> String {
    text.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_folds_accents_case_and_width() {
        assert_eq!(fold_for_search("Ünïcödé"), "unicode");
        assert_eq!(fold_for_search("Ｆｕｌｌ"), "full");
        assert_eq!(fold_for_search("ΆΛΦΑ"), "αλφα");
    }

    #[test]
    fn names_keep_their_rules() {
        assert_eq!(UserName::new("Ann.B_1").unwrap().as_str(), "ann.b_1");
        for wrong in ["ab", "a b c", "añb", "", &"x".repeat(33)] {
            assert!(UserName::new(wrong).is_err(), "{wrong}");
        }
        assert_eq!(DisplayName::new("  Ann  ").unwrap().as_str(), "Ann");
        for wrong in ["", " ", "a\u{7}b", &"x".repeat(65)] {
            assert!(DisplayName::new(wrong).is_err(), "{wrong}");
        }
    }
}
