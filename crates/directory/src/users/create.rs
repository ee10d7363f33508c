//! Making a user.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::around::{employer_membership, joined_account, new_badge, plain_membership};
use super::change::{InvitationRequest, UserChange};
use super::kept::Kept;
use super::plan::Plan;
use super::view::{self, Include};
use super::{INVITATION_LIFETIME, rules};
use crate::actor::Actor;
use crate::clock::uuid_v7;
use crate::error::Error;
use crate::event::{self, EventType, Subject};
use crate::grants;
use crate::invitations;
use crate::model::{
    AccountRole, GroupPermission, Invitation, InvitationKind, Membership, User, UserKind, UserView,
};
use crate::permission::Permission;
use crate::store::{
    Claim, IdKind, Statement, Tx, find_role, grant_role, insert_invitation, insert_preferences,
    insert_user, insert_user_badge, put_group_member, put_member, put_password,
};
use crate::violation::{Path, Violations};

/// Makes a user. `violations` are what the dialect found wrong with the request already: a
/// request with any is refused with all, what is taken included.
///
/// # Errors
/// [`Error::Forbidden`] without `createUsers`, with Public Pool access only unless the user is
/// invited, or when the change grants what the actor does not hold; [`Error::Invalid`].
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    change: &UserChange,
    violations: Violations,
    include: Include,
) -> Result<UserView, Error> {
    let found = plan(tx, actor, change, violations)?.write(tx, actor.tenant)?;
    view::view(tx, actor, found, include)
}

/// Checks a creation, and says what is to be written for it.
///
/// # Errors
/// As [`create`], except for what is taken, which writing decides.
pub(crate) fn plan(
    tx: &Tx<'_>,
    actor: &Actor,
    change: &UserChange,
    mut violations: Violations,
) -> Result<Plan, Error> {
    actor.require(Permission::CreateUsers)?;
    let invited = |request: &InvitationRequest| request.kind == InvitationKind::Invite;
    if !change.invitation.as_ref().is_some_and(invited) {
        // Inviting is open to Public Pool access, making is not (seed 001).
        actor.require_full_access()?;
    }
    let uid = uuid_v7(tx.now(), tx.random());
    let mut user = User::blank(tx.new_id(IdKind::User)?, uid, tx.now());
    user.created_by = actor.email.clone();
    user.updated_by = actor.email.clone();
    change.apply(&mut user, tx.now());
    if change.invitation.is_some() && change.password.is_none() {
        user.pending_since = Some(tx.now());
    }
    rules::check_grants(actor, change, &user)?;
    rules::check_values(change, &user, true, &mut violations);
    rules::check_references(tx, actor, change, &user, &mut violations)?;
    rules::check_badges(tx, actor, change, &[], &mut violations)?;
    let kept = Kept::new(tx, actor, &user, &change.records, &mut violations)?;
    let held = kept.held(&user, &mut violations);
    if !violations.is_empty() {
        rules::add_taken(tx, actor, &user, &held, &mut violations)?;
        return Err(Error::Invalid(violations));
    }
    let mut around = kept.statements(actor.tenant, user.id)?;
    let memberships = memberships_of_new(actor, change, &user);
    let put = |own| put_member(actor.tenant, user.id, own, tx.now());
    around.extend(memberships.iter().map(put));
    add_grants(tx, actor, change, &user, &mut around)?;
    add_new_badges(tx, actor, change, &user, &mut around)?;
    around.extend(created_events(
        tx,
        actor,
        change,
        &user,
        &kept,
        &memberships,
    )?);
    let has = Include {
        accounts: !memberships.is_empty(),
        groups: !change.groups.is_empty(),
        badges: !change.badges.is_empty(),
        roles: !change.roles.is_empty(),
        preferences: change.preferences.is_some(),
        records: !change.records.is_empty(),
    };
    Ok(Plan {
        rows: vec![insert_user(actor.tenant, &user, has)?],
        freed: BTreeSet::new(),
        gained: held.claims,
        paths: held.paths,
        ends: Vec::new(),
        asked: None,
        unseated: BTreeSet::new(),
        around,
        has,
        user,
    })
}

/// What forms would make a new user claim beside their email, each with where it stands in the
/// request, whoever has it and whoever's the email is.
///
/// # Errors
/// [`Error::Invalid`] with what is wrong with the change itself; storage errors.
pub(crate) fn claimed_by_forms(
    tx: &Tx<'_>,
    actor: &Actor,
    change: &UserChange,
) -> Result<BTreeMap<Claim, Path>, Error> {
    let mut user = User::blank(0, String::new(), tx.now());
    change.apply(&mut user, tx.now());
    let mut violations = Violations::new();
    rules::check_values(change, &user, true, &mut violations);
    let kept = Kept::new(tx, actor, &user, &change.records, &mut violations)?;
    let held = kept.held(&user, &mut violations);
    Error::if_any(violations)?;
    Ok(held.paths)
}

/// Memberships of a new user: those asked for, the one of an employer's customer, and the
/// one of the account that the key is bound to. The first is primary unless another says so.
fn memberships_of_new(actor: &Actor, change: &UserChange, user: &User) -> Vec<Membership> {
    let mut memberships: Vec<Membership> = Vec::new();
    for grant in &change.accounts {
        add_membership(
            &mut memberships,
            Membership {
                account_id: grant.account_id,
                account_name: String::new(),
                role: grant.role,
                admin: grant.admin,
                primary: grant.primary,
            },
        );
    }
    if let Some(membership) = employer_membership(user) {
        add_membership(&mut memberships, membership);
    }
    if let Some(account) = actor.account {
        add_membership(
            &mut memberships,
            plain_membership(account, AccountRole::Member),
        );
    }
    if !memberships.iter().any(|each| each.primary)
        && let Some(first) = memberships.first_mut()
    {
        first.primary = true;
    }
    memberships
}

fn add_membership(memberships: &mut Vec<Membership>, mut new: Membership) {
    new.primary &= !memberships.iter().any(|each| each.primary);
    if !memberships
        .iter()
        .any(|each| each.account_id == new.account_id)
    {
        memberships.push(new);
    }
}

/// Password, groups or invitations to them, roles and preferences of a new user.
fn add_grants(
    tx: &Tx<'_>,
    actor: &Actor,
    change: &UserChange,
    user: &User,
    statements: &mut Vec<Statement<'static>>,
) -> Result<(), Error> {
    let tenant = actor.tenant;
    if let Some(hash) = &change.password {
        statements.push(put_password(tenant, user.id, hash, tx.now(), None));
    }
    if user.pending_since.is_some() {
        add_invitations(tx, actor, change, user, statements)?;
    } else {
        for grant in &change.groups {
            let id = tx.new_id(IdKind::GroupMember)?;
            let (group, permission) = (grant.group_id, grant.permission);
            statements.push(put_group_member(
                tenant,
                user.id,
                group,
                id,
                permission,
                tx.now(),
            ));
        }
    }
    for grant in &change.roles {
        if let Some((role, _)) = find_role(tx, tenant, &grant.name)? {
            statements.push(grant_role(tenant, user.id, role, grant.account_id));
        }
    }
    if let Some(preferences) = &change.preferences {
        statements.extend(insert_preferences(tenant, user.id, preferences));
    }
    Ok(())
}

/// One invitation for each group that waits for its answer, or one without a group.
fn add_invitations(
    tx: &Tx<'_>,
    actor: &Actor,
    change: &UserChange,
    user: &User,
    statements: &mut Vec<Statement<'static>>,
) -> Result<(), Error> {
    let Some(request) = &change.invitation else {
        return Ok(());
    };
    let groups = change.groups.iter();
    let mut groups: Vec<Option<(i64, GroupPermission)>> = groups
        .map(|grant| Some((grant.group_id, grant.permission)))
        .collect();
    if groups.is_empty() {
        groups.push(None);
    }
    for group in groups {
        let (_, written) = invite(tx, actor, request, user.id, group)?;
        statements.extend(written);
    }
    Ok(())
}

/// An invitation of a user, with its event: its number, and what writes it.
pub(crate) fn invite(
    tx: &Tx<'_>,
    actor: &Actor,
    request: &InvitationRequest,
    user_id: i64,
    group: Option<(i64, GroupPermission)>,
) -> Result<(i64, [Statement<'static>; 2]), Error> {
    let expires_at = tx
        .now()
        .checked_add(INVITATION_LIFETIME)
        .map_err(Error::internal)?;
    let invitation = Invitation {
        id: tx.new_id(IdKind::Invitation)?,
        kind: request.kind,
        user_id,
        group_id: group.map(|(group_id, _)| group_id),
        permission: group.map(|(_, permission)| permission.number()),
        redirect_to: request.redirect_to.clone(),
        password_rule: request.password_rule,
        silent: request.silent,
        account_id: actor.account,
        sent: None,
        created_at: tx.now(),
        requested_at: tx.now(),
        expires_at,
        ended: None,
    };
    let told = invitations::told(tx, actor, EventType::InvitationCreated, &invitation)?;
    let written = insert_invitation(actor.tenant, &invitation);
    Ok((invitation.id, [written, told]))
}

fn add_new_badges(
    tx: &Tx<'_>,
    actor: &Actor,
    change: &UserChange,
    user: &User,
    statements: &mut Vec<Statement<'static>>,
) -> Result<(), Error> {
    if user.kind != Some(UserKind::Worker) {
        return Ok(());
    }
    for badge_id in change
        .badges
        .iter()
        .filter(|each| !each.destroy)
        .filter_map(|each| each.badge_id)
    {
        let held = new_badge(tx, badge_id)?;
        statements.push(insert_user_badge(actor.tenant, user.id, &held));
    }
    Ok(())
}

/// What is told of a new user: that there is one, which accounts they join, and which roles they
/// get in each place.
fn created_events(
    tx: &Tx<'_>,
    actor: &Actor,
    change: &UserChange,
    user: &User,
    kept: &Kept,
    memberships: &[Membership],
) -> Result<Vec<Statement<'static>>, Error> {
    let primary = memberships.iter().find(|own| own.primary);
    let primary = primary.map(|own| own.account_id);
    let record = |kind, account, told| {
        let subject = Subject::new("user", user.id);
        event::record(tx, actor, kind, account, subject, told)
    };
    let made = event::Change::new(kept.snapshot_after(user));
    let mut events = vec![record(EventType::UserCreated, primary, made)?];
    for own in memberships {
        events.push(joined_account(tx, actor, user.id, own)?);
    }
    let mut given: BTreeMap<Option<i64>, BTreeSet<&str>> = BTreeMap::new();
    for grant in &change.roles {
        let names = given.entry(grant.account_id).or_default();
        names.insert(&grant.name);
    }
    for (place, names) in given {
        let told = grants::told(place, "roles", json!([]), json!(names));
        events.push(record(
            EventType::UserRolesUpdated,
            place.or(primary),
            told,
        )?);
    }
    Ok(events)
}
