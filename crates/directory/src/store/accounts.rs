//! The tables `accounts` and `account_members`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::model::{Account, AccountRole, Member, Membership};

use super::filter::{Conditions, one_more};
use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO accounts (tenant_id, id, name, created_at, updated_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const SELECT: &str = "SELECT a.id, a.name, a.created_at, a.updated_at, a.version FROM accounts a";
const MEMBERSHIPS: &str = "SELECT m.user_id, m.account_id, a.name, m.role, m.is_admin, \
    m.is_primary FROM account_members m JOIN accounts a \
    ON a.tenant_id = m.tenant_id AND a.id = m.account_id";
const PUT_MEMBER: &str = "INSERT INTO account_members (tenant_id, user_id, account_id, role, \
    is_admin, is_primary, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
    ON CONFLICT (tenant_id, user_id, account_id) DO UPDATE SET role = excluded.role, \
    is_admin = excluded.is_admin, \
    is_primary = account_members.is_primary OR excluded.is_primary";
const SET_MEMBER: &str = "UPDATE account_members SET role = $1, is_admin = $2, is_primary = $3 \
    WHERE tenant_id = $4 AND user_id = $5 AND account_id = $6";
const CLEAR_PRIMARY: &str = "UPDATE account_members SET is_primary = $1 \
    WHERE tenant_id = $2 AND user_id = $3 AND account_id <> $4";
const MEMBERS: &str = "SELECT m.user_id, m.account_id, m.role, m.is_admin, m.is_primary, \
    m.created_at, u.email, u.first_name, u.last_name, u.suspended_at FROM account_members m \
    JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id";
// Takes the row, so that of those who take an administrator away one comes first.
const LOCK: &str = "UPDATE accounts SET version = version WHERE tenant_id = $1 AND id = $2";
const OTHER_ADMIN: &str = "SELECT m.user_id FROM account_members m \
    JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id \
    WHERE m.tenant_id = $1 AND m.account_id = $2 AND m.is_admin = $3 AND m.user_id <> $4 \
    AND u.deleted_at IS NULL AND u.suspended_at IS NULL AND u.pending_since IS NULL LIMIT 1";
const ADMIN: &str = "SELECT m.user_id FROM account_members m \
    JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id \
    WHERE m.tenant_id = $1 AND m.account_id = $2 AND m.is_admin = $3 AND m.user_id = $4 \
    AND u.deleted_at IS NULL AND u.suspended_at IS NULL AND u.pending_since IS NULL";
const DELETE_MEMBER: &str =
    "DELETE FROM account_members WHERE tenant_id = $1 AND user_id = $2 AND account_id = $3";

fn read_account(row: &Row<'_>) -> Result<Account, Error> {
    Ok(Account {
        id: row.int()?,
        name: row.text()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        version: row.int()?,
    })
}

pub(crate) fn insert_account(tenant: TenantId, account: &Account) -> Statement<'_> {
    let params = vec![
        tenant.into(),
        account.id.into(),
        account.name.as_str().into(),
        account.created_at.into(),
        account.updated_at.into(),
        account.version.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

pub(crate) fn find_account(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
) -> Result<Option<Account>, Error> {
    let mut conditions = Conditions::new("a.tenant_id = ?", tenant);
    conditions.and("a.id = ?", id);
    let (sql, params) = conditions.whole(SELECT, "");
    tx.query_opt(&sql, &params, read_account)
}

/// Accounts by number, after `after`; one more than asked for shows that there are more.
pub(crate) fn list_accounts(
    tx: &Tx<'_>,
    tenant: TenantId,
    after: i64,
    limit: usize,
) -> Result<Vec<Account>, Error> {
    let mut conditions = Conditions::new("a.tenant_id = ?", tenant);
    conditions.and("a.id > ?", after);
    let (sql, params) = conditions.statement(SELECT, "ORDER BY a.id", one_more(limit));
    tx.query(&sql, &params, read_account)
}

/// The accounts of each of these users: (user, membership), the primary one first.
pub(crate) fn memberships_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    users: &[i64],
) -> Result<Vec<(i64, Membership)>, Error> {
    let mut conditions = Conditions::new("m.tenant_id = ?", tenant);
    conditions.and_in("m.user_id", users.iter().copied());
    let order = "ORDER BY m.user_id, m.is_primary DESC, m.account_id";
    let (sql, params) = conditions.whole(MEMBERSHIPS, order);
    tx.query(&sql, &params, |row| {
        let user = row.int()?;
        let membership = Membership {
            account_id: row.int()?,
            account_name: row.text()?,
            role: AccountRole::parse(&row.text()?).unwrap_or(AccountRole::Member),
            admin: row.boolean()?,
            primary: row.boolean()?,
        };
        Ok((user, membership))
    })
}

/// Makes a user a member, or changes their role; a membership that is primary stays so.
pub(crate) fn put_member(
    tenant: TenantId,
    user: i64,
    membership: &Membership,
    now: Timestamp,
) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        user.into(),
        membership.account_id.into(),
        membership.role.name().into(),
        membership.admin.into(),
        membership.primary.into(),
        now.into(),
    ];
    Statement {
        sql: PUT_MEMBER,
        params,
    }
}

pub(crate) fn delete_member(tenant: TenantId, user: i64, account: i64) -> Statement<'static> {
    Statement {
        sql: DELETE_MEMBER,
        params: vec![tenant.into(), user.into(), account.into()],
    }
}

/// Changes a member's part; only one account may be primary, so others give that up with it.
pub(crate) fn set_member(
    tenant: TenantId,
    user: i64,
    membership: &Membership,
) -> Vec<Statement<'static>> {
    let mut statements = vec![Statement {
        sql: SET_MEMBER,
        params: vec![
            membership.role.name().into(),
            membership.admin.into(),
            membership.primary.into(),
            tenant.into(),
            user.into(),
            membership.account_id.into(),
        ],
    }];
    if membership.primary {
        let account = membership.account_id;
        statements.push(clear_primary(tenant, user, account));
    }
    statements
}

/// Makes every other account of a user not the primary one.
pub(crate) fn clear_primary(tenant: TenantId, user: i64, but: i64) -> Statement<'static> {
    Statement {
        sql: CLEAR_PRIMARY,
        params: vec![false.into(), tenant.into(), user.into(), but.into()],
    }
}

/// The members of an account who are not deleted, by number, after `after`: one more than asked
/// for shows that there are more.
pub(crate) fn list_members(
    tx: &Tx<'_>,
    tenant: TenantId,
    account: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<Member>, Error> {
    let mut conditions = Conditions::new("m.tenant_id = ?", tenant);
    conditions.and("m.account_id = ?", account);
    conditions.and("m.user_id > ?", after);
    conditions.and_plain("u.deleted_at IS NULL");
    let (sql, params) = conditions.statement(MEMBERS, "ORDER BY m.user_id", one_more(limit));
    tx.query(&sql, &params, read_member)
}

/// One member of an account.
pub(crate) fn find_account_member(
    tx: &Tx<'_>,
    tenant: TenantId,
    account: i64,
    user: i64,
) -> Result<Option<Member>, Error> {
    let mut conditions = Conditions::new("m.tenant_id = ?", tenant);
    conditions.and("m.user_id = ?", user);
    conditions.and("m.account_id = ?", account);
    conditions.and_plain("u.deleted_at IS NULL");
    let (sql, params) = conditions.whole(MEMBERS, "");
    tx.query_opt(&sql, &params, read_member)
}

fn read_member(row: &Row<'_>) -> Result<Member, Error> {
    Ok(Member {
        user_id: row.int()?,
        account_id: row.int()?,
        role: AccountRole::parse(&row.text()?).unwrap_or(AccountRole::Member),
        admin: row.boolean()?,
        primary: row.boolean()?,
        created_at: row.time()?,
        email: row.opt_text()?,
        first_name: row.opt_text()?,
        last_name: row.opt_text()?,
        suspended_at: row.opt_time()?,
    })
}

/// Has whoever else changes who administers an account wait until this transaction is over.
pub(crate) fn lock_account(tx: &Tx<'_>, tenant: TenantId, account: i64) -> Result<(), Error> {
    tx.execute(LOCK, &[tenant.into(), account.into()]).map(drop)
}

/// Whether anybody else who may log in administers an account.
pub(crate) fn has_another_admin(
    tx: &Tx<'_>,
    tenant: TenantId,
    account: i64,
    but: i64,
) -> Result<bool, Error> {
    let params = [tenant.into(), account.into(), true.into(), but.into()];
    let found = tx.query_opt(OTHER_ADMIN, &params, |row| row.int())?;
    Ok(found.is_some())
}

/// Whether a user who may log in administers an account.
pub(crate) fn is_admin(
    tx: &Tx<'_>,
    tenant: TenantId,
    account: i64,
    user: i64,
) -> Result<bool, Error> {
    let params = [tenant.into(), account.into(), true.into(), user.into()];
    let found = tx.query_opt(ADMIN, &params, |row| row.int())?;
    Ok(found.is_some())
}
