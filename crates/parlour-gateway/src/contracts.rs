//! What clients may rely on, as documents that tools and people read: OpenAPI for REST, AsyncAPI for the socket, the
//! table of errors, and the tables of the guide to the protocol.
//!
//! They are made from the types and tables that the node itself uses, so they cannot say anything else. The committed copies
//! under `docs/` are for reading and for comparing: a test fails when they differ.

mod asyncapi;
mod errors;
mod examples;
mod frames;
mod openapi;
mod page;
mod parts;
mod routes;
mod schemas;

use std::io;
use std::path::Path;

pub(crate) use routes::routes;
use serde_json::{Value, json};

/// A document as it stands in the repository.
#[derive(Debug)]
pub struct Published {
    /// Where, from the root of the repository.
    pub path: &'static str,
    /// What it says.
    pub text: String,
}

/// The page of which only the parts between marks come from the code.
const GUIDE: &str = "docs/protocol.md";

/// Every document that is committed, as it must be in the repository at `root`.
///
/// # Errors
///
/// If the guide to the protocol cannot be read, or has a mark that nothing can fill.
pub fn published(root: &Path) -> io::Result<[Published; 4]> {
    let guide = std::fs::read_to_string(root.join(GUIDE))?;
    let guide =
        parts::filled(&guide).map_err(|wrong| io::Error::other(format!("{GUIDE}: {wrong}")))?;
    Ok([
        Published {
            path: "docs/contracts/openapi.json",
            text: pretty(&openapi::document()),
        },
        Published {
            path: "docs/contracts/asyncapi.json",
            text: pretty(&asyncapi::document()),
        },
        Published {
            path: "docs/errors.md",
            text: errors::page(),
        },
        Published {
            path: GUIDE,
            text: guide,
        },
    ])
}

/// One spelling for one document: keys in order, two spaces, a line end at the end.
fn pretty(document: &Value) -> String {
    let text = serde_json::to_string_pretty(document).expect("a document is writable");
    text + "\n"
}

/// How both documents begin.
fn title(title: &str, description: &str) -> Value {
    json!({
        "title": title,
        "version": env!("CARGO_PKG_VERSION"),
        "description": description,
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    })
}

#[cfg(test)]
mod tests {
    use parlour_protocol::{Encoding, decode_client, decode_server};

    use super::*;
    use crate::router;

    #[test]
    fn the_committed_documents_say_what_the_code_says() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for document in published(&root).unwrap() {
            let committed = std::fs::read_to_string(root.join(document.path)).unwrap_or_default();
            assert!(
                committed == document.text,
                "{} differs from the code: run `cargo xtask contracts` and commit what it writes",
                document.path
            );
        }
    }

    /// Every `$ref` in `value`.
    fn references(value: &Value) -> Vec<&str> {
        let own = value.get("$ref").and_then(Value::as_str);
        let inner: Vec<&str> = match value {
            Value::Array(items) => items.iter().flat_map(references).collect(),
            Value::Object(fields) => fields.values().flat_map(references).collect(),
            _ => Vec::new(),
        };
        own.into_iter().chain(inner).collect()
    }

    #[test]
    fn every_reference_leads_somewhere() {
        for document in [openapi::document(), asyncapi::document()] {
            let references = references(&document);
            assert!(!references.is_empty());
            for reference in references {
                let place = reference
                    .strip_prefix('#')
                    .map(|path| document.pointer(path));
                assert!(matches!(place, Some(Some(_))), "{reference} leads nowhere");
            }
        }
    }

    #[test]
    fn what_answers_what_is_said_of_every_frame_and_of_nothing_else() {
        let document = asyncapi::document();
        let names = document["components"]["messages"]
            .as_object()
            .unwrap()
            .keys();
        let frames = names.filter_map(|name| name.strip_prefix("client."));
        let mut rows: Vec<&str> = frames::ANSWERS.iter().map(|row| row.frame).collect();
        rows.sort_unstable();
        assert_eq!(frames.collect::<Vec<_>>(), rows);
    }

    #[test]
    fn every_frame_has_an_example_and_every_example_is_a_frame() {
        let document = asyncapi::document();
        let messages = document["components"]["messages"].as_object().unwrap();
        for (name, message) in messages {
            let examples = message["examples"].as_array().unwrap();
            assert!(!examples.is_empty(), "{name} has no example");
            for example in examples {
                let text = example["payload"].to_string();
                let bytes = text.as_bytes();
                let read = if name.starts_with("client.") {
                    let read = decode_client(Encoding::Json, bytes);
                    read.map(|frame| serde_json::to_value(frame).unwrap())
                } else {
                    let read = decode_server(Encoding::Json, bytes);
                    read.map(|frame| serde_json::to_value(frame).unwrap())
                };
                assert_eq!(read.unwrap(), example["payload"], "{name}");
            }
        }
    }

    #[test]
    fn every_route_is_described_once() {
        let sorted = |mut all: Vec<(String, &'static str)>| {
            all.sort();
            all
        };
        let routes = router::routes().into_iter();
        let routes = routes.map(|route| (route.method.to_string(), route.path));
        let described = openapi::described().into_iter();
        let described = described.map(|(method, path)| (method.to_string(), path));
        assert_eq!(sorted(described.collect()), sorted(routes.collect()));
    }
}
