//! The tables `accounts` and `account_members`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::model::{Account, AccountRole, Membership};

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
