//! What an update means for the accounts that its user has part in: who may take such a part, and
//! that each account keeps an administrator.

use std::collections::BTreeSet;

use super::around::employer_membership;
use super::change::UserChange;
use super::credentials::require_not_above_in;
use crate::actor::Actor;
use crate::error::Error;
use crate::members::require_another_admin;
use crate::model::{Membership, User};
use crate::store::{Tx, memberships_of};

/// Whether an update changes for whom a user works, or as what.
pub(super) fn moves(before: &User, user: &User) -> bool {
    (before.customer_id, before.employer_role) != (user.customer_id, user.employer_role)
}

/// The customer whom an employer leaves with an update.
pub(super) fn left(before: &User, user: &User) -> Option<i64> {
    before
        .customer_id
        .filter(|left| Some(*left) != user.customer_id)
}

/// The stored parts in accounts that an update ends, or in which its user stops administering.
fn lessened(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    user: &User,
    change: &UserChange,
) -> Result<Vec<Membership>, Error> {
    let moves = moves(before, user);
    if !moves && change.accounts.is_empty() {
        return Ok(Vec::new());
    }
    let employed = employer_membership(user).filter(|_| moves);
    let employed = employed.map(|part| (part.account_id, part.admin));
    let granted = change.accounts.iter();
    let granted = granted.map(|grant| (grant.account_id, grant.admin));
    let named: Vec<(i64, bool)> = employed.into_iter().chain(granted).collect();
    let held = memberships_of(tx, actor.tenant, &[user.id])?.into_iter();
    let lessened = held.map(|(_, own)| own).filter(|own| {
        let ends = left(before, user) == Some(own.account_id);
        ends || own.admin && named.contains(&(own.account_id, false))
    });
    Ok(lessened.collect())
}

/// Refuses to take a part in an account from a user, or less of it, to who acts as another or may
/// do less there than they; and to move an employer to or from an account to who acts in another.
///
/// # Errors
/// [`Error::Forbidden`].
pub(super) fn check_lessened(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    user: &User,
    change: &UserChange,
) -> Result<(), Error> {
    let elsewhere = |customer: i64| actor.account.is_some_and(|own| own != customer);
    let mut customers = before.customer_id.into_iter().chain(user.customer_id);
    if moves(before, user) && customers.any(elsewhere) {
        return Err(Error::Forbidden(
            "the credential is bound to another account",
        ));
    }
    for own in lessened(tx, actor, before, user, change)? {
        actor.require_in_person()?;
        require_not_above_in(tx, actor, user.id, own.account_id)?;
    }
    Ok(())
}

/// Refuses an update that leaves an account without an administrator who may log in. Answers the
/// accounts that lose one by it.
///
/// # Errors
/// [`Error::Conflict`].
pub(super) fn check_update(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    user: &User,
    change: &UserChange,
) -> Result<BTreeSet<i64>, Error> {
    let suspended = before.suspended_at.is_none() && user.suspended_at.is_some();
    let parts = if suspended {
        let held = memberships_of(tx, actor.tenant, &[user.id])?;
        held.into_iter().map(|(_, own)| own).collect()
    } else {
        lessened(tx, actor, before, user, change)?
    };
    check_parts(tx, actor, user.id, &parts)
}

/// Refuses to shut a user out, or take them away, as the last administrator of any account: of
/// that account, another is to be named first, whoever asks.
///
/// # Errors
/// [`Error::Conflict`].
pub(super) fn check_parts(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    parts: &[Membership],
) -> Result<BTreeSet<i64>, Error> {
    let parts = parts.iter().filter(|own| own.admin);
    // In one order for all, so that two who look at once do not wait for each other.
    let accounts: BTreeSet<i64> = parts.map(|own| own.account_id).collect();
    for account in &accounts {
        require_another_admin(tx, actor, *account, user)?;
    }
    Ok(accounts)
}
