//! Users: what may be done with them, and what it causes.

mod change;
mod rules;
mod snapshot;
mod view;

use std::collections::BTreeSet;

use jiff::SignedDuration;

pub use change::{
    AccountGrant, BadgeChange, Change, GroupGrant, InvitationRequest, RoleGrant, UserChange,
};
pub use view::Include;

use crate::actor::Actor;
use crate::clock::uuid_v7;
use crate::error::{Error, Unavailable};
use crate::event::{self, EventType, Subject};
use crate::model::{
    AccountRole, EmployerRole, Invitation, Membership, User, UserBadge, UserKind, UserView,
};
use crate::permission::Permission;
use crate::query::{Listed, PageNumber, Position, UserFilter, UserOrder, UserPage};
use crate::store::{
    Claim, IdKind, Statement, Tx, badges_of, delete_claim, delete_member, delete_user_badge,
    find_role, find_user, grant_role, insert_claim, insert_invitation, insert_user,
    insert_user_badge, invitations_of, list_user_page, list_users, memberships_of, password_of,
    put_group_member, put_member, put_password, replace_preferences, update_user,
    update_user_badge,
};
use crate::violation::{Path, Rule, Violations};

pub use crate::store::UserKey;

/// How long an invitation holds.
pub const INVITATION_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Makes a user. `violations` are what the dialect found wrong with the request already: a
/// request with any is refused with all, what is taken included.
///
/// # Errors
/// [`Error::Forbidden`] without `createUsers`, with Public Pool access only, or when the
/// change grants what the actor does not hold; [`Error::Invalid`].
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    change: &UserChange,
    mut violations: Violations,
    include: Include,
) -> Result<UserView, Error> {
    actor.require(Permission::CreateUsers)?;
    actor.require_full_access()?;
    let uid = uuid_v7(tx.now(), tx.random());
    let mut user = User::blank(tx.new_id(IdKind::User)?, uid, tx.now());
    user.created_by = actor.email.clone();
    user.updated_by = actor.email.clone();
    change.apply(&mut user, tx.now());
    if change.invitation.is_some() && change.password.is_none() {
        user.pending_since = Some(tx.now());
    }
    rules::check_values(change, &user, true, &mut violations);
    rules::check_references(tx, actor, change, &user, &mut violations)?;
    rules::check_badges(tx, actor, change, &[], &mut violations)?;
    if !violations.is_empty() {
        rules::add_taken(tx, actor, &user, &mut violations)?;
        return Err(Error::Invalid(violations));
    }
    let claims = rules::claims_of(&user);
    let mut statements = vec![insert_user(actor.tenant, &user)?];
    statements.extend(
        claims
            .iter()
            .map(|claim| insert_claim(actor.tenant, claim, user.id)),
    );
    let account = add_memberships(actor, change, &user, &mut statements, tx);
    add_grants(tx, actor, change, &user, &mut statements)?;
    add_new_badges(tx, actor, change, &user, &mut statements)?;
    statements.extend(created_events(
        tx,
        actor,
        &user,
        account,
        !change.roles.is_empty(),
    )?);
    refuse_taken(&claims, tx.batch(&statements)?.get(1..).unwrap_or_default())?;
    view::view(tx, actor, user, include)
}

/// A claim that touched no row is another's already.
fn refuse_taken(claims: &BTreeSet<Claim>, touched: &[u64]) -> Result<(), Error> {
    let mut violations = Violations::new();
    for (claim, rows) in claims.iter().zip(touched) {
        if *rows == 0 {
            violations.add(Path::field(rules::claimed_field(claim.scope)), Rule::Taken);
        }
    }
    Error::if_any(violations)
}

/// Memberships of a new user: those asked for, the one of an employer's customer, and the
/// one of the account that the key is bound to. The first is primary unless another says so.
/// Answers the account that the creation counts to.
fn add_memberships(
    actor: &Actor,
    change: &UserChange,
    user: &User,
    statements: &mut Vec<Statement<'static>>,
    tx: &Tx<'_>,
) -> Option<i64> {
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
    for membership in &memberships {
        statements.push(put_member(actor.tenant, user.id, membership, tx.now()));
    }
    memberships
        .iter()
        .find(|each| each.primary)
        .map(|each| each.account_id)
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

fn plain_membership(account_id: i64, role: AccountRole) -> Membership {
    let admin = role == AccountRole::CustomerAdmin;
    Membership {
        account_id,
        account_name: String::new(),
        role,
        admin,
        primary: false,
    }
}

/// An employer is a member of their customer, in the role they have.
fn employer_membership(user: &User) -> Option<Membership> {
    let role = match user.employer_role {
        Some(EmployerRole::CustomerAdmin) => AccountRole::CustomerAdmin,
        Some(EmployerRole::Requestor) => AccountRole::Requestor,
        Some(EmployerRole::ReadOnly) | None => AccountRole::ReadOnly,
    };
    let customer = user
        .customer_id
        .filter(|_| user.kind == Some(UserKind::Employer))?;
    Some(plain_membership(customer, role))
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
        statements.push(put_password(tenant, user.id, hash, tx.now()));
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
        statements.extend(replace_preferences(tenant, user.id, preferences));
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
    let expires_at = tx
        .now()
        .checked_add(INVITATION_LIFETIME)
        .map_err(Error::internal)?;
    let mut groups: Vec<(Option<i64>, Option<i64>)> = change
        .groups
        .iter()
        .map(|grant| (Some(grant.group_id), Some(grant.permission.number())))
        .collect();
    if groups.is_empty() {
        groups.push((None, None));
    }
    for (group_id, permission) in groups {
        let invitation = Invitation {
            id: tx.new_id(IdKind::Invitation)?,
            kind: request.kind,
            user_id: user.id,
            group_id,
            permission,
            redirect_to: request.redirect_to.clone(),
            created_at: tx.now(),
            expires_at,
        };
        statements.push(insert_invitation(actor.tenant, &invitation));
        let fields = [
            ("kind", request.kind.name().into()),
            ("user_id", user.id.into()),
            ("group_id", group_id.into()),
        ];
        statements.push(event::record(
            tx,
            actor,
            EventType::InvitationCreated,
            actor.account,
            Subject::new("invitation", invitation.id),
            event::Change::of(&fields),
        )?);
    }
    Ok(())
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

fn new_badge(tx: &Tx<'_>, badge_id: i64) -> Result<UserBadge, Error> {
    Ok(UserBadge {
        id: tx.new_id(IdKind::UserBadge)?,
        badge_id,
        name: String::new(),
        expires_at: None,
        created_at: tx.now(),
        suspended: false,
        category: None,
    })
}

fn created_events(
    tx: &Tx<'_>,
    actor: &Actor,
    user: &User,
    account: Option<i64>,
    roles: bool,
) -> Result<Vec<Statement<'static>>, Error> {
    let subject = Subject::new("user", user.id);
    let change = event::Change::new(snapshot::snapshot(user));
    let kind = EventType::UserCreated;
    let mut events = vec![event::record(
        tx,
        actor,
        kind,
        account,
        subject.clone(),
        change,
    )?];
    let bare = |kind| {
        event::record(
            tx,
            actor,
            kind,
            account,
            subject.clone(),
            event::Change::default(),
        )
    };
    if account.is_some() {
        events.push(bare(EventType::UserAddedToAccount)?);
    }
    if roles {
        events.push(bare(EventType::UserRolesUpdated)?);
    }
    Ok(events)
}

/// One user.
///
/// # Errors
/// [`Error::NotFound`] for one that is not there, is deleted, or is not the actor's to see;
/// [`Error::Forbidden`] without `readUsers`.
pub fn get(tx: &Tx<'_>, actor: &Actor, key: &UserKey, include: Include) -> Result<UserView, Error> {
    actor.require(Permission::ReadUsers)?;
    let user = find_user(tx, actor, key, false)?.ok_or(Error::NotFound)?;
    view::view(tx, actor, user, include)
}

/// A page of users.
///
/// # Errors
/// [`Error::Forbidden`] without `readUsers`.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &UserFilter,
    page: &UserPage,
    include: Include,
) -> Result<Listed<UserView>, Error> {
    actor.require(Permission::ReadUsers)?;
    let users = list_users(tx, actor, filter, page)?;
    let position = |user: &User| Position {
        time: match page.order {
            UserOrder::Id => jiff::Timestamp::UNIX_EPOCH,
            UserOrder::UpdatedAt => user.updated_at,
        },
        id: user.id,
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
/// [`Error::Forbidden`] without `readUsers`.
pub fn page(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &UserFilter,
    page: PageNumber,
    include: Include,
) -> Result<Vec<UserView>, Error> {
    actor.require(Permission::ReadUsers)?;
    let users = list_user_page(tx, actor, filter, page)?;
    view::views(tx, actor, users, include)
}

/// Changes a user; only what the change names. With `expected`, only from that version.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PreconditionFailed`], [`Error::Invalid`];
/// [`Error::Forbidden`] without `updateUsers` or with Public Pool access only.
pub fn update(
    tx: &Tx<'_>,
    actor: &Actor,
    key: &UserKey,
    expected: Option<i64>,
    change: &UserChange,
    mut violations: Violations,
    include: Include,
) -> Result<UserView, Error> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    let before = find_user(tx, actor, key, false)?.ok_or(Error::NotFound)?;
    if expected.is_some_and(|version| version != before.version) {
        return Err(Error::PreconditionFailed);
    }
    let mut user = before.clone();
    change.apply(&mut user, tx.now());
    if change.password.is_some() {
        user.pending_since = None;
    }
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
    if !violations.is_empty() {
        rules::add_taken(tx, actor, &user, &mut violations)?;
        return Err(Error::Invalid(violations));
    }
    save(tx, actor, &before, &mut user, change)?;
    view::view(tx, actor, user, include)
}

/// Writes an update and its event; what changes nothing writes nothing.
fn save(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    user: &mut User,
    change: &UserChange,
) -> Result<(), Error> {
    let around = change_around(tx, actor, before, user, change)?;
    if *user == *before && around.is_empty() {
        return Ok(());
    }
    let what = event::Change::between(snapshot::snapshot(before), snapshot::snapshot(user));
    touch(tx, actor, user);
    let (mut statements, gained) = rewrite(actor, before, user)?;
    let claims_at = statements.len() - gained.len();
    statements.extend(around);
    let subject = Subject::new("user", user.id);
    if change.password.is_some() {
        let (kind, none) = (EventType::UserPasswordChanged, event::Change::default());
        statements.push(event::record(
            tx,
            actor,
            kind,
            actor.account,
            subject.clone(),
            none,
        )?);
    }
    let kind = EventType::UserUpdated;
    statements.push(event::record(
        tx,
        actor,
        kind,
        actor.account,
        subject,
        what,
    )?);
    commit_change(tx, &statements, claims_at, &gained)
}

/// Marks a user as changed now, by this actor.
fn touch(tx: &Tx<'_>, actor: &Actor, user: &mut User) {
    user.version += 1;
    user.updated_at = tx.now();
    user.updated_by = actor.email.clone();
}

/// The row and the claims of a changed user: claims lost first, claims gained last.
fn rewrite(
    actor: &Actor,
    before: &User,
    user: &User,
) -> Result<(Vec<Statement<'static>>, BTreeSet<Claim>), Error> {
    let held = |user: &User| {
        if user.deleted_at.is_none() {
            rules::claims_of(user)
        } else {
            BTreeSet::new()
        }
    };
    let (had, has) = (held(before), held(user));
    let gained: BTreeSet<Claim> = has.difference(&had).cloned().collect();
    let mut statements = vec![update_user(actor.tenant, user, before.version)?];
    statements.extend(
        had.difference(&has)
            .map(|lost| delete_claim(actor.tenant, lost, user.id)),
    );
    statements.extend(
        gained
            .iter()
            .map(|claim| insert_claim(actor.tenant, claim, user.id)),
    );
    Ok((statements, gained))
}

fn commit_change(
    tx: &Tx<'_>,
    statements: &[Statement<'_>],
    claims_at: usize,
    gained: &BTreeSet<Claim>,
) -> Result<(), Error> {
    let touched = tx.batch(statements)?;
    if touched.first() == Some(&0) {
        // Another changed the user since it was read here.
        return Err(Unavailable::Contention.into());
    }
    refuse_taken(gained, touched.get(claims_at..).unwrap_or_default())
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
        statements.push(put_password(tenant, user.id, hash, tx.now()));
    }
    if (before.customer_id, before.employer_role) != (user.customer_id, user.employer_role) {
        if let Some(left) = before
            .customer_id
            .filter(|left| Some(*left) != user.customer_id)
        {
            statements.push(delete_member(tenant, user.id, left));
        }
        if let Some(mut membership) = employer_membership(user) {
            let others = memberships_of(tx, tenant, &[user.id])?;
            membership.primary = !others
                .iter()
                .any(|(_, each)| each.primary && Some(each.account_id) != before.customer_id);
            statements.push(put_member(tenant, user.id, &membership, tx.now()));
        }
    }
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
        statements.extend(replace_preferences(tenant, user.id, preferences));
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
    expected: Option<i64>,
) -> Result<(), Error> {
    actor.require(Permission::DeleteUsers)?;
    actor.require_full_access()?;
    let before = find_user(tx, actor, key, false)?.ok_or(Error::NotFound)?;
    if expected.is_some_and(|version| version != before.version) {
        return Err(Error::PreconditionFailed);
    }
    let mut user = before.clone();
    user.deleted_at = Some(tx.now());
    set_deleted(tx, actor, &before, &mut user, EventType::UserDeleted)
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
    let mut user = before.clone();
    user.deleted_at = None;
    set_deleted(tx, actor, &before, &mut user, EventType::UserUpdated)?;
    view::view(tx, actor, user, include)
}

fn set_deleted(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &User,
    user: &mut User,
    kind: EventType,
) -> Result<(), Error> {
    touch(tx, actor, user);
    let (mut statements, gained) = rewrite(actor, before, user)?;
    let claims_at = statements.len() - gained.len();
    let time = |user: &User| user.deleted_at.map(|at| at.to_string()).into();
    let mut change = event::Change::of(&[("deleted_at", time(user))]);
    change.old.insert("deleted_at".to_owned(), time(before));
    let subject = Subject::new("user", user.id);
    statements.push(event::record(
        tx,
        actor,
        kind,
        actor.account,
        subject,
        change,
    )?);
    commit_change(tx, &statements, claims_at, &gained)
}

/// The invitations of a user that are out.
///
/// # Errors
/// [`Error::Forbidden`] without `readUsers`.
pub fn invitations(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<Vec<Invitation>, Error> {
    actor.require(Permission::ReadUsers)?;
    invitations_of(tx, actor.tenant, id)
}

/// The hash of a user's password, for verifying one outside the transaction.
///
/// # Errors
/// Storage errors.
pub fn password_hash(
    tx: &Tx<'_>,
    actor: &Actor,
    id: i64,
) -> Result<Option<crate::password::PasswordHash>, Error> {
    password_of(tx, actor.tenant, id)
}
