//! The frames in both directions: their fields, what they are for, and how they are answered.

use parlour_protocol::{ClientFrame, ServerFrame};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::shape::{Shape, shapes};
use super::{about, code, table};
use crate::contracts::frames::{ANSWERS, ANY};
use crate::contracts::schemas::Schemas;

/// What a client sends.
pub(super) fn of_clients() -> String {
    let mut schemas = schemas();
    let frames = schemas.sent_frames::<ClientFrame>();
    let definitions = schemas.into_definitions();
    let head = ["`type`", "fields", "", "answered with", "or refused with"];
    let rows = frames.iter().map(|(word, schema)| {
        let answers = ANSWERS.iter().find(|row| row.frame == word);
        let with = answers.map_or(&[][..], |row| row.with).iter().copied();
        let codes = answers.map_or(&[][..], |row| row.codes).iter();
        [
            code(word),
            fields(schema, &definitions),
            about(schema),
            list(with),
            list(codes.map(|one| one.as_str())),
        ]
    });
    let any = [
        "any frame".to_owned(),
        code("ref?"),
        "The answer carries the same `ref`.".to_owned(),
        String::new(),
        list(ANY.iter().map(|one| one.as_str())),
    ];
    table(head, std::iter::once(any).chain(rows))
}

/// What a server sends, as an answer or by itself.
pub(super) fn of_servers() -> String {
    let mut schemas = schemas();
    let frames = schemas.received_frames::<ServerFrame>();
    let definitions = schemas.into_definitions();
    let rows = frames
        .iter()
        .map(|(word, schema)| [code(word), fields(schema, &definitions), about(schema)]);
    table(["`type`", "fields", ""], rows)
}

/// The same draft as in the document of the socket.
fn schemas() -> Schemas {
    Schemas::new(&SchemaSettings::draft07())
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(code).collect::<Vec<_>>().join(", ")
}

/// What a frame carries besides its type and `ref`.
fn fields(schema: &Value, definitions: &Map<String, Value>) -> String {
    let forms = shapes(schema, definitions).into_iter();
    let forms = forms.map(|shape: Shape| code(&shape.without("type").without("ref").text()));
    forms.collect::<Vec<_>>().join(" or ")
}
