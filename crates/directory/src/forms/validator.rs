//! What a form can demand of a field.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pattern::Pattern;
use crate::model::Email;
use crate::violation::{Comparison, FormRule, Rule};

/// Something that must hold of a field, when it is asked for, and the words of the form's
/// author for when it does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Validator {
    /// What must hold.
    pub check: Check,
    /// The author's words; without any, each API has its own.
    pub message: Option<String>,
    /// An absent value passes, also where one is demanded.
    pub allow_nil: bool,
    /// A blank value passes.
    pub allow_blank: bool,
    /// When it is asked for; none: always.
    pub condition: Option<Condition>,
}

/// What must hold of a field. An absent value breaks none but `Presence`; an empty text is a
/// value. Values are of their field's type by then.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// There is a value, and more in it than white space.
    Presence,
    /// No other has it, among those with the same values in these fields beside it. Decided
    /// when it is written, never here.
    Uniqueness {
        /// The fields beside it.
        scope: Vec<String>,
    },
    /// What comes as `NAME_confirmation`, where it comes, is the same.
    Confirmation,
    /// It is one of these; of a list, each item is.
    Inclusion(Vec<Value>),
    /// It is none of these; of a list, no item is.
    Exclusion(Vec<Value>),
    /// The pattern is found in it.
    Format(Pattern),
    /// It is an email address; a blank one is left to `Presence`.
    EmailFormat,
    /// Its length, in characters or items.
    Length {
        /// At least.
        minimum: Option<usize>,
        /// At most.
        maximum: Option<usize>,
        /// Exactly.
        is: Option<usize>,
    },
    /// It is a number, within bounds.
    Numericality(Numericality),
    /// It is a date; its type says so, and this holds the words for it.
    Date,
    /// It is a date with a time; as `Date`.
    DateTime,
}

/// What must hold of a number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numericality {
    /// It is whole.
    pub only_integer: bool,
    /// How it compares with others.
    pub compared: Vec<(Comparison, f64)>,
    /// It is odd (`true`) or even (`false`).
    pub parity: Option<bool>,
}

/// When something is asked for: what is said of another field.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The other field's name: one beside, or else one at the top of the form.
    pub field: String,
    /// What must be so.
    pub test: Test,
}

/// What a condition says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// It has this value.
    Equals(Value),
    /// It has a value that is not blank (`true`), or has none (`false`).
    Present(bool),
}

impl Test {
    /// Whether it is so of a value.
    pub(super) fn holds(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Present(present) => is_blank(value) != *present,
            Self::Equals(Value::Null) => value.is_none(),
            Self::Equals(expected) => value.is_some_and(|value| equal(value, expected)),
        }
    }
}

impl Validator {
    /// A validator without words or conditions.
    #[must_use]
    pub fn new(check: Check) -> Self {
        Self {
            check,
            message: None,
            allow_nil: false,
            allow_blank: false,
            condition: None,
        }
    }

    /// The rules that a value breaks; `confirmation` is what came to repeat it. Whether it is
    /// asked for at all is decided before.
    pub(super) fn broken(
        &self,
        field: &str,
        value: Option<&Value>,
        confirmation: Option<&Value>,
    ) -> Vec<Rule> {
        let absent = value.is_none() && self.allow_nil;
        if absent || (self.allow_blank && is_blank(value)) {
            return Vec::new();
        }
        match (&self.check, value) {
            (Check::Presence, value) => Vec::from_iter(is_blank(value).then_some(Rule::Blank)),
            (_, None) => Vec::new(),
            (Check::Confirmation, Some(value)) => {
                let differs = confirmation.is_some_and(|other| !equal(value, other));
                let field = field.to_owned();
                Vec::from_iter(differs.then_some(Rule::Form(FormRule::Unrepeated { field })))
            }
            (check, Some(value)) => check.broken_by(value),
        }
    }
}

impl Check {
    fn broken_by(&self, value: &Value) -> Vec<Rule> {
        match self {
            Self::Presence
            | Self::Uniqueness { .. }
            | Self::Confirmation
            | Self::Date
            | Self::DateTime => Vec::new(),
            Self::EmailFormat if is_blank(Some(value)) => Vec::new(),
            Self::EmailFormat => {
                let parsed = value.as_str().map(Email::parse);
                Vec::from_iter(parsed.and_then(Result::err))
            }
            Self::Inclusion(allowed) => {
                let strange = items(value).find(|item| !holds(allowed, item));
                let rule = strange.map(|item| Rule::NotIncluded { value: shown(item) });
                Vec::from_iter(rule)
            }
            Self::Exclusion(taken) => {
                let found = items(value).any(|item| holds(taken, item));
                Vec::from_iter(found.then_some(Rule::Form(FormRule::Reserved)))
            }
            Self::Format(pattern) => {
                let found = value.as_str().is_none_or(|text| pattern.is_match(text));
                Vec::from_iter((!found).then_some(Rule::BadFormat))
            }
            Self::Length {
                minimum,
                maximum,
                is,
            } => {
                let Some(length) = length_of(value) else {
                    return Vec::new();
                };
                let short = minimum.filter(|min| length < *min);
                let long = maximum.filter(|max| length > *max);
                let wrong = is.filter(|is| length != *is);
                let short = short.map(|min| Rule::TooShort { min });
                let long = long.map(|max| Rule::TooLong { max });
                let wrong = wrong.map(|is| Rule::Form(FormRule::WrongLength { is }));
                short.into_iter().chain(long).chain(wrong).collect()
            }
            Self::Numericality(demands) => demands.broken_by(value),
        }
    }
}

impl Numericality {
    fn broken_by(&self, value: &Value) -> Vec<Rule> {
        let Some(number) = value.as_f64() else {
            return Vec::new();
        };
        let compared = self.compared.iter();
        let mut broken: Vec<Rule> = compared
            .filter(|(comparison, count)| !comparison.holds(number, *count))
            .map(|(comparison, count)| {
                Rule::Form(FormRule::Compared {
                    comparison: *comparison,
                    count: *count,
                })
            })
            .collect();
        if let Some(odd) = self.parity
            && number.rem_euclid(2.0) != f64::from(u8::from(odd))
        {
            broken.push(Rule::Form(FormRule::Parity { odd }));
        }
        broken
    }
}

/// Whether there is no value, or nothing in it: an empty list or object, a text of white space.
#[must_use]
pub(super) fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(members)) => members.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => false,
    }
}

/// Whether two values are the same, numbers by what they count: 1 is 1.0.
#[must_use]
pub(super) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        _ => one == other,
    }
}

fn holds(values: &[Value], value: &Value) -> bool {
    values.iter().any(|each| equal(each, value))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    let (one, many) = match value {
        Value::Array(items) => (None, items.as_slice()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            (Some(value), [].as_slice())
        }
    };
    one.into_iter().chain(many)
}

fn length_of(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(items) => Some(items.len()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// A value as text, cut to 100 characters.
fn shown(value: &Value) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(100).collect()
}
