//! Tenants: everything lives in one.

use crate::actor::TenantId;
use crate::error::Error;
use crate::permission::{Permission as P, PermissionSet};
use crate::store::{
    IdKind, Tx, find_tenant, insert_form_head, insert_role, insert_tenant, list_tenants,
    tenant_name,
};
use crate::violation::{Rule, Violations};

/// The tenant that is made at first start.
pub const DEFAULT: &str = "default";

/// Makes `default` unless it is there.
///
/// # Errors
/// Storage errors.
pub fn ensure_default(tx: &Tx<'_>) -> Result<(), Error> {
    if find_tenant(tx, DEFAULT)?.is_some() {
        return Ok(());
    }
    match make(tx, TenantId(1), DEFAULT) {
        // Another node that starts at the same moment was faster.
        Err(Error::Invalid(violations)) if violations.only_taken() => Ok(()),
        made => made.map(drop),
    }
}

/// Makes a tenant with the roles that every new one has.
///
/// # Errors
/// [`Error::Invalid`] for a name that is blank, taken, longer than 100 characters or not
/// made of `[a-z0-9-]`.
pub fn create(tx: &Tx<'_>, name: &str) -> Result<TenantId, Error> {
    let mut violations = Violations::new();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() {
        violations.field("name", Rule::Blank);
    } else if name.len() > 100 {
        violations.field("name", Rule::TooLong { max: 100 });
    } else if !name.chars().all(fits) {
        violations.field("name", Rule::BadFormat);
    }
    Error::if_any(violations)?;
    let mut id = tx.new_id(IdKind::Tenant)?;
    if id == 1 {
        // 1 is `default`, which is made without a lease.
        id = tx.new_id(IdKind::Tenant)?;
    }
    make(tx, TenantId(id), name)
}

fn make(tx: &Tx<'_>, id: TenantId, name: &str) -> Result<TenantId, Error> {
    let statement = insert_tenant(id, name, tx.now());
    if tx.execute(statement.sql, &statement.params)? == 0 {
        let mut violations = Violations::new();
        violations.field("name", Rule::Taken);
        return Err(Error::Invalid(violations));
    }
    let roles = first_roles()
        .into_iter()
        .map(|(role, set)| {
            Ok(insert_role(
                id,
                tx.new_id(IdKind::Role)?,
                role,
                set,
                tx.now(),
            ))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let mut statements = roles;
    statements.push(insert_form_head(id)?);
    tx.batch(&statements)?;
    Ok(id)
}

/// The roles of a new tenant (seed 002: `flatRolesList`); `superAdmin` may do everything.
#[must_use]
pub fn first_roles() -> [(&'static str, PermissionSet); 4] {
    let read = PermissionSet::of(&[P::ReadUsers, P::ReadAccounts, P::ReadGroups, P::ReadBadges]);
    let manage = read.union(PermissionSet::of(&[
        P::CreateUsers,
        P::UpdateUsers,
        P::ReadRoles,
    ]));
    let administer = manage.union(PermissionSet::of(&[
        P::DeleteUsers,
        P::UpdateAccounts,
        P::CreateGroups,
        P::UpdateGroups,
        P::DeleteGroups,
        P::UpdateRoles,
        P::ReadEvents,
        P::CreateEvents,
        P::ReadWebhooks,
        P::UpdateWebhooks,
    ]));
    [
        ("superAdmin", PermissionSet::ALL),
        ("accountAdmin", administer),
        ("manager", manage),
        ("viewer", read),
    ]
}

/// The tenant of that name.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(tx: &Tx<'_>, name: &str) -> Result<TenantId, Error> {
    find_tenant(tx, name)?.ok_or(Error::NotFound)
}

/// The name of a tenant; none where there is no such tenant.
///
/// # Errors
/// Storage errors.
pub fn name(tx: &Tx<'_>, tenant: TenantId) -> Result<Option<String>, Error> {
    tenant_name(tx, tenant)
}

/// Every tenant, by number: (number, name).
///
/// # Errors
/// Storage errors.
pub fn list(tx: &Tx<'_>) -> Result<Vec<(TenantId, String)>, Error> {
    list_tenants(tx)
}
