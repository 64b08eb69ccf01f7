//! Typed ids. Each is a positive 63-bit number, written as a decimal string on every wire.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text or number is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is a decimal string of a positive number below 2^63")]
pub struct IdError;

/// The canonical decimal form, for schemas. It ends below 9·10^18, a little before the numbers do: all that matches is an id, and
/// by then it is the year 2093.
const ID_PATTERN: &str = "^([1-9][0-9]{0,17}|[1-8][0-9]{18})$";
/// An id as documents show it: beyond what a JavaScript number holds.
const ID_EXAMPLE: &str = "7301444403200000001";

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A decimal string of a positive number below 2^63, without leading zeros.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
        pub struct $name(
            #[schemars(with = "String", regex(pattern = ID_PATTERN), example = ID_EXAMPLE)] NonZeroU64,
        );

        impl $name {
            /// The id with this number.
            ///
            /// # Errors
            /// [`IdError`] for zero and for numbers from 2^63 on.
            pub fn new(number: u64) -> Result<Self, IdError> {
                NonZeroU64::new(number).filter(|n| i64::try_from(n.get()).is_ok()).map(Self).ok_or(IdError)
            }

            /// The number, for storage.
            #[must_use]
            pub fn get(self) -> u64 {
                self.0.get()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text).and_then(Self::new)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(IdVisitor).and_then(|n| Self::new(n).map_err(de::Error::custom))
            }
        }
    };
}

id!(
    /// Names a user.
    UserId
);
id!(
    /// Names a chat.
    ChatId
);
id!(
    /// The public id of an event: a Snowflake, unique in its chat, rising with its seq.
    EventId
);
id!(
    /// Names a session: one device's sign-in, until it is logged out or revoked.
    SessionId
);
id!(
    /// Names a report to the operators.
    ReportId
);

/// The canonical decimal form only, so that one id has one spelling.
fn parse(text: &str) -> Result<u64, IdError> {
    let canonical =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    if canonical {
        text.parse().map_err(|_| IdError)
    } else {
        Err(IdError)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id: a decimal string of a positive number below 2^63")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        parse(text).map_err(E::custom)
    }
}

/// The number of a gateway node inside a Snowflake: 0 to 1023.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeNumber(u16);

impl NodeNumber {
    /// The only node of an embedded deployment.
    pub const ZERO: Self = Self(0);

    /// The node with this number, or `None` from 1024 on.
    #[must_use]
    pub fn new(number: u16) -> Option<Self> {
        (number < 1024).then_some(Self(number))
    }

    /// The number, 0 to 1023.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_string_in_json_and_has_one_spelling() {
        let id = UserId::new(9_007_199_254_740_993).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"9007199254740993\"");
        assert_eq!(
            serde_json::from_str::<UserId>("\"9007199254740993\"").unwrap(),
            id
        );
        for wrong in [
            "\"\"",
            "\"0\"",
            "\"01\"",
            "\"+1\"",
            "\"-1\"",
            "\"1 \"",
            "1",
            "\"9223372036854775808\"",
            "\"x\"",
        ] {
            assert!(serde_json::from_str::<UserId>(wrong).is_err(), "{wrong}");
        }
    }
}
