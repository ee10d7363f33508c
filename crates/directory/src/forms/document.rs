//! A configuration as it was written: its values in their order, each with its place in the
//! text, so that a fault can be shown where it stands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Number;
use serde_json::value::RawValue;
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

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
            Format::Yaml => read_yaml(text),
            Format::Json => read_json(text),
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

fn read_yaml(text: &str) -> Result<Node, Unreadable> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: MAX_NODES * 3,
            max_nodes: MAX_NODES,
            max_depth: MAX_DEPTH,
            max_documents: 1,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_total_scalar_bytes: MAX_SOURCE * 4,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_NODES,
            max_replay_stack_depth: MAX_DEPTH,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        // NO is Norway, as YAML 1.2 has it.
        strict_booleans: true,
    };
    let read: Result<Spanned<Content>, _> = serde_saphyr::from_str_with_options(text, options);
    match read {
        Ok(spanned) => located(spanned),
        Err(cause) => {
            let at = cause.location().map_or(Place::START, place);
            // The first line says what it is; the rest shows the text, which its author has.
            let told = cause.without_snippet().to_string();
            let first = told.lines().next().unwrap_or_default();
            Err(unreadable(
                at,
                first.split(" at line ").next().unwrap_or(first),
            ))
        }
    }
}

fn located(spanned: Spanned<Content>) -> Result<Node, Unreadable> {
    let node = Node {
        content: spanned.value,
        at: place(spanned.referenced),
    };
    // What aliases repeat is not counted by the parser's budget alone.
    let mut left = MAX_NODES;
    if within(&node, MAX_DEPTH, &mut left) {
        Ok(node)
    } else {
        Err(unreadable(Place::START, "holds too much, or too deeply"))
    }
}

fn within(node: &Node, depth: usize, left: &mut usize) -> bool {
    let Some(fewer) = left.checked_sub(1) else {
        return false;
    };
    *left = fewer;
    let Some(deeper) = depth.checked_sub(1) else {
        return false;
    };
    match &node.content {
        Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) => true,
        Content::List(items) => items.iter().all(|item| within(item, deeper, left)),
        Content::Object(members) => members
            .iter()
            .all(|member| within(&member.value, deeper, left)),
    }
}

fn place(at: Location) -> Place {
    Place {
        line: at.line().max(1),
        column: at.column().max(1),
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Content, E> {
        Number::from_f64(value)
            .map(Content::Number)
            .ok_or_else(|| E::custom("a number that is none"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Content>>()? {
            list.push(Node {
                content: item.value,
                at: place(item.referenced),
            });
        }
        Ok(Content::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        let mut members: Vec<Member> = Vec::new();
        while let Some((name, value)) = entries.next_entry::<Spanned<String>, Spanned<Content>>()? {
            if members.iter().any(|member| member.name == name.value) {
                return Err(A::Error::custom("a name is repeated"));
            }
            members.push(Member {
                name: name.value,
                at: place(name.referenced),
                value: Node {
                    content: value.value,
                    at: place(value.referenced),
                },
            });
        }
        Ok(Content::Object(members))
    }
}

fn read_json(text: &str) -> Result<Node, Unreadable> {
    let source = Source::of(text);
    let raw: &RawValue = serde_json::from_str(text).map_err(|cause| source.broken(text, &cause))?;
    let mut left = MAX_NODES;
    source.node(raw.get(), MAX_DEPTH, &mut left)
}

/// A JSON text, parts of which are borrowed from it.
struct Source<'a> {
    text: &'a str,
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    fn of(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = breaks.map(|(at, _)| at + 1);
        Self {
            text,
            lines: std::iter::once(0).chain(starts).collect(),
        }
    }

    /// Where a part of the text begins in it.
    fn place(&self, part: &str) -> Place {
        let at = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let line = self.lines.partition_point(|start| *start <= at);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        Place {
            line: line as u64,
            column: (at.saturating_sub(start) + 1) as u64,
        }
    }

    /// A fault that was found in a part of the text.
    fn broken(&self, part: &str, cause: &serde_json::Error) -> Unreadable {
        let start = self.place(part);
        let (line, column) = (cause.line() as u64, cause.column() as u64);
        let at = Place {
            line: start.line + line.saturating_sub(1),
            column: match line {
                0 | 1 => start.column + column.saturating_sub(1),
                _ => column.max(1),
            },
        };
        let told = cause.to_string();
        unreadable(at, told.split(" at line ").next().unwrap_or(&told))
    }

    fn node(&self, part: &str, depth: usize, left: &mut usize) -> Result<Node, Unreadable> {
        let at = self.place(part);
        let (Some(fewer), Some(deeper)) = (left.checked_sub(1), depth.checked_sub(1)) else {
            return Err(unreadable(at, "holds too much, or too deeply"));
        };
        *left = fewer;
        let fault = |cause: serde_json::Error| self.broken(part, &cause);
        let content = match part.as_bytes().first() {
            Some(b'{') => {
                let entries: Entries<'_> = serde_json::from_str(part).map_err(fault)?;
                let members = entries.0.into_iter().map(|(name, value)| {
                    let value = self.node(value.get(), deeper, left)?;
                    let at = value.at;
                    Ok(Member { name, at, value })
                });
                Content::Object(members.collect::<Result<_, _>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(part).map_err(fault)?;
                let items = items
                    .into_iter()
                    .map(|item| self.node(item.get(), deeper, left));
                Content::List(items.collect::<Result<_, _>>()?)
            }
            _ => serde_json::from_str(part).map_err(fault)?,
        };
        Ok(Node { content, at })
    }
}

/// The members of a JSON object in their order, each as it is written.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(String, &'de RawValue)> = Vec::new();
        while let Some((name, value)) = entries.next_entry::<String, &'de RawValue>()? {
            if members.iter().any(|(before, _)| *before == name) {
                return Err(A::Error::custom("a name is repeated"));
            }
            members.push((name, value));
        }
        Ok(Entries(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place_of(node: &Node, path: &[&str]) -> (u64, u64) {
        let found = path
            .iter()
            .try_fold(node, |node, name| node.get(name))
            .unwrap();
        (found.at.line, found.at.column)
    }

    #[test]
    fn yaml_and_json_are_read_with_their_places_in_their_order() {
        let yaml = "name: x\nconfiguration:\n  zeta: { a: 1 }\n  alpha: [true, ~]\n";
        let node = Node::read(Format::Yaml, yaml).unwrap();
        assert_eq!(place_of(&node, &["configuration", "zeta", "a"]), (3, 14));
        let json = "{\"name\": \"x\",\n \"configuration\": {\n  \"zeta\": {\"a\": 1},\n  \"alpha\": [true, null]}}";
        let same = Node::read(Format::Json, json).unwrap();
        assert_eq!(place_of(&same, &["configuration", "zeta", "a"]), (3, 17));
        let expected =
            json!({"name": "x", "configuration": {"zeta": {"a": 1}, "alpha": [true, null]}});
        assert_eq!((node.value(), same.value()), (expected.clone(), expected));
        let ordered = r#"{"name":"x","configuration":{"zeta":{"a":1},"alpha":[true,null]}}"#;
        assert_eq!(serde_json::to_string(&node).unwrap(), ordered);
        assert_eq!(serde_json::to_string(&same).unwrap(), ordered);
    }

    #[test]
    fn only_true_and_false_are_booleans() {
        let node = Node::read(Format::Yaml, "[NO, yes, on, off, n, true, false, ~]").unwrap();
        let expected = json!(["NO", "yes", "on", "off", "n", true, false, null]);
        assert_eq!(node.value(), expected);
    }

    #[test]
    fn an_alias_stands_for_its_anchor() {
        let yaml = "a: &x { b: 1 }\nc: *x\nd: { <<: *x, e: 2 }\n";
        let node = Node::read(Format::Yaml, yaml).unwrap();
        let expected = json!({"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}});
        assert_eq!(node.value(), expected);
    }

    #[test]
    fn bombs_depth_and_size_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let refers = format!("*a{}", level - 1);
            let refers = vec![refers; 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{refers}]\n"));
        }
        let deep_yaml = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let deep_json = format!(
            "{}{}",
            r#"{"a":"#.repeat(5_000),
            "1".to_owned() + &"}".repeat(5_000)
        );
        let wide = format!("[{}]", vec!["1"; 20_000].join(","));
        let large = format!("a: {}", "x".repeat(MAX_SOURCE));
        let itself = "a: &a [*a]";
        for (format, text) in [
            (Format::Yaml, bomb.as_str()),
            (Format::Yaml, deep_yaml.as_str()),
            (Format::Json, deep_json.as_str()),
            (Format::Json, wide.as_str()),
            (Format::Yaml, wide.as_str()),
            (Format::Yaml, large.as_str()),
            (Format::Yaml, itself),
        ] {
            assert!(
                Node::read(format, text).is_err(),
                "{}",
                &text[..40.min(text.len())]
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        for (format, text, line) in [
            (Format::Json, "{\n \"a\": 1,\n \"a\": 2}", 3),
            (Format::Json, "{\n \"a\": {\n  \"b\": x}}", 3),
            (Format::Json, "", 1),
            (Format::Yaml, "a: 1\na: 2\n", 2),
            (Format::Yaml, "a: 1\nb: [1, 2\n", 2),
            (Format::Yaml, "a: 1\n---\nb: 2\n", 2),
        ] {
            let fault = Node::read(format, text).unwrap_err();
            assert_eq!(fault.at.line, line, "{text:?}: {fault:?}");
            assert!(!fault.reason.is_empty() && !fault.reason.contains('\n'));
        }
    }
}
