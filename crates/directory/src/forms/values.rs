//! Single values: what type they are of, and what holds of every one.

use jiff::{Timestamp, civil};
use serde_json::Value;

use super::shape::FieldType;
use crate::violation::{Expected, FormRule, Rule};

/// Characters of a text at most; bytes of a list or an object as JSON.
pub const MAX_VALUE: usize = 10_000;

/// Whether a value is of a type.
///
/// # Errors
/// The rule that it breaks.
pub(super) fn fits(field_type: FieldType, value: &Value) -> Result<(), Rule> {
    let wrong = |expected| Err(Rule::WrongType { expected });
    let is_scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    match field_type {
        FieldType::Scalar if !is_scalar(value) => wrong(Expected::Scalar),
        FieldType::Text if !value.is_string() => wrong(Expected::Text),
        FieldType::Boolean if !value.is_boolean() => wrong(Expected::Boolean),
        FieldType::Integer | FieldType::Number if !value.is_number() => {
            Err(Rule::Form(FormRule::NotANumber))
        }
        FieldType::Integer if !is_whole(value) => Err(Rule::Form(FormRule::NotAnInteger)),
        FieldType::Date if date(value).is_none() => {
            Err(Rule::Form(FormRule::NotADate { time: false }))
        }
        FieldType::DateTime if moment(value).is_none() => {
            Err(Rule::Form(FormRule::NotADate { time: true }))
        }
        FieldType::List => match value.as_array() {
            Some(items) if items.iter().all(is_scalar) => Ok(()),
            Some(_) | None => wrong(Expected::List),
        },
        FieldType::Object if !value.is_object() => wrong(Expected::Object),
        FieldType::Scalar
        | FieldType::Text
        | FieldType::Boolean
        | FieldType::Integer
        | FieldType::Number
        | FieldType::Date
        | FieldType::DateTime
        | FieldType::Object => Ok(()),
    }
}

/// Whether a number is whole, also where it is written with a point: 3.0.
fn is_whole(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// The day that a text names: `2026-11-21`.
pub(super) fn date(value: &Value) -> Option<civil::Date> {
    let text = value.as_str().filter(|text| text.len() == 10)?;
    let digits = |byte: (usize, u8)| match byte.0 {
        4 | 7 => byte.1 == b'-',
        _ => byte.1.is_ascii_digit(),
    };
    let shaped = text.bytes().enumerate().all(digits);
    text.parse().ok().filter(|_| shaped)
}

/// The moment that a text names: RFC 3339, or without an offset, in UTC.
pub(super) fn moment(value: &Value) -> Option<Timestamp> {
    let text = value.as_str().filter(|text| text.len() <= 64)?;
    if !text
        .as_bytes()
        .get(10)
        .is_some_and(|byte| matches!(byte, b'T' | b't' | b' '))
    {
        return None;
    }
    let offset: Option<Timestamp> = text.parse().ok();
    let plain = || {
        let civil: civil::DateTime = text.parse().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok()
    };
    offset.or_else(|| plain().map(|zoned| zoned.timestamp()))
}

/// What holds of every value, so that one costs no more than it may.
pub(super) fn beyond_bounds(value: &Value) -> Option<Rule> {
    let max = MAX_VALUE;
    match value {
        Value::String(text) if text.chars().count() > max => Some(Rule::TooLong { max }),
        Value::Array(_) | Value::Object(_) if value.to_string().len() > max => {
            Some(Rule::TooLong { max })
        }
        value if holds_nul(value) => Some(Rule::BadFormat),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    }
}

/// Whether a text in it has a NUL, which PostgreSQL cannot store. Bodies are bounded in depth.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
