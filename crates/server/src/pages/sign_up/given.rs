//! From the texts of a page to a submission with values of the types that its form needs. What
//! was left empty is as absent.

use directory::forms::{Field, FieldType, Form, Group, SectionKind};
use serde_json::{Map, Number, Value};

use super::controls::{choices, is_shown, text_of};

/// The submission.
pub(super) fn of(form: &Form, fields: &Map<String, Value>) -> Map<String, Value> {
    let mut given = group(&form.group, fields);
    let nothing = Map::new();
    let mut profiles = Map::new();
    for section in &form.sections {
        if section.kind == SectionKind::Profiles {
            let kind = fields.get(section.kind.name());
            let inside = kind.and_then(|kind| kind.get(&section.name));
            let inside = inside.and_then(Value::as_object).unwrap_or(&nothing);
            let profile = group(&section.group, inside);
            profiles.insert(section.name.clone(), profile.into());
        }
    }
    if !profiles.is_empty() {
        given.insert(SectionKind::Profiles.name().to_owned(), profiles.into());
    }
    given
}

fn group(group: &Group, fields: &Map<String, Value>) -> Map<String, Value> {
    let mut given = Map::new();
    let mut properties = Map::new();
    let nothing = Map::new();
    let inside = fields.get("properties").and_then(Value::as_object);
    for (is_property, field) in group.all() {
        if !is_shown(is_property, field) {
            continue;
        }
        let (from, to) = if is_property {
            (inside.unwrap_or(&nothing), &mut properties)
        } else {
            (fields, &mut given)
        };
        let again = format!("{}_confirmation", field.name);
        if let Some(value) = value(field, from.get(&field.name)) {
            to.insert(field.name.clone(), value);
            if field.is_confirmed() {
                // One that was left empty repeats nothing.
                let repeated = self::value(field, from.get(&again));
                to.insert(again, repeated.unwrap_or_else(|| "".into()));
            }
        }
    }
    if !properties.is_empty() {
        given.insert("properties".to_owned(), properties.into());
    }
    given
}

fn value(field: &Field, filled: Option<&Value>) -> Option<Value> {
    let text = filled.and_then(Value::as_str);
    match field.field_type {
        FieldType::Boolean => Some(Value::Bool(text == Some("1"))),
        FieldType::List => list(field, filled),
        FieldType::Scalar
        | FieldType::Text
        | FieldType::Integer
        | FieldType::Number
        | FieldType::Date
        | FieldType::DateTime
        | FieldType::Object => {
            let text = text.filter(|text| !text.is_empty())?;
            Some(chosen(field, text).unwrap_or_else(|| typed(field.field_type, text)))
        }
    }
}

/// The choice that a text stands for.
fn chosen(field: &Field, text: &str) -> Option<Value> {
    let mut all = choices(field)?.iter();
    all.find(|choice| text_of(choice) == text).cloned()
}

fn typed(field_type: FieldType, text: &str) -> Value {
    let is_number = matches!(field_type, FieldType::Integer | FieldType::Number);
    let number = || {
        let whole = text.parse::<i64>().ok().map(Number::from);
        let broken = || text.parse::<f64>().ok().and_then(Number::from_f64);
        whole.or_else(broken)
    };
    // What is no number is told by the form.
    let number = if is_number { number() } else { None };
    number.map_or_else(|| text.into(), Value::Number)
}

/// Boxes that were ticked, or lines that are not empty.
fn list(field: &Field, filled: Option<&Value>) -> Option<Value> {
    let texts: Vec<&str> = match filled? {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => text.lines().map(str::trim).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    };
    let items: Vec<Value> = texts
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| chosen(field, text).unwrap_or_else(|| text.into()))
        .collect();
    (!items.is_empty()).then(|| items.into())
}
