//! What to do about each error.

use super::ErrorCode;

impl ErrorCode {
    /// What whoever gets it does, in plain sentences: the user, the client, or who wrote the client.
    #[must_use]
    pub const fn cure(self) -> &'static str {
        match self {
            Self::Invalid => {
                "Mend the field and send it again; it is a fault of the client, or of what its user typed."
            }
            Self::UnknownType => {
                "Do not send frames of this type to this server; `features` in `welcome` says what it can do."
            }
            Self::TooLarge => "Send less; `limits` in `welcome` says how much.",
            Self::KeyTime => {
                "Correct the clock by `server_time`. If every attempt of the key was answered `not_stored`, make a new key; else ask the history whether it was stored."
            }
            Self::KeyReused => {
                "Make a new key for what is new. Where `seq` and `id` are there, they name what the key stands for; where they are not, it was cancelled."
            }
            Self::LimitReached => "Make room first: fewer members, fewer reactions.",
            Self::UsernameTaken => "Ask the user for another name.",
            Self::TokenInvalid => {
                "Have the user log in again; at login, ask for user name and password once more."
            }
            Self::TokenExpired => "`POST /api/v1/auth/refresh`, then send the same again.",
            Self::Forbidden => {
                "Do not offer it to this user; their role, or how the server is set up, does not allow it."
            }
            Self::Blocked => "Tell the user. Only whoever blocked can undo it.",
            Self::ChatNotFound => {
                "Take the chat off the list: it does not exist, or it is none of the user's business, and both look the same."
            }
            Self::UserNotFound => "Look the user up again; the id is wrong.",
            Self::MessageNotFound => {
                "Load the history anew: the message does not exist, or lies where the user may not look."
            }
            Self::MediaNotFound => "Show the message without it.",
            Self::PredecessorPending => {
                "Settle the earlier send of that chat first, with its own key."
            }
            Self::RateLimited => "Wait `retry_after_ms`, and send more slowly from then on.",
            Self::Busy => "Wait `retry_after_ms`; other nodes may be less busy.",
            Self::Draining => "Connect anew; another node answers.",
            Self::StoreUnavailable => {
                "Keep what is to be sent and try again; operators know already."
            }
            Self::UploadFailed => "Upload it again.",
            Self::OutcomeUnknown => {
                "Send the same key again, with `applied` where the answer carries it, until the answer is definite. Never make a new key for it. What has no key may be done already or may still come to be: look before asking again."
            }
            Self::Unrecognized => "Do what `retry` and `outcome` say.",
        }
    }
}
