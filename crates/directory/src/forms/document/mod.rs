//! A configuration as it was written: its values in their order, each with its place in the
//! text, so that a fault can be shown where it stands.

mod json;
#[cfg(test)]
mod tests;
mod yaml;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Number;

/// Most bytes of a configuration.
pub const MAX_SOURCE: usize = 64 * 1024;
/// Lists and objects inside one another, at most.
const MAX_DEPTH: usize = 16;
/// Values at most, those that aliases repeat included.
const MAX_NODES: usize = 10_000;

/// What a configuration is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2, with anchors, aliases and merge keys, as far as the bounds go.
    Yaml,
    /// JSON.
    Json,
}

impl Format {
    /// Its stored name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Yaml, Self::Json]
            .into_iter()
            .find(|format| format.name() == name)
    }
}

/// A place in a text: line and column from 1; columns count characters in YAML, bytes in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

impl Place {
    /// Where every text begins.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// Why a text is no document at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where.
    pub at: Place,
    /// Why, in words.
    pub reason: String,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub content: Content,
    /// Where it stands.
    pub at: Place,
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub at: Place,
    /// Its value.
    pub value: Node,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "they are JSON's own")]
pub enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

impl Node {
    /// Reads a text.
    ///
    /// # Errors
    /// [`Unreadable`] for one that is too large, is not of its format, repeats a name or goes
    /// beyond the bounds.
    pub fn read(format: Format, text: &str) -> Result<Self, Unreadable> {
        if text.len() > MAX_SOURCE {
            return Err(unreadable(
                Place::START,
                format!("is larger than {MAX_SOURCE} bytes"),
            ));
        }
        match format {
            Format::Yaml => yaml::read(text),
            Format::Json => json::read(text),
        }
    }

    /// The value of a member, if it is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match &self.content {
            Content::Object(members) => members
                .iter()
                .find(|member| member.name == name)
                .map(|member| &member.value),
            Content::Null
            | Content::Bool(_)
            | Content::Number(_)
            | Content::Text(_)
            | Content::List(_) => None,
        }
    }

    /// The text that it is.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Null
            | Content::Bool(_)
            | Content::Number(_)
            | Content::List(_)
            | Content::Object(_) => None,
        }
    }

    /// The same without places and order.
    #[must_use]
    pub fn value(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(value) => Value::Number(value.clone()),
            Content::Text(value) => Value::String(value.clone()),
            Content::List(items) => items.iter().map(Self::value).collect(),
            Content::Object(members) => members
                .iter()
                .map(|member| (member.name.clone(), member.value.value()))
                .collect(),
        }
    }
}

/// As JSON, in the order in which it was written.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.content {
            Content::Null => serializer.serialize_unit(),
            Content::Bool(value) => serializer.serialize_bool(*value),
            Content::Number(value) => value.serialize(serializer),
            Content::Text(value) => serializer.serialize_str(value),
            Content::List(items) => serializer.collect_seq(items),
            Content::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for member in members {
                    map.serialize_entry(&member.name, &member.value)?;
                }
                map.end()
            }
        }
    }
}

fn unreadable(at: Place, reason: impl Into<String>) -> Unreadable {
    Unreadable {
        at,
        reason: reason.into(),
    }
}
