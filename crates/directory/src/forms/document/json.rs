//! What is written in JSON. Its parser tells no places, so each part is found again in the text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Content, MAX_DEPTH, MAX_NODES, Member, Node, Place, Unreadable, unreadable};

pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
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
