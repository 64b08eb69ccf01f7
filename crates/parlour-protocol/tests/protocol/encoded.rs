//! Frames of many recipients.

use std::sync::Arc;

use parlour_model::{
    Body, ChatId, Content, Countable, Event, EventId, EventKey, Seq, Timestamp, UserId,
};
use parlour_protocol::{
    CloseCode, Encoded, EncodedEvent, Encoding, PingFrame, PongFrame, ServerFrame, decode_server,
    encode_server,
};

fn event() -> Event {
    Event {
        chat: ChatId::new(1).unwrap(),
        seq: Seq::FIRST,
        id: EventId::new(2).unwrap(),
        author: UserId::new(3).unwrap(),
        key: EventKey::generate(Timestamp::from_millis(1)),
        content: Content::Message {
            body: Body::text("hi"),
            reply_to: None,
        },
        sent_at: Timestamp::from_millis(1),
        countable: Countable::new(1),
        prev_effect: Seq::ZERO,
        erased: false,
    }
}

#[test]
fn all_recipients_share_one_buffer_per_encoding() {
    let frame = ServerFrame::Pong(PongFrame {
        reference: None,
        server_time: Timestamp::from_millis(5),
    });
    let encoded = Encoded::new(frame.clone());
    for encoding in Encoding::ALL {
        let (first, second) = (encoded.bytes(encoding), encoded.bytes(encoding));
        assert_eq!(first.as_ptr(), second.as_ptr());
        assert_eq!(first, encode_server(&frame, encoding));
    }
    assert_eq!(encoded.frame(), &frame);
}

#[test]
fn only_the_authors_devices_are_told_the_key() {
    let event = event();
    let encoded = EncodedEvent::new(&event);
    let stranger = UserId::new(4).unwrap();
    for encoding in Encoding::ALL {
        let key_for = |user| {
            let bytes = encoded.for_user(user).bytes(encoding);
            match decode_server(encoding, &bytes).unwrap() {
                ServerFrame::Event(event) => event.key,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(key_for(event.author), Some(event.key));
        assert_eq!(key_for(stranger), None);
    }
    let other = UserId::new(5).unwrap();
    assert!(Arc::ptr_eq(
        encoded.for_user(stranger),
        encoded.for_user(other)
    ));
}

#[test]
fn subprotocols_select_their_encoding() {
    for encoding in Encoding::ALL {
        assert_eq!(
            Encoding::from_subprotocol(encoding.subprotocol()),
            Some(encoding)
        );
    }
    assert_eq!(
        Encoding::from_subprotocol("parlour.v1.json"),
        Some(Encoding::Json)
    );
    assert_eq!(
        Encoding::from_subprotocol("parlour.v1.msgpack"),
        Some(Encoding::MessagePack)
    );
    assert_eq!(Encoding::from_subprotocol("parlour.v2.json"), None);
    assert!(Encoding::Json.is_text() && !Encoding::MessagePack.is_text());
}

#[test]
fn close_codes_are_those_of_the_protocol() {
    let may_reconnect = [1000, 1002, 1003, 1007, 1009, 1012, 4008, 4009, 4012, 4013];
    let may_not = [4500, 4501, 4502, 4540];
    let numbers = CloseCode::ALL.map(CloseCode::number);
    assert_eq!(numbers.to_vec(), [&may_reconnect[..], &may_not].concat());
    for code in CloseCode::ALL {
        assert_eq!(CloseCode::from_number(code.number()), Some(code));
        assert_eq!(code.may_reconnect(), may_reconnect.contains(&code.number()));
        assert_eq!(
            CloseCode::number_may_reconnect(code.number()),
            code.may_reconnect()
        );
        // A close frame has room for 123 bytes of reason.
        assert!((1..=123).contains(&code.meaning().len()));
        let never_resend = [1002, 1003, 1007, 1009].contains(&code.number());
        assert_eq!(code.blames_the_frame(), never_resend);
    }
}

#[test]
fn a_frame_without_a_ref_has_none() {
    assert_eq!(PingFrame::default().reference, None);
    assert_eq!(
        EncodedEvent::new(&event())
            .for_user(event().author)
            .frame()
            .reference(),
        None
    );
}
