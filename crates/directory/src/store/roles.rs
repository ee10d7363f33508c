//! The tables `roles` and `user_roles`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::permission::PermissionSet;

use super::filter::Conditions;
use super::{Statement, Tx};

const INSERT: &str = "INSERT INTO roles (tenant_id, id, name, permissions, created_at) \
    VALUES ($1, $2, $3, $4, $5)";
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

/// A role that a user has.
pub(crate) struct GrantedRole {
    pub(crate) user_id: i64,
    pub(crate) name: String,
    /// Where it holds; none: tenant-wide.
    pub(crate) account_id: Option<i64>,
    pub(crate) permissions: PermissionSet,
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
