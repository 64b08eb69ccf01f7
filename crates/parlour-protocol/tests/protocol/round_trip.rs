//! Whatever is written in either encoding is read back as it was, in any order of fields, with fields of tomorrow.

use parlour_model::{Body, Message, Overlay};
use parlour_protocol::{
    ClientFrame, Encoding, MessageBody, Reference, ServerFrame, WireEvent, decode_client,
    decode_server, encode_client, encode_server,
};
use proptest::prelude::*;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use crate::client_frames::client_frame;
use crate::server_frames::server_frame;
use crate::strategies::{event, json_value};

/// An object with its fields in a given order, which a [`Value`] cannot hold.
#[derive(Debug, Clone)]
pub(crate) struct Ordered(pub(crate) Vec<(String, Value)>);

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Ordered {
    pub(crate) fn of(value: &impl Serialize) -> Self {
        match serde_json::to_value(value).unwrap() {
            Value::Object(fields) => Self(fields.into_iter().collect()),
            other => panic!("every frame and body is an object, not {other}"),
        }
    }

    pub(crate) fn bytes(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Json => serde_json::to_vec(self).unwrap(),
            Encoding::MessagePack => rmp_serde::to_vec_named(self).unwrap(),
        }
    }
}

/// The fields of `frame` with those of tomorrow among them, in a random order.
fn of_tomorrow(frame: impl Strategy<Value = Ordered>) -> impl Strategy<Value = Ordered> {
    (frame, json_value(), json_value()).prop_flat_map(|(Ordered(mut fields), first, second)| {
        fields.push(("another_field".to_owned(), first));
        fields.push(("zzz".to_owned(), second));
        Just(fields).prop_shuffle().prop_map(Ordered)
    })
}

proptest! {
    #[test]
    fn a_client_frame_comes_back_from_both_encodings(frame in client_frame()) {
        for encoding in Encoding::ALL {
            let bytes = encode_client(&frame, encoding);
            prop_assert_eq!(&decode_client(encoding, &bytes).unwrap(), &frame);
        }
    }

    #[test]
    fn a_server_frame_comes_back_from_both_encodings(frame in server_frame()) {
        for encoding in Encoding::ALL {
            let bytes = encode_server(&frame, encoding);
            prop_assert_eq!(&decode_server(encoding, &bytes).unwrap(), &frame);
        }
    }

    #[test]
    fn a_client_frame_is_read_in_any_order_and_with_fields_of_tomorrow(
        (frame, ordered) in client_frame().prop_flat_map(|frame| {
            let ordered = of_tomorrow(Just(Ordered::of(&frame).0).prop_map(Ordered));
            (Just(frame), ordered)
        })
    ) {
        for encoding in Encoding::ALL {
            prop_assert_eq!(&decode_client(encoding, &ordered.bytes(encoding)).unwrap(), &frame);
        }
    }

    #[test]
    fn a_server_frame_is_read_in_any_order_and_with_fields_of_tomorrow(
        (frame, ordered) in server_frame().prop_flat_map(|frame| {
            let ordered = of_tomorrow(Just(Ordered::of(&frame).0).prop_map(Ordered));
            (Just(frame), ordered)
        })
    ) {
        for encoding in Encoding::ALL {
            prop_assert_eq!(&decode_server(encoding, &ordered.bytes(encoding)).unwrap(), &frame);
        }
    }

    #[test]
    fn null_is_the_same_as_absent_in_every_frame(frame in client_frame()) {
        let mut ordered = Ordered::of(&frame);
        for optional in ["ref", "device", "features", "more", "reply_to", "before", "after", "around", "limit"] {
            if !ordered.0.iter().any(|(name, _)| name == optional) {
                ordered.0.push((optional.to_owned(), Value::Null));
            }
        }
        for encoding in Encoding::ALL {
            prop_assert_eq!(&decode_client(encoding, &ordered.bytes(encoding)).unwrap(), &frame);
        }
    }

    #[test]
    fn an_event_says_over_the_wire_what_it_says_in_the_log(event in event(), own: bool) {
        for encoding in Encoding::ALL {
            let frame = ServerFrame::Event(Box::new(WireEvent::new(&event, own)));
            let ServerFrame::Event(read) = decode_server(encoding, &encode_server(&frame, encoding)).unwrap() else {
                panic!("an event is an event");
            };
            prop_assert_eq!(read.content(), Some(event.content.clone()));
            prop_assert_eq!((read.chat, read.seq, read.id), (event.chat, event.seq, event.id));
            prop_assert_eq!((read.author, read.sent_at), (event.author, event.sent_at));
            prop_assert_eq!(read.key, own.then_some(event.key));
        }
    }

    #[test]
    fn a_line_of_history_says_what_the_log_says_and_only_its_author_is_told_the_key(event in event(), own: bool) {
        prop_assume!(event.content.is_line());
        let message = Message::new(event, Overlay::default());
        let line = MessageBody::new(message.clone(), own);
        prop_assert_eq!(line.content(), Some(message.content.clone()));
        prop_assert_eq!((line.chat, line.seq, line.id), (message.chat, message.seq, message.id));
        prop_assert_eq!((line.author, line.sent_at), (message.author, message.sent_at));
        prop_assert_eq!(line.key, own.then_some(message.key));
        prop_assert_eq!((line.status, line.deleted, line.edited_at), (None, false, None));
    }

    #[test]
    fn an_answer_carries_the_ref_it_was_given(frame in client_frame()) {
        let written = Ordered::of(&frame);
        let reference = written.0.iter().find(|(name, _)| name == "ref");
        let reference = reference.and_then(|(_, value)| value.as_str());
        prop_assert_eq!(ClientFrame::reference(&frame).map(Reference::as_str), reference);
    }
}

#[test]
fn a_number_is_read_back_as_exactly_what_was_written() {
    // The usual fast reader of decimals is off by one bit for each of these.
    for number in [
        -1.305_331_480_138_292_8e215_f64,
        -7.868_933_818_877_359_6e124,
    ] {
        let body = json!({"type": "custom", "name": "x", "data": number});
        let body = Body::from_value(body).unwrap();
        let read: Body = serde_json::from_slice(&body.canonical()).unwrap();
        assert_eq!(read, body);
    }
}
