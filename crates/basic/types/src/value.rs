//! A value outside the machine: a tree without sharing, safe to store, send and compare.
//! Keyword handlers, journals and tool results speak this type; the machine's own is [`crate::Val`].

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::Date;

/// Fields of a detached object, in the order the author wrote them.
pub type ValueObject = IndexMap<Arc<str>, Value>;

/// A detached BASIC value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "v", rename_all = "snake_case")]
pub enum Value {
    /// Nothing: unset variables, missing fields, SQL null.
    #[default]
    Null,
    /// `TRUE` or `FALSE`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text in UTF-8.
    Text(Arc<str>),
    /// A date or a moment.
    Date(Date),
    /// An ordered list, from 0.
    Array(Vec<Value>),
    /// Named fields.
    Object(ValueObject),
    /// What FIND returns: a list of records that also acts as its first record.
    Rows(Rows),
    /// A stored or uploaded file; prints as its address.
    File(FileHandle),
    /// A secret the person typed (`HEAR AS PASSWORD`); never printed, stored only in snapshots.
    Secret(Arc<str>),
}

/// The rows of a recordset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// The records, in query order.
    pub rows: Vec<ValueObject>,
    /// True when the filter named the primary key: JSON is then one object, not a list.
    pub single: bool,
}

/// A file a script can pass on: printed as `url`, read by its fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileHandle {
    /// Where the file can be fetched or found.
    pub url: Arc<str>,
    /// Name with extension.
    pub filename: Arc<str>,
    /// Media type, such as `image/png`.
    pub mime_type: Arc<str>,
    /// Size in bytes.
    pub size: u64,
}

impl Value {
    /// Text from anything string-like.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Arc::from(text.as_ref()))
    }

    /// The text inside, if this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// True for [`Value::Null`].
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Natural JSON: dates as ISO text, files as objects, secrets as `null`.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Null | Self::Secret(_) => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::from(*value),
            // As printed: `2`, not `2.0`.
            Self::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => Json::from(*value as i64),
            Self::Float(value) => serde_json::Number::from_f64(*value).map_or(Json::Null, Json::Number),
            Self::Text(text) => Json::String(text.to_string()),
            Self::Date(date) => Json::String(date.to_string()),
            Self::Array(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Object(fields) => object_to_json(fields),
            Self::Rows(rows) => match (rows.single, rows.rows.as_slice()) {
                (true, [row]) => object_to_json(row),
                _ => Json::Array(rows.rows.iter().map(object_to_json).collect()),
            },
            Self::File(file) => serde_json::json!({
                "url": &*file.url, "filename": &*file.filename,
                "mime_type": &*file.mime_type, "size": file.size,
            }),
        }
    }

    /// Reads natural JSON; whole numbers that fit become [`Value::Int`].
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => {
                number.as_i64().map_or_else(|| Self::Float(number.as_f64().unwrap_or(f64::NAN)), Self::Int)
            }
            Json::String(text) => Self::text(text),
            Json::Array(items) => Self::Array(items.iter().map(Self::from_json).collect()),
            Json::Object(fields) => Self::Object(
                fields.iter().map(|(name, value)| (Arc::from(name.as_str()), Self::from_json(value))).collect(),
            ),
        }
    }
}

fn object_to_json(fields: &ValueObject) -> serde_json::Value {
    serde_json::Value::Object(fields.iter().map(|(name, value)| (name.to_string(), value.to_json())).collect())
}
