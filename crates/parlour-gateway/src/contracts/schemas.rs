//! The schemas of the wire's types, for one document.
//!
//! A type is described as it is read where clients send it and as it is written where they get it: what may be left out
//! differs. Both share one set of definitions, so one that would differ must not be used in both ways.

use parlour_model::limits;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// Where both kinds of documents keep their definitions.
const DEFINITIONS: &str = "/components/schemas";

/// How a type is written into a document.
pub(super) type Describe = fn(&mut Schemas) -> Value;

/// What a document says about types.
pub(super) struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Schemas {
    /// For a document whose schemas are of this draft.
    pub(super) fn new(settings: &SchemaSettings) -> Self {
        let shared = settings.clone().with(|settings| {
            settings.definitions_path = DEFINITIONS.into();
            settings.meta_schema = None;
        });
        let shared = shared.with_transform(Integers);
        let mut answers = shared.clone().for_serialize();
        // First: the drafts' own transforms look at what it leaves.
        answers.transforms.insert(0, Box::new(Present));
        Self {
            requests: shared.for_deserialize().into_generator(),
            answers: answers.into_generator(),
        }
    }

    /// What clients send.
    pub(super) fn request<T: JsonSchema>(&mut self) -> Value {
        finished::<T>(&mut self.requests)
    }

    /// What clients get.
    pub(super) fn answer<T: JsonSchema>(&mut self) -> Value {
        finished::<T>(&mut self.answers)
    }

    /// The definition behind a reference to what clients send, which the document then says elsewhere.
    pub(super) fn taken(&mut self, reference: &Value) -> Value {
        let path = reference["$ref"].as_str().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        let taken = self.requests.definitions_mut().remove(name);
        let taken = taken.expect("what is referred to is defined");
        let mut taken = Schema::try_from(taken).expect("a definition is a schema");
        for transform in self.requests.transforms_mut() {
            transform.transform(&mut taken);
        }
        Present.transform(&mut taken);
        taken.to_value()
    }

    /// The frames of `T`, an enum with a `type`: each by its type, with all its fields.
    pub(super) fn sent_frames<T: JsonSchema>(&mut self) -> Vec<(String, Value)> {
        frames::<T>(&mut self.requests)
    }

    /// The same of what clients get.
    pub(super) fn received_frames<T: JsonSchema>(&mut self) -> Vec<(String, Value)> {
        frames::<T>(&mut self.answers)
    }

    /// Every definition that was named, by its name.
    pub(super) fn into_definitions(mut self) -> Map<String, Value> {
        let mut definitions = self.requests.take_definitions(true);
        for (name, answered) in self.answers.take_definitions(true) {
            let requested = definitions.insert(name.clone(), answered.clone());
            let same = requested.is_none_or(|requested| requested == answered);
            assert!(same, "{name} is not the same in a request and in an answer");
        }
        definitions
    }
}

/// Keeps the definitions that something in `document` refers to, directly or through another.
pub(super) fn referred(definitions: &Map<String, Value>, document: &Value) -> Map<String, Value> {
    let mut kept = Map::new();
    let mut found = references(document);
    while let Some(name) = found.pop() {
        if let Some(definition) = definitions.get(&name).filter(|_| !kept.contains_key(&name)) {
            found.extend(references(definition));
            kept.insert(name, definition.clone());
        }
    }
    kept
}

/// The names of all definitions that `value` refers to.
fn references(value: &Value) -> Vec<String> {
    let path = value.get("$ref").and_then(Value::as_str);
    let own = path.and_then(|path| path.strip_prefix("#/components/schemas/"));
    let mut names: Vec<String> = own.map(str::to_owned).into_iter().collect();
    match value {
        Value::Array(items) => names.extend(items.iter().flat_map(references)),
        Value::Object(fields) => names.extend(fields.values().flat_map(references)),
        _ => {}
    }
    names
}

/// The schema of `T`: a reference, or whole if `T` has no name of its own.
fn finished<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let mut schema = generator.subschema_for::<T>();
    for transform in generator.transforms_mut() {
        transform.transform(&mut schema);
    }
    schema.to_value()
}

fn frames<T: JsonSchema>(generator: &mut SchemaGenerator) -> Vec<(String, Value)> {
    let mut all = T::json_schema(generator).to_value();
    let variants = all["oneOf"].take();
    let Value::Array(variants) = variants else {
        panic!("{} is no enum with a tag", T::schema_name());
    };
    let frames = variants.into_iter().map(|variant| {
        let word = variant["properties"]["type"]["const"].as_str();
        let word = word.expect("every frame has a type").to_owned();
        (word, whole(generator, &variant))
    });
    frames.collect()
}

/// The struct inside a variant, with the tag among its fields.
fn whole(generator: &mut SchemaGenerator, variant: &Value) -> Value {
    let path = variant["$ref"].as_str().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let inside = generator.definitions().get(name).cloned();
    let mut schema = inside.expect("a frame is a struct with a name of its own");
    schema["properties"]["type"] = variant["properties"]["type"].clone();
    match &mut schema["required"] {
        Value::Array(required) => required.push(json!("type")),
        none => *none = json!(["type"]),
    }
    let mut schema = Schema::try_from(schema).expect("an object is a schema");
    for transform in generator.transforms_mut() {
        transform.transform(&mut schema);
    }
    schema.to_value()
}

/// Says of integers what the wire promises, and nothing of how Rust keeps them.
#[derive(Clone)]
struct Integers;

impl Transform for Integers {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let format = schema.get("format").and_then(Value::as_str);
        if !format.is_some_and(|format| format.starts_with("uint")) {
            return;
        }
        schema.remove("format");
        if schema.get("maximum").is_none() {
            schema.insert("maximum".to_owned(), limits::INTEGER_MAX.into());
        }
    }
}

/// What is not there is left out of answers: nothing in them is ever null.
#[derive(Clone)]
struct Present;

impl Transform for Present {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|one| one != "null");
            if let [only] = &types[..] {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        let Some(Value::Array(mut any)) = schema.remove("anyOf") else {
            return;
        };
        any.retain(|one| one["type"] != "null");
        match (any.pop(), any.is_empty()) {
            (Some(Value::Object(only)), true) => schema.ensure_object().extend(only),
            (last, _) => {
                any.extend(last);
                schema.insert("anyOf".to_owned(), Value::Array(any));
            }
        }
    }
}
