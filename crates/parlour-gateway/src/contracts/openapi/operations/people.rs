//! `/users`, `/me`, presence and reports.

use axum::http::{Method, StatusCode};
use parlour_model::Presence;
use parlour_protocol::ErrorCode::{ChatNotFound, MessageNotFound, UserNotFound};
use parlour_protocol::{
    BlockBody, PresenceBody, PresenceQuery, PrivacyBody, PrivacyPatch, ProfilePatch,
    ReportAccepted, ReportRequest, StatusRequest, UserBody, UsersPage, UsersQuery,
};
use serde_json::json;

use crate::contracts::openapi::operation::{Key, Operation};

pub(super) fn operations() -> Vec<Operation> {
    [users(), blocking(), me(), presence(), reports()]
        .into_iter()
        .flatten()
        .collect()
}

fn users() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/api/v1/users", "findUsers", "Find users")
            .about("Either by `query`, a prefix of the user name or of a word of the display name of at least two characters, accents and case ignored; or by `username`, the whole name.")
            .query::<UsersQuery>()
            .answers::<UsersPage>(StatusCode::OK, "Those who were found; none is no error."),
        Operation::new(Method::GET, "/api/v1/users/{user}", "getUser", "Read a profile")
            .answers::<UserBody>(StatusCode::OK, "The profile.")
            .problems(&[UserNotFound]),
        Operation::new(Method::GET, "/api/v1/users/{user}/status", "getPresence", "See whether somebody is there")
            .answers::<Presence>(StatusCode::OK, "As others may see it.")
            .problems(&[UserNotFound]),
    ]
}

fn blocking() -> Vec<Operation> {
    let path = "/api/v1/users/{user}/block";
    vec![
        Operation::new(
            Method::GET,
            path,
            "getBlock",
            "See whether one has blocked a user",
        )
        .about("Whom others have blocked nobody is told.")
        .answers::<BlockBody>(StatusCode::OK, "Whether they are blocked.")
        .problems(&[UserNotFound]),
        Operation::new(Method::POST, path, "blockUser", "Block a user")
            .about("Neither of the two can then write to the other in their direct chat.")
            .done("They are blocked.")
            .problems(&[UserNotFound]),
        Operation::new(Method::DELETE, path, "unblockUser", "Unblock a user")
            .done("They are not blocked.")
            .problems(&[UserNotFound]),
    ]
}

fn me() -> Vec<Operation> {
    vec![
        Operation::new(Method::PATCH, "/api/v1/me", "changeProfile", "Change one's profile")
            .about("Absent fields stay; null unsets `avatar_url` and `data`, and is an error in `display_name`.")
            .body::<ProfilePatch>(json!({"display_name": "Ann", "avatar_url": null}))
            .answers::<UserBody>(StatusCode::OK, "The profile from now on."),
        Operation::new(Method::PUT, "/api/v1/me/status", "setStatus", "Choose one's status")
            .body::<StatusRequest>(json!({"status": "busy"}))
            .done("All devices of the user show it."),
        Operation::new(Method::GET, "/api/v1/me/privacy", "getPrivacy", "Read what others may see")
            .answers::<PrivacyBody>(StatusCode::OK, "What is in force."),
        Operation::new(Method::PATCH, "/api/v1/me/privacy", "changePrivacy", "Change what others may see")
            .body::<PrivacyPatch>(json!({"last_seen": "nobody"}))
            .answers::<PrivacyBody>(StatusCode::OK, "What is in force from now on."),
    ]
}

fn presence() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::POST,
            "/api/v1/presence",
            "listPresence",
            "See which of several users are there",
        )
        .body::<PresenceQuery>(json!({"users": ["7301444403200000001"]}))
        .answers::<PresenceBody>(StatusCode::OK, "Of each user who exists.")
        .problems(&[UserNotFound]),
    ]
}

fn reports() -> Vec<Operation> {
    vec![
        Operation::new(Method::POST, "/api/v1/reports", "report", "Report something to the operators")
            .about("About a `user`, a `chat`, or a message by `chat` and `seq`: exactly one of these, and only what one may see. The report holds no copy of a message. With a key it may be repeated.")
            .key(Key::Any)
            .body::<ReportRequest>(json!({"user": "7301444403200000001", "reason": "spam", "note": "the same link every day"}))
            .answers::<ReportAccepted>(StatusCode::CREATED, "The operators have it.")
            .problems(&[ChatNotFound, UserNotFound, MessageNotFound]),
    ]
}
