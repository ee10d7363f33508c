//! What leads a list of users: the one filter whose index gives the numbers in their order.

use jiff::Timestamp;

use crate::actor::{Actor, TenantId, Visibility};
use crate::jobs::APPROVED_IS_ACTIVE_FOR;
use crate::model::{DrugTest, OnboardingState, UserKind, W2Status, fold};
use crate::query::{PropertyComparison, PropertyFilter, UserFilter, UserOrder};
use crate::store::Value;
use crate::store::filter::Conditions;
use crate::store::records::ordered;
use crate::store::users::{ACCOUNT_MEMBER, ACTIVE_JOB, and_visible};

const IDS: &str = "SELECT u.id FROM users u";
const IN_ACCOUNT: &str = "SELECT m.user_id AS id FROM account_members m JOIN users u \
    ON u.tenant_id = m.tenant_id AND u.id = m.user_id";
const IN_GROUP: &str = "SELECT m.user_id AS id FROM group_members m JOIN users u \
    ON u.tenant_id = m.tenant_id AND u.id = m.user_id";
const AT_WORK: &str = "SELECT DISTINCT j.worker_id AS id FROM jobs j JOIN users u \
    ON u.tenant_id = j.tenant_id AND u.id = j.worker_id";

// The same in the order of changes: what is not the bare column keeps SQLite from walking through
// all changes instead of what leads.
const IN_ACCOUNT_BY_CHANGE: &str = "SELECT m.user_id AS id, COALESCE(u.updated_at, NULL) AS changed \
    FROM account_members m JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id";
const IN_GROUP_BY_CHANGE: &str = "SELECT m.user_id AS id, COALESCE(u.updated_at, NULL) AS changed \
    FROM group_members m JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id";
const AT_WORK_BY_CHANGE: &str = "SELECT DISTINCT j.worker_id AS id, \
    COALESCE(u.updated_at, NULL) AS changed \
    FROM jobs j JOIN users u ON u.tenant_id = j.tenant_id AND u.id = j.worker_id";

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
/// A column that a filter asks for.
pub(super) struct Column {
    /// The condition by which its index leads.
    pub(super) leads: &'static str,
    /// The column itself, for any of several values.
    pub(super) plain: &'static str,
    /// The same where another leads. SQLite uses no index for what is not the bare column;
    /// PostgreSQL sees through it, and knows better than this file which index to take.
    pub(super) checked: &'static str,
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

impl Column {
    /// Whether its values are rare, so that it leads before a time of change does.
    fn is_rare(&self) -> bool {
        [&EXTERNAL_ID, &LAST_NAME, &FIRST_NAME, &CUSTOMER]
            .iter()
            .any(|rare| rare.leads == self.leads)
    }
}

/// What leads a list.
pub(super) enum Lead<'a> {
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

/// What selects the numbers of a page in the order of what leads, or, by change, in that of their
/// second column.
pub(super) fn numbers_of(lead: &Lead<'_>, order: UserOrder) -> &'static str {
    match (lead, order) {
        (Lead::Account(_), UserOrder::Id) => IN_ACCOUNT,
        (Lead::Account(_), UserOrder::UpdatedAt) => IN_ACCOUNT_BY_CHANGE,
        (Lead::Group(_), UserOrder::Id) => IN_GROUP,
        (Lead::Group(_), UserOrder::UpdatedAt) => IN_GROUP_BY_CHANGE,
        (Lead::Pool { .. }, UserOrder::Id) => AT_WORK,
        (Lead::Pool { .. }, UserOrder::UpdatedAt) => AT_WORK_BY_CHANGE,
        // By change, it does not lead.
        (Lead::Property(_), _) => OF_PROPERTY,
        (Lead::Unique | Lead::Column(..) | Lead::Changed | Lead::Number, _) => IDS,
    }
}

/// Columns, and their values that are asked for.
type Asked<'a> = Vec<(&'static Column, Vec<Value<'a>>)>;

/// What leads a list in the order of numbers, and the columns that are left to be checked.
pub(super) fn lead<'a>(actor: &Actor, filter: &'a UserFilter) -> (Lead<'a>, Asked<'a>) {
    let mut rest = asked(filter);
    if filter.email.is_some() || filter.w2_employee_id.is_some() {
        return (Lead::Unique, rest);
    }
    let rarest = rest.first().map(|(column, _)| column.is_rare());
    let lead = match (actor.visibility, rarest) {
        (Visibility::PublicPool { account }, _) => Lead::Pool { account },
        (_, Some(true)) => first_of(&mut rest),
        (Visibility::Account(account), _) => Lead::Account(account),
        (Visibility::Tenant, _) if !filter.properties.is_empty() => {
            first_property(filter).map_or(Lead::Number, Lead::Property)
        }
        (Visibility::Tenant, _) => match (filter.account_id, filter.group_id) {
            (_, Some(group)) => Lead::Group(group),
            (Some(account), None) => Lead::Account(account),
            (None, None) if filter.updated_after.is_some() => Lead::Changed,
            (None, None) if rarest.is_some() => first_of(&mut rest),
            (None, None) if filter.updated_before.is_some() => Lead::Changed,
            (None, None) => Lead::Number,
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
pub(super) fn add_properties<'a>(
    conditions: &mut Conditions<'a>,
    filter: &'a UserFilter,
    lead: &Lead<'a>,
) {
    for property in &filter.properties {
        let leads = matches!(lead, Lead::Property(first) if std::ptr::eq(*first, property));
        if !leads {
            let ([_, checked], value) = property_condition(property);
            conditions.and_pair(checked, property.path.as_str(), value);
        }
    }
}

/// The first of these leads, each of its values being searched for by itself.
fn first_of<'a>(columns: &mut Asked<'a>) -> Lead<'a> {
    let (column, values) = columns.remove(0);
    Lead::Column(column, values)
}

/// What leads a list in the order of changes: what is rare, and else that order itself. What
/// many users have in common would have to be sorted as a whole for each page.
pub(super) fn lead_by_change<'a>(actor: &Actor, filter: &'a UserFilter) -> (Lead<'a>, Asked<'a>) {
    match lead(actor, filter) {
        (Lead::Column(column, values), mut rest) if !column.is_rare() => {
            rest.push((column, values));
            (Lead::Changed, rest)
        }
        (Lead::Number | Lead::Property(_), rest) => (Lead::Changed, rest),
        led => led,
    }
}

/// The conditions of what leads, and of whom the actor sees where that does not.
pub(super) fn led_by<'a>(
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
            conditions.and_pair(ACTIVE_JOB, *account, since);
            conditions.and_plain("COALESCE(u.kind, NULL) = 'worker'");
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
pub(super) fn places(lead: &Lead<'_>, descending: bool) -> (&'static str, &'static str) {
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
