//! REST bodies: both encodings, unknown fields, null, limits.

use parlour_model::{Audience, HistoryVisibility, ReportId, ReportReason, Seq, UserId, limits};
use parlour_protocol::{
    AddMembers, ChatPatch, ChatsPage, CreateChat, CreateDirect, CreateGroup, DecodeError,
    EditMessage, Encoding, HistoryQuery, ListQuery, LoginRequest, MarkRequest, MarkWord,
    MemberPatch, MembersPage, MessagesPage, PasswordChange, Position, PostMessage, Posted,
    PresenceBody, PresenceQuery, PrivacyBody, PrivacyPatch, Problem, ProfilePatch, ReceiptBody,
    ReceiptsPage, RefreshRequest, RegisterRequest, ReportAccepted, ReportBody, ReportRequest,
    ReportsPage, Secret, SessionBody, SessionsBody, SignedIn, StatusRequest, UsersPage, UsersQuery,
    WireMarks, decode_body, decode_patch, encode_body,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::round_trip::Ordered;
use crate::server_frames::error_body;
use crate::strategies::{
    app_data, body, chat, chat_body, chosen_status, display_name, event_id, history, member_body,
    message, message_status, presence, role, secret, seq, session, time, title, user, user_body,
    user_name,
};

/// `body` comes back from both encodings, also with a field of tomorrow in front and behind.
fn comes_back<T>(body: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let mut grown = Ordered::of(body);
    grown
        .0
        .insert(0, ("zzz".to_owned(), json!([{"a": null}, 1])));
    grown.0.push(("another_field".to_owned(), json!(true)));
    for encoding in Encoding::ALL {
        let bytes = encode_body(body, encoding);
        assert_eq!(&decode_patch::<T>(encoding, &bytes).unwrap(), body);
        assert_eq!(
            &decode_patch::<T>(encoding, &grown.bytes(encoding)).unwrap(),
            body
        );
    }
}

fn session_body() -> impl Strategy<Value = SessionBody> {
    (session(), "\\PC{0,20}", time(), time(), any::<bool>()).prop_map(
        |(id, device, created_at, last_active_at, current)| SessionBody {
            id,
            device,
            created_at,
            last_active_at,
            current,
        },
    )
}

fn position() -> impl Strategy<Value = Position> {
    prop_oneof![
        seq().prop_map(Position::Seq),
        event_id()
            .prop_filter("ids begin where seqs end", |id| id.get()
                >= Seq::LIMIT.get())
            .prop_map(Position::Id),
    ]
}

fn next() -> impl Strategy<Value = Option<String>> {
    option::of("[A-Za-z0-9_-]{1,20}")
}

proptest! {
    #[test]
    fn bodies_of_accounts_come_back(
        username in user_name(), display_name in option::of(display_name()), device in option::of("\\PC{0,20}"),
        password in secret(), user in user_body(), session in session_body(), expires_in in 0..1_u64 << 53,
        sessions in vec(session_body(), 0..3),
    ) {
        let (current_password, new_password) = (password.clone(), Secret::new("another"));
        comes_back(&LoginRequest { username: username.clone(), password: password.clone(), device: device.clone() });
        comes_back(&RegisterRequest { username, password: password.clone(), display_name, device });
        comes_back(&RefreshRequest { refresh_token: password.clone() });
        comes_back(&PasswordChange { current_password, new_password });
        let (access_token, refresh_token) = (password.clone(), password);
        comes_back(&SignedIn { user, session, access_token, expires_in, refresh_token });
        comes_back(&SessionsBody { sessions });
    }

    #[test]
    fn bodies_of_users_come_back(
        users in vec(user_body(), 0..3), next in next(), display_name in option::of(display_name()),
        avatar_url in option::of(option::of("https://[a-z]{1,9}")), status in chosen_status(),
        ids in vec(user(), 0..5), presence in vec(presence(), 0..3), data in option::of(option::of(app_data())),
    ) {
        comes_back(&UsersPage { users, next });
        comes_back(&ProfilePatch { display_name, avatar_url, data });
        comes_back(&StatusRequest { status });
        comes_back(&PresenceQuery { users: ids });
        comes_back(&PresenceBody { presence });
    }

    #[test]
    fn bodies_of_chats_come_back(
        other in user(), title in title(), users in vec(user(), 0..4), history in option::of(history()),
        chats in vec(chat_body(), 0..3), next in next(), members in vec(member_body(), 0..3), role in role(),
        data in app_data(),
    ) {
        comes_back(&CreateChat::Direct(CreateDirect { user: other }));
        comes_back(&CreateChat::Group(CreateGroup { title: title.clone(), users: users.clone(), history, data: data.clone() }));
        comes_back(&ChatsPage { chats, next: next.clone() });
        comes_back(&ChatPatch { title: Some(title), history, data: Some(Some(data)) });
        comes_back(&MembersPage { members, next });
        comes_back(&AddMembers { users });
        comes_back(&MemberPatch { role });
    }

    #[test]
    fn bodies_of_reports_and_privacy_come_back(
        about in (option::of(user()), option::of(chat()), option::of(seq())), note in option::of("[a-z]{0,9}"),
        id in 1..1_u64 << 63, reporter in user(), created_at in time(), hidden: bool,
    ) {
        let (user, chat, seq) = about;
        let (id, reason) = (ReportId::new(id).unwrap(), ReportReason::Violence);
        comes_back(&ReportRequest { user, chat, seq, reason, note: note.clone() });
        comes_back(&ReportAccepted { id });
        let report = ReportBody { id, reporter, user, chat, seq, reason, note, created_at };
        comes_back(&ReportsPage { reports: vec![report], next: Some(id) });
        let last_seen = if hidden { Audience::Nobody } else { Audience::Everyone };
        comes_back(&PrivacyBody { last_seen });
        comes_back(&PrivacyPatch { last_seen: Some(last_seen) });
    }

    #[test]
    fn bodies_of_messages_come_back(
        body in body(), applied in seq(), reply_to in option::of(seq()), chat in chat(), id in event_id(),
        sent_at in time(), duplicate: bool, messages in vec(message(), 0..3), more: (bool, bool),
        receipts in vec((user(), message_status()), 0..3), next in next(),
    ) {
        comes_back(&PostMessage { body: body.clone(), applied, reply_to });
        comes_back(&EditMessage { body, applied });
        comes_back(&Posted { chat, seq: applied, id, sent_at, duplicate });
        comes_back(&MessagesPage { messages, has_before: more.0, has_after: more.1, at: applied });
        comes_back(&MarkRequest { status: MarkWord::Delivered });
        comes_back(&WireMarks { delivered: applied, read: Seq::ZERO });
        let receipts = receipts.into_iter().map(|(user, status)| ReceiptBody { user, status }).collect();
        comes_back(&ReceiptsPage { receipts, next });
    }

    #[test]
    fn queries_and_problems_come_back(
        limit in option::of(0..1_u64 << 53), before in option::of(position()), around in option::of(position()),
        cursor in next(), query in option::of("\\PC{0,9}"), username in option::of(user_name()), error in error_body(),
    ) {
        comes_back(&HistoryQuery { limit, before, after: before, around });
        comes_back(&ListQuery { limit, cursor: cursor.clone() });
        comes_back(&UsersQuery { query, username, limit, cursor });
        let problem = Problem::from(error.clone());
        comes_back(&problem);
        prop_assert_eq!(parlour_protocol::ErrorBody::from(problem), error);
    }
}

fn json_body<T: DeserializeOwned>(body: &Value) -> Result<T, DecodeError> {
    decode_body(Encoding::Json, body.to_string().as_bytes())
}

fn wrong_field<T: DeserializeOwned + std::fmt::Debug>(body: &Value) -> String {
    match json_body::<T>(body).unwrap_err() {
        DecodeError::Invalid { field, .. } => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn null_unsets_in_a_patch_and_means_absent_elsewhere() {
    let patch =
        |body: Value| decode_patch::<ProfilePatch>(Encoding::Json, body.to_string().as_bytes());
    assert_eq!(patch(json!({})).unwrap(), ProfilePatch::default());
    assert_eq!(
        patch(json!({"avatar_url": null})).unwrap().avatar_url,
        Some(None)
    );
    assert_eq!(patch(json!({"data": null})).unwrap().data, Some(None));
    let unset = decode_patch::<ChatPatch>(Encoding::Json, br#"{"data":null}"#).unwrap();
    assert_eq!((unset.data, unset.title), (Some(None), None));
    let refused = decode_patch::<ChatPatch>(Encoding::Json, br#"{"title":null}"#).unwrap_err();
    assert!(matches!(refused, DecodeError::Invalid { field, .. } if field == "title"));
    let refused = patch(json!({"display_name": null})).unwrap_err();
    assert!(matches!(refused, DecodeError::Invalid { field, .. } if field == "display_name"));

    let post = json_body::<PostMessage>(
        &json!({"body": {"type": "text", "text": "hi"}, "applied": null, "reply_to": null}),
    );
    assert_eq!(post.unwrap().applied, Seq::ZERO);
    assert_eq!(wrong_field::<PostMessage>(&json!({"body": null})), "body");
}

#[test]
fn a_wrong_field_of_a_new_chat_is_named() {
    let cases = [
        (json!({"user": "1"}), "type"),
        (json!({"type": "channel"}), "type"),
        (json!({"type": "direct"}), "user"),
        (json!({"type": "direct", "user": 1}), "user"),
        (json!({"type": "group", "users": []}), "title"),
        (json!({"type": "group", "title": " ", "users": []}), "title"),
        (
            json!({"type": "group", "title": "x", "users": ["0"]}),
            "users",
        ),
        (
            json!({"type": "group", "title": "x", "users": [], "history": "some"}),
            "history",
        ),
    ];
    for (body, field) in cases {
        assert_eq!(wrong_field::<CreateChat>(&body), field, "{body}");
    }
    let group = json!({"type": "group", "title": " x ", "history": "since_join"});
    let CreateChat::Group(group) = json_body(&group).unwrap() else {
        panic!("a group is a group");
    };
    assert_eq!((group.title.as_str(), group.users.len()), ("x", 0));
    assert_eq!(group.history, Some(HistoryVisibility::SinceJoin));
}

#[test]
fn limits_of_bodies_name_their_field() {
    let register = |password: &str, device: &str| {
        let body = json!({"username": "ann", "password": password, "device": device});
        let request: RegisterRequest = json_body(&body).unwrap();
        request.validate().map_err(|wrong| wrong.field)
    };
    assert_eq!(register("12345678", "phone"), Ok(()));
    assert_eq!(register("1234567", "phone"), Err("password"));
    assert_eq!(register(&"ä".repeat(256), "phone"), Ok(()));
    assert_eq!(register(&"ä".repeat(257), "phone"), Err("password"));
    assert_eq!(register("12345678", &"x".repeat(65)), Err("device"));

    let picture = |url: &str| {
        let avatar_url = Some(Some(url.to_owned()));
        let patch = ProfilePatch {
            avatar_url,
            ..ProfilePatch::default()
        };
        patch.validate().is_ok()
    };
    assert!(picture("https://example.org/a.png"));
    assert!(!picture("javascript:alert(1)"));
    assert!(!picture("https://example.org/a b"));
    assert!(!picture(&format!(
        "https://{}",
        "x".repeat(limits::AVATAR_URL_BYTES_MAX)
    )));

    let users = |count: u64| {
        (1..=count)
            .map(|n| UserId::new(n).unwrap())
            .collect::<Vec<_>>()
    };
    assert!(
        AddMembers {
            users: users(1_000)
        }
        .validate()
        .is_ok()
    );
    assert!(
        AddMembers {
            users: users(1_001)
        }
        .validate()
        .is_err()
    );
    assert!(AddMembers { users: users(0) }.validate().is_err());
    assert!(PresenceQuery { users: users(500) }.validate().is_ok());
    assert!(PresenceQuery { users: users(501) }.validate().is_err());
}

#[test]
fn limits_of_queries_name_their_field() {
    let list = |limit| {
        ListQuery {
            limit,
            cursor: None,
        }
        .validate()
        .is_ok()
    };
    assert_eq!([list(None), list(Some(1)), list(Some(200))], [true; 3]);
    assert_eq!(
        [list(Some(0)), list(Some(201)), list(Some(u64::MAX))],
        [false; 3]
    );

    let place = Some(Position::Seq(Seq::FIRST));
    let two = HistoryQuery {
        before: place,
        around: place,
        ..HistoryQuery::default()
    };
    assert_eq!(two.validate().unwrap_err().field, "around");
    let one = HistoryQuery {
        after: place,
        limit: Some(100),
        ..HistoryQuery::default()
    };
    assert_eq!((one.validate(), one.limit()), (Ok(()), 100));

    assert_eq!(UsersQuery::default().validate().unwrap_err().field, "query");
}

#[test]
fn a_position_below_two_to_the_50th_is_a_seq_and_from_there_on_an_id() {
    let limit = Seq::LIMIT.get();
    let parse = |text: &str| text.parse::<Position>();
    assert_eq!(parse("7"), Ok(Position::Seq(Seq::new(7))));
    assert!(matches!(
        parse(&(limit - 1).to_string()),
        Ok(Position::Seq(_))
    ));
    assert!(matches!(parse(&limit.to_string()), Ok(Position::Id(id)) if id.get() == limit));
    assert!(matches!(parse(&i64::MAX.to_string()), Ok(Position::Id(_))));
    for wrong in [
        "",
        "+7",
        "-7",
        "7.0",
        "x",
        "9223372036854775808",
        "99999999999999999999",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
