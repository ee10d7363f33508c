//! A form as a JSON Schema (2020-12) of what fills it in when something is made: all that a
//! schema can say. Uniqueness, confirmations, conditions and the calendar are left to the
//! engine, and so are patterns that others would read otherwise.

use serde_json::{Map, Value, json};

use super::check::{MAX_ITEMS, PROPERTIES};
use super::shape::{Field, FieldType, Form, Group, Resource, SectionKind};
use super::validator::{Check, Numericality, Validator};
use super::values::MAX_VALUE;
use crate::violation::Comparison;

/// A text of white space alone, as Rust's `trim` sees it.
const BLANK: &str = "^[\\u0009-\\u000D\\u0020\\u0085\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000]*$";
const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";

/// The schema of a form.
#[must_use]
pub fn schema(form: &Form) -> Value {
    let mut schema = group(&form.group);
    for section in &form.sections {
        let inner = group(&section.group);
        let inner = match section.kind {
            SectionKind::Profiles => inner,
            SectionKind::Relationships | SectionKind::Transactables => {
                let list = json!({ "type": "array", "items": inner, "maxItems": MAX_ITEMS });
                json!({ "anyOf": [inner, list] })
            }
        };
        let required = is_required(&inner) && section.kind == SectionKind::Profiles;
        let inner = if required { inner } else { or_null(inner) };
        nest(
            &mut schema,
            section.kind.name(),
            &section.name,
            inner,
            required,
        );
    }
    let unlisted = form.group.find("email").is_none();
    if form.resource == Resource::User && unlisted {
        // Nobody is made without: nothing fits.
        require(&mut schema, "email");
        put(&mut schema, "email", json!(false));
    }
    let mut whole = Map::new();
    let dialect = "https://json-schema.org/draft/2020-12/schema";
    whole.insert("$schema".to_owned(), dialect.into());
    let title = form.title.as_deref().unwrap_or(&form.name);
    whole.insert("title".to_owned(), title.into());
    if let Value::Object(members) = schema {
        whole.extend(members);
    }
    whole.into()
}

fn put(object: &mut Value, name: &str, schema: Value) {
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(name.to_owned(), schema);
    }
}

fn require(object: &mut Value, name: &str) {
    if let Some(members) = object.as_object_mut() {
        let required = members
            .entry("required")
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Some(list) = required.as_array_mut()
            && !list.iter().any(|each| each == name)
        {
            list.push(name.into());
        }
    }
}

fn is_required(schema: &Value) -> bool {
    schema.get("required").is_some()
}

fn object() -> Value {
    json!({ "type": "object", "properties": {} })
}

/// Puts a schema two objects deep: `profiles`, `developer`.
fn nest(schema: &mut Value, outer: &str, inner: &str, leaf: Value, required: bool) {
    let found = schema.pointer(&format!("/properties/{outer}")).cloned();
    let mut middle = match found {
        Some(Value::Object(mut members)) => {
            members.insert("type".to_owned(), "object".into());
            Value::Object(members)
        }
        _ => object(),
    };
    put(&mut middle, inner, leaf);
    if required {
        require(&mut middle, inner);
        require(schema, outer);
    }
    let middle = if is_required(&middle) {
        middle
    } else {
        or_null(middle)
    };
    put(schema, outer, middle);
}

/// The same, or nothing: a null is as absent.
fn or_null(mut schema: Value) -> Value {
    let plain = schema
        .get("type")
        .and_then(Value::as_str)
        .map(str::to_owned);
    match (plain, schema.as_object_mut()) {
        (Some(plain), Some(members)) => {
            members.insert("type".to_owned(), json!([plain, "null"]));
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

fn group(group: &Group) -> Value {
    let mut schema = object();
    for field in &group.fields {
        add(&mut schema, field);
    }
    if !group.properties.is_empty() {
        let mut properties = object();
        for field in &group.properties {
            add(&mut properties, field);
        }
        if is_required(&properties) {
            require(&mut schema, PROPERTIES);
        } else {
            properties = or_null(properties);
        }
        put(&mut schema, PROPERTIES, properties);
    }
    schema
}

fn add(schema: &mut Value, field: &Field) {
    let demanded = field.filling.is_none() && field.default.is_none() && field.is_demanded();
    if field.readonly {
        // What comes is passed over, whatever it is: where a value is demanded, nothing fits.
        if demanded {
            require(schema, &field.name);
            put(schema, &field.name, json!(false));
        }
        return;
    }
    let mut inner = of_field(field);
    if demanded {
        require(schema, &field.name);
    } else if inner != json!({}) {
        inner = json!({ "anyOf": [{ "type": "null" }, inner] });
    }
    put(schema, &field.name, inner);
}

/// What holds of a value that is there.
fn of_field(field: &Field) -> Value {
    let always = || {
        field
            .validators
            .iter()
            .filter(|each| each.condition.is_none())
    };
    let rules = |validator: &Validator| of_check(&validator.check);
    let mut all = vec![of_type(field.field_type)];
    for validator in always() {
        let Some(rule) = rules(validator) else {
            continue;
        };
        if !validator.allow_blank {
            all.push(rule);
        } else if validator.check != Check::Presence {
            all.push(or_blank(rule));
        }
    }
    let is_text = matches!(field.field_type, FieldType::Text | FieldType::Scalar);
    let mut schema = all_of(all);
    if field.takes_blank() && !is_text {
        // A blank one takes the value away, unless another validator minds.
        let mut blank = vec![json!({ "type": "string", "pattern": BLANK })];
        blank.extend(always().filter(|each| !each.allow_blank).filter_map(rules));
        schema = json!({ "anyOf": [all_of(blank), schema] });
    }
    if let Some(members) = schema.as_object_mut() {
        for (name, text) in [("title", &field.label), ("description", &field.hint)] {
            if let Some(text) = text {
                members.insert(name.to_owned(), text.as_str().into());
            }
        }
        if let Some(default) = field.default.as_ref().or(field.filling.as_ref()) {
            members.insert("default".to_owned(), default.clone());
        }
    }
    schema
}

fn all_of(mut all: Vec<Value>) -> Value {
    if all.len() > 1 {
        return json!({ "allOf": all });
    }
    all.pop().unwrap_or_default()
}

fn or_blank(rule: Value) -> Value {
    json!({ "anyOf": [
        { "type": "string", "pattern": BLANK },
        { "type": "array", "maxItems": 0 },
        { "type": "object", "maxProperties": 0 },
        rule,
    ] })
}

fn of_type(field_type: FieldType) -> Value {
    match field_type {
        FieldType::Scalar => json!({
            "type": ["string", "number", "boolean"],
            "maxLength": MAX_VALUE,
        }),
        FieldType::Text => json!({ "type": "string", "maxLength": MAX_VALUE }),
        FieldType::Integer => json!({ "type": "integer" }),
        FieldType::Number => json!({ "type": "number" }),
        FieldType::Boolean => json!({ "type": "boolean" }),
        FieldType::Date => json!({ "type": "string", "format": "date", "pattern": DATE }),
        FieldType::DateTime => json!({ "type": "string", "format": "date-time" }),
        FieldType::List => json!({
            "type": "array",
            "items": { "type": ["string", "number", "boolean"] },
        }),
        FieldType::Object => json!({ "type": "object" }),
    }
}

fn of_check(check: &Check) -> Option<Value> {
    match check {
        Check::Presence => Some(json!({
            "not": { "type": "string", "pattern": BLANK },
            "minItems": 1,
            "minProperties": 1,
        })),
        Check::Uniqueness { .. } | Check::Confirmation | Check::Date | Check::DateTime => None,
        Check::EmailFormat => Some(json!({ "format": "email" })),
        Check::Inclusion(values) => {
            let one = json!({ "enum": values });
            Some(json!({
                "if": { "type": "array" },
                "then": { "items": one },
                "else": one,
            }))
        }
        Check::Exclusion(values) => {
            let none = json!({ "not": { "enum": values } });
            Some(json!({
                "if": { "type": "array" },
                "then": { "items": none },
                "else": none,
            }))
        }
        Check::Format(pattern) => pattern
            .portable()
            .map(|pattern| json!({ "pattern": pattern })),
        Check::Length {
            minimum,
            maximum,
            is,
        } => Some(length(*minimum, *maximum, *is)),
        Check::Numericality(demands) => numericality(demands),
    }
}

fn length(minimum: Option<usize>, maximum: Option<usize>, is: Option<usize>) -> Value {
    let mut rules = Map::new();
    let least = minimum.max(is);
    let most = match (maximum, is) {
        (Some(maximum), Some(is)) => Some(maximum.min(is)),
        (maximum, is) => maximum.or(is),
    };
    for (bound, names) in [
        (least, ["minLength", "minItems"]),
        (most, ["maxLength", "maxItems"]),
    ] {
        if let Some(bound) = bound {
            for name in names {
                rules.insert(name.to_owned(), bound.into());
            }
        }
    }
    rules.into()
}

fn numericality(demands: &Numericality) -> Option<Value> {
    let mut all: Vec<Value> = demands
        .compared
        .iter()
        .map(|(comparison, count)| match comparison {
            Comparison::GreaterThan => json!({ "exclusiveMinimum": count }),
            Comparison::GreaterThanOrEqualTo => json!({ "minimum": count }),
            Comparison::EqualTo => json!({ "minimum": count, "maximum": count }),
            Comparison::LessThan => json!({ "exclusiveMaximum": count }),
            Comparison::LessThanOrEqualTo => json!({ "maximum": count }),
            Comparison::OtherThan => json!({ "not": { "minimum": count, "maximum": count,
                "type": "number" } }),
        })
        .collect();
    match demands.parity {
        None => {}
        Some(false) => all.push(json!({ "multipleOf": 2 })),
        // An odd number is whole, and no multiple of two.
        Some(true) => all.push(json!({ "multipleOf": 1, "not": { "multipleOf": 2 } })),
    }
    match all.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        _ => Some(json!({ "allOf": all })),
    }
}
