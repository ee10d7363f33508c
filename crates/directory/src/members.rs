//! The members of an account.

use crate::actor::{Actor, Visibility};
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::model::{AccountRole, Member, Membership, UserKind, UserView};
use crate::permission::{Permission, PermissionSet};
use crate::query::{Listed, MemberFilter, MemberOrder, PageNumber, Position};
use crate::sessions;
use crate::store::{
    FoundUser, Statement, Tx, UserKey, count_members, delete_member, find_account,
    find_account_member, find_user, has_another_admin, is_admin, list_members, lock_account,
    memberships_of, page_members, put_member, put_permissions, set_member, take_roles_in,
};
use crate::users::{self, Include};
use crate::violation::{Rule, Violations};

/// What a member's part is to be, or to become: what is none stays, or is as a new one has it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MemberChange {
    /// Their role.
    pub role: Option<AccountRole>,
    /// Whether they administer the account.
    pub admin: Option<bool>,
    /// Whether it is their primary account. Another becomes that by being made so.
    pub primary: Option<bool>,
}

/// An account that the actor sees.
fn require_seen(tx: &Tx<'_>, actor: &Actor, account: i64) -> Result<(), Error> {
    let elsewhere = matches!(actor.visibility, Visibility::Account(own) if own != account);
    if elsewhere || find_account(tx, actor.tenant, account)?.is_none() {
        return Err(Error::NotFound);
    }
    Ok(())
}

/// The members of an account, by number.
///
/// # Errors
/// [`Error::NotFound`] for an account that the actor does not see; [`Error::Forbidden`] without
/// `readUsers` or with Public Pool access only.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    account: i64,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<Member>, Error> {
    actor.require(Permission::ReadUsers)?;
    actor.require_full_access()?;
    require_seen(tx, actor, account)?;
    let rows = list_members(tx, actor.tenant, account, after.unwrap_or(0), limit)?;
    Ok(Listed::cut(rows, limit, |row| Position::of_id(row.user_id)))
}

/// A page of an account's members as users, and how many there are in all.
///
/// # Errors
/// As [`list`], but Public Pool access sees its workers among them.
pub fn page(
    tx: &Tx<'_>,
    actor: &Actor,
    account: i64,
    filter: &MemberFilter,
    order: &[(MemberOrder, bool)],
    page: PageNumber,
    include: Include,
) -> Result<(Vec<UserView>, i64), Error> {
    actor.require(Permission::ReadUsers)?;
    require_seen(tx, actor, account)?;
    let total = count_members(tx, actor, account, filter)?;
    let found = page_members(tx, actor, account, filter, order, page)?;
    Ok((users::views(tx, actor, found, include)?, total))
}

/// One member of an account.
///
/// # Errors
/// As [`list`].
pub fn get(tx: &Tx<'_>, actor: &Actor, account: i64, user: i64) -> Result<Member, Error> {
    actor.require(Permission::ReadUsers)?;
    actor.require_full_access()?;
    require_seen(tx, actor, account)?;
    find_account_member(tx, actor.tenant, account, user)?.ok_or(Error::NotFound)
}

/// Refuses who may not change the members of an account, before anything is said of them.
fn require_managed(tx: &Tx<'_>, actor: &Actor, account: i64) -> Result<(), Error> {
    actor.require(Permission::UpdateAccounts)?;
    require_seen(tx, actor, account)?;
    actor.require_in(Some(account), Permission::UpdateAccounts)?;
    actor.require_in_person()
}

/// Nobody makes an administrator who may do less than one.
fn require_may_raise(actor: &Actor, account: i64, admin: bool) -> Result<(), Error> {
    let held = actor.held().held_in(account);
    if admin && !held.includes(PermissionSet::ACCOUNT_ADMIN) {
        return Err(Error::Forbidden("nobody grants more than they hold"));
    }
    Ok(())
}

/// Makes a user a member of an account. The first account of a user is their primary one.
///
/// # Errors
/// [`Error::NotFound`] for an account that the actor does not see; [`Error::Forbidden`] without
/// `updateAccounts` there, as another, and for an administrator made by who may do less;
/// [`Error::Invalid`] for a user who is not there, or not the actor's to see, and for one who is a
/// member already.
pub fn add(
    tx: &Tx<'_>,
    actor: &Actor,
    account: i64,
    user: i64,
    new: MemberChange,
    mut violations: Violations,
) -> Result<Member, Error> {
    require_managed(tx, actor, account)?;
    let role = new.role.unwrap_or(AccountRole::Member);
    let admin = new.admin.unwrap_or(role == AccountRole::CustomerAdmin);
    require_may_raise(actor, account, admin)?;
    let found = find_user(tx, actor, &UserKey::Id(user), false)?;
    if found.is_none() && !violations.touches("user_id") {
        violations.field("user_id", Rule::MustExist);
    }
    let held = memberships_of(tx, actor.tenant, &[user])?;
    if found.is_some() && held.iter().any(|(_, own)| own.account_id == account) {
        violations.field("user_id", Rule::Taken);
    }
    Error::if_any(violations)?;
    let membership = Membership {
        account_id: account,
        account_name: String::new(),
        role,
        admin,
        primary: new.primary == Some(true) || held.is_empty(),
    };
    let mut statements = vec![put_member(actor.tenant, user, &membership, tx.now())];
    statements.extend(set_member(actor.tenant, user, &membership));
    let told = Change::new(users::shown_part(&membership));
    write(
        tx,
        actor,
        found,
        EventType::UserAddedToAccount,
        account,
        told,
        statements,
    )?;
    find_account_member(tx, actor.tenant, account, user)?.ok_or(Error::NotFound)
}

/// Changes a member's part in an account.
///
/// # Errors
/// As [`add`], but [`Error::NotFound`] for who is no member; [`Error::Conflict`] where the account
/// would be left without an administrator.
pub fn change(
    tx: &Tx<'_>,
    actor: &Actor,
    account: i64,
    user: i64,
    change: MemberChange,
    mut violations: Violations,
) -> Result<Member, Error> {
    require_managed(tx, actor, account)?;
    let before = part_of(tx, actor, account, user)?;
    let mut after = before.clone();
    after.role = change.role.unwrap_or(before.role);
    after.admin = change.admin.unwrap_or(before.admin);
    after.primary = change.primary.unwrap_or(before.primary);
    if before.primary && !after.primary && !violations.touches("primary") {
        violations.field("primary", Rule::Immutable);
    }
    require_may_raise(actor, account, after.admin && !before.admin)?;
    users::require_not_above_in(tx, actor, user, account)?;
    Error::if_any(violations)?;
    if before.admin && !after.admin {
        require_another_admin(tx, actor, account, user)?;
    }
    if after != before {
        let statements = set_member(actor.tenant, user, &after);
        let told = Change::between(users::shown_part(&before), users::shown_part(&after));
        let found = find_user(tx, actor, &UserKey::Id(user), false)?;
        let kind = EventType::UserAccountSettingsUpdated;
        write(tx, actor, found, kind, account, told, statements)?;
    }
    find_account_member(tx, actor.tenant, account, user)?.ok_or(Error::NotFound)
}

/// Takes a member out of an account, with the roles and permissions they have there. Where it was
/// their primary account, the next one becomes that.
///
/// # Errors
/// As [`change`]; [`Error::Conflict`] for an employer in the account of their customer as well.
pub fn remove(tx: &Tx<'_>, actor: &Actor, account: i64, user: i64) -> Result<(), Error> {
    require_managed(tx, actor, account)?;
    let before = part_of(tx, actor, account, user)?;
    users::require_not_above_in(tx, actor, user, account)?;
    leave(tx, actor, account, user, &before)
}

/// Takes a member out of the account that the actor acts in; who is a member of no other is
/// deleted.
///
/// # Errors
/// As [`remove`], but by `deleteUsers`; as [`users::delete`] for who is deleted.
pub fn withdraw(tx: &Tx<'_>, actor: &Actor, account: i64, key: &UserKey) -> Result<(), Error> {
    actor.require(Permission::DeleteUsers)?;
    actor.require_full_access()?;
    let found = find_user(tx, actor, key, false)?.ok_or(Error::NotFound)?;
    let user = found.user.id;
    let part = part_of(tx, actor, account, user)?;
    if memberships_of(tx, actor.tenant, &[user])?.len() == 1 {
        return users::delete(tx, actor, &UserKey::Id(user), None);
    }
    actor.require_in_person()?;
    users::require_not_above_in(tx, actor, user, account)?;
    leave(tx, actor, account, user, &part)
}

/// As [`remove`], of a member whom the actor may take out.
///
/// # Errors
/// [`Error::Conflict`] as for [`remove`].
pub(crate) fn leave(
    tx: &Tx<'_>,
    actor: &Actor,
    account: i64,
    user: i64,
    before: &Membership,
) -> Result<(), Error> {
    if before.admin {
        require_another_admin(tx, actor, account, user)?;
    }
    let found = find_user(tx, actor, &UserKey::Id(user), false)?;
    let employed = found.as_ref().is_some_and(|found| {
        found.user.kind == Some(UserKind::Employer) && found.user.customer_id == Some(account)
    });
    if employed {
        return Err(Error::Conflict("an employer is a member of their customer"));
    }
    let tenant = actor.tenant;
    let mut statements = vec![
        take_roles_in(tenant, user, Some(account)),
        put_permissions(tenant, user, Some(account), PermissionSet::NONE),
    ];
    if before.primary {
        let others = memberships_of(tx, tenant, &[user])?;
        let next = others.iter().find(|(_, own)| own.account_id != account);
        if let Some((_, next)) = next {
            let next = Membership {
                primary: true,
                ..next.clone()
            };
            statements.extend(set_member(tenant, user, &next));
        }
    }
    let told = Change::between(users::shown_part(before), serde_json::Map::new());
    let kind = EventType::UserRemovedFromAccount;
    let around = written(tx, actor, user, kind, account, told, statements)?;
    let end = vec![delete_member(tenant, user, account)];
    users::rewrite_around(tx, actor, with_accounts(found)?, end, around)
}

/// Refuses to leave an account without an administrator who may log in. Whoever else takes one away from it waits
/// until this transaction is over, and looks then.
///
/// # Errors
/// [`Error::Conflict`].
pub(crate) fn require_another_admin(
    tx: &Tx<'_>,
    actor: &Actor,
    account: i64,
    user: i64,
) -> Result<(), Error> {
    lock_account(tx, actor.tenant, account)?;
    // Read anew, under the lock.
    let counts = is_admin(tx, actor.tenant, account, user)?;
    if counts && !has_another_admin(tx, actor.tenant, account, user)? {
        return Err(Error::Conflict(
            "the account would be left without an administrator",
        ));
    }
    Ok(())
}

/// A user's part in an account.
///
/// # Errors
/// [`Error::NotFound`] for who is no member, or not the actor's to see.
pub(crate) fn part_of(
    tx: &Tx<'_>,
    actor: &Actor,
    account: i64,
    user: i64,
) -> Result<Membership, Error> {
    find_user(tx, actor, &UserKey::Id(user), false)?.ok_or(Error::NotFound)?;
    let held = memberships_of(tx, actor.tenant, &[user])?;
    let mut parts = held.into_iter().map(|(_, own)| own);
    parts
        .find(|own| own.account_id == account)
        .ok_or(Error::NotFound)
}

/// Writes what changes around a user, whose row shows that it did, and asks their rights anew.
fn write(
    tx: &Tx<'_>,
    actor: &Actor,
    found: Option<FoundUser>,
    kind: EventType,
    account: i64,
    told: Change,
    around: Vec<Statement<'static>>,
) -> Result<(), Error> {
    let found = with_accounts(found)?;
    let around = written(tx, actor, found.user.id, kind, account, told, around)?;
    users::rewrite_around(tx, actor, found, Vec::new(), around)
}

/// A user who is there, as one with accounts.
fn with_accounts(found: Option<FoundUser>) -> Result<FoundUser, Error> {
    let user = found.ok_or(Error::NotFound)?.user;
    let has = Include {
        accounts: true,
        ..Include::default()
    };
    Ok(FoundUser { user, has })
}

/// What is written around a user with the event that tells of it; their rights are asked anew.
fn written(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    kind: EventType,
    account: i64,
    told: Change,
    mut around: Vec<Statement<'static>>,
) -> Result<Vec<Statement<'static>>, Error> {
    around.extend(sessions::refreshed(tx, actor.tenant, user)?);
    let subject = Subject::new("user", user);
    around.push(event::record(
        tx,
        actor,
        kind,
        Some(account),
        subject,
        told,
    )?);
    Ok(around)
}
