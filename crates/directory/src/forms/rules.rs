//! What the forms of a tenant hold of all its users, whichever way they are written: what is
//! unique, and what lists are filtered by.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check::PROPERTIES;
use super::shape::{Field, FieldType, Form, Group, Resource, SectionKind};
use super::validator::{Check, Test, is_blank};
use super::values::{date, moment};
use crate::model::RecordKind;
use crate::query::{PropertyComparison, PropertyFilter};
use crate::secret::digest;
use crate::store::{Claim, ClaimScope, FoundBy};
use crate::violation::{Expected, FormRule, Rule};

/// Bytes of a value that is claimed or found by as it is; a longer one is by its digest, for an
/// index holds no more.
const MAX_KEY: usize = 400;
/// Bytes of what a value is unique beside, said as it is; longer, it is said by its digest. With
/// the path and the value, an index of PostgreSQL holds it.
const MAX_SCOPE: usize = 1_600;

/// What forms hold of all users.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// What is unique.
    pub unique: Vec<Unique>,
    /// What lists are filtered by.
    pub indexed: Vec<Indexed>,
}

/// A value that no two have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unique {
    /// Where it stands: `external_id`, `transactables.boat.properties.mmsi`.
    pub path: String,
    /// What it stands beside, among the same values of which it is unique.
    #[serde(default)]
    pub scope: Vec<String>,
    /// Whether a blank value counts.
    #[serde(default)]
    pub blank: bool,
    /// When a value counts; none: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// Whether its values are moments, which are the same in all time zones.
    #[serde(default)]
    pub moment: bool,
}

/// When a value counts: what is said of what it stands beside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct When {
    /// Where that stands, as in a scope.
    field: String,
    /// What must be so.
    test: Test,
}

/// A property that lists are filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indexed {
    /// Where it stands.
    pub path: String,
    /// The type of its values.
    #[serde(rename = "type")]
    type_name: String,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// The user's external id.
    ExternalId,
    /// Something of their records.
    Record {
        /// Of this kind …
        kind: RecordKind,
        /// … and name …
        name: &'a str,
        /// … a property, or a field …
        is_property: bool,
        /// … of this name.
        field: &'a str,
    },
}

impl Rules {
    /// What a form holds.
    #[must_use]
    pub fn of(form: &Form) -> Self {
        let mut rules = Self::default();
        let top = match (form.resource, form.resource.section(), &form.item_type) {
            (_, Some(kind), Some(name)) => format!("{}.{name}.", kind.name()),
            (Resource::User, _, _) => String::new(),
            _ => return rules,
        };
        rules.add_group(&form.group, &top);
        for section in &form.sections {
            let top = format!("{}.{}.", section.kind.name(), section.name);
            rules.add_group(&section.group, &top);
        }
        rules
    }

    fn add_group(&mut self, group: &Group, top: &str) {
        let place = |is_property: bool, name: &str| {
            let inside = if is_property { "properties." } else { "" };
            format!("{inside}{name}")
        };
        for (is_property, field) in group.all() {
            let path = format!("{top}{}", place(is_property, &field.name));
            let found = field.uniqueness().filter(|_| path != "email");
            if let Some(validator) = found
                && let Check::Uniqueness { scope } = &validator.check
            {
                let beside = |name: &str| {
                    let (is_property, field) = group.find(name)?;
                    Some(place(is_property, &field.name))
                };
                let when = validator.condition.as_ref().and_then(|condition| {
                    Some(When {
                        field: beside(&condition.field)?,
                        test: condition.test.clone(),
                    })
                });
                self.add_unique(Unique {
                    path: path.clone(),
                    scope: scope.iter().filter_map(|name| beside(name)).collect(),
                    blank: !validator.allow_blank,
                    when,
                    moment: field.field_type == FieldType::DateTime,
                });
            }
            if field.indexed {
                self.add_indexed(Indexed::new(path, field));
            }
        }
    }

    fn add_unique(&mut self, new: Unique) {
        let same = |each: &&mut Unique| {
            each.path == new.path && each.scope == new.scope && each.when == new.when
        };
        match self.unique.iter_mut().find(same) {
            Some(own) => {
                own.blank |= new.blank;
                own.moment |= new.moment;
            }
            None => self.unique.push(new),
        }
    }

    fn add_indexed(&mut self, new: Indexed) {
        // Of two types, the first form's counts.
        if !self.indexed.iter().any(|each| each.path == new.path) {
            self.indexed.push(new);
        }
    }

    /// What several forms hold together.
    #[must_use]
    pub fn together<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut rules = Self::default();
        for each in all {
            for unique in &each.unique {
                rules.add_unique(unique.clone());
            }
            for indexed in &each.indexed {
                rules.add_indexed(indexed.clone());
            }
        }
        rules
    }

    /// The property that a parameter of a list names.
    #[must_use]
    pub fn named(&self, parameter: &str) -> Option<&Indexed> {
        self.indexed
            .iter()
            .find(|each| each.parameter() == parameter)
    }
}

fn target(path: &str) -> Option<Target<'_>> {
    let mut segments = path.split('.');
    let first = segments.next()?;
    if path == "external_id" {
        return Some(Target::ExternalId);
    }
    let (kind, name) = match SectionKind::parse(first) {
        Some(section) => (section.record(), segments.next()?),
        None if first == PROPERTIES => (RecordKind::Properties, ""),
        None => return None,
    };
    let mut field = segments.next()?;
    let is_property = kind == RecordKind::Properties || field == PROPERTIES;
    if is_property && kind != RecordKind::Properties {
        field = segments.next()?;
    }
    Some(Target::Record {
        kind,
        name,
        is_property,
        field,
    })
}

impl SectionKind {
    /// What its items are stored as.
    #[must_use]
    pub fn record(self) -> RecordKind {
        match self {
            Self::Profiles => RecordKind::Profile,
            Self::Relationships => RecordKind::Relationship,
            Self::Transactables => RecordKind::Transactable,
        }
    }
}

impl Unique {
    /// What it is about.
    pub(crate) fn target(&self) -> Option<Target<'_>> {
        target(&self.path)
    }

    /// What its values are unique among.
    pub(crate) fn claim_scope(&self) -> ClaimScope {
        let mut text = format!("form:{}", self.path);
        let mut inside = self.scope.join(",");
        if let Some(when) = &self.when {
            let said = serde_json::to_string(when).unwrap_or_default();
            inside.push_str(&format!(" if {}", digest(&said)));
        }
        if !inside.is_empty() {
            let inside = bounded(inside, MAX_SCOPE);
            text.push_str(&format!("({inside})"));
        }
        ClaimScope::Form(text)
    }

    /// The claim of a value; `beside` finds what it stands beside. None for one that is absent,
    /// or blank where that does not count.
    pub(crate) fn claim(
        &self,
        value: Option<Value>,
        beside: impl Fn(bool, &str) -> Option<Value>,
    ) -> Option<Claim> {
        let value = value.filter(|value| self.blank || !is_blank(Some(value)))?;
        let found = |name: &str| match name.strip_prefix("properties.") {
            Some(property) => beside(true, property),
            None => beside(false, name),
        };
        let when = self.when.as_ref();
        if when.is_some_and(|when| !when.test.holds(found(&when.field).as_ref())) {
            return None;
        }
        let instant = moment(&value).filter(|_| self.moment);
        let value = instant.map_or(value, |instant| instant.to_string().into());
        let mut parts = vec![plain(value)];
        for name in &self.scope {
            parts.push(found(name).map_or(Value::Null, plain));
        }
        Some(Claim {
            scope: self.claim_scope(),
            value: bounded(Value::Array(parts).to_string(), MAX_KEY),
        })
    }
}

/// A number that is whole as one, so that 1.0 and 1 are the same.
fn plain(value: Value) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 && number.abs() < EXACT => {
            #[allow(clippy::cast_possible_truncation, reason = "it is whole and small")]
            let whole = number as i64;
            whole.into()
        }
        Some(_) | None => value,
    }
}

/// A text that is longer than so many bytes as its digest.
fn bounded(text: String, max: usize) -> String {
    if text.len() > max {
        format!("sha256:{}", digest(&text))
    } else {
        text
    }
}

impl Indexed {
    fn new(path: String, field: &Field) -> Self {
        Self {
            path,
            type_name: field.field_type.name().to_owned(),
        }
    }

    /// The type of its values.
    #[must_use]
    pub fn field_type(&self) -> FieldType {
        FieldType::parse(&self.type_name).unwrap_or(FieldType::Scalar)
    }

    /// What it is about.
    pub(crate) fn target(&self) -> Option<Target<'_>> {
        target(&self.path)
    }

    /// Its name as a parameter of a list: `profile.developer.company_size`.
    #[must_use]
    pub fn parameter(&self) -> String {
        match self.target() {
            Some(Target::Record {
                kind, name, field, ..
            }) if kind != RecordKind::Properties => format!("{}.{name}.{field}", kind.name()),
            Some(_) | None => self.path.clone(),
        }
    }

    /// The filter of a list by it.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn filter(
        &self,
        comparison: PropertyComparison,
        text: &str,
    ) -> Result<PropertyFilter, Rule> {
        let FoundBy { number, text } = asked(self, comparison, text)?;
        Ok(PropertyFilter {
            path: self.path.clone(),
            comparison,
            number,
            text,
        })
    }

    /// What users are found by where it has this value.
    pub(crate) fn found_by(&self, value: &Value) -> Option<FoundBy> {
        found_by(self.field_type(), value)
    }
}

/// What users are found by where a property of a type has a value.
fn found_by(field_type: FieldType, value: &Value) -> Option<FoundBy> {
    #[allow(
        clippy::cast_precision_loss,
        reason = "milliseconds of years to come are exact"
    )]
    let at = |millis: i64| FoundBy {
        number: Some(millis as f64),
        text: None,
    };
    let said = |text: String| FoundBy {
        number: None,
        text: Some(bounded(text, MAX_KEY)),
    };
    match (field_type, value) {
        (FieldType::Date, value) => {
            let zoned = date(value)?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some(at(zoned.timestamp().as_millisecond()))
        }
        (FieldType::DateTime, value) => Some(at(moment(value)?.as_millisecond())),
        (FieldType::Scalar, Value::Number(number)) => Some(FoundBy {
            number: number.as_f64(),
            text: Some(plain(value.clone()).to_string()),
        }),
        (_, Value::Number(number)) => Some(FoundBy {
            number: number.as_f64(),
            text: None,
        }),
        (_, Value::String(text)) => Some(said(text.clone())),
        (_, Value::Bool(value)) => Some(said(value.to_string())),
        (_, Value::Null | Value::Array(_) | Value::Object(_)) => None,
    }
}

/// What a parameter of a list asks of a property: how it compares, and with what.
///
/// # Errors
/// The rule that the text breaks; a comparison of texts is none.
fn asked(indexed: &Indexed, comparison: PropertyComparison, text: &str) -> Result<FoundBy, Rule> {
    let is = comparison == PropertyComparison::Is;
    let wrong = |expected| Rule::WrongType { expected };
    let value = Value::from(text);
    let found = match indexed.field_type() {
        FieldType::Integer | FieldType::Number => number(text)
            .map(|number| FoundBy {
                number: Some(number),
                text: None,
            })
            .ok_or(wrong(Expected::Number))?,
        FieldType::Date if date(&value).is_none() => {
            return Err(Rule::Form(FormRule::NotADate { time: false }));
        }
        FieldType::DateTime if moment(&value).is_none() => {
            return Err(Rule::Form(FormRule::NotADate { time: true }));
        }
        FieldType::Boolean if !matches!(text, "true" | "false") => {
            return Err(wrong(Expected::Boolean));
        }
        FieldType::Scalar if !is => FoundBy {
            number: Some(number(text).ok_or(wrong(Expected::Number))?),
            text: None,
        },
        field_type @ (FieldType::Scalar
        | FieldType::Text
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::DateTime
        | FieldType::List
        | FieldType::Object) => found_by(field_type, &value).ok_or(Rule::BadFormat)?,
    };
    if !is && found.number.is_none() {
        return Err(Rule::UnknownField);
    }
    Ok(found)
}

fn number(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(names: usize) -> String {
        let name = |number: usize| format!("properties.{number:0>100}");
        let unique = Unique {
            path: "transactables.boat.properties.mmsi".to_owned(),
            scope: (0..names).map(name).collect(),
            blank: false,
            when: None,
            moment: false,
        };
        unique.claim_scope().name().to_owned()
    }

    #[test]
    fn what_a_value_is_unique_beside_is_bounded() {
        let start = "form:transactables.boat.properties.mmsi";
        assert_eq!(scope(0), start);
        let said = format!("{start}(properties.{:0>100},", 0);
        assert!(scope(14).starts_with(&said));
        let (one, other) = (scope(40), scope(41));
        assert!(one.starts_with(&format!("{start}(sha256:")) && one.len() < 200);
        assert_ne!(one, other);
    }
}
