//! Pages of an account's members, searched and sorted.

use crate::actor::{Actor, Visibility};
use crate::error::Error;
use crate::model::fold;
use crate::query::{MemberFilter, MemberOrder, PageNumber};

use super::Tx;
use super::filter::Conditions;
use super::users::{FoundUser, and_visible, read_found};

const PAGE: &str = "SELECT u.id, u.uid, u.kind, u.email, u.email_key, u.phone, u.phone_key, \
    u.first_name, u.last_name, u.state, u.external_id, u.onboarding_state, \
    u.w2_onboarding_status, u.w2_employee_id, u.drug_tested, u.customer_id, u.employer_role, \
    u.team_id, u.pending_since, u.suspended_at, u.deleted_at, u.created_by, u.updated_by, \
    u.created_at, u.updated_at, u.version, u.attributes, u.parts, u.has_records \
    FROM account_members m \
    JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id";
const COUNT: &str = "SELECT count(*) FROM account_members m \
    JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id";

// The name as it was given, folded; else the parts that were given. Rows written before there was
// the folded one have it made here, as far as the engine folds.
const NAME: &str = "COALESCE(u.attributes ->> 'name_key', lower(u.attributes ->> 'name'), \
    CASE WHEN u.first_name_key IS NULL THEN u.last_name_key \
    WHEN u.last_name_key IS NULL THEN u.first_name_key \
    ELSE u.first_name_key || ' ' || u.last_name_key END)";
const SEARCHED: &str = "(u.email_key LIKE ? ESCAPE '!' OR COALESCE(u.attributes ->> 'name_key', \
    lower(u.attributes ->> 'name'), CASE WHEN u.first_name_key IS NULL THEN u.last_name_key \
    WHEN u.last_name_key IS NULL THEN u.first_name_key \
    ELSE u.first_name_key || ' ' || u.last_name_key END) LIKE ? ESCAPE '!')";

fn column(order: MemberOrder) -> &'static str {
    match order {
        MemberOrder::Id => "u.id",
        MemberOrder::Email => "u.email_key",
        MemberOrder::Name => NAME,
        MemberOrder::Phone => "u.phone",
        MemberOrder::Active => "CASE WHEN u.suspended_at IS NULL THEN 1 ELSE 0 END",
        MemberOrder::TeamId => "u.team_id",
        MemberOrder::CreatedAt => "u.created_at",
        MemberOrder::UpdatedAt => "u.updated_at",
    }
}

fn matching<'a>(
    tx: &Tx<'_>,
    actor: &Actor,
    account: i64,
    filter: &'a MemberFilter,
) -> Conditions<'a> {
    let mut conditions = Conditions::new("m.tenant_id = ?", actor.tenant);
    conditions.and("m.account_id = ?", account);
    conditions.and_plain("u.deleted_at IS NULL");
    match actor.visibility {
        // The members are those whom the actor sees.
        Visibility::Tenant | Visibility::Account(_) => {}
        Visibility::PublicPool { .. } => and_visible(&mut conditions, actor, tx.now()),
    }
    if let Some(search) = &filter.search {
        conditions.and(SEARCHED, pattern(search));
    }
    match filter.active {
        Some(true) => conditions.and_plain("u.suspended_at IS NULL"),
        Some(false) => conditions.and_plain("u.suspended_at IS NOT NULL"),
        None => {}
    }
    if let Some(team) = filter.team_id {
        conditions.and("u.team_id = ?", team);
    }
    if let Some(email) = &filter.email {
        conditions.and("u.email_key = ?", email.key());
    }
    conditions
}

/// A text anywhere in another, whatever characters it has.
fn pattern(search: &str) -> String {
    let mut pattern = String::from("%");
    for c in fold(search).chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// One page of an account's members; ties are in the order of their ids.
pub(crate) fn page_members(
    tx: &Tx<'_>,
    actor: &Actor,
    account: i64,
    filter: &MemberFilter,
    order: &[(MemberOrder, bool)],
    page: PageNumber,
) -> Result<Vec<FoundUser>, Error> {
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    let before = page.number.saturating_sub(1).saturating_mul(page.size);
    let mut by: Vec<(&'static str, bool)> = order
        .iter()
        .map(|(order, descending)| (column(*order), *descending))
        .collect();
    // As the last of them goes.
    by.push((
        "u.id",
        order.last().is_some_and(|(_, descending)| *descending),
    ));
    let conditions = matching(tx, actor, account, filter);
    let (sql, params) = conditions.sorted(PAGE, &by, count(page.size), count(before));
    tx.query(&sql, &params, read_found)
}

/// How many members match.
pub(crate) fn count_members(
    tx: &Tx<'_>,
    actor: &Actor,
    account: i64,
    filter: &MemberFilter,
) -> Result<i64, Error> {
    let conditions = matching(tx, actor, account, filter);
    let (sql, params) = conditions.whole(COUNT, "");
    tx.query_one(&sql, &params, |row| row.int())
}
