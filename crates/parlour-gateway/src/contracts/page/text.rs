//! Texts of the documents as HTML.

use maud::Markup;
use pulldown_cmark::{Parser, html};
use serde_json::Value;

/// A text of the document, as it is.
pub(super) fn plain(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A text of the document, which is Markdown.
pub(super) fn markdown(value: &Value) -> Markup {
    let mut page = String::new();
    html::push_html(&mut page, Parser::new(plain(value)));
    super::ready(page)
}
