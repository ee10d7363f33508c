//! What protects what lets a user in.

use secrecy::{ExposeSecret as _, SecretString};

use super::UserChange;
use super::administered::check_parts;
use super::view::Include;
use crate::access::access_of;
use crate::actor::{Actor, Visibility};
use crate::error::Error;
use crate::model::{Email, Membership, User};
use crate::password::{self, PasswordRule};
use crate::store::{Tx, memberships_of};
use crate::violation::Rule;

/// What is wrong with a password that a user is to have; a vendor's API has its vendor's rule
/// instead.
#[must_use]
pub fn check_password(password: &SecretString, user: &User) -> Option<Rule> {
    check_password_by(PasswordRule::Plain, password, user)
}

/// The same under a rule that is not our own, and no easier to guess.
#[must_use]
pub fn check_password_by(rule: PasswordRule, password: &SecretString, user: &User) -> Option<Rule> {
    if password.expose_secret().is_empty() {
        return Some(Rule::Blank);
    }
    if password.expose_secret().contains('\0') {
        return Some(Rule::BadFormat);
    }
    rule.check(password)
        .or_else(|| password::check_strength(password, &known_of(user)))
}

/// What an attacker knows of a user: no password.
fn known_of(user: &User) -> Vec<&str> {
    let names = [
        &user.first_name,
        &user.middle_name,
        &user.last_name,
        &user.name,
    ];
    let texts = names.into_iter().filter_map(|name| name.as_deref());
    let email = user.email.as_ref().map(Email::as_str);
    let phone = user.phone.as_ref().map(|phone| phone.as_str());
    texts.chain(email).chain(phone).collect()
}

/// Refuses who would become, shut out or impersonate somebody who may do more than they: nobody
/// gets more than they hold that way either.
///
/// # Errors
/// [`Error::Forbidden`].
pub(crate) fn require_not_above(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<(), Error> {
    let held = actor.held();
    if held.includes(&access_of(tx, actor.tenant, user)?) {
        Ok(())
    } else {
        Err(Error::Forbidden("the user may do more than the caller"))
    }
}

/// As [`require_not_above`], of what the user may do in one account.
///
/// # Errors
/// [`Error::Forbidden`].
pub(crate) fn require_not_above_in(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    account: i64,
) -> Result<(), Error> {
    let theirs = access_of(tx, actor.tenant, user)?.held_in(account);
    if actor.held().held_in(account).includes(theirs) {
        Ok(())
    } else {
        Err(Error::Forbidden("the user may do more than the caller"))
    }
}

/// As [`require_not_above`], of a user who stands as `has` says: most have no rights at all.
pub(super) fn require_not_above_one(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    has: Include,
) -> Result<(), Error> {
    if !has.accounts && !has.roles {
        return Ok(());
    }
    require_not_above(tx, actor, user)
}

/// Refuses a change of what lets a user in, or of whether it does, to who may not make it: as
/// another, to who may do more, and of one's own password without the old one.
///
/// # Errors
/// [`Error::Forbidden`].
pub(crate) fn check_change(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    change: &UserChange,
    has: Include,
) -> Result<(), Error> {
    let email = change.email.value().is_some_and(|new| {
        let own = before.email.as_ref();
        own.is_none_or(|own| own.key() != new.key())
    });
    let mut after = before.clone();
    change.apply_suspension(&mut after, tx.now());
    // Letting somebody in again is no less than shutting them out.
    let turns = before.suspended_at.is_some() != after.suspended_at.is_some();
    if change.password.is_none() && !email && !turns {
        return Ok(());
    }
    actor.require_in_person()?;
    if change.password.is_some() && actor.is_user(before.id) {
        return Err(Error::Forbidden(
            "one's own password is changed by naming the old one",
        ));
    }
    require_not_above_one(tx, actor, before.id, has)
}

/// Refuses to bring a user back to who may do less than they, or acts as another.
///
/// # Errors
/// [`Error::Forbidden`].
pub(super) fn check_return(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    has: Include,
) -> Result<(), Error> {
    actor.require_in_person()?;
    require_not_above_one(tx, actor, user, has)
}

/// Refuses to take a user away for good to who may do less than they, acts as another, or acts in
/// one account and would take them from another; and the last administrator of any account.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Conflict`].
pub(super) fn check_removal(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
    has: Include,
) -> Result<(), Error> {
    actor.require_in_person()?;
    require_not_above_one(tx, actor, user, has)?;
    if !has.accounts {
        return Ok(());
    }
    let held = memberships_of(tx, actor.tenant, &[user])?;
    let held: Vec<Membership> = held.into_iter().map(|(_, own)| own).collect();
    if let Visibility::Account(account) = actor.visibility
        && held.iter().any(|own| own.account_id != account)
    {
        return Err(Error::Forbidden("the user is a member of other accounts"));
    }
    check_parts(tx, actor, user, &held).map(drop)
}
