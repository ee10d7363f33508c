//! Lists of users. One filter leads: its index gives the numbers in their order, and what else is
//! asked is checked on the rows that it names. Which leads is decided here, and not by the
//! planner: SQLite knows nothing of how many rows a value has.

mod lead;

use crate::actor::Actor;
use crate::clock::{next_millisecond, to_millisecond};
use crate::error::Error;
use crate::model::UserStatus;
use crate::query::{PageNumber, UserFilter, UserOrder, UserPage};

use super::filter::{Conditions, Numbers, one_more};
use super::users::{EMAIL_OWNER, FoundUser, SELECT, read_found};
use super::{Tx, Value};
use lead::{Lead, add_properties, lead, lead_by_change, led_by, numbers_of, places};

const W2_OWNER: &str = "u.id = (SELECT c.owner_id FROM claims c \
    WHERE c.tenant_id = $1 AND c.scope = 'w2_employee_id' AND c.value = ?)";

/// The users that the actor may see and that match; one more than the page asks for shows
/// that there are more.
pub(crate) fn list_users(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &UserFilter,
    page: &UserPage,
) -> Result<Vec<FoundUser>, Error> {
    let limit = one_more(page.limit);
    if page.order == UserOrder::UpdatedAt {
        return list_by_change(tx, actor, filter, page, limit);
    }
    let after = page.after.as_ref().map(|after| after.id);
    list_by_number(tx, actor, filter, page.descending, after, limit, 0)
}

/// The users of one page by its number, in the order of their ids.
pub(crate) fn list_user_page(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &UserFilter,
    page: PageNumber,
) -> Result<Vec<FoundUser>, Error> {
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    let before = page.number.saturating_sub(1).saturating_mul(page.size);
    let (limit, offset) = (count(page.size), count(before));
    list_by_number(tx, actor, filter, false, None, limit, offset)
}

fn list_by_number(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &UserFilter,
    descending: bool,
    after: Option<i64>,
    limit: i64,
    offset: i64,
) -> Result<Vec<FoundUser>, Error> {
    let (lead, rest) = lead(actor, filter);
    let mut conditions = led_by(&lead, actor, tx.now(), filter);
    conditions.and_plain("u.deleted_at IS NULL");
    for (column, values) in rest {
        conditions.and_in(column.checked, values);
    }
    add_others(&mut conditions, filter);
    add_properties(&mut conditions, filter, &lead);
    add_times(&mut conditions, filter, matches!(lead, Lead::Changed));
    let (after_condition, order) = places(&lead, descending);
    if let Some(after) = after {
        conditions.and(after_condition, after);
    }
    let (rows, merged) = if descending {
        ("ORDER BY u.id DESC", "ORDER BY 1 DESC")
    } else {
        ("ORDER BY u.id", "ORDER BY 1")
    };
    let of = numbers_of(&lead, UserOrder::Id);
    let (leads, values) = match lead {
        Lead::Column(column, mut values) if offset == 0 && values.len() == 1 => {
            // The rows come in the index's order: nothing is to be found first.
            if let Some(value) = values.pop() {
                conditions.and(column.leads, value);
            }
            return read_rows(tx, conditions, rows, limit);
        }
        Lead::Number | Lead::Unique if offset == 0 => {
            return read_rows(tx, conditions, rows, limit);
        }
        Lead::Column(column, values) => (column.leads, values),
        Lead::Account(_)
        | Lead::Group(_)
        | Lead::Pool { .. }
        | Lead::Property(_)
        | Lead::Changed
        | Lead::Number
        | Lead::Unique => ("", Vec::new()),
    };
    let numbers = Numbers {
        of,
        lead: leads,
        order,
        merged,
    };
    read_found_rows(tx, conditions, &numbers, values, rows, [limit, offset])
}

fn read_rows(
    tx: &Tx<'_>,
    conditions: Conditions<'_>,
    order: &'static str,
    limit: i64,
) -> Result<Vec<FoundUser>, Error> {
    let (sql, params) = conditions.statement(SELECT, order, limit);
    tx.query(&sql, &params, read_found)
}

/// Finds the numbers first, in indexes alone where nothing else is checked, and reads those rows.
fn read_found_rows<'a>(
    tx: &Tx<'_>,
    conditions: Conditions<'a>,
    numbers: &Numbers,
    leads: Vec<Value<'a>>,
    order: &'static str,
    [limit, offset]: [i64; 2],
) -> Result<Vec<FoundUser>, Error> {
    let (mut sql, params) = conditions.rows_of(SELECT, numbers, leads, limit, offset);
    sql.push(' ');
    sql.push_str(order);
    tx.query(&sql, &params, read_found)
}

/// In the order of the last change. Where that does not lead, what does is sorted by it.
fn list_by_change(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &UserFilter,
    page: &UserPage,
    limit: i64,
) -> Result<Vec<FoundUser>, Error> {
    let (lead, rest) = lead_by_change(actor, filter);
    let is_led = !matches!(lead, Lead::Changed);
    let mut conditions = led_by(&lead, actor, tx.now(), filter);
    conditions.and_plain("u.deleted_at IS NULL");
    for (column, values) in rest {
        conditions.and_in(column.checked, values);
    }
    add_others(&mut conditions, filter);
    add_properties(&mut conditions, filter, &lead);
    add_times(&mut conditions, filter, !is_led);
    if let Some(after) = &page.after {
        let condition = match (is_led, page.descending) {
            (false, false) => "(u.updated_at, u.id) > (?, ?)",
            (false, true) => "(u.updated_at, u.id) < (?, ?)",
            (true, false) => "(COALESCE(u.updated_at, NULL), u.id) > (?, ?)",
            (true, true) => "(COALESCE(u.updated_at, NULL), u.id) < (?, ?)",
        };
        conditions.and_pair(condition, after.time, after.id);
    }
    let order = match (is_led, page.descending) {
        (false, false) => "ORDER BY u.updated_at, u.id",
        (false, true) => "ORDER BY u.updated_at DESC, u.id DESC",
        (true, false) => "ORDER BY COALESCE(u.updated_at, NULL), u.id",
        (true, true) => "ORDER BY COALESCE(u.updated_at, NULL) DESC, u.id DESC",
    };
    let of = numbers_of(&lead, UserOrder::UpdatedAt);
    match lead {
        Lead::Column(column, values) => {
            conditions.and_in(column.plain, values);
            return read_rows(tx, conditions, order, limit);
        }
        Lead::Changed | Lead::Number | Lead::Unique => {
            return read_rows(tx, conditions, order, limit);
        }
        Lead::Account(_) | Lead::Group(_) | Lead::Pool { .. } | Lead::Property(_) => {}
    }
    let by_change = if page.descending {
        "ORDER BY 2 DESC, 1 DESC"
    } else {
        "ORDER BY 2, 1"
    };
    let numbers = Numbers {
        of,
        lead: "",
        order: by_change,
        merged: by_change,
    };
    read_found_rows(tx, conditions, &numbers, Vec::new(), order, [limit, 0])
}

/// Unique values and the status.
fn add_others<'a>(conditions: &mut Conditions<'a>, filter: &'a UserFilter) {
    if let Some(email) = &filter.email {
        conditions.and(EMAIL_OWNER, email.key());
    }
    if let Some(employee) = &filter.w2_employee_id {
        conditions.and(W2_OWNER, employee.as_str());
    }
    match filter.status {
        Some(UserStatus::Active) => {
            conditions.and_plain("u.suspended_at IS NULL AND u.pending_since IS NULL");
        }
        Some(UserStatus::Pending) => {
            conditions.and_plain("u.suspended_at IS NULL AND u.pending_since IS NOT NULL");
        }
        Some(UserStatus::Suspended) => conditions.and_plain("u.suspended_at IS NOT NULL"),
        None => {}
    }
}

fn add_times(conditions: &mut Conditions<'_>, filter: &UserFilter, leads: bool) {
    let (later, earlier) = if leads {
        ("u.updated_at > ?", "u.updated_at < ?")
    } else {
        (
            "COALESCE(u.updated_at, NULL) > ?",
            "COALESCE(u.updated_at, NULL) < ?",
        )
    };
    if let Some(after) = filter.updated_after {
        conditions.and(later, to_millisecond(after));
    }
    if let Some(before) = filter.updated_before {
        conditions.and(earlier, next_millisecond(before));
    }
}
