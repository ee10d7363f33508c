//! Members of groups, and who is invited to be one.

use super::reach::Reach;
use crate::actor::Actor;
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::invitations;
use crate::model::{
    Email, GroupInvitation, GroupMember, GroupPermission, InvitationEnd, InvitationKind,
    InvitationState, User, UserStatus,
};
use crate::password::PasswordRule;
use crate::permission::Permission;
use crate::query::{Window, Windowed};
use crate::store::{
    FoundUser, Statement, Tx, UserKey, delete_group_member, find_invitation, find_member,
    find_member_of, find_user, invitations_of, window_of_group, window_of_group_invitations,
    window_of_invitations, window_of_members, window_of_seen_invitations, window_seen_by,
};
use crate::users::{self, GroupGrant, Include, InvitationRequest, UserChange};
use crate::violation::{Path, Rule, Violations};

/// Who is to be a member.
#[derive(Debug, Clone)]
pub struct NewMember {
    /// Their address; a user with it need not exist.
    pub email: Email,
    /// The group's number.
    pub group_id: i64,
    /// What they may do there.
    pub permission: GroupPermission,
    /// The rule that the password of who is invited keeps.
    pub password_rule: PasswordRule,
    /// Whether who is invited is sent a message.
    pub message: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// A member at once: the number of the membership.
    Member(i64),
    /// Invited: the number of the invitation.
    Invited(i64),
}

fn require_to_read(actor: &Actor) -> Result<(), Error> {
    actor.require(Permission::ReadGroups)?;
    actor.require(Permission::ReadUsers)?;
    actor.require_full_access()
}

/// Members who are there, of one group in the order of joining, or of all that the caller reaches
/// by group. Whose level shows them no other member see themselves.
///
/// # Errors
/// [`Error::Forbidden`] without `readTeams` and `readUsers`; [`Error::NotFound`] for a group
/// outside the reach.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    reach: Reach,
    group: Option<i64>,
    window: Window,
) -> Result<Windowed<GroupMember>, Error> {
    require_to_read(actor)?;
    let tenant = actor.tenant;
    let reads = GroupPermission::with(Permission::ReadUsers);
    match (reach, group) {
        (Reach::Tenant, None) => window_of_members(tx, tenant, window),
        (Reach::Member(user), None) => window_seen_by(tx, tenant, user, reads, window),
        (_, Some(group)) => match reach.require_in(tx, actor, group, Permission::ReadUsers) {
            Ok(()) => window_of_group(tx, tenant, group, window),
            Err(Error::Forbidden(_)) => alone(tx, actor, reach, group, window),
            Err(cause) => Err(cause),
        },
    }
}

/// The caller's own part in a group, as a list.
fn alone(
    tx: &Tx<'_>,
    actor: &Actor,
    reach: Reach,
    group: i64,
    window: Window,
) -> Result<Windowed<GroupMember>, Error> {
    let own = match reach {
        Reach::Member(user) => find_member_of(tx, actor.tenant, group, user)?,
        Reach::Tenant => None,
    };
    let within = window.offset == 0 && window.limit > 0;
    let total = i64::from(own.is_some());
    let rows = own.into_iter().filter(|_| within).collect();
    Ok(Windowed { rows, total })
}

/// One membership.
///
/// # Errors
/// As [`list`]; [`Error::NotFound`].
pub fn get(tx: &Tx<'_>, actor: &Actor, reach: Reach, id: i64) -> Result<GroupMember, Error> {
    require_to_read(actor)?;
    let member = find_member(tx, actor.tenant, id)?.ok_or(Error::NotFound)?;
    if reach == Reach::Member(member.user_id) {
        return Ok(member);
    }
    match reach.require_in(tx, actor, member.group_id, Permission::ReadUsers) {
        Ok(()) => Ok(member),
        Err(Error::Forbidden(_)) => Err(Error::NotFound),
        Err(cause) => Err(cause),
    }
}

/// Makes who has an address a member of a group at once, or invites them when they are pending, or
/// nobody has it yet: then they become a pending user.
///
/// # Errors
/// [`Error::Forbidden`] without `updateTeams` and `createUsers`, by the credential or in the group;
/// [`Error::Conflict`] for who is a member or invited already, and who is pending and suspended;
/// [`Error::Invalid`].
pub fn add(
    tx: &Tx<'_>,
    actor: &Actor,
    reach: Reach,
    new: &NewMember,
    violations: Violations,
) -> Result<Added, Error> {
    actor.require(Permission::UpdateGroups)?;
    actor.require(Permission::CreateUsers)?;
    actor.require_full_access()?;
    reach.require_in(tx, actor, new.group_id, Permission::UpdateGroups)?;
    Error::if_any(violations)?;
    let key = UserKey::Email(new.email.key().to_owned());
    let system = Actor::system(actor.tenant, "");
    let Some(found) = find_user(tx, &system, &key, false)? else {
        return make(tx, actor, new);
    };
    if find_member_of(tx, actor.tenant, new.group_id, found.user.id)?.is_some() {
        return Err(Error::Conflict("User is already a member of the group"));
    }
    if found.user.pending_since.is_some() {
        invite(tx, actor, new, found)
    } else {
        join(tx, actor, new, &found)
    }
}

fn request(new: &NewMember) -> InvitationRequest {
    InvitationRequest {
        password_rule: new.password_rule,
        silent: !new.message,
        ..InvitationRequest::new(InvitationKind::Verify)
    }
}

fn grant(new: &NewMember) -> GroupGrant {
    GroupGrant {
        path: Path::field("group"),
        group_id: new.group_id,
        permission: new.permission,
    }
}

/// A pending user of the address, with the invitation.
fn make(tx: &Tx<'_>, actor: &Actor, new: &NewMember) -> Result<Added, Error> {
    let change = UserChange {
        email: users::Change::Set(new.email.clone()),
        groups: vec![grant(new)],
        invitation: Some(request(new)),
        ..UserChange::default()
    };
    let made = users::create(tx, actor, &change, Violations::new(), Include::default());
    let made = match made {
        // Another took the address meanwhile: look again.
        Err(Error::Invalid(broken)) if broken.iter().all(|each| each.rule == Rule::Taken) => {
            return Err(Unavailable::Contention.into());
        }
        made => made?,
    };
    let out = invitations_of(tx, actor.tenant, made.user.id)?;
    let own = out.first();
    own.map(|own| Added::Invited(own.id))
        .ok_or_else(|| Error::internal("an invitation is gone at once"))
}

/// One more invitation of a pending user, in the place of one to the same group that expired.
fn invite(tx: &Tx<'_>, actor: &Actor, new: &NewMember, found: FoundUser) -> Result<Added, Error> {
    if found.user.status() == UserStatus::Suspended {
        // No message goes to them, and no link of theirs opens.
        return Err(Error::Conflict("User is suspended"));
    }
    let (mut ends, mut around) = (Vec::new(), Vec::new());
    for before in invitations_of(tx, actor.tenant, found.user.id)? {
        if before.group_id != Some(new.group_id) {
            continue;
        }
        if before.state(tx.now()) == InvitationState::Out {
            return Err(Error::Conflict("User is already invited to the group"));
        }
        // Otherwise sending it again would bring it back beside this one.
        let [end, told] = invitations::ended(tx, actor, &before, InvitationEnd::Revoked)?;
        ends.push(end);
        around.push(told);
    }
    let group = Some((new.group_id, new.permission));
    let (id, written) = users::invite(tx, actor, &request(new), found.user.id, group)?;
    around.extend(written);
    // The user's version moves: of two that invite at once, one looks again.
    users::rewrite_around(tx, actor, found, ends, around)?;
    Ok(Added::Invited(id))
}

fn join(tx: &Tx<'_>, actor: &Actor, new: &NewMember, found: &FoundUser) -> Result<Added, Error> {
    let told = of_member(tx, actor, &found.user, new.group_id, new.permission, true)?;
    users::join_group(tx, actor, &found.user, grant(new), told)?;
    let own = find_member_of(tx, actor.tenant, new.group_id, found.user.id)?;
    own.map(|own| Added::Member(own.id))
        .ok_or_else(|| Error::internal("a membership is gone at once"))
}

/// The event of a group that tells of a member who came or went.
pub(super) fn of_member(
    tx: &Tx<'_>,
    actor: &Actor,
    user: &User,
    group: i64,
    permission: GroupPermission,
    came: bool,
) -> Result<Statement<'static>, Error> {
    let member = serde_json::json!({ "user_id": user.id, "permission": permission.number() });
    let mut change = Change::default();
    let side = if came {
        &mut change.new
    } else {
        &mut change.old
    };
    side.insert("member".to_owned(), member);
    let subject = Subject::new("group", group);
    event::record(
        tx,
        actor,
        EventType::TeamUpdated,
        actor.account,
        subject,
        change,
    )
}

/// Ends a membership.
///
/// # Errors
/// [`Error::Forbidden`] without `updateTeams`, by the credential or in the group;
/// [`Error::NotFound`] for one that the caller does not see.
pub fn remove(tx: &Tx<'_>, actor: &Actor, reach: Reach, id: i64) -> Result<(), Error> {
    actor.require(Permission::UpdateGroups)?;
    let member = get(tx, actor, reach, id)?;
    reach.require_in(tx, actor, member.group_id, Permission::UpdateGroups)?;
    let system = Actor::system(actor.tenant, "");
    let found = find_user(tx, &system, &UserKey::Id(member.user_id), false)?;
    let found = found.ok_or(Error::NotFound)?;
    let (group, permission) = (member.group_id, member.permission);
    let told = of_member(tx, actor, &found.user, group, permission, false)?;
    let end = delete_group_member(actor.tenant, &member);
    users::leave_group(tx, actor, found, end, told)
}

/// Invitations to groups that are out, of one group or of all that the caller reaches.
///
/// # Errors
/// As [`list`].
pub fn invited(
    tx: &Tx<'_>,
    actor: &Actor,
    reach: Reach,
    group: Option<i64>,
    window: Window,
) -> Result<Windowed<GroupInvitation>, Error> {
    require_to_read(actor)?;
    let tenant = actor.tenant;
    let reads = GroupPermission::with(Permission::ReadUsers);
    match (reach, group) {
        (Reach::Tenant, None) => window_of_invitations(tx, tenant, window),
        (Reach::Member(user), None) => window_of_seen_invitations(tx, tenant, user, reads, window),
        (_, Some(group)) => match reach.require_in(tx, actor, group, Permission::ReadUsers) {
            Ok(()) => window_of_group_invitations(tx, tenant, group, window),
            Err(Error::Forbidden(_)) => Ok(Windowed {
                rows: Vec::new(),
                total: 0,
            }),
            Err(cause) => Err(cause),
        },
    }
}

/// Takes an invitation to a group back.
///
/// # Errors
/// [`Error::Forbidden`] without `createUsers`, or `updateTeams` in the group; [`Error::NotFound`]
/// for one that is not out, leads to no group, or that the caller does not see.
pub fn withdraw(tx: &Tx<'_>, actor: &Actor, reach: Reach, id: i64) -> Result<(), Error> {
    actor.require(Permission::UpdateGroups)?;
    actor.require(Permission::CreateUsers)?;
    actor.require_full_access()?;
    let found = find_invitation(tx, actor.tenant, id)?;
    let out = found.filter(|each| each.state(tx.now()) == InvitationState::Out);
    let group = out.and_then(|each| each.group_id).ok_or(Error::NotFound)?;
    match reach.require_in(tx, actor, group, Permission::ReadUsers) {
        Ok(()) => {}
        Err(Error::Forbidden(_)) => return Err(Error::NotFound),
        Err(cause) => return Err(cause),
    }
    reach.require_in(tx, actor, group, Permission::UpdateGroups)?;
    match invitations::revoke(tx, actor, id) {
        // Its person answered meanwhile.
        Err(Error::Conflict(_)) => Err(Error::NotFound),
        done => done,
    }
}
