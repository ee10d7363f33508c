//! Lists: `limit`, `offset`, the filter on a group, and the page that comes back.

use directory::query::Window;
use directory::violation::{Path, Rule, Violations};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode as encode};
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::quirks::{DEFAULT_LIMIT, MAX_LIMIT};
use super::{NamedGroup, not_included};
use crate::http::failure::Failure;

/// What a list is asked for.
pub(in crate::dialects::legalesign) struct ListQuery {
    /// The list's path, which `next` and `previous` begin with.
    path: &'static str,
    /// The rows that are asked for.
    pub(in crate::dialects::legalesign) window: Window,
    /// The group that it is narrowed to, as it was named.
    pub(in crate::dialects::legalesign) group: Option<String>,
}

impl ListQuery {
    /// Reads the parameters of a list, which takes a filter on a group if `by_group`.
    ///
    /// # Errors
    /// [`Failure::Parameter`] for one that it does not know, and for a limit or offset that is no
    /// number.
    pub(in crate::dialects::legalesign) fn read(
        path: &'static str,
        parameters: &Map<String, Value>,
        by_group: bool,
    ) -> Result<Self, Failure> {
        for name in parameters.keys() {
            let known = matches!(name.as_str(), "limit" | "offset") || by_group && name == "group";
            if !known {
                return Err(Failure::refused(name, "", Rule::UnknownField));
            }
        }
        let limit = number(parameters, "limit")?.unwrap_or(DEFAULT_LIMIT);
        let offset = number(parameters, "offset")?.unwrap_or(0);
        let limit = match limit {
            0 => MAX_LIMIT,
            limit => limit.min(MAX_LIMIT),
        };
        let group = match parameters.get("group") {
            None => None,
            Some(Value::String(text)) if text.is_empty() => return Err(refused(Rule::Blank)),
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => return Err(refused(Rule::BadFormat)),
        };
        Ok(Self {
            path,
            window: Window { offset, limit },
            group,
        })
    }

    /// The group that the list is narrowed to.
    ///
    /// # Errors
    /// As [`unknown_group`] for a text that names none.
    pub(in crate::dialects::legalesign) fn group(&self) -> Result<Option<NamedGroup>, Failure> {
        match &self.group {
            None => Ok(None),
            Some(text) => match NamedGroup::parse(text) {
                Some(group) => Ok(Some(group)),
                None => Err(refused(not_included(text))),
            },
        }
    }

    /// The page of these rows.
    pub(in crate::dialects::legalesign) fn page<T>(
        &self,
        objects: Vec<T>,
        total: i64,
    ) -> ListOut<T> {
        let Window { offset, limit } = self.window;
        let following = offset.checked_add(limit).filter(|next| *next < total);
        let preceding = offset.checked_sub(limit).filter(|previous| *previous >= 0);
        ListOut {
            meta: Meta {
                limit,
                next: following.map(|next| self.uri(next)),
                offset,
                previous: preceding.map(|previous| self.uri(previous)),
                total_count: total,
            },
            objects,
        }
    }

    fn uri(&self, offset: i64) -> String {
        let group = self.group.as_deref().map_or_else(String::new, |group| {
            format!("group={}&", encode(group, NON_ALPHANUMERIC))
        });
        let limit = self.window.limit;
        format!("{}?{group}limit={limit}&offset={offset}", self.path)
    }
}

fn refused(rule: Rule) -> Failure {
    let mut violations = Violations::new();
    violations.add(Path::field("group"), rule);
    directory::Error::Invalid(violations).into()
}

/// A whole number that is not below 0, in digits alone.
fn number(parameters: &Map<String, Value>, name: &str) -> Result<Option<i64>, Failure> {
    let Some(value) = parameters.get(name) else {
        return Ok(None);
    };
    let text = value.as_str().unwrap_or_default();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits => Ok(Some(number)),
        Ok(_) | Err(_) => Err(Failure::refused(name, text, Rule::BadFormat)),
    }
}

/// A page of a list.
#[derive(Serialize)]
pub(in crate::dialects::legalesign) struct ListOut<T> {
    meta: Meta,
    objects: Vec<T>,
}

#[derive(Serialize)]
struct Meta {
    limit: i64,
    next: Option<String>,
    offset: i64,
    previous: Option<String>,
    total_count: i64,
}
