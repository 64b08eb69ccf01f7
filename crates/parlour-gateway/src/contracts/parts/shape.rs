//! Which fields an object has, as its schema says, in the short form of the page: `chat, key, reply_to?`.

use serde_json::{Map, Value};

/// The fields of one form of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Those that are always the same, by which this form is told from others: `type: "direct"`.
    tags: Vec<String>,
    required: Vec<String>,
    optional: Vec<String>,
}

impl Shape {
    /// The same without this field, of whichever sort.
    pub(super) fn without(mut self, field: &str) -> Self {
        let tag = format!("{field}: ");
        self.tags.retain(|one| !one.starts_with(&tag));
        self.required.retain(|one| one != field);
        self.optional.retain(|one| one != field);
        self
    }

    /// The fields, those that may be absent last and with a question mark.
    pub(super) fn text(&self) -> String {
        let optional = self.optional.iter().map(|field| format!("{field}?"));
        let always = self.tags.iter().chain(&self.required).cloned();
        always.chain(optional).collect::<Vec<_>>().join(", ")
    }

    fn and(mut self, other: Self) -> Self {
        self.tags.extend(other.tags);
        self.required.extend(other.required);
        self.optional.extend(other.optional);
        self
    }
}

/// Every form an object with this schema may have; of most there is one.
pub(super) fn shapes(schema: &Value, definitions: &Map<String, Value>) -> Vec<Shape> {
    let mut shapes = vec![own(schema)];
    if let Some(definition) = referred(schema, definitions) {
        shapes = joined(&shapes, &self::shapes(definition, definitions));
    }
    if let Some(variants) = schema["oneOf"].as_array() {
        let variants = variants.iter();
        let variants: Vec<Shape> = variants
            .flat_map(|variant| self::shapes(variant, definitions))
            .collect();
        shapes = joined(&shapes, &variants);
    }
    shapes
}

/// The definition that a schema refers to.
pub(super) fn referred<'a>(
    schema: &Value,
    definitions: &'a Map<String, Value>,
) -> Option<&'a Value> {
    definitions.get(name(schema)?)
}

/// The name of the definition that a schema refers to.
pub(super) fn name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn joined(left: &[Shape], right: &[Shape]) -> Vec<Shape> {
    let pairs = left
        .iter()
        .flat_map(|one| right.iter().map(|other| one.clone().and(other.clone())));
    pairs.collect()
}

/// The fields that stand in this very schema.
fn own(schema: &Value) -> Shape {
    let mut shape = Shape::default();
    let required = schema["required"].as_array();
    let is_required = |field: &str| required.is_some_and(|all| all.iter().any(|one| one == field));
    for (field, of) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(word) = of["const"].as_str() {
            shape.tags.push(format!("{field}: \"{word}\""));
        } else if is_required(field) {
            shape.required.push(field.clone());
        } else {
            shape.optional.push(field.clone());
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(schema: &Value) -> Vec<String> {
        let definitions =
            json!({"Group": {"required": ["title"], "properties": {"title": {}, "data": {}}}});
        let shapes = shapes(schema, definitions.as_object().unwrap());
        shapes.iter().map(Shape::text).collect()
    }

    #[test]
    fn what_may_be_absent_comes_last() {
        let schema = json!({"required": ["b"], "properties": {"a": {}, "b": {}}});
        assert_eq!(texts(&schema), ["b, a?"]);
    }

    #[test]
    fn every_form_of_an_enum_is_told_with_what_it_refers_to() {
        let group = json!({"$ref": "#/x/Group", "properties": {"type": {"const": "group"}}});
        let other = json!({"required": ["id"], "properties": {"id": {}}});
        let schema = json!({"oneOf": [group, other], "required": ["by"], "properties": {"by": {}}});
        assert_eq!(
            texts(&schema),
            ["type: \"group\", by, title, data?", "by, id"]
        );
    }
}
