//! The parameters of a list of users (seed 001, GET /users).

use directory::model::{DrugTest, Email, OnboardingState, W2Status, is_name_token};
use directory::query::{MAX_VALUES, PageNumber, UserFilter};
use directory::violation::{Expected, Rule};
use jiff::Timestamp;
use serde_json::Value;

use super::super::params::Params;
use super::input::{READING, kind_of, time_of};
use crate::http::failure::Failure;
use crate::http::fields::{FIRST_SECOND, integer};

/// Most users on a page, and how many there are unless said.
pub(in super::super) const MAX_PER: usize = 50;

pub(in super::super) const PARAMETERS: [&str; 16] = [
    "token",
    "page",
    "per",
    "type",
    "email",
    "first_name",
    "last_name",
    "external_id",
    "onboarding_last_state",
    "w2_onboarding_status",
    "w2_employee_id",
    "address_state",
    "drug_tested",
    "updated_before",
    "updated_after",
    "customer_id",
];

/// Reads `page`, `per` and the filters.
///
/// # Errors
/// [`Failure::Parameter`] for another parameter, and for what cannot be read.
pub(in super::super) fn list_in(params: &Params) -> Result<(UserFilter, PageNumber), Failure> {
    for name in params.names() {
        if !PARAMETERS.contains(&name) {
            return Err(Failure::Parameter {
                name: name.chars().take(100).collect(),
                value: None,
                rule: Rule::UnknownField,
            });
        }
    }
    let page = PageNumber {
        number: count_in(params, "page")?.unwrap_or(1),
        size: count_in(params, "per")?.map_or(MAX_PER, |per| per.min(MAX_PER)),
    };
    let filter = UserFilter {
        kind: one(params, "type", not_included, kind_of)?,
        email: one(params, "email", bad_format, |text| Email::parse(text).ok())?,
        first_name: one(params, "first_name", bad_format, name_of)?,
        last_name: one(params, "last_name", bad_format, name_of)?,
        external_id: many(params, "external_id", bad_format, text_of)?,
        onboarding_state: many(
            params,
            "onboarding_last_state",
            not_included,
            OnboardingState::parse,
        )?,
        w2_onboarding_status: many(
            params,
            "w2_onboarding_status",
            not_included,
            W2Status::parse,
        )?,
        w2_employee_id: one(params, "w2_employee_id", bad_format, text_of)?,
        state: many(params, "address_state", bad_format, text_of)?,
        drug_tested: many(params, "drug_tested", not_included, DrugTest::parse)?,
        updated_before: one(params, "updated_before", no_time, moment_of)?,
        updated_after: one(params, "updated_after", no_time, moment_of)?,
        customer_id: number_in(params, "customer_id")?,
        ..UserFilter::default()
    };
    Ok((filter, page))
}

fn not_included(value: &str) -> Rule {
    let value = value.chars().take(100).collect();
    Rule::NotIncluded { value }
}

fn bad_format(_: &str) -> Rule {
    Rule::BadFormat
}

fn no_time(_: &str) -> Rule {
    Rule::WrongType {
        expected: Expected::DateTime,
    }
}

fn text_of(text: &str) -> Option<String> {
    (!text.contains('\0')).then(|| text.to_owned())
}

fn name_of(text: &str) -> Option<String> {
    is_name_token(text).then(|| text.to_owned())
}

fn moment_of(text: &str) -> Option<Timestamp> {
    time_of(text).filter(|at| at.as_second() >= FIRST_SECOND)
}

/// The text of a parameter, unless it is empty.
fn text_in<'a>(params: &'a Params, name: &str) -> Result<Option<&'a str>, Failure> {
    match params.value(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)),
        ) => Err(Failure::mistyped(name, &other.to_string(), Expected::Text)),
    }
}

fn one<T>(
    params: &Params,
    name: &str,
    rule: impl FnOnce(&str) -> Rule,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Failure> {
    let Some(text) = text_in(params, name)? else {
        return Ok(None);
    };
    match parse(text) {
        Some(value) => Ok(Some(value)),
        None => Err(Failure::refused(name, text, rule(text))),
    }
}

/// The values of a comma list: 100 at most. Places without a value are passed over, but a list
/// of none is refused: it would be everybody.
fn many<T>(
    params: &Params,
    name: &str,
    rule: impl Fn(&str) -> Rule,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Failure> {
    let Some(text) = text_in(params, name)? else {
        return Ok(Vec::new());
    };
    let texts: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|each| !each.is_empty())
        .collect();
    if texts.len() > MAX_VALUES {
        let rule = Rule::TooLong { max: MAX_VALUES };
        return Err(Failure::refused(name, text, rule));
    }
    if texts.is_empty() {
        return Err(Failure::refused(name, text, rule(text)));
    }
    let read = |each: &str| parse(each).ok_or_else(|| Failure::refused(name, each, rule(each)));
    texts.into_iter().map(read).collect()
}

/// An integer from 1.
fn number_in(params: &Params, name: &str) -> Result<Option<i64>, Failure> {
    let Some(value) = params.value(name) else {
        return Ok(None);
    };
    let number = integer(value, READING).filter(|number| *number > 0);
    match (number, value) {
        (Some(number), _) => Ok(Some(number)),
        (None, Value::String(text)) => Err(Failure::mistyped(name, text, Expected::Integer)),
        (
            None,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
        ) => Err(Failure::mistyped(
            name,
            &value.to_string(),
            Expected::Integer,
        )),
    }
}

fn count_in(params: &Params, name: &str) -> Result<Option<usize>, Failure> {
    let number = number_in(params, name)?;
    Ok(number.map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
}
