//! `GET /users`: what can be asked, and the page.

use directory::model::{Email, UserView};
use directory::query::{MemberFilter, MemberOrder, PageNumber};
use directory::violation::Rule;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{UserOut, id_of_digits, user_out};
use crate::dialects::pulse::notifications::{MAX_PAGE, MAX_PAGE_SIZE, PAGE_SIZE, number, truth};
use crate::http::failure::Failure;

/// Longest text that is searched for, in characters.
pub(in crate::dialects::pulse) const MAX_SEARCH: usize = 255;
/// Fields that a list may be sorted by at once.
pub(in crate::dialects::pulse) const MAX_SORTS: usize = 8;
/// The fields that a list may be sorted by.
pub(in crate::dialects::pulse) const COLUMNS: [(&str, MemberOrder); 8] = [
    ("id", MemberOrder::Id),
    ("email", MemberOrder::Email),
    ("name", MemberOrder::Name),
    ("phone", MemberOrder::Phone),
    ("active", MemberOrder::Active),
    ("teamId", MemberOrder::TeamId),
    ("createdAt", MemberOrder::CreatedAt),
    ("updatedAt", MemberOrder::UpdatedAt),
];
pub(in crate::dialects::pulse) const PARAMETERS: [&str; 7] = [
    "page", "pageSize", "search", "sort", "active", "teamId", "email",
];

/// A list as it was asked for.
pub(in crate::dialects::pulse) struct Listing {
    pub(in crate::dialects::pulse) filter: MemberFilter,
    pub(in crate::dialects::pulse) order: Vec<(MemberOrder, bool)>,
    pub(in crate::dialects::pulse) page: PageNumber,
}

/// Reads the query of a list.
///
/// # Errors
/// A refused parameter.
pub(in crate::dialects::pulse) fn listing_in(
    parameters: &Map<String, Value>,
) -> Result<Listing, Failure> {
    if let Some(unknown) = parameters
        .keys()
        .find(|name| !PARAMETERS.contains(&name.as_str()))
    {
        return Err(Failure::refused(unknown, "", Rule::UnknownField));
    }
    let email = match text(parameters, "email")? {
        Some(text) => match Email::parse(text) {
            Ok(email) => Some(email),
            Err(rule) => return Err(Failure::refused("email", text, rule)),
        },
        None => None,
    };
    let team_id = match text(parameters, "teamId")? {
        Some(text) => match id_of_digits(text) {
            Some(id) => Some(id),
            None => return Err(Failure::refused("teamId", text, Rule::BadFormat)),
        },
        None => None,
    };
    Ok(Listing {
        filter: MemberFilter {
            search: text(parameters, "search")?.map(str::to_owned),
            active: truth(parameters, "active")?,
            team_id,
            email,
        },
        order: order_in(text(parameters, "sort")?.unwrap_or("-createdAt"))?,
        page: PageNumber {
            number: number(parameters, "page", MAX_PAGE)?.unwrap_or(1),
            size: number(parameters, "pageSize", MAX_PAGE_SIZE)?.unwrap_or(PAGE_SIZE),
        },
    })
}

/// A parameter's text. An empty filter would be all rows, so it is refused.
fn text<'a>(parameters: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Failure> {
    let Some(value) = parameters.get(name) else {
        return Ok(None);
    };
    match value.as_str() {
        None | Some("") => Err(Failure::refused(name, "", Rule::Blank)),
        Some(text) if text.contains('\0') => Err(Failure::refused(name, "", Rule::BadFormat)),
        Some(text) if text.chars().count() > MAX_SEARCH => {
            let max = MAX_SEARCH;
            Err(Failure::refused(name, text, Rule::TooLong { max }))
        }
        Some(text) => Ok(Some(text)),
    }
}

/// A comma list of fields, `-` before one that goes down.
fn order_in(text: &str) -> Result<Vec<(MemberOrder, bool)>, Failure> {
    let mut order = Vec::new();
    for field in text.split(',') {
        let (name, descending) = match field.strip_prefix('-') {
            Some(name) => (name, true),
            None => (field, false),
        };
        let Some(by) = column(name) else {
            let value = field.chars().take(100).collect();
            return Err(Failure::refused("sort", text, Rule::NotIncluded { value }));
        };
        order.push((by, descending));
    }
    if order.len() > MAX_SORTS {
        let max = MAX_SORTS;
        return Err(Failure::refused("sort", text, Rule::TooLong { max }));
    }
    Ok(order)
}

fn column(name: &str) -> Option<MemberOrder> {
    let found = COLUMNS.into_iter().find(|(each, _)| *each == name);
    found.map(|(_, order)| order)
}

/// A page of users.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::dialects::pulse) struct UsersOut<'a> {
    data: Vec<UserOut<'a>>,
    page: usize,
    page_size: usize,
    total: i64,
    total_pages: i64,
}

impl<'a> UsersOut<'a> {
    pub(in crate::dialects::pulse) fn of(
        views: &'a [UserView],
        page: PageNumber,
        total: i64,
    ) -> Self {
        let size = i64::try_from(page.size).unwrap_or(i64::MAX).max(1);
        Self {
            data: views.iter().map(user_out).collect(),
            page: page.number,
            page_size: page.size,
            total,
            total_pages: total.saturating_add(size - 1) / size,
        }
    }
}
