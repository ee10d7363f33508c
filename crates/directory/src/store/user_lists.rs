//! Lists of users. One filter leads: its index gives the numbers in their order, and what else is
//! asked is checked on the rows that it names. Which leads is decided here, and not by the
//! planner: SQLite knows nothing of how many rows a value has.

use jiff::Timestamp;

use crate::actor::{Actor, TenantId, Visibility};
use crate::clock::{next_millisecond, to_millisecond};
use crate::error::Error;
use crate::jobs::APPROVED_IS_ACTIVE_FOR;
use crate::model::{DrugTest, OnboardingState, UserKind, UserStatus, W2Status, fold};
use crate::query::{
    MAX_VALUES, PageNumber, PropertyComparison, PropertyFilter, UserFilter, UserOrder, UserPage,
};

use super::filter::{Conditions, Numbers, one_more};
use super::records::ordered;
use super::users::{ACCOUNT_MEMBER, EMAIL_OWNER, FoundUser, SELECT, and_visible, read_found};
use super::{Tx, Value};

const IDS: &str = "SELECT u.id FROM users u";
const IN_ACCOUNT: &str = "SELECT m.user_id AS id FROM account_members m JOIN users u \
    ON u.tenant_id = m.tenant_id AND u.id = m.user_id";
const IN_GROUP: &str = "SELECT m.user_id AS id FROM group_members m JOIN users u \
    ON u.tenant_id = m.tenant_id AND u.id = m.user_id";
const AT_WORK: &str = "SELECT DISTINCT j.worker_id AS id FROM jobs j JOIN users u \
    ON u.tenant_id = j.tenant_id AND u.id = j.worker_id";

const OF_PROPERTY: &str = "SELECT DISTINCT v.user_id AS id FROM property_values v JOIN users u \
    ON u.tenant_id = v.tenant_id AND u.id = v.user_id";

/// The conditions of a property's value where it leads, and where another does.
const PROPERTY_IS: [&str; 2] = [
    "v.number = ?",
    "EXISTS (SELECT 1 FROM property_values p WHERE p.tenant_id = u.tenant_id \
    AND p.user_id = u.id AND p.path = ? AND p.number = ?)",
];
const PROPERTY_SAYS: [&str; 2] = [
    "v.text = ?",
    "EXISTS (SELECT 1 FROM property_values p WHERE p.tenant_id = u.tenant_id \
    AND p.user_id = u.id AND p.path = ? AND p.text = ?)",
];
const PROPERTY_ABOVE: [&str; 2] = [
    "v.number > ?",
    "EXISTS (SELECT 1 FROM property_values p WHERE p.tenant_id = u.tenant_id \
    AND p.user_id = u.id AND p.path = ? AND p.number > ?)",
];
const PROPERTY_AT_LEAST: [&str; 2] = [
    "v.number >= ?",
    "EXISTS (SELECT 1 FROM property_values p WHERE p.tenant_id = u.tenant_id \
    AND p.user_id = u.id AND p.path = ? AND p.number >= ?)",
];
const PROPERTY_BELOW: [&str; 2] = [
    "v.number < ?",
    "EXISTS (SELECT 1 FROM property_values p WHERE p.tenant_id = u.tenant_id \
    AND p.user_id = u.id AND p.path = ? AND p.number < ?)",
];
const PROPERTY_AT_MOST: [&str; 2] = [
    "v.number <= ?",
    "EXISTS (SELECT 1 FROM property_values p WHERE p.tenant_id = u.tenant_id \
    AND p.user_id = u.id AND p.path = ? AND p.number <= ?)",
];

const GROUP_MEMBER: &str = "EXISTS (SELECT 1 FROM group_members g \
    WHERE g.tenant_id = u.tenant_id AND g.user_id = u.id AND g.group_id = ?)";
const ACTIVE_FOR: &str = "j.account_id = ? \
    AND (j.state IN ('filled', 'in_progress', 'paused', 'completed') \
    OR (j.state = 'approved' AND j.state_at >= ?)) AND COALESCE(u.kind, NULL) = 'worker'";
const W2_OWNER: &str = "u.id = (SELECT c.owner_id FROM claims c \
    WHERE c.tenant_id = $1 AND c.scope = 'w2_employee_id' AND c.value = ?)";

/// A column that a filter asks for.
struct Column {
    /// The condition by which its index leads.
    leads: &'static str,
    /// The column itself, for any of several values.
    plain: &'static str,
    /// The same where another leads. SQLite uses no index for what is not the bare column;
    /// PostgreSQL sees through it, and knows better than this file which index to take.
    checked: &'static str,
}

const FIRST_NAME: Column = Column {
    leads: "u.first_name_key = ?",
    plain: "u.first_name_key",
    checked: "COALESCE(u.first_name_key, NULL)",
};
const LAST_NAME: Column = Column {
    leads: "u.last_name_key = ?",
    plain: "u.last_name_key",
    checked: "COALESCE(u.last_name_key, NULL)",
};
const EXTERNAL_ID: Column = Column {
    leads: "u.external_id = ?",
    plain: "u.external_id",
    checked: "COALESCE(u.external_id, NULL)",
};
const CUSTOMER: Column = Column {
    leads: "u.customer_id = ?",
    plain: "u.customer_id",
    checked: "COALESCE(u.customer_id, NULL)",
};
const STATE: Column = Column {
    leads: "u.state = ?",
    plain: "u.state",
    checked: "COALESCE(u.state, NULL)",
};
const ONBOARDING: Column = Column {
    leads: "u.onboarding_state = ?",
    plain: "u.onboarding_state",
    checked: "COALESCE(u.onboarding_state, NULL)",
};
const W2_STATUS: Column = Column {
    leads: "u.w2_onboarding_status = ?",
    plain: "u.w2_onboarding_status",
    checked: "COALESCE(u.w2_onboarding_status, NULL)",
};
const DRUG_TESTED: Column = Column {
    leads: "u.drug_tested = ?",
    plain: "u.drug_tested",
    checked: "COALESCE(u.drug_tested, NULL)",
};
const KIND: Column = Column {
    leads: "u.kind = ?",
    plain: "u.kind",
    checked: "COALESCE(u.kind, NULL)",
};

/// The columns that a filter asks for and their values, the rarest value first as far as can be
/// told without counting.
fn asked(filter: &UserFilter) -> Vec<(&'static Column, Vec<Value<'_>>)> {
    fn texts(values: &[String]) -> Vec<Value<'_>> {
        values.iter().map(Value::from).collect()
    }
    let name = |name: &Option<String>| name.iter().map(|name| fold(name).into()).collect();
    let number = |number: Option<i64>| number.into_iter().map(Value::from).collect();
    let states = filter.onboarding_state.iter().copied();
    let statuses = filter.w2_onboarding_status.iter().copied();
    let results = filter.drug_tested.iter().copied();
    let kind = filter.kind.map(UserKind::name);
    let mut all: Vec<(&Column, Vec<Value<'_>>)> = vec![
        (&EXTERNAL_ID, texts(&filter.external_id)),
        (&LAST_NAME, name(&filter.last_name)),
        (&FIRST_NAME, name(&filter.first_name)),
        (&CUSTOMER, number(filter.customer_id)),
        (&STATE, texts(&filter.state)),
        (
            &DRUG_TESTED,
            results.map(DrugTest::name).map(Value::from).collect(),
        ),
        (
            &W2_STATUS,
            statuses.map(W2Status::name).map(Value::from).collect(),
        ),
        (
            &ONBOARDING,
            states.map(OnboardingState::name).map(Value::from).collect(),
        ),
        (&KIND, kind.into_iter().map(Value::from).collect()),
    ];
    all.retain(|(_, values)| !values.is_empty());
    for (_, values) in &mut all {
        // Of what is asked for twice, each would come twice.
        let mut seen: Vec<Value<'_>> = Vec::new();
        values.retain(|value| {
            let new = !seen.contains(value);
            if new {
                seen.push(value.clone());
            }
            new
        });
    }
    all
}

/// How many of [`asked`]'s columns, from the first, lead before a time of change does.
const BEFORE_CHANGES: [&str; 4] = [
    EXTERNAL_ID.leads,
    LAST_NAME.leads,
    FIRST_NAME.leads,
    CUSTOMER.leads,
];

/// What leads a list.
enum Lead<'a> {
    /// The one user whom a unique value names.
    Unique,
    /// The members of an account, or of a group.
    Account(i64),
    Group(i64),
    /// The workers at work for an account.
    Pool {
        account: i64,
    },
    /// A column's index, with any of these values.
    Column(&'static Column, Vec<Value<'a>>),
    /// A property, by the first condition on one.
    Property(&'a PropertyFilter),
    /// The time of the last change.
    Changed,
    /// The numbers themselves.
    Number,
}

/// What leads, and the columns that are left to be checked.
type Led<'a> = (Lead<'a>, Vec<(&'static Column, Vec<Value<'a>>)>);

fn lead<'a>(actor: &Actor, filter: &'a UserFilter) -> Led<'a> {
    let mut rest = asked(filter);
    if filter.email.is_some() || filter.w2_employee_id.is_some() {
        return (Lead::Unique, rest);
    }
    let rare = |(column, _): &(&Column, Vec<Value<'_>>)| BEFORE_CHANGES.contains(&column.leads);
    let lead = match (actor.visibility, rest.first()) {
        (Visibility::PublicPool { account }, _) => Lead::Pool { account },
        (_, Some(first)) if rare(first) => first_of(&mut rest),
        (Visibility::Account(account), _) => Lead::Account(account),
        (Visibility::Tenant, _) if !filter.properties.is_empty() => {
            first_property(filter).map_or(Lead::Number, Lead::Property)
        }
        (Visibility::Tenant, first) => match (filter.account_id, filter.group_id, first) {
            (_, Some(group), _) => Lead::Group(group),
            (Some(account), None, _) => Lead::Account(account),
            (None, None, _) if filter.updated_after.is_some() => Lead::Changed,
            (None, None, Some(_)) => first_of(&mut rest),
            (None, None, None) if filter.updated_before.is_some() => Lead::Changed,
            (None, None, None) => Lead::Number,
        },
    };
    (lead, rest)
}

/// The condition on a property that leads: what names a value before what compares.
fn first_property(filter: &UserFilter) -> Option<&PropertyFilter> {
    let mut all = filter.properties.iter();
    let is = |each: &&PropertyFilter| each.comparison == PropertyComparison::Is;
    all.clone().find(is).or_else(|| all.next())
}

/// How a property compares, and with what.
fn property_condition(property: &PropertyFilter) -> ([&'static str; 2], Value<'_>) {
    let number: Value<'_> = property.number.map(ordered).into();
    match (property.comparison, &property.text) {
        (PropertyComparison::Is, Some(text)) => (PROPERTY_SAYS, text.into()),
        (PropertyComparison::Is, None) => (PROPERTY_IS, number),
        (PropertyComparison::Above, _) => (PROPERTY_ABOVE, number),
        (PropertyComparison::AtLeast, _) => (PROPERTY_AT_LEAST, number),
        (PropertyComparison::Below, _) => (PROPERTY_BELOW, number),
        (PropertyComparison::AtMost, _) => (PROPERTY_AT_MOST, number),
    }
}

/// Adds what is asked of properties, but for the one that leads.
fn add_properties<'a>(
    conditions: &mut Conditions<'a>,
    filter: &'a UserFilter,
    leads: Option<&PropertyFilter>,
) {
    for property in &filter.properties {
        let leads = leads.is_some_and(|lead| std::ptr::eq(lead, property));
        if !leads {
            let ([_, checked], value) = property_condition(property);
            conditions.and_pair(checked, property.path.as_str(), value);
        }
    }
}

/// What of these leads: a column with few values, each of which is searched for by itself.
fn first_of<'a>(columns: &mut Vec<(&'static Column, Vec<Value<'a>>)>) -> Lead<'a> {
    match columns
        .iter()
        .position(|(_, values)| values.len() <= MAX_VALUES)
    {
        Some(place) => {
            let (column, values) = columns.remove(place);
            Lead::Column(column, values)
        }
        None => Lead::Number,
    }
}

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
    let leading = match &lead {
        Lead::Property(property) => Some(*property),
        _ => None,
    };
    add_properties(&mut conditions, filter, leading);
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
    let (of, values) = match lead {
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
        Lead::Column(column, values) => {
            let numbers = Numbers {
                of: IDS,
                lead: column.leads,
                order,
                merged,
            };
            return read_found_rows(tx, conditions, &numbers, values, rows, [limit, offset]);
        }
        Lead::Account(_) => (IN_ACCOUNT, Vec::new()),
        Lead::Group(_) => (IN_GROUP, Vec::new()),
        Lead::Pool { .. } => (AT_WORK, Vec::new()),
        Lead::Property(_) => (OF_PROPERTY, Vec::new()),
        Lead::Changed | Lead::Number | Lead::Unique => (IDS, Vec::new()),
    };
    let numbers = Numbers {
        of,
        lead: "",
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

/// The conditions of what leads, and of whom the actor sees where that does not.
fn led_by<'a>(
    lead: &Lead<'_>,
    actor: &Actor,
    now: Timestamp,
    filter: &UserFilter,
) -> Conditions<'a> {
    let tenant: TenantId = actor.tenant;
    match lead {
        Lead::Account(account) => {
            let mut conditions = Conditions::new("m.tenant_id = ?", tenant);
            conditions.and("m.account_id = ?", *account);
            // Seen through one account, and asked for members of another.
            if let Some(other) = filter.account_id.filter(|other| other != account) {
                conditions.and(ACCOUNT_MEMBER, other);
            }
            if let Some(group) = filter.group_id {
                conditions.and(GROUP_MEMBER, group);
            }
            conditions
        }
        Lead::Group(group) => {
            let mut conditions = Conditions::new("m.tenant_id = ?", tenant);
            conditions.and("m.group_id = ?", *group);
            if let Some(account) = filter.account_id {
                conditions.and(ACCOUNT_MEMBER, account);
            }
            conditions
        }
        Lead::Pool { account } => {
            let since = now.checked_sub(APPROVED_IS_ACTIVE_FOR).unwrap_or(now);
            let mut conditions = Conditions::new("j.tenant_id = ?", tenant);
            conditions.and_pair(ACTIVE_FOR, *account, since);
            add_memberships(&mut conditions, filter);
            conditions
        }
        Lead::Property(property) => {
            let mut conditions = Conditions::new("v.tenant_id = ?", tenant);
            let ([leading, _], value) = property_condition(property);
            conditions.and("v.path = ?", property.path.clone());
            conditions.and(leading, value.to_static());
            add_memberships(&mut conditions, filter);
            conditions
        }
        Lead::Unique | Lead::Column(..) | Lead::Changed | Lead::Number => {
            let mut conditions = Conditions::new("u.tenant_id = ?", tenant);
            and_visible(&mut conditions, actor, now);
            add_memberships(&mut conditions, filter);
            conditions
        }
    }
}

fn add_memberships(conditions: &mut Conditions<'_>, filter: &UserFilter) {
    if let Some(account) = filter.account_id {
        conditions.and(ACCOUNT_MEMBER, account);
    }
    if let Some(group) = filter.group_id {
        conditions.and(GROUP_MEMBER, group);
    }
}

/// Where a page goes on after a number, and the order: as the leading index has it.
fn places(lead: &Lead<'_>, descending: bool) -> (&'static str, &'static str) {
    match (lead, descending) {
        (Lead::Account(_) | Lead::Group(_), false) => ("m.user_id > ?", "ORDER BY m.user_id"),
        (Lead::Account(_) | Lead::Group(_), true) => ("m.user_id < ?", "ORDER BY m.user_id DESC"),
        (Lead::Pool { .. }, false) => ("j.worker_id > ?", "ORDER BY j.worker_id"),
        (Lead::Pool { .. }, true) => ("j.worker_id < ?", "ORDER BY j.worker_id DESC"),
        (Lead::Property(_), false) => ("v.user_id > ?", "ORDER BY v.user_id"),
        (Lead::Property(_), true) => ("v.user_id < ?", "ORDER BY v.user_id DESC"),
        // What changed is found by its time, and put in order then: the plus keeps an index on
        // the number from leading.
        (Lead::Changed, false) => ("+u.id > ?", "ORDER BY +u.id"),
        (Lead::Changed, true) => ("+u.id < ?", "ORDER BY +u.id DESC"),
        (Lead::Unique | Lead::Column(..) | Lead::Number, false) => ("u.id > ?", "ORDER BY u.id"),
        (Lead::Unique | Lead::Column(..) | Lead::Number, true) => {
            ("u.id < ?", "ORDER BY u.id DESC")
        }
    }
}

/// In the order of the last change, whose index leads unless a column's does.
fn list_by_change(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &UserFilter,
    page: &UserPage,
    limit: i64,
) -> Result<Vec<FoundUser>, Error> {
    let mut conditions = Conditions::new("u.tenant_id = ?", actor.tenant);
    and_visible(&mut conditions, actor, tx.now());
    add_memberships(&mut conditions, filter);
    conditions.and_plain("u.deleted_at IS NULL");
    for (column, values) in asked(filter) {
        conditions.and_in(column.plain, values);
    }
    add_others(&mut conditions, filter);
    add_properties(&mut conditions, filter, None);
    add_times(&mut conditions, filter, true);
    if let Some(after) = &page.after {
        let condition = if page.descending {
            "(u.updated_at, u.id) < (?, ?)"
        } else {
            "(u.updated_at, u.id) > (?, ?)"
        };
        conditions.and_pair(condition, after.time, after.id);
    }
    let order = if page.descending {
        "ORDER BY u.updated_at DESC, u.id DESC"
    } else {
        "ORDER BY u.updated_at, u.id"
    };
    read_rows(tx, conditions, order, limit)
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
