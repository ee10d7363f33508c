//! Changing, deleting and restoring a user.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::around::{self, employer_membership, join_accounts, join_groups, new_badge};
use super::change::{GroupGrant, UserChange};
use super::kept::Kept;
use super::plan::Plan;
use super::rules::Held;
use super::view::{self, Include};
use super::{UserKey, administered, credentials, rules};
use crate::actor::Actor;
use crate::error::{Error, Unavailable};
use crate::event::{self, EventType, Subject};
use crate::invitations::{self, Asked};
use crate::keys;
use crate::model::{Membership, User, UserBadge, UserKind, UserView};
use crate::password::PasswordRule;
use crate::permission::{Permission, PermissionSet};
use crate::sessions;
use crate::store::{
    Claim, FoundUser, Statement, Tx, badges_of, change_preferences, delete_claim, delete_member,
    delete_user_badge, end_passkey_link, find_user, insert_user_badge, look_again, memberships_of,
    put_member, put_password, put_permissions, set_members_gone, take_roles_in, update_user,
    update_user_badge,
};
use crate::violation::{Rule, Violations};

/// Changes a user; only what the change names. With `expected`, only from one of
/// those versions.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PreconditionFailed`], [`Error::Invalid`];
/// [`Error::Forbidden`] without `updateUsers` or with Public Pool access only.
pub fn update(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    expected: Option<&[i64]>,
    change: &UserChange,
    violations: Violations,
    include: Include,
) -> Result<UserView, Error> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    let before = find_user(tx, actor, key, false)?.ok_or(Error::NotFound)?;
    if expected.is_some_and(|versions| !versions.contains(&before.user.version)) {
        return Err(Error::PreconditionFailed);
    }
    credentials::check_change(tx, actor, &before.user, change, before.has)?;
    let found = match plan(tx, actor, &before.user, change, violations)? {
        Some(plan) => plan.write(tx, actor.tenant)?.and_has(before.has),
        None => before,
    };
    view::view(tx, actor, found, include)
}

/// Checks an update, which the actor may make, of a user as they were read, and says what is to
/// be written for it: nothing when it changes nothing.
///
/// # Errors
/// As [`update`], except for what is taken, which writing decides.
pub(crate) fn plan(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    change: &UserChange,
    violations: Violations,
) -> Result<Option<Plan>, Error> {
    let mut user = before.clone();
    change.apply(&mut user, tx.now());
    rules::check_grants(actor, change, &user)?;
    administered::check_lessened(tx, actor, before, &user, change)?;
    plan_of(tx, actor, before, user, change, violations)
}

/// Makes a change that nobody has to be asked for: of users themselves, or one that was found to
/// be allowed. `verify` says what they proved to be theirs, which no change can. It answers all
/// invitations of a pending user; who looked at what these ask says so by `checked`.
///
/// # Errors
/// As [`update`], but nothing is forbidden. [`Unavailable::Contention`] where an invitation was
/// sent meanwhile that asks more than was `checked`.
pub(crate) fn answer(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    change: &UserChange,
    checked: Option<Asked>,
    verify: impl FnOnce(&mut User),
) -> Result<User, Error> {
    let mut user = before.clone();
    change.apply(&mut user, tx.now());
    verify(&mut user);
    let plan = plan_of(tx, actor, before, user, change, Violations::new())?;
    let plan = plan.ok_or_else(|| Error::internal("an answer changes nothing"))?;
    let more = |(checked, asked): (Asked, Asked)| !checked.covers(asked);
    if checked.zip(plan.asked).is_some_and(more) {
        return Err(Unavailable::Contention.into());
    }
    Ok(plan.write(tx, actor.tenant)?.user)
}

/// Settles what a pending user was asked to verify, by a credential that they set behind a link to
/// their mailbox. Nothing is written, and none answered, for who is not pending, and for who is
/// invited to accept terms: those are yet to be accepted.
///
/// # Errors
/// As [`answer`].
pub(crate) fn settle(tx: &Tx<'_>, actor: &Actor, before: &User) -> Result<Option<User>, Error> {
    if before.pending_since.is_none() || invitations::asks_for_terms(tx, actor.tenant, before.id)? {
        return Ok(None);
    }
    let settled = |user: &mut User| {
        user.pending_since = None;
        user.email_verified_at = Some(tx.now());
    };
    // No password is set that could break a rule.
    let checked = Asked {
        terms: false,
        password_rule: PasswordRule::Composed,
    };
    let change = UserChange::default();
    answer(tx, actor, before, &change, Some(checked), settled).map(Some)
}

/// Makes a user a member of a group, as who calls this found that the actor may; `told` is the
/// group's event.
///
/// # Errors
/// As [`update`], but nothing is forbidden.
pub(crate) fn join_group(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    grant: GroupGrant,
    told: Statement<'static>,
) -> Result<(), Error> {
    let change = UserChange {
        groups: vec![grant],
        ..UserChange::default()
    };
    let none = Violations::new();
    let plan = plan_of(tx, actor, before, before.clone(), &change, none)?;
    // Another made them a member since who calls this looked: look again.
    let mut plan = plan.ok_or(Unavailable::Contention)?;
    plan.around.push(told);
    plan.write(tx, actor.tenant).map(drop)
}

/// Ends a user's part in a group by `end`, and writes what is told of it.
///
/// # Errors
/// [`Unavailable::Contention`] when another changed the user, or ended the part, since.
pub(crate) fn leave_group(
    tx: &Tx<'_>,
    actor: &Actor,
    found: FoundUser,
    end: Statement<'static>,
    told: Statement<'static>,
) -> Result<(), Error> {
    let (kind, nothing) = (EventType::UserUpdated, event::Change::default());
    let subject = Subject::new("user", found.user.id);
    let event = event::record(tx, actor, kind, actor.account, subject, nothing)?;
    rewrite_around(tx, actor, found, vec![end], vec![told, event])
}

/// Ends what stands around a user by `ends`, each of which must touch a row, and writes the rest;
/// the user's version moves with it.
///
/// # Errors
/// [`Unavailable::Contention`] when another changed the user, or was faster with an end.
pub(crate) fn rewrite_around(
    tx: &Tx<'_>,
    actor: &Actor,
    found: FoundUser,
    ends: Vec<Statement<'static>>,
    around: Vec<Statement<'static>>,
) -> Result<(), Error> {
    let FoundUser { user: before, has } = found;
    let mut user = before.clone();
    touch(tx, actor, &mut user);
    // No claim comes or goes.
    let claims = (Held::default(), Held::default());
    let plan = rewrite(actor, before.version, user, claims, around, has)?;
    Plan { ends, ..plan }.write(tx, actor.tenant).map(drop)
}

/// What is to be written so that a user becomes as `user`, which `change` led to.
fn plan_of(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    mut user: User,
    change: &UserChange,
    mut violations: Violations,
) -> Result<Option<Plan>, Error> {
    rules::check_values(change, &user, false, &mut violations);
    if before.kind.is_some() && user.kind != before.kind {
        violations.field("kind", Rule::Immutable);
    }
    rules::check_references(tx, actor, change, &user, &mut violations)?;
    let held: Vec<UserBadge> = if change.badges.is_empty() {
        Vec::new()
    } else {
        badges_of(tx, actor.tenant, &[user.id])?
            .into_iter()
            .map(|(_, badge)| badge)
            .collect()
    };
    rules::check_badges(tx, actor, change, &held, &mut violations)?;
    let kept = Kept::changed(tx, actor, before, &user, &change.records, &mut violations)?;
    let claims = (kept.held_before(before), kept.held(&user, &mut violations));
    if !violations.is_empty() {
        rules::add_taken(tx, actor, &user, &claims.1, &mut violations)?;
        return Err(Error::Invalid(violations));
    }
    let unseated = administered::check_update(tx, actor, before, &user, change)?;
    let mut around = change_around(tx, actor, before, &user, change)?;
    around.extend(kept.statements(actor.tenant, user.id)?);
    let mut groups = change.groups.clone();
    let (mut ends, mut asked) = (Vec::new(), None);
    if change.password.is_some() {
        user.pending_since = None;
    }
    if before.pending_since.is_some() && user.pending_since.is_none() {
        let answered = invitations::answered(tx, actor, user.id)?;
        around.extend(answered.told);
        groups.extend(answered.groups);
        (ends, asked) = (answered.ends, Some(answered.asked));
    }
    around.extend(join_groups(tx, actor, &user, &groups)?);
    around.extend(sessions_after(tx, actor, before, &user, change)?);
    around.extend(keys::after(tx, actor.tenant, before, &user));
    if ends_links(before, &user) {
        around.push(end_passkey_link(actor.tenant, user.id));
    }
    let parts = !around.is_empty();
    if user == *before && !parts {
        return Ok(None);
    }
    let what = event::Change::between(kept.snapshot_before(before), kept.snapshot_after(&user));
    touch(tx, actor, &mut user);
    let mut record = |kind, what| {
        let subject = Subject::new("user", user.id);
        event::record(tx, actor, kind, actor.account, subject, what).map(|new| around.push(new))
    };
    if change.password.is_some() {
        record(EventType::UserPasswordChanged, event::Change::default())?;
    }
    record(EventType::UserUpdated, what)?;
    let gains = Include {
        accounts: !change.accounts.is_empty() || user.customer_id.is_some(),
        groups: !groups.is_empty(),
        badges: !change.badges.is_empty(),
        roles: !change.roles.is_empty(),
        preferences: change.preferences.is_some(),
        records: !change.records.is_empty(),
    };
    let plan = rewrite(actor, before.version, user, claims, around, gains)?;
    Ok(Some(Plan {
        ends,
        asked,
        unseated,
        ..plan
    }))
}

/// What a change means for the sessions of its user: a new password ends all but the one it was
/// set in, a suspension all; where other rights or another email come of it, they are asked anew.
fn sessions_after(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    user: &User,
    change: &UserChange,
) -> Result<Vec<Statement<'static>>, Error> {
    let suspended = before.suspended_at.is_none() && user.suspended_at.is_some();
    if suspended || change.password.is_some() {
        let own = actor.session.filter(|_| !suspended);
        return sessions::ended(tx, actor.tenant, user.id, own);
    }
    let rights = !change.accounts.is_empty() || administered::moves(before, user);
    if rights || before.email != user.email {
        let refreshed = sessions::refreshed(tx, actor.tenant, user.id)?;
        return Ok(refreshed.into_iter().collect());
    }
    Ok(Vec::new())
}

/// Whether a mailed link ends by a change of its user: it stays ended when the change is undone.
fn ends_links(before: &User, user: &User) -> bool {
    let suspended = before.suspended_at.is_none() && user.suspended_at.is_some();
    let address = |user: &User| user.email.as_ref().map(|email| email.key().to_owned());
    suspended || address(before) != address(user)
}

/// Marks a user as changed now, by this actor.
pub(super) fn touch(tx: &Tx<'_>, actor: &Actor, user: &mut User) {
    user.version += 1;
    user.updated_at = tx.now();
    user.updated_by = actor.email.clone();
}

/// A changed user whose stored version is `from`, with the claims that the change gives up and
/// makes: what they held before, and what they hold now.
pub(super) fn rewrite(
    actor: &Actor,
    from: i64,
    user: User,
    (before, now): (Held, Held),
    around: Vec<Statement<'static>>,
    has: Include,
) -> Result<Plan, Error> {
    let freed: BTreeSet<Claim> = before.claims.difference(&now.claims).cloned().collect();
    let mut rows = vec![update_user(actor.tenant, &user, from, has)?];
    rows.extend(
        freed
            .iter()
            .map(|lost| delete_claim(actor.tenant, lost, user.id)),
    );
    Ok(Plan {
        rows,
        freed,
        gained: now.claims.difference(&before.claims).cloned().collect(),
        paths: now.paths,
        ends: Vec::new(),
        asked: None,
        unseated: BTreeSet::new(),
        around,
        has,
        user,
    })
}

/// What an update changes around the user's own row.
fn change_around(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    user: &User,
    change: &UserChange,
) -> Result<Vec<Statement<'static>>, Error> {
    let tenant = actor.tenant;
    let mut statements = Vec::new();
    if let Some(hash) = &change.password {
        statements.push(put_password(tenant, user.id, hash, tx.now(), None));
    }
    statements.extend(change_employer(tx, actor, before, user)?);
    if user.kind == Some(UserKind::Worker) {
        for badge in &change.badges {
            statements.push(match (badge.id, badge.destroy, badge.badge_id) {
                (Some(id), true, _) => delete_user_badge(tenant, user.id, id),
                (Some(id), false, Some(to)) => update_user_badge(tenant, user.id, id, to),
                (None, false, Some(to)) => insert_user_badge(tenant, user.id, &new_badge(tx, to)?),
                (None, _, _) | (Some(_), false, None) => continue,
            });
        }
    }
    if let Some(preferences) = &change.preferences {
        statements.extend(change_preferences(tx, tenant, user.id, preferences)?);
    }
    if before.timezone != user.timezone {
        // Digests are due by the clock where the user is.
        statements.push(look_again(tenant, user.id, tx.now()));
    }
    statements.extend(join_accounts(tx, actor, user, change)?);
    Ok(statements)
}

/// Takes an employer out of the account of a customer whom they leave, and makes them a member of
/// the one whom they work for, with the events of both.
fn change_employer(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    user: &User,
) -> Result<Vec<Statement<'static>>, Error> {
    let (tenant, mut statements) = (actor.tenant, Vec::new());
    if !administered::moves(before, user) {
        return Ok(statements);
    }
    let held = memberships_of(tx, tenant, &[user.id])?;
    let held: Vec<Membership> = held.into_iter().map(|(_, own)| own).collect();
    let stored = |account: i64| held.iter().find(|own| own.account_id == account);
    if let Some(left) = administered::left(before, user) {
        statements.push(delete_member(tenant, user.id, left));
        statements.push(take_roles_in(tenant, user.id, Some(left)));
        let none = PermissionSet::NONE;
        statements.push(put_permissions(tenant, user.id, Some(left), none));
        if let Some(own) = stored(left) {
            statements.push(around::left_account(tx, actor, user.id, own)?);
        }
    }
    if let Some(mut membership) = employer_membership(user) {
        membership.primary = !held
            .iter()
            .any(|own| own.primary && Some(own.account_id) != before.customer_id);
        statements.push(put_member(tenant, user.id, &membership, tx.now()));
        if stored(membership.account_id).is_none() {
            statements.push(around::joined_account(tx, actor, user.id, &membership)?);
        }
    }
    Ok(statements)
}

/// Deletes a user: from then on they are not found, and their email is free. The number
/// is never given again.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PreconditionFailed`]; [`Error::Forbidden`] without
/// `deleteUsers` or with Public Pool access only.
pub fn delete(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    expected: Option<&[i64]>,
) -> Result<(), Error> {
    actor.require(Permission::DeleteUsers)?;
    actor.require_full_access()?;
    let before = find_user(tx, actor, key, false)?.ok_or(Error::NotFound)?;
    if expected.is_some_and(|versions| !versions.contains(&before.user.version)) {
        return Err(Error::PreconditionFailed);
    }
    credentials::check_removal(tx, actor, before.user.id, before.has)?;
    let deleted_at = Some(tx.now());
    set_deleted(tx, actor, before, deleted_at, EventType::UserDeleted).map(drop)
}

/// Brings a deleted user back.
///
/// # Errors
/// [`Error::NotFound`] for one that is not deleted; [`Error::Invalid`] when the email, or
/// what else is unique, is another's by now; [`Error::Forbidden`] as for [`delete`].
pub fn restore(tx: &Tx<'_>, actor: &Actor, id: i64, include: Include) -> Result<UserView, Error> {
    actor.require(Permission::DeleteUsers)?;
    actor.require_full_access()?;
    let before = find_user(tx, actor, &UserKey::Id(id), true)?.ok_or(Error::NotFound)?;
    credentials::check_return(tx, actor, before.user.id, before.has)?;
    let found = set_deleted(tx, actor, before, None, EventType::UserUpdated)?;
    view::view(tx, actor, found, include)
}

fn set_deleted(
    tx: &Tx<'_>,
    actor: &Actor,
    found: FoundUser,
    deleted_at: Option<Timestamp>,
    kind: EventType,
) -> Result<FoundUser, Error> {
    let FoundUser { user: before, has } = found;
    let mut user = before.clone();
    user.deleted_at = deleted_at;
    touch(tx, actor, &mut user);
    let time = |user: &User| user.deleted_at.map(|at| at.to_string()).into();
    let mut change = event::Change::of(&[("deleted_at", time(&user))]);
    change.old.insert("deleted_at".to_owned(), time(&before));
    let subject = Subject::new("user", user.id);
    let kept = Kept::stored(tx, actor, &before, has.records)?;
    let mut around = vec![event::record(
        tx,
        actor,
        kind,
        actor.account,
        subject,
        change,
    )?];
    if deleted_at.is_some() {
        around.extend(sessions::ended(tx, actor.tenant, user.id, None)?);
        around.push(end_passkey_link(actor.tenant, user.id));
    }
    around.extend(keys::after(tx, actor.tenant, &before, &user));
    if has.groups {
        around.push(set_members_gone(actor.tenant, user.id, user.deleted_at));
    }
    if user.deleted_at.is_none() {
        // What lists are filtered by may be other properties by now.
        around.extend(kept.found_by(actor.tenant, user.id));
    }
    let claims = (kept.held_before(&before), kept.held_before(&user));
    rewrite(actor, before.version, user, claims, around, has)?.write(tx, actor.tenant)
}
