//! Roles: named sets of permissions, which all accounts of a tenant share.

use crate::accounts::check_name;
use crate::actor::Actor;
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::model::Role;
use crate::permission::{Permission, PermissionSet};
use crate::query::{Listed, Position};
use crate::store::{
    IdKind, Tx, bump_generation, delete_role, find_role, find_role_by_id, insert_role, list_roles,
    lock_role, role_is_held, update_role,
};
use crate::violation::{Rule, Violations};

/// Roles of a tenant at most.
pub const MAX_ROLES: usize = 1_000;

/// Roles by number.
///
/// # Errors
/// [`Error::Forbidden`] without `readRoles` or with Public Pool access only.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<Role>, Error> {
    actor.require(Permission::ReadRoles)?;
    actor.require_full_access()?;
    let rows = list_roles(tx, actor.tenant, after.unwrap_or(0), limit)?;
    Ok(Listed::cut(rows, limit, |row| Position::of_id(row.id)))
}

/// One role.
///
/// # Errors
/// [`Error::NotFound`]; as [`list`].
pub fn get(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<Role, Error> {
    actor.require(Permission::ReadRoles)?;
    actor.require_full_access()?;
    find_role_by_id(tx, actor.tenant, id)?.ok_or(Error::NotFound)
}

/// Whether there is a role of that name: to tell of all that is wrong with a request at once.
///
/// # Errors
/// Storage errors.
pub fn exists(tx: &Tx<'_>, actor: &Actor, name: &str) -> Result<bool, Error> {
    Ok(find_role(tx, actor.tenant, name)?.is_some())
}

/// Refuses who may not say what a role allows: they must hold it tenant-wide, since whoever has
/// the role has it through them.
fn require_may_define(actor: &Actor, permissions: PermissionSet) -> Result<(), Error> {
    actor.require_in(None, Permission::UpdateRoles)?;
    actor.require_in_person()?;
    if actor.held().tenant.includes(permissions) {
        Ok(())
    } else {
        Err(Error::Forbidden("nobody grants more than they hold"))
    }
}

/// Makes a role.
///
/// # Errors
/// [`Error::Forbidden`] without `updateRoles` tenant-wide, as another, and for a role above the
/// actor's own rights; [`Error::Invalid`] for a name that is blank, too long or taken;
/// [`Error::Conflict`] for one too many.
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    name: &str,
    permissions: PermissionSet,
    mut violations: Violations,
) -> Result<Role, Error> {
    require_may_define(actor, permissions)?;
    check_name(name, &mut violations);
    Error::if_any(violations)?;
    if list_roles(tx, actor.tenant, 0, MAX_ROLES)?.len() >= MAX_ROLES {
        return Err(Error::Conflict("there are as many roles as there may be"));
    }
    let role = Role {
        id: tx.new_id(IdKind::Role)?,
        name: name.trim().to_owned(),
        permissions,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    };
    let told = Change::of(&[
        ("name", role.name.clone().into()),
        ("permissions", names(permissions)),
    ]);
    let (kind, subject) = (EventType::RoleCreated, Subject::new("role", role.id));
    let touched = tx.batch(&[
        insert_role(actor.tenant, role.id, &role.name, permissions, tx.now()),
        event::record(tx, actor, kind, None, subject, told)?,
    ])?;
    if touched.first() == Some(&0) {
        let mut violations = Violations::new();
        violations.field("name", Rule::Taken);
        return Err(Error::Invalid(violations));
    }
    Ok(role)
}

fn names(permissions: PermissionSet) -> serde_json::Value {
    permissions.iter().map(Permission::name).collect()
}

/// The role that is to be changed, which the actor may define as it stands.
fn stored(tx: &Tx<'_>, actor: &Actor, id: i64, expected: Option<&[i64]>) -> Result<Role, Error> {
    actor.require_in(None, Permission::UpdateRoles)?;
    let role = find_role_by_id(tx, actor.tenant, id)?.ok_or(Error::NotFound)?;
    if expected.is_some_and(|versions| !versions.contains(&role.version)) {
        return Err(Error::PreconditionFailed);
    }
    require_may_define(actor, role.permissions)?;
    Ok(role)
}

/// Changes what a role allows: at once, for everybody who has it.
///
/// # Errors
/// As [`create`]; [`Error::NotFound`], [`Error::PreconditionFailed`]; [`Error::Forbidden`] for a
/// role that allows more than the actor may already.
pub fn update(
    tx: &Tx<'_>,
    actor: &Actor,
    id: i64,
    expected: Option<&[i64]>,
    permissions: Option<PermissionSet>,
    violations: Violations,
) -> Result<Role, Error> {
    let before = stored(tx, actor, id, expected)?;
    let permissions = permissions.unwrap_or(before.permissions);
    require_may_define(actor, permissions)?;
    Error::if_any(violations)?;
    if permissions == before.permissions {
        return Ok(before);
    }
    let role = Role {
        permissions,
        updated_at: tx.now(),
        version: before.version + 1,
        ..before.clone()
    };
    let fields = |set: PermissionSet| Change::of(&[("permissions", names(set))]).new;
    let told = Change::between(fields(before.permissions), fields(permissions));
    let (kind, subject) = (EventType::RolePermissionsUpdated, Subject::new("role", id));
    let touched = tx.batch(&[
        update_role(actor.tenant, &role, before.version),
        bump_generation(tx, actor.tenant),
        event::record(tx, actor, kind, None, subject, told)?,
    ])?;
    match touched.first() {
        Some(1) => Ok(role),
        Some(_) | None => Err(Unavailable::Contention.into()),
    }
}

/// Deletes a role that nobody has.
///
/// # Errors
/// As [`update`]; [`Error::Conflict`] for one that somebody has.
pub fn delete(tx: &Tx<'_>, actor: &Actor, id: i64, expected: Option<&[i64]>) -> Result<(), Error> {
    let role = stored(tx, actor, id, expected)?;
    lock_role(tx, actor.tenant, id)?;
    if role_is_held(tx, actor.tenant, id)? {
        return Err(Error::Conflict("users have the role"));
    }
    let old = Change::of(&[
        ("name", role.name.into()),
        ("permissions", names(role.permissions)),
    ]);
    let told = Change::between(old.new, serde_json::Map::new());
    let (kind, subject) = (EventType::RoleDeleted, Subject::new("role", id));
    let touched = tx.batch(&[
        delete_role(actor.tenant, id),
        event::record(tx, actor, kind, None, subject, told)?,
    ])?;
    match touched.first() {
        Some(1) => Ok(()),
        Some(_) | None => Err(Error::NotFound),
    }
}
