//! Users: what may be done with them, and what it causes.

mod administered;
mod around;
mod change;
mod create;
mod credentials;
mod erase;
mod kept;
mod plan;
mod rules;
mod snapshot;
mod update;
mod view;

use jiff::SignedDuration;

pub(crate) use around::shown as shown_part;
pub use change::{
    AccountGrant, BadgeChange, Change, GroupGrant, InvitationRequest, RoleGrant, UserChange,
    longest,
};
pub use create::create;
pub(crate) use create::{claimed_by_forms, invite, plan as plan_creation};
pub(crate) use credentials::{check_change, require_not_above, require_not_above_in};
pub use credentials::{check_password, check_password_by};
pub use erase::erase;
pub(crate) use plan::{Plan, taken_of};
pub(crate) use rules::may_give;
pub(crate) use update::{
    answer, join_group, leave_group, plan as plan_update, rewrite_around, settle,
};
pub use update::{delete, restore, update};
pub use view::Include;
pub(crate) use view::view as view_of;
pub(crate) use view::views;

use crate::actor::{Actor, Principal};
use crate::error::Error;
use crate::model::UserView;
use crate::password::PasswordHash;
use crate::permission::Permission;
use crate::query::{Listed, PageNumber, Position, UserFilter, UserOrder, UserPage};
use crate::store::{
    FoundUser, Tx, count_users, find_user, list_user_page, list_users, password_of,
    replace_password,
};

pub use crate::store::UserKey;

/// How long an invitation holds.
pub const INVITATION_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 14);

/// One user.
///
/// # Errors
/// [`Error::NotFound`] for one that is not there, is deleted, or is not the actor's to see;
/// [`Error::Forbidden`] without `readUsers`.
pub fn get(tx: &Tx<'_>, actor: &Actor, key: &UserKey, include: Include) -> Result<UserView, Error> {
    actor.require(Permission::ReadUsers)?;
    let found = find_user(tx, actor, key, false)?.ok_or(Error::NotFound)?;
    view::view(tx, actor, found, include)
}

/// A user whom the actor sees: users see themselves wherever they act. What the actor may is not
/// asked.
///
/// # Errors
/// Storage errors.
pub(crate) fn find_seen(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
) -> Result<Option<FoundUser>, Error> {
    if let Principal::User(own) = actor.principal {
        let anyone = Actor::system(actor.tenant, "");
        let found = find_user(tx, &anyone, key, false)?;
        if let Some(found) = found.filter(|found| found.user.id == own) {
            return Ok(Some(found));
        }
    }
    find_user(tx, actor, key, false)
}

/// A page of users.
///
/// # Errors
/// [`Error::Forbidden`] without `readUsers`; [`Error::Invalid`] for a filter of too many values.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &UserFilter,
    page: &UserPage,
    include: Include,
) -> Result<Listed<UserView>, Error> {
    actor.require(Permission::ReadUsers)?;
    filter.check()?;
    let users = list_users(tx, actor, filter, page)?;
    let position = |found: &FoundUser| Position {
        time: match page.order {
            UserOrder::Id => jiff::Timestamp::UNIX_EPOCH,
            UserOrder::UpdatedAt => found.user.updated_at,
        },
        id: found.user.id,
    };
    let listed = Listed::cut(users, page.limit, position);
    Ok(Listed {
        rows: view::views(tx, actor, listed.rows, include)?,
        next: listed.next,
    })
}

/// A page of users by its number, in the order of their ids; past the end it is empty.
///
/// # Errors
/// As [`list`].
pub fn page(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &UserFilter,
    page: PageNumber,
    include: Include,
) -> Result<Vec<UserView>, Error> {
    actor.require(Permission::ReadUsers)?;
    filter.check()?;
    let users = list_user_page(tx, actor, filter, page)?;
    view::views(tx, actor, users, include)
}

/// How many users the actor sees.
///
/// # Errors
/// [`Error::Forbidden`] without `readUsers`.
pub fn count(tx: &Tx<'_>, actor: &Actor) -> Result<i64, Error> {
    actor.require(Permission::ReadUsers)?;
    count_users(tx, actor)
}

/// The hash of a user's password, for verifying one outside the transaction; none for
/// one that the actor may not see.
///
/// # Errors
/// Storage errors.
pub fn password_hash(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<Option<PasswordHash>, Error> {
    match find_user(tx, actor, &UserKey::Id(id), false)? {
        Some(found) => password_of(tx, actor.tenant, found.user.id),
        None => Ok(None),
    }
}

/// Puts a new hash of a user's password in the place of `old`, from which it was verified. The
/// password stays what it is, so nothing is told of it; one that was set since stays too.
///
/// # Errors
/// Storage errors.
pub fn renew_hash(
    tx: &Tx<'_>,
    actor: &Actor,
    id: i64,
    old: &PasswordHash,
    new: &PasswordHash,
) -> Result<(), Error> {
    let statement = replace_password(actor.tenant, id, old, new, tx.now());
    tx.execute(statement.sql, &statement.params).map(drop)
}
