//! The tables `roles` and `user_roles`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::model::{GrantedRole, Role};
use crate::permission::PermissionSet;

use super::filter::{Conditions, one_more};
use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO roles (tenant_id, id, name, permissions, created_at) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, name) DO NOTHING";
const SELECT: &str = "SELECT r.id, r.name, r.permissions, r.created_at, r.updated_at, r.version \
    FROM roles r";
// Takes the row, so that a role is not given while it is taken away.
const LOCK: &str = "UPDATE roles SET name = name WHERE tenant_id = $1 AND id = $2";
const UPDATE: &str = "UPDATE roles SET permissions = $1, updated_at = $2, version = $3 \
    WHERE tenant_id = $4 AND id = $5 AND COALESCE(version, 1) = $6";
const DELETE: &str = "DELETE FROM roles WHERE tenant_id = $1 AND id = $2";
const HOLDER: &str = "SELECT user_id FROM user_roles WHERE tenant_id = $1 AND role_id = $2 LIMIT 1";
const TAKE_IN: &str =
    "DELETE FROM user_roles WHERE tenant_id = $1 AND user_id = $2 AND account_id = $3";
const TAKE_DIRECT: &str =
    "DELETE FROM user_permissions WHERE tenant_id = $1 AND user_id = $2 AND account_id = $3";
const PUT_DIRECT: &str = "INSERT INTO user_permissions (tenant_id, user_id, account_id, \
    permissions) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (tenant_id, user_id, account_id) DO UPDATE SET permissions = excluded.permissions";
const BY_NAME: &str = "SELECT id, permissions FROM roles WHERE tenant_id = $1 AND name = $2";
const OF_USERS: &str = "SELECT g.user_id, r.name, g.account_id, r.permissions \
    FROM user_roles g JOIN roles r ON r.tenant_id = g.tenant_id AND r.id = g.role_id";
const DIRECT: &str = "SELECT p.user_id, p.account_id, p.permissions FROM user_permissions p";
const GRANT: &str = "INSERT INTO user_roles (tenant_id, user_id, role_id, account_id) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, user_id, role_id, account_id) DO NOTHING";

pub(crate) fn insert_role(
    tenant: TenantId,
    id: i64,
    name: &str,
    permissions: PermissionSet,
    now: Timestamp,
) -> Statement<'_> {
    let params = vec![
        tenant.into(),
        id.into(),
        name.into(),
        permissions.names().into(),
        now.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

fn read_role(row: &Row<'_>) -> Result<Role, Error> {
    let (id, name) = (row.int()?, row.text()?);
    let permissions = PermissionSet::from_names(&row.text()?);
    let created_at = row.time()?;
    Ok(Role {
        id,
        name,
        permissions,
        created_at,
        // NULL: it was never changed.
        updated_at: row.opt_time()?.unwrap_or(created_at),
        version: row.opt_int()?.unwrap_or(1),
    })
}

/// Roles by number, after `after`; one more than asked for shows that there are more.
pub(crate) fn list_roles(
    tx: &Tx<'_>,
    tenant: TenantId,
    after: i64,
    limit: usize,
) -> Result<Vec<Role>, Error> {
    let mut conditions = Conditions::new("r.tenant_id = ?", tenant);
    conditions.and("r.id > ?", after);
    let (sql, params) = conditions.statement(SELECT, "ORDER BY r.id", one_more(limit));
    tx.query(&sql, &params, read_role)
}

/// The role with this number.
pub(crate) fn find_role_by_id(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
) -> Result<Option<Role>, Error> {
    let mut conditions = Conditions::new("r.tenant_id = ?", tenant);
    conditions.and("r.id = ?", id);
    let (sql, params) = conditions.whole(SELECT, "");
    tx.query_opt(&sql, &params, read_role)
}

/// Has whoever else gives a role, or takes it away for good, wait until this transaction is over.
/// Answers whether the role is there.
pub(crate) fn lock_role(tx: &Tx<'_>, tenant: TenantId, id: i64) -> Result<bool, Error> {
    let touched = tx.execute(LOCK, &[tenant.into(), id.into()])?;
    Ok(touched > 0)
}

/// Writes what a role allows; touches no row when its version is another than `from` by now.
pub(crate) fn update_role(tenant: TenantId, role: &Role, from: i64) -> Statement<'static> {
    let params = vec![
        role.permissions.names().into(),
        role.updated_at.into(),
        role.version.into(),
        tenant.into(),
        role.id.into(),
        from.into(),
    ];
    Statement {
        sql: UPDATE,
        params,
    }
}

pub(crate) fn delete_role(tenant: TenantId, id: i64) -> Statement<'static> {
    Statement {
        sql: DELETE,
        params: vec![tenant.into(), id.into()],
    }
}

/// Whether any user has a role.
pub(crate) fn role_is_held(tx: &Tx<'_>, tenant: TenantId, id: i64) -> Result<bool, Error> {
    let found = tx.query_opt(HOLDER, &[tenant.into(), id.into()], |row| row.int())?;
    Ok(found.is_some())
}

/// Takes all roles that a user has in one place.
pub(crate) fn take_roles_in(
    tenant: TenantId,
    user: i64,
    account: Option<i64>,
) -> Statement<'static> {
    Statement {
        sql: TAKE_IN,
        params: vec![tenant.into(), user.into(), account.unwrap_or(0).into()],
    }
}

/// Sets what a user may do in one place beside their roles.
pub(crate) fn put_permissions(
    tenant: TenantId,
    user: i64,
    account: Option<i64>,
    permissions: PermissionSet,
) -> Statement<'static> {
    let mut params = vec![tenant.into(), user.into(), account.unwrap_or(0).into()];
    if permissions.is_empty() {
        let sql = TAKE_DIRECT;
        return Statement { sql, params };
    }
    params.push(permissions.names().into());
    Statement {
        sql: PUT_DIRECT,
        params,
    }
}

/// The number of a role and what it allows.
pub(crate) fn find_role(
    tx: &Tx<'_>,
    tenant: TenantId,
    name: &str,
) -> Result<Option<(i64, PermissionSet)>, Error> {
    tx.query_opt(BY_NAME, &[tenant.into(), name.into()], |row| {
        Ok((row.int()?, PermissionSet::from_names(&row.text()?)))
    })
}

/// The roles of each of these users, by name.
pub(crate) fn roles_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    users: &[i64],
) -> Result<Vec<GrantedRole>, Error> {
    let mut conditions = Conditions::new("g.tenant_id = ?", tenant);
    conditions.and_in("g.user_id", users.iter().copied());
    let (sql, params) = conditions.whole(OF_USERS, "ORDER BY g.user_id, r.name, g.account_id");
    tx.query(&sql, &params, |row| {
        Ok(GrantedRole {
            user_id: row.int()?,
            name: row.text()?,
            account_id: place(row.int()?),
            permissions: PermissionSet::from_names(&row.text()?),
        })
    })
}

/// Permissions that a user has from no role.
pub(crate) struct DirectPermissions {
    pub(crate) user_id: i64,
    /// Where they hold; none: tenant-wide.
    pub(crate) account_id: Option<i64>,
    pub(crate) permissions: PermissionSet,
}

/// What each of these users may do that comes from no role.
pub(crate) fn permissions_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    users: &[i64],
) -> Result<Vec<DirectPermissions>, Error> {
    let mut conditions = Conditions::new("p.tenant_id = ?", tenant);
    conditions.and_in("p.user_id", users.iter().copied());
    let (sql, params) = conditions.whole(DIRECT, "ORDER BY p.user_id, p.account_id");
    tx.query(&sql, &params, |row| {
        Ok(DirectPermissions {
            user_id: row.int()?,
            account_id: place(row.int()?),
            permissions: PermissionSet::from_names(&row.text()?),
        })
    })
}

/// 0 is stored for what holds tenant-wide.
fn place(account: i64) -> Option<i64> {
    (account != 0).then_some(account)
}

/// Gives a role, in one account or tenant-wide.
pub(crate) fn grant_role(
    tenant: TenantId,
    user: i64,
    role: i64,
    account: Option<i64>,
) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        user.into(),
        role.into(),
        account.unwrap_or(0).into(),
    ];
    Statement { sql: GRANT, params }
}
