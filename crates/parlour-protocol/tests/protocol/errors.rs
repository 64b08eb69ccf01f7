//! The error table, and the forms in which errors travel.

use std::time::Duration;

use parlour_model::{EventId, Seq};
use parlour_protocol::{
    ErrorBody, ErrorCode, ErrorFrame, Outcome, Problem, Reference, Retry, ServerFrame,
    decode_server,
};
use serde_json::{Value, json};

/// Code, HTTP status, retry: the table clients are promised.
const TABLE: [(&str, u16, Retry); 22] = [
    ("invalid", 400, Retry::Never),
    ("unknown_type", 400, Retry::Never),
    ("too_large", 413, Retry::Never),
    ("key_time", 400, Retry::Never),
    ("key_reused", 409, Retry::Never),
    ("limit_reached", 409, Retry::Never),
    ("username_taken", 409, Retry::Never),
    ("token_invalid", 401, Retry::Never),
    ("token_expired", 401, Retry::Refresh),
    ("forbidden", 403, Retry::Never),
    ("blocked", 403, Retry::Never),
    ("chat_not_found", 404, Retry::Never),
    ("user_not_found", 404, Retry::Never),
    ("message_not_found", 404, Retry::Never),
    ("media_not_found", 404, Retry::Never),
    ("predecessor_pending", 409, Retry::Later),
    ("rate_limited", 429, Retry::Later),
    ("busy", 503, Retry::Later),
    ("draining", 503, Retry::Now),
    ("store_unavailable", 503, Retry::Later),
    ("upload_failed", 503, Retry::Now),
    ("outcome_unknown", 504, Retry::Now),
];

#[test]
fn the_error_table_is_kept() {
    assert_eq!(ErrorCode::ALL.len(), TABLE.len());
    for (code, (word, status, retry)) in ErrorCode::ALL.into_iter().zip(TABLE) {
        assert_eq!(
            (code.as_str(), code.http_status(), code.retry()),
            (word, status, retry)
        );
        assert_eq!(serde_json::to_value(code).unwrap(), json!(word));
        let unknown = word == "outcome_unknown";
        let outcome = if unknown {
            Outcome::Unknown
        } else {
            Outcome::NotStored
        };
        assert_eq!(code.outcome(), outcome, "{word}");
    }
}

#[test]
fn one_error_becomes_a_frame_or_a_problem() {
    let error = ErrorBody::new(ErrorCode::KeyReused, "the key stands for another message")
        .stored(Seq::new(7), EventId::new(1 << 60).unwrap())
        .of_append();
    let reference = Some(Reference::from(12));
    let frame = ErrorFrame::new(reference, error.clone());
    assert_eq!(
        serde_json::to_value(ServerFrame::Error(Box::new(frame.clone()))).unwrap(),
        json!({
            "type": "error", "ref": "12", "code": "key_reused",
            "message": "the key stands for another message", "retry": "never",
            "outcome": "not_stored", "seq": 7, "id": "1152921504606846976",
        })
    );
    assert_eq!(ErrorBody::from(frame), error);
    assert_eq!(
        serde_json::to_value(Problem::from(error)).unwrap(),
        json!({
            "type": "urn:parlour:error:key_reused", "title": "key reused", "status": 409,
            "code": "key_reused", "detail": "the key stands for another message", "retry": "never",
            "outcome": "not_stored", "seq": 7, "id": "1152921504606846976",
        })
    );
}

#[test]
fn an_error_says_how_long_to_wait_and_with_what_to_retry() {
    let busy = ErrorBody::new(ErrorCode::Busy, "later").after(Duration::from_millis(1_500));
    assert_eq!(
        (busy.retry, busy.retry_after_ms),
        (Retry::Later, Some(1_500))
    );
    assert_eq!(busy.outcome, None);
    let unknown = ErrorBody::new(ErrorCode::OutcomeUnknown, "")
        .retry_with(Seq::new(9))
        .of_append();
    assert_eq!(
        (unknown.applied, unknown.outcome),
        (Some(Seq::new(9)), Some(Outcome::Unknown))
    );
    let forever = ErrorBody::new(ErrorCode::Busy, "").after(Duration::MAX);
    assert_eq!(forever.retry_after_ms, Some(u64::MAX));
}

#[test]
fn an_error_code_of_tomorrow_still_says_what_to_do() {
    let frame: Value = json!({
        "type": "error", "ref": "1", "code": "moon_phase", "message": "wait for the full moon",
        "retry": "later", "retry_after_ms": 9, "outcome": "not_stored",
    });
    let read = decode_server(
        parlour_protocol::Encoding::Json,
        frame.to_string().as_bytes(),
    );
    let Ok(ServerFrame::Error(error)) = read else {
        panic!("{read:?}");
    };
    assert_eq!(error.code, ErrorCode::Unrecognized);
    assert_eq!(
        (error.retry, error.outcome),
        (Retry::Later, Some(Outcome::NotStored))
    );
}
