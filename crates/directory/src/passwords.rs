//! Passwords that are set by those who are logged in: one's own, and those of others.

use crate::actor::Actor;
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::password::PasswordHash;
use crate::permission::Permission;
use crate::store::{Tx, UserKey, delete_reset, find_user, password_due, standing_password};
use crate::users::{self, UserChange};

/// Sets one's own password, in the place of one that was verified: other sessions end.
///
/// # Errors
/// [`Error::Forbidden`] for anybody else, and as another; [`Error::Unauthenticated`] when the
/// password is another than the verified one by now.
pub(crate) fn replace(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    verified: &PasswordHash,
    new: &PasswordHash,
) -> Result<(), Error> {
    require_own(actor, user)?;
    let found = users::find_seen(tx, actor, &UserKey::Id(user))?;
    let before = found.ok_or(Error::Unauthenticated)?.user;
    let stored = standing_password(tx, actor.tenant, user)?;
    if stored.is_none_or(|(stored, _)| stored.expose() != verified.expose()) {
        return Err(Error::Unauthenticated);
    }
    let change = UserChange {
        password: Some(new.clone()),
        ..UserChange::default()
    };
    tx.batch(&[delete_reset(actor.tenant, user)])?;
    users::answer(tx, actor, &before, &change, None, |_| {}).map(drop)
}

/// Refuses anybody but the user themselves.
///
/// # Errors
/// [`Error::Forbidden`].
pub fn require_own(actor: &Actor, user: i64) -> Result<(), Error> {
    actor.require_in_person()?;
    if actor.is_user(user) {
        Ok(())
    } else {
        Err(Error::Forbidden("the password is somebody else's"))
    }
}

/// Refuses who may not set the password of somebody else.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `updateUsers`, as another, for oneself, and
/// for a user who may do more than the actor.
pub fn require_may_force(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<(), Error> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    actor.require_in_person()?;
    find_user(tx, actor, &UserKey::Id(user), false)?.ok_or(Error::NotFound)?;
    if actor.is_user(user) {
        return Err(Error::Forbidden(
            "one's own password is changed by naming the old one",
        ));
    }
    users::require_not_above(tx, actor, user)
}

/// Sets the password of somebody else: their sessions end. With `change_due` it lets them in only
/// once they have chosen another.
///
/// # Errors
/// As [`require_may_force`].
pub fn force(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    new: &PasswordHash,
    change_due: bool,
) -> Result<(), Error> {
    require_may_force(tx, actor, user)?;
    let found = find_user(tx, actor, &UserKey::Id(user), false)?;
    let before = found.ok_or(Error::NotFound)?.user;
    let change = UserChange {
        password: Some(new.clone()),
        ..UserChange::default()
    };
    tx.batch(&[delete_reset(actor.tenant, user)])?;
    users::answer(tx, actor, &before, &change, None, |_| {})?;
    let told = Change::of(&[("change_due", change_due.into())]);
    let (kind, subject) = (EventType::AdminForceSetPassword, Subject::new("user", user));
    let mut statements = vec![event::record(
        tx,
        actor,
        kind,
        actor.account,
        subject,
        told,
    )?];
    if change_due {
        statements.push(password_due(actor.tenant, user, tx.now()));
    }
    tx.batch(&statements)?;
    Ok(())
}
