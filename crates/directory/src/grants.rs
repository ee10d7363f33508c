//! What a user may do: the roles given to them, and permissions set directly, in one place at a
//! time: tenant-wide, or in one account that they are a member of.

use serde_json::Value;

use crate::actor::Actor;
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::model::GrantedRole;
use crate::permission::{Permission, PermissionSet};
use crate::sessions;
use crate::store::{
    FoundUser, Statement, Tx, UserKey, find_account_member, find_role, find_user, grant_role,
    lock_role, permissions_of, put_permissions, roles_of, take_roles_in,
};
use crate::users::{self, Include};
use crate::violation::{Path, Rule, Violations};

/// Roles that may be named at once.
pub const MAX_NAMED: usize = 100;

/// Permissions that a user has from no role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectPermissions {
    /// Where they hold; none: tenant-wide.
    pub account_id: Option<i64>,
    /// What they are.
    pub permissions: PermissionSet,
}

/// A user whom the actor sees, with the place that grants can be seen in: who acts in one account
/// sees what holds there.
fn seen(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<FoundUser, Error> {
    actor.require_full_access()?;
    find_user(tx, actor, &UserKey::Id(user), false)?.ok_or(Error::NotFound)
}

fn is_shown(actor: &Actor, account: Option<i64>) -> bool {
    actor.access.is_none()
        || actor.account.is_none()
        || account.is_none_or(|own| actor.account == Some(own))
}

/// The roles of a user, by name.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `readRoles` or with Public Pool access only.
pub fn roles(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<Vec<GrantedRole>, Error> {
    actor.require(Permission::ReadRoles)?;
    granted_roles(tx, actor, user)
}

/// As [`roles`], for who has just set them.
///
/// # Errors
/// [`Error::NotFound`].
pub fn granted_roles(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<Vec<GrantedRole>, Error> {
    seen(tx, actor, user)?;
    let mut roles = roles_of(tx, actor.tenant, &[user])?;
    roles.retain(|each| is_shown(actor, each.account_id));
    Ok(roles)
}

/// The permissions of a user that come from no role, tenant-wide ones first.
///
/// # Errors
/// As [`roles`].
pub fn permissions(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<Vec<DirectPermissions>, Error> {
    actor.require(Permission::ReadRoles)?;
    granted_permissions(tx, actor, user)
}

/// As [`permissions`], for who has just set them.
///
/// # Errors
/// [`Error::NotFound`].
pub fn granted_permissions(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
) -> Result<Vec<DirectPermissions>, Error> {
    seen(tx, actor, user)?;
    let direct = permissions_of(tx, actor.tenant, &[user])?.into_iter();
    let direct = direct.map(|each| DirectPermissions {
        account_id: each.account_id,
        permissions: each.permissions,
    });
    Ok(direct
        .filter(|each| is_shown(actor, each.account_id))
        .collect())
}

/// The user whose grants in a place are to be changed, by who may: nobody takes from, or gives to,
/// who may do more than they.
fn changeable(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    place: Option<i64>,
    violations: &mut Violations,
) -> Result<FoundUser, Error> {
    actor.require(Permission::UpdateRoles)?;
    let found = seen(tx, actor, user)?;
    actor.require_in_person()?;
    actor.require_in(place, Permission::UpdateRoles)?;
    match place {
        Some(account) => users::require_not_above_in(tx, actor, user, account)?,
        None => users::require_not_above(tx, actor, user)?,
    }
    if let Some(account) = place
        && find_account_member(tx, actor.tenant, account, user)?.is_none()
    {
        violations.field("account_id", Rule::MustExist);
    }
    Ok(found)
}

/// Gives a user exactly these roles in a place.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `updateRoles` in the place, as another, for a
/// user who may do more than the actor, and for a role that does; [`Error::Invalid`] for a role
/// that there is not, and an account that the user is no member of.
pub fn set_roles(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    place: Option<i64>,
    names: &[String],
    mut violations: Violations,
) -> Result<(), Error> {
    let found = changeable(tx, actor, user, place, &mut violations)?;
    let plan = plan_roles(tx, actor, user, place, names, &mut violations)?;
    Error::if_any(violations)?;
    match plan {
        Some((statements, told)) => {
            let kind = EventType::UserRolesUpdated;
            write(tx, actor, found, kind, place, told, statements)
        }
        None => Ok(()),
    }
}

/// What gives a user exactly these roles in a place, and what is told of it; nothing where they
/// have them.
fn plan_roles(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    place: Option<i64>,
    names: &[String],
    violations: &mut Violations,
) -> Result<Option<(Vec<Statement<'static>>, Change)>, Error> {
    let tenant = actor.tenant;
    let mut after: Vec<&str> = names.iter().map(String::as_str).collect();
    after.sort_unstable();
    after.dedup();
    if after.len() > MAX_NAMED {
        violations.field("roles", Rule::TooLong { max: MAX_NAMED });
        return Ok(None);
    }
    let mut statements = vec![take_roles_in(tenant, user, place)];
    for (index, name) in names.iter().enumerate() {
        match find_role(tx, tenant, name)? {
            None => violations.add(Path::field("roles").child(index), Rule::MustExist),
            Some((_, permissions)) if !users::may_give(actor, permissions, place) => {
                return Err(Error::Forbidden("nobody grants more than they hold"));
            }
            // It may be gone since.
            Some((role, _)) if lock_role(tx, tenant, role)? => {
                statements.push(grant_role(tenant, user, role, place));
            }
            Some(_) => violations.add(Path::field("roles").child(index), Rule::MustExist),
        }
    }
    let held = roles_of(tx, tenant, &[user])?;
    let held = held.iter().filter(|each| each.account_id == place);
    let before: Vec<&str> = held.map(|each| each.name.as_str()).collect();
    if before == after {
        return Ok(None);
    }
    let told = told(place, "roles", before.into(), after.into());
    Ok(Some((statements, told)))
}

/// Lets a user do exactly these things in a place, beside what their roles allow.
///
/// # Errors
/// As [`set_roles`]; [`Error::Invalid`] for what cannot be held in one account.
pub fn set_permissions(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    place: Option<i64>,
    permissions: PermissionSet,
    mut violations: Violations,
) -> Result<(), Error> {
    let found = changeable(tx, actor, user, place, &mut violations)?;
    let nowhere = permissions.without(PermissionSet::IN_ACCOUNT);
    if place.is_some() && !nowhere.is_empty() {
        let value = nowhere.names();
        violations.field("permissions", Rule::NotIncluded { value });
    }
    Error::if_any(violations)?;
    if !users::may_give(actor, permissions, place) {
        return Err(Error::Forbidden("nobody grants more than they hold"));
    }
    let held = permissions_of(tx, actor.tenant, &[user])?;
    let held = held.iter().find(|each| each.account_id == place);
    let before = held.map_or(PermissionSet::NONE, |each| each.permissions);
    if before == permissions {
        return Ok(());
    }
    let names = |set: PermissionSet| -> Value { set.iter().map(Permission::name).collect() };
    let told = told(place, "permissions", names(before), names(permissions));
    let statements = vec![put_permissions(actor.tenant, user, place, permissions)];
    let kind = EventType::UserPermissionsSetDirectly;
    write(tx, actor, found, kind, place, told, statements)
}

/// What events tell of grants in a place.
pub(crate) fn told(place: Option<i64>, field: &str, before: Value, after: Value) -> Change {
    let fields = |value| Change::of(&[("account_id", place.into()), (field, value)]).new;
    Change {
        old: fields(before),
        new: fields(after),
    }
}

/// Writes grants of a user, whose row shows that they changed, and asks their rights anew.
fn write(
    tx: &Tx<'_>,
    actor: &Actor,
    found: FoundUser,
    kind: EventType,
    place: Option<i64>,
    told: Change,
    mut around: Vec<Statement<'static>>,
) -> Result<(), Error> {
    let user = found.user;
    around.extend(sessions::refreshed(tx, actor.tenant, user.id)?);
    let (account, subject) = (place.or(actor.account), Subject::new("user", user.id));
    around.push(event::record(tx, actor, kind, account, subject, told)?);
    let has = Include {
        roles: true,
        ..Include::default()
    };
    users::rewrite_around(tx, actor, FoundUser { user, has }, Vec::new(), around)
}
