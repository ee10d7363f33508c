//! Forgetting a user.

use super::Include;
use super::credentials::check_removal;
use super::kept::Kept;
use super::rules::Held;
use super::update::{rewrite, touch};
use crate::actor::Actor;
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::keys;
use crate::model::User;
use crate::permission::Permission;
use crate::sessions;
use crate::store::{Tx, UserKey, erase_around, erase_changes, find_user};

/// Takes away, for good, all that is known of a user, deleted or not: their fields, password,
/// memberships and preferences, and what events tell of their fields. That there was a user with
/// this number, and what happened when and by whom, stays. Answers kept under idempotency keys
/// end by themselves within a day.
///
/// # Errors
/// [`Error::NotFound`], also for one that is erased; [`Error::Forbidden`] without `deleteUsers`
/// or with Public Pool access only.
pub fn erase(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<(), Error> {
    actor.require(Permission::DeleteUsers)?;
    actor.require_full_access()?;
    let key = UserKey::Id(id);
    let found = match find_user(tx, actor, &key, false)? {
        Some(found) => Some(found),
        None => find_user(tx, actor, &key, true)?,
    };
    let found = found.ok_or(Error::NotFound)?;
    check_removal(tx, actor, found.user.id, found.has)?;
    let kept = Kept::stored(tx, actor, &found.user, found.has.records)?;
    let before = found.user;
    let mut user = User::blank(before.id, before.uid.clone(), before.created_at);
    user.version = before.version;
    user.deleted_at = before.deleted_at.or_else(|| Some(tx.now()));
    touch(tx, actor, &mut user);
    let subject = Subject::new("user", id);
    let mut around = sessions::ended(tx, actor.tenant, id, None)?;
    around.extend(erase_around(actor.tenant, id, tx.now()));
    around.push(erase_changes(actor.tenant, "user", id.to_string()));
    around.extend(keys::after(tx, actor.tenant, &before, &user));
    let (kind, nothing) = (EventType::UserErased, Change::default());
    around.push(event::record(
        tx,
        actor,
        kind,
        actor.account,
        subject,
        nothing,
    )?);
    let claims = (kept.held_before(&before), Held::default());
    let nothing = Include::default();
    rewrite(actor, before.version, user, claims, around, nothing)?.write(tx, actor.tenant)?;
    Ok(())
}
