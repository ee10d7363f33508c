//! What becomes of passkeys once they are registered.

use super::register::check_name;
use super::{MAX_PASSKEYS, Passkey};
use crate::actor::Actor;
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::model::User;
use crate::permission::Permission;
use crate::query::{Listed, Position};
use crate::sessions;
use crate::store::{
    Tx, UserKey, delete_passkey, find_passkey, list_passkeys, password_of, rename_passkey,
    update_attributes,
};
use crate::users;
use crate::violation::Violations;

/// The user whose passkeys the actor may see: themselves, or one whom they see.
fn seen(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<User, Error> {
    if !actor.is_user(user) {
        actor.require(Permission::ReadUsers)?;
        actor.require_full_access()?;
    }
    let found = users::find_seen(tx, actor, &UserKey::Id(user))?;
    Ok(found.ok_or(Error::NotFound)?.user)
}

/// The user whose passkeys the actor may change: themselves, or one who may do no more than they.
fn changed(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<User, Error> {
    actor.require_in_person()?;
    let own = actor.is_user(user);
    if !own {
        actor.require(Permission::UpdateUsers)?;
    }
    let found = seen(tx, actor, user)?;
    if !own {
        users::require_not_above(tx, actor, user)?;
    }
    Ok(found)
}

fn find(tx: &Tx<'_>, actor: &Actor, user: i64, id: i64) -> Result<Passkey, Error> {
    find_passkey(tx, actor.tenant, user, id)?.ok_or(Error::NotFound)
}

/// The passkeys of a user, by number. That they were listed is told.
///
/// # Errors
/// [`Error::NotFound`] for a user whom the actor may not see; [`Error::Forbidden`] for any but
/// their own without `readUsers`.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<Passkey>, Error> {
    let user = seen(tx, actor, user)?;
    let rows = list_passkeys(tx, actor.tenant, user.id, after.unwrap_or(0), limit)?;
    let (kind, subject) = (EventType::PasskeyListViewed, Subject::new("user", user.id));
    let nothing = Change::default();
    tx.batch(&[event::record(
        tx,
        actor,
        kind,
        actor.account,
        subject,
        nothing,
    )?])?;
    Ok(Listed::cut(rows, limit, |row| Position::of_id(row.id)))
}

/// One passkey of a user.
///
/// # Errors
/// As [`list`].
pub fn get(tx: &Tx<'_>, actor: &Actor, user: i64, id: i64) -> Result<Passkey, Error> {
    let user = seen(tx, actor, user)?;
    find(tx, actor, user.id, id)
}

/// Gives a passkey another name; none keeps it.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] as another, for any but one's own without
/// `updateUsers`, and for a user who may do more than the actor; [`Error::PreconditionFailed`] for
/// a version that is not among `expected`; [`Error::Invalid`].
pub fn rename(
    tx: &Tx<'_>,
    actor: &Actor,
    (user, id): (i64, i64),
    name: Option<&str>,
    expected: Option<&[i64]>,
    mut violations: Violations,
) -> Result<Passkey, Error> {
    let user = changed(tx, actor, user)?;
    let before = find(tx, actor, user.id, id)?;
    if expected.is_some_and(|versions| !versions.contains(&before.version)) {
        return Err(Error::PreconditionFailed);
    }
    let name = name.unwrap_or(&before.name).trim();
    check_name(name, &mut violations);
    Error::if_any(violations)?;
    if name == before.name {
        return Ok(before);
    }
    let after = Passkey {
        name: name.to_owned(),
        updated_at: tx.now(),
        version: before.version + 1,
        ..before.clone()
    };
    let (kind, subject) = (EventType::PasskeyRenamed, Subject::new("user", user.id));
    let named = |each: &Passkey| [("name", each.name.clone().into())];
    let mut change = Change::of(&named(&after));
    change.old = Change::of(&named(&before)).new;
    change.new.insert("passkey_id".to_owned(), id.into());
    let written = tx.batch(&[
        rename_passkey(actor.tenant, &after, before.version),
        event::record(tx, actor, kind, actor.account, subject, change)?,
    ])?;
    if written.first() != Some(&1) {
        return Err(Unavailable::Contention.into());
    }
    Ok(after)
}

/// Deletes a passkey, and ends the sessions of its user but the one that this is done in. The user's
/// row is written with it, so that of two deletions at the same time one comes first.
///
/// # Errors
/// As [`rename`]; [`Error::Conflict`] for one's own last passkey without a password.
pub fn delete(
    tx: &Tx<'_>,
    actor: &Actor,
    (user, id): (i64, i64),
    expected: Option<&[i64]>,
) -> Result<(), Error> {
    let before = changed(tx, actor, user)?;
    let (tenant, passkey) = (actor.tenant, find(tx, actor, user, id)?);
    if expected.is_some_and(|versions| !versions.contains(&passkey.version)) {
        return Err(Error::PreconditionFailed);
    }
    let own = actor.is_user(user);
    if own
        && list_passkeys(tx, tenant, user, 0, MAX_PASSKEYS)?.len() == 1
        && password_of(tx, tenant, user)?.is_none()
    {
        return Err(Error::Conflict(
            "the last passkey of a user who has no password stays",
        ));
    }
    let mut after = before.clone();
    after.version += 1;
    let (kind, subject) = (EventType::PasskeyDeleted, Subject::new("user", user));
    let fields = [
        ("passkey_id", id.into()),
        ("name", passkey.name.clone().into()),
    ];
    let change = Change {
        old: Change::of(&fields).new,
        ..Change::default()
    };
    let mut statements = vec![
        update_attributes(tenant, &after, before.version)?,
        delete_passkey(tenant, id, passkey.version),
        event::record(tx, actor, kind, actor.account, subject, change)?,
    ];
    statements.extend(sessions::ended(tx, tenant, user, actor.session)?);
    let written = tx.batch(&statements)?;
    if written.first() != Some(&1) || written.get(1) != Some(&1) {
        return Err(Unavailable::Contention.into());
    }
    Ok(())
}
