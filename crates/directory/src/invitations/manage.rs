//! What those who may manage users do with invitations, and what time does.

use jiff::Timestamp;

use super::{Told, ended, told};
use crate::actor::{Actor, TenantId};
use crate::error::{Error, Unavailable};
use crate::event::EventType;
use crate::model::{Invitation, InvitationEnd, InvitationState, MessageChannel, User, UserStatus};
use crate::permission::Permission;
use crate::query::{InvitationFilter, Listed, Position};
use crate::store::{
    Statement, Tx, UserKey, expired_invitations, find_invitation, find_user, invitations_of,
    list_invitations, renew_invitation, tell_expiry,
};
use crate::users::INVITATION_LIFETIME;

/// Invitations whose end is told of in one transaction.
pub const EXPIRED_AT_ONCE: usize = 200;

/// The invitations of users whom the actor may see, by number.
///
/// # Errors
/// [`Error::Forbidden`] without `readUsers`.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    filter: &InvitationFilter,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<Invitation>, Error> {
    actor.require(Permission::ReadUsers)?;
    let rows = list_invitations(tx, actor, filter, after.unwrap_or(0), limit)?;
    Ok(Listed::cut(rows, limit, |invitation| {
        Position::of_id(invitation.id)
    }))
}

/// An invitation that the actor may manage, and that did not end.
fn manageable(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<(Invitation, User), Error> {
    actor.require(Permission::CreateUsers)?;
    actor.require_full_access()?;
    let invitation = find_invitation(tx, actor.tenant, id)?.ok_or(Error::NotFound)?;
    let found = find_user(tx, actor, &UserKey::Id(invitation.user_id), false)?;
    let user = found.ok_or(Error::NotFound)?.user;
    if invitation.ended.is_some() || user.pending_since.is_none() {
        return Err(Error::Conflict("the invitation has ended"));
    }
    Ok((invitation, user))
}

/// Sends an invitation once more: it has its full time again, expired or not, and the message
/// before holds no more at once.
///
/// # Errors
/// [`Error::Forbidden`] without `createUsers` or with Public Pool access only;
/// [`Error::NotFound`]; [`Error::Conflict`] for one that ended, or whose person nothing can be
/// sent to.
pub fn resend(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<Invitation, Error> {
    let (mut invitation, user) = manageable(tx, actor, id)?;
    if user.status() == UserStatus::Suspended {
        return Err(Error::Conflict("the user is suspended"));
    }
    if MessageChannel::to(&user).is_none() {
        return Err(Error::Conflict(
            "the user has neither an email nor a phone that a message can be sent to",
        ));
    }
    let expires_at = fresh_end(tx)?;
    write(tx, vec![renewed(tx, actor, &invitation, expires_at)?])?;
    invitation.requested_at = tx.now();
    invitation.expires_at = expires_at;
    invitation.silent = false;
    invitation.sent = None;
    Ok(invitation)
}

/// Sends a pending user, who asked for it, the first of their invitations once more, unless any
/// was asked for after `since`. Nothing where all were taken back.
///
/// # Errors
/// As [`resend`].
pub(crate) fn remind(
    tx: &Tx<'_>,
    system: &Actor,
    user: i64,
    since: Timestamp,
) -> Result<(), Error> {
    let open = invitations_of(tx, system.tenant, user)?;
    match open.first() {
        Some(first) if open.iter().all(|each| each.requested_at <= since) => {
            resend(tx, system, first.id).map(drop)
        }
        Some(_) | None => Ok(()),
    }
}

/// When the time of an invitation that is sent now runs out.
fn fresh_end(tx: &Tx<'_>) -> Result<Timestamp, Error> {
    tx.now()
        .checked_add(INVITATION_LIFETIME)
        .map_err(Error::internal)
}

/// Gives an invitation its full time again and asks for a new message.
fn renewed(
    tx: &Tx<'_>,
    actor: &Actor,
    invitation: &Invitation,
    expires_at: Timestamp,
) -> Result<Told, Error> {
    // The event is what the message is made of: the sequencer queues it as it does the first.
    Ok([
        renew_invitation(actor.tenant, invitation, tx.now(), expires_at),
        told(tx, actor, EventType::InvitationCreated, invitation)?,
    ])
}

/// Takes an invitation back: its link leads nowhere from then on. Its person stays pending, and
/// can be invited to something else or given a password. Where its message spoke for others that
/// are out, these are sent by one of their own.
///
/// # Errors
/// As [`resend`], but for one that nothing can be sent to.
pub fn revoke(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<(), Error> {
    let (invitation, user) = manageable(tx, actor, id)?;
    let mut changes = vec![ended(tx, actor, &invitation, InvitationEnd::Revoked)?];
    let expires_at = fresh_end(tx)?;
    for other in stranded(tx, actor.tenant, &invitation, &user)? {
        changes.push(renewed(tx, actor, &other, expires_at)?);
    }
    write(tx, changes)
}

/// The invitations that are out and have no message of their own on its way or sent, once one of
/// their person's ends.
fn stranded(
    tx: &Tx<'_>,
    tenant: TenantId,
    ending: &Invitation,
    user: &User,
) -> Result<Vec<Invitation>, Error> {
    if user.status() == UserStatus::Suspended || MessageChannel::to(user).is_none() {
        return Ok(Vec::new());
    }
    let all = invitations_of(tx, tenant, user.id)?;
    let speaks = |each: &Invitation| each.sent.is_some() || speaks_for(&all, each);
    let is_left = |each: &&Invitation| {
        each.id != ending.id && !each.silent && each.state(tx.now()) == InvitationState::Out
    };
    let left: Vec<&Invitation> = all.iter().filter(is_left).collect();
    if left.iter().any(|each| speaks(each)) {
        return Ok(Vec::new());
    }
    Ok(left.into_iter().cloned().collect())
}

/// Whether the message of an invitation speaks for all of a person's, by number and not ended,
/// that were asked for at the same moment: one message asks for the password that answers all.
pub(crate) fn speaks_for(all: &[Invitation], invitation: &Invitation) -> bool {
    let first = all
        .iter()
        .find(|each| !each.silent && each.requested_at == invitation.requested_at);
    first.is_some_and(|first| first.id == invitation.id)
}

/// Whether the time of any invitation ran out untold.
///
/// # Errors
/// Storage errors.
pub fn any_expired(tx: &Tx<'_>, tenant: TenantId) -> Result<bool, Error> {
    Ok(!expired_invitations(tx, tenant, 1)?.is_empty())
}

/// Tells by an event each of invitations whose time ran out without an answer, once unless it is
/// sent again. Answers how many: fewer than [`EXPIRED_AT_ONCE`] when there are no more for now.
///
/// # Errors
/// Storage errors; [`Unavailable::Contention`], upon which it runs again, when another was faster.
pub fn expire(tx: &Tx<'_>, tenant: TenantId) -> Result<usize, Error> {
    let system = Actor::system(tenant, "");
    let mut changes = Vec::new();
    for invitation in expired_invitations(tx, tenant, EXPIRED_AT_ONCE)? {
        changes.push([
            tell_expiry(tenant, &invitation, tx.now()),
            told(tx, &system, EventType::InvitationExpired, &invitation)?,
        ]);
    }
    let count = changes.len();
    write(tx, changes)?;
    Ok(count)
}

/// Writes all of it, unless another was faster with any of the invitations.
fn write(tx: &Tx<'_>, changes: Vec<Told>) -> Result<(), Error> {
    let statements: Vec<Statement<'static>> = changes.into_iter().flatten().collect();
    let touched = tx.batch(&statements)?;
    if touched.iter().step_by(2).any(|rows| *rows == 0) {
        return Err(Unavailable::Contention.into());
    }
    Ok(())
}
