//! Bytes of any kind: refused, never a panic, never much memory or stack.

use parlour_model::limits;
use parlour_protocol::{
    CloseCode, CreateChat, DecodeError, Encoding, Problem, ProfilePatch, decode_body,
    decode_client, decode_patch, decode_server, encode_client, encode_server,
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::client_frames::client_frame;
use crate::round_trip::Ordered;
use crate::server_frames::server_frame;

/// Reads `bytes` as everything there is.
fn read_as_everything(bytes: &[u8]) {
    for encoding in Encoding::ALL {
        if let Err(error) = decode_client(encoding, bytes) {
            let _ = (error.to_frame(), error.close_code(), error.to_string());
        }
        let _ = decode_server(encoding, bytes);
        let _ = decode_body::<CreateChat>(encoding, bytes);
        let _ = decode_body::<Problem>(encoding, bytes);
        let _ = decode_patch::<ProfilePatch>(encoding, bytes);
    }
}

fn closes(encoding: Encoding, bytes: &[u8]) {
    let error = decode_client(encoding, bytes).unwrap_err();
    assert_eq!(error.close_code(), Some(CloseCode::Unreadable), "{error:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn random_json_like_text_never_panics(text in "[\\[\\]{}\":,a-z0-9.eE+\\- \\\\u]{0,80}") {
        read_as_everything(text.as_bytes());
    }
}

proptest! {
    #[test]
    fn a_damaged_frame_never_panics(frame in client_frame(), at: prop::sample::Index, byte: u8) {
        for encoding in Encoding::ALL {
            let mut bytes = encode_client(&frame, encoding).to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            read_as_everything(&bytes);
        }
    }

    #[test]
    fn a_cut_frame_is_refused(frame in client_frame(), at: prop::sample::Index) {
        for encoding in Encoding::ALL {
            let bytes = encode_client(&frame, encoding);
            closes(encoding, &bytes[..at.index(bytes.len())]);
        }
    }

    #[test]
    fn trailing_bytes_are_refused(frame in client_frame(), other in server_frame()) {
        for encoding in Encoding::ALL {
            let mut twice = encode_client(&frame, encoding).to_vec();
            twice.extend_from_slice(&encode_client(&frame, encoding));
            closes(encoding, &twice);
            let mut server = encode_server(&other, encoding).to_vec();
            server.push(b'0');
            let refused = matches!(decode_server(encoding, &server), Err(DecodeError::Unreadable { .. }));
            prop_assert!(refused);
        }
    }
}

#[test]
fn what_is_not_one_object_closes() {
    for text in [
        "",
        " ",
        "null",
        "7",
        "\"ping\"",
        "[]",
        "{",
        "{\"type\":\"ping\"}}",
        "{'type':'ping'}",
    ] {
        closes(Encoding::Json, text.as_bytes());
    }
    closes(Encoding::Json, b"{\"type\":\"ping\",\"ref\":\"\xff\"}");
    closes(Encoding::Json, br#"{"type":"ping","type":"hello"}"#);
    closes(Encoding::MessagePack, &[]);
    closes(Encoding::MessagePack, &rmp_serde::to_vec(&7).unwrap());
    closes(
        Encoding::MessagePack,
        &rmp_serde::to_vec(&("type", "ping")).unwrap(),
    );
}

/// `{"type": "ping", "x": …}` in MessagePack, with these bytes for `x`.
fn ping_with(x: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x82\xa4type\xa4ping\xa1x".to_vec();
    bytes.extend_from_slice(x);
    bytes
}

#[test]
fn message_pack_holds_nothing_that_json_has_not() {
    decode_client(Encoding::MessagePack, &ping_with(&[0xc0])).unwrap();
    let refused: [(&str, &[u8]); 7] = [
        ("binary", &[0xc4, 1, 0]),
        ("an extension", &[0xd4, 1, 0]),
        ("not a number", &[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]),
        ("infinity", &[0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]),
        ("a number as key", &[0x81, 1, 1]),
        ("text that is not UTF-8", &[0xa1, 0xff]),
        ("a reserved marker", &[0xc1]),
    ];
    for (what, bytes) in refused {
        let error = decode_client(Encoding::MessagePack, &ping_with(bytes)).unwrap_err();
        assert_eq!(error.close_code(), Some(CloseCode::Unreadable), "{what}");
    }
}

#[test]
fn message_pack_numbers_may_have_any_width() {
    // The seq 5 as fixint, u8, u16, u32, u64, i8, i16, i32 and i64.
    let widths: [&[u8]; 9] = [
        &[5],
        &[0xcc, 5],
        &[0xcd, 0, 5],
        &[0xce, 0, 0, 0, 5],
        &[0xcf, 0, 0, 0, 0, 0, 0, 0, 5],
        &[0xd0, 5],
        &[0xd1, 0, 5],
        &[0xd2, 0, 0, 0, 5],
        &[0xd3, 0, 0, 0, 0, 0, 0, 0, 5],
    ];
    let expected = json!({"type": "read", "chat": "1", "seq": 5});
    let expected = decode_client(Encoding::Json, expected.to_string().as_bytes()).unwrap();
    for width in widths {
        let mut bytes = b"\x83\xa4type\xa4read\xa4chat\xa11\xa3seq".to_vec();
        bytes.extend_from_slice(width);
        assert_eq!(
            decode_client(Encoding::MessagePack, &bytes).unwrap(),
            expected
        );
    }
}

#[test]
fn a_length_that_is_not_there_reserves_nothing() {
    for marker in [0xdb_u8, 0xdd, 0xdf, 0xc6] {
        closes(
            Encoding::MessagePack,
            &ping_with(&[marker, 0xff, 0xff, 0xff, 0xff]),
        );
        closes(Encoding::MessagePack, &[marker, 0xff, 0xff, 0xff, 0xff]);
    }
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

#[test]
fn a_body_may_be_nested_to_the_limit_and_no_deeper() {
    for encoding in Encoding::ALL {
        let send = |levels: usize| {
            let frame = json!({
                "type": "send", "ref": "r1", "chat": "7", "key": "01890a5d-ac96-774b-bcce-b302099a8057",
                "body": {"type": "custom", "name": "x", "data": nested(levels)},
            });
            decode_client(encoding, &Ordered::of(&frame).bytes(encoding))
        };
        send(limits::NESTING_MAX - 1).unwrap();
        for levels in [
            limits::NESTING_MAX,
            limits::NESTING_MAX + 3,
            limits::NESTING_MAX + 4,
            60,
        ] {
            let Err(DecodeError::Invalid {
                field, reference, ..
            }) = send(levels)
            else {
                panic!("{levels} levels were accepted");
            };
            assert_eq!(
                (field.as_str(), reference.unwrap().as_str()),
                ("body", "r1")
            );
        }
    }
}

#[test]
fn a_bottomless_frame_is_refused_on_a_small_stack() {
    let small = std::thread::Builder::new().stack_size(256 * 1024);
    let reader = small.spawn(|| {
        let depth = 30_000;
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let json = format!("{{\"type\":\"ping\",\"ref\":\"r1\",\"x\":{open}{close}}}");
        let error = decode_client(Encoding::Json, json.as_bytes()).unwrap_err();
        assert_eq!(error.to_frame().field.as_deref(), Some("x"));
        closes(Encoding::Json, open.as_bytes());

        let mut arrays = vec![0x91; depth];
        arrays.push(0xc0);
        closes(Encoding::MessagePack, &ping_with(&arrays));
        closes(Encoding::MessagePack, &[0x81, 0xa1, b'x'].repeat(depth / 2));
    });
    reader.unwrap().join().unwrap();
}
