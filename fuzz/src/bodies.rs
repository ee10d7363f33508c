//! Bodies and query strings: whatever comes, what is read keeps within the limits.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use muster::http::limits::{Limits, Unreadable};
use muster::http::{form, json};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Limits that a short input can reach, beside those that hold.
fn limits() -> [Limits; 2] {
    let few = Limits {
        depth: 3,
        fields: 5,
    };
    [few, Limits::default()]
}

/// What no refusal may repeat: seeds hold it as a name and as a value.
const SENT: &str = "s3cret";

fn assert_silent(refusal: &Unreadable) {
    assert!(!refusal.to_string().contains(SENT), "{refusal}");
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Members and items in all.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.len() + list.iter().map(count).sum::<usize>(),
        Value::Object(map) => map.len() + map.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// The texts at the ends; anything else there is a fault.
fn texts(value: &Value) -> usize {
    match value {
        Value::String(_) => 1,
        Value::Array(list) => list.iter().map(texts).sum(),
        Value::Object(map) => map.values().map(texts).sum(),
        other => panic!("a form has {other}"),
    }
}

/// A form is an object of texts, no deeper than the limit, with no more of them than pairs came.
pub fn form_body(data: &[u8]) -> bool {
    let pairs = data.split(|byte| *byte == b'&').filter(|p| !p.is_empty());
    let pairs = pairs.count();
    for limits in limits() {
        match form::parse(data, &limits) {
            Ok(form) => {
                let form = Value::Object(form);
                assert!(pairs <= limits.fields, "{pairs} pairs");
                assert!(texts(&form) <= pairs);
                assert!(depth(&form) <= limits.depth, "{form}");
            }
            Err(refusal) => assert_silent(&refusal),
        }
    }
    form::parse(data, &Limits::default()).is_ok()
}

/// JSON is read as `serde_json` reads it, and refused where it is not JSON, breaks a limit or
/// repeats a key, and nowhere else.
pub fn json_body(data: &[u8]) -> bool {
    let plain = serde_json::from_slice::<Value>(data);
    for limits in limits() {
        let fits = |value: &Value| depth(value) <= limits.depth && count(value) <= limits.fields;
        match json::parse(data, &limits) {
            Ok(read) => {
                assert!(fits(&read), "{read}");
                assert_eq!(plain.as_ref().ok(), Some(&read));
                let again = json::parse(read.to_string().as_bytes(), &limits);
                assert_eq!(again, Ok(read));
            }
            Err(refusal) => {
                assert_silent(&refusal);
                if let Ok(value) = &plain {
                    assert!(!fits(value) || repeats_a_key(data), "{refusal}: {value}");
                }
            }
        }
    }
    json::parse(data, &Limits::default()).is_ok()
}

/// Whether an object somewhere in the JSON has two members of one name.
fn repeats_a_key(json: &[u8]) -> bool {
    let found = Cell::new(false);
    let _ = Repeats(&found).deserialize(&mut serde_json::Deserializer::from_slice(json));
    found.get()
}

#[derive(Clone, Copy)]
struct Repeats<'a>(&'a Cell<bool>);

impl<'de> DeserializeSeed<'de> for Repeats<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Repeats<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = members.next_key::<String>()? {
            if !keys.insert(key) {
                self.0.set(true);
            }
            members.next_value_seed(self)?;
        }
        Ok(())
    }
}
