//! JSON against the schemas of an OpenAPI 3.1 description: as much of JSON Schema as ours uses.

use serde_json::{Map, Value as Json, json};

/// A schema of a description.
pub(crate) struct Shape<'a> {
    document: &'a Json,
    schema: Json,
    /// Fields that are not described are no mistake.
    open: bool,
}

impl<'a> Shape<'a> {
    pub(crate) fn new(document: &'a Json, schema: &Json) -> Self {
        let schema = match schema["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
            Some(place) => document.pointer(place).unwrap_or_else(|| panic!("{place} is not described")).clone(),
            None => schema.clone(),
        };
        Self { document, schema, open: false }
    }

    /// Allows fields that are not described.
    pub(crate) fn open(self) -> Self {
        Self { open: true, ..self }
    }

    fn inner(&self, schema: &Json) -> Self {
        Self { open: self.open, ..Self::new(self.document, schema) }
    }

    fn alternatives(&self) -> Option<Vec<Self>> {
        let list = ["oneOf", "anyOf"].iter().find_map(|word| self.schema[*word].as_array())?;
        Some(list.iter().map(|schema| self.inner(schema)).collect())
    }

    /// The words of `type`, which may be one or a list.
    fn types(&self) -> Vec<String> {
        match &self.schema["type"] {
            Json::String(word) => vec![word.clone()],
            Json::Array(words) => words.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// Fits the value?
    pub(crate) fn check(&self, value: &Json) -> Result<(), String> {
        if let Some(alternatives) = self.alternatives() {
            let fits = alternatives.iter().any(|own| own.check(value).is_ok());
            return if fits { Ok(()) } else { Err(format!("{value} fits none of {}", self.schema)) };
        }
        for part in self.schema["allOf"].as_array().into_iter().flatten() {
            self.inner(part).check(value)?;
        }
        let types = self.types();
        if !types.is_empty() && !types.iter().any(|word| is_a(value, word)) {
            return Err(format!("{value} is no {types:?}"));
        }
        if let Some(words) = self.schema["enum"].as_array()
            && !words.contains(value)
        {
            return Err(format!("{value} is none of {words:?}"));
        }
        for name in self.schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if value.is_object() && value.get(name).is_none() {
                return Err(format!("`{name}` is missing"));
            }
        }
        if let (Some(properties), Some(fields)) = (self.schema["properties"].as_object(), value.as_object()) {
            for (name, field) in fields {
                let Some(described) = properties.get(name) else {
                    if self.open {
                        continue;
                    }
                    return Err(format!("`{name}` is not described"));
                };
                self.inner(described).check(field).map_err(|error| format!("{name}: {error}"))?;
            }
        }
        if let Some(items) = value.as_array().filter(|_| self.schema["items"].is_object()) {
            for (index, item) in items.iter().enumerate() {
                self.inner(&self.schema["items"]).check(item).map_err(|error| format!("[{index}]: {error}"))?;
            }
        }
        Ok(())
    }

    /// A value with nothing in it but what must be there.
    pub(crate) fn example(&self) -> Json {
        if let Some(first) = self.alternatives().as_ref().and_then(|all| all.first()) {
            return first.example();
        }
        if let Some(word) = self.schema["enum"].as_array().and_then(|words| words.first()) {
            return word.clone();
        }
        match self.types().first().map(String::as_str) {
            Some("string") => json!("x"),
            Some("integer" | "number") => json!(1),
            Some("boolean") => json!(true),
            Some("array") => json!([]),
            Some("null") => Json::Null,
            _ => {
                let required = self.schema["required"].as_array().cloned().unwrap_or_default();
                let properties = &self.schema["properties"];
                // `text` may be left out, but a message of nothing is refused for that alone.
                let named = required.iter().filter_map(Json::as_str).map(str::to_owned);
                let text = properties.get("text").map(|_| "text".to_owned());
                let fields = named.chain(text).map(|name| {
                    let value = self.inner(&properties[&name]).example();
                    (name, value)
                });
                Json::Object(fields.collect::<Map<_, _>>())
            }
        }
    }
}

fn is_a(value: &Json, word: &str) -> bool {
    match word {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("what is the type {other}?"),
    }
}
