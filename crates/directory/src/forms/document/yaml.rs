//! What is written in YAML, with the places that the parser tells.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::{
    Content, MAX_DEPTH, MAX_NODES, MAX_SOURCE, Member, Node, Place, Unreadable, unreadable,
};

pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
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
