//! `/auth` and `/sessions`.

use axum::http::{Method, StatusCode};
use parlour_protocol::ErrorCode::{Busy, Forbidden, Invalid, TokenInvalid, UsernameTaken};
use parlour_protocol::{
    LoginRequest, PasswordChange, RefreshRequest, RegisterRequest, SessionsBody, SignedIn,
};
use serde_json::json;

use crate::contracts::openapi::operation::{Key, Operation};

pub(super) fn operations() -> Vec<Operation> {
    [signing_in(), signed_in(), sessions()]
        .into_iter()
        .flatten()
        .collect()
}

fn signing_in() -> Vec<Operation> {
    let busy = StatusCode::TOO_MANY_REQUESTS;
    vec![
        Operation::new(Method::POST, "/api/v1/auth/register", "register", "Create an account and sign in")
            .about("With a key it may be repeated when the answer was lost. `forbidden`: this server takes no registrations.")
            .key(Key::Any)
            .body::<RegisterRequest>(json!({"username": "ann", "password": "correct horse battery", "device": "laptop"}))
            .answers::<SignedIn>(StatusCode::CREATED, "The account exists, and this device is signed in.")
            .problems(&[Forbidden, UsernameTaken])
            .problem_at(busy, Busy),
        Operation::new(Method::POST, "/api/v1/auth/login", "login", "Sign in")
            .about("Each sign-in is a session of its own. `token_invalid`: wrong user name or password.")
            .body::<LoginRequest>(json!({"username": "ann", "password": "correct horse battery", "device": "phone"}))
            .answers::<SignedIn>(StatusCode::OK, "This device is signed in.")
            .problems(&[TokenInvalid])
            .problem_at(busy, Busy),
        Operation::new(Method::POST, "/api/v1/auth/refresh", "refresh", "Get new tokens")
            .about("A refresh token is good once. For 60 seconds the one before gives the same successor, in case the answer was lost; any older one revokes the session.")
            .body::<RefreshRequest>(json!({"refresh_token": "…"}))
            .answers::<SignedIn>(StatusCode::OK, "The tokens from now on.")
            .problems(&[TokenInvalid]),
    ]
}

fn signed_in() -> Vec<Operation> {
    vec![
        Operation::new(Method::POST, "/api/v1/auth/logout", "logout", "Sign out")
            .about("Ends the session of the access token.")
            .done("The session is over."),
        Operation::new(Method::POST, "/api/v1/auth/password", "changePassword", "Change the password")
            .about("Ends all other sessions. `token_invalid`: the current password is wrong.")
            .body::<PasswordChange>(json!({"current_password": "correct horse battery", "new_password": "battery staple horse"}))
            .done("The new password is in force.")
            .problem_at(StatusCode::TOO_MANY_REQUESTS, Busy),
    ]
}

fn sessions() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "/api/v1/sessions",
            "listSessions",
            "List one's sessions",
        )
        .answers::<SessionsBody>(StatusCode::OK, "All that live."),
        Operation::new(
            Method::DELETE,
            "/api/v1/sessions",
            "endOtherSessions",
            "End all other sessions",
        )
        .done("Only the session that asks is left."),
        Operation::new(
            Method::DELETE,
            "/api/v1/sessions/{session}",
            "endSession",
            "End one session",
        )
        .done("It is over.")
        .problem_at(StatusCode::NOT_FOUND, Invalid),
    ]
}
