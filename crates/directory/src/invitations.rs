//! Invitations: what becomes of them once they are out. They are made with their user.
//!
//! Who has the secret of a message is who it went to: that is all that answering asks for. A
//! secret holds until its invitation ends, its time runs out, a newer message is made, or its
//! person has another address.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::actor::{Actor, Principal, TenantId};
use crate::error::Error;
use crate::event::{self, EventType, Subject};
use crate::model::{
    Email, GroupPermission, Invitation, InvitationEnd, InvitationKind, InvitationState,
    MessageChannel, OnboardingState, User, UserStatus,
};
use crate::password::{PasswordHash, PasswordRule};
use crate::permission::{Permission, PermissionSet};
use crate::query::{InvitationFilter, Listed, Position};
use crate::redirects;
use crate::secret::{digest, same, tenant_of};
use crate::store::{
    GroupKey, Statement, Tx, UserKey, end_invitation, find_group_id, find_invitation, find_user,
    invitation_of_secret, invitations_of, list_invitations, renew_invitation,
};
use crate::users::{self, Change, GroupGrant, INVITATION_LIFETIME, UserChange};
use crate::violation::{Path, Rule, Violations};

/// What the link of a message leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// An invitation that can be answered.
    Open(Box<Opened>),
    /// One that cannot any more: accepted, revoked or expired.
    Ended(InvitationState),
}

/// An invitation as its person sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// What it asks.
    pub kind: InvitationKind,
    /// The person.
    pub user: User,
    /// When its time runs out.
    pub expires_at: Timestamp,
    /// The rule that the password keeps.
    pub password_rule: PasswordRule,
    /// Where the page leads afterwards: on the tenant's allow-list now.
    pub redirect_to: Option<String>,
}

/// What a person answers.
pub struct Answer {
    /// The password they chose.
    pub password: SecretString,
    /// The same, once more.
    pub confirmation: SecretString,
    /// Whether they accept the terms; counts for [`InvitationKind::Invite`] alone.
    pub agrees: bool,
}

/// The invitation of a secret, with its person. A foreign secret, one of a person who is gone or
/// suspended, and one that went to an address which is theirs no more, are not found.
fn find(tx: &Tx<'_>, token: &SecretString) -> Result<(TenantId, Invitation, User), Error> {
    let token = token.expose_secret();
    let tenant = tenant_of(token).ok_or(Error::NotFound)?;
    let hash = digest(token);
    let (invitation, stored) = invitation_of_secret(tx, tenant, &hash)?.ok_or(Error::NotFound)?;
    if !same(&stored, &hash) {
        return Err(Error::NotFound);
    }
    let system = Actor::system(tenant, "");
    let found = find_user(tx, &system, &UserKey::Id(invitation.user_id), false)?;
    let user = found.ok_or(Error::NotFound)?.user;
    let theirs = went_to(&invitation, &user) || invitation.ended.is_some();
    if user.status() == UserStatus::Suspended || !theirs {
        return Err(Error::NotFound);
    }
    Ok((tenant, invitation, user))
}

/// Whether the message went to an address that is still the user's.
fn went_to(invitation: &Invitation, user: &User) -> bool {
    invitation.sent.as_ref().is_some_and(|sent| {
        let own = match sent.channel {
            MessageChannel::Email => user.email.as_ref().map(Email::key),
            MessageChannel::Sms => user.phone.as_ref().and_then(|phone| phone.key()),
        };
        own == Some(sent.to.as_str())
    })
}

/// How an invitation stands for its person: one who has a password has answered, however it was
/// set.
fn standing(invitation: &Invitation, user: &User, now: Timestamp) -> InvitationState {
    let state = invitation.state(now);
    if state == InvitationState::Out && user.pending_since.is_none() {
        return InvitationState::Accepted;
    }
    state
}

/// What a link leads to.
///
/// # Errors
/// [`Error::NotFound`] for a secret that no message carries any more, or ever did.
pub fn open(tx: &Tx<'_>, token: &SecretString) -> Result<Link, Error> {
    let (tenant, invitation, user) = find(tx, token)?;
    let state = standing(&invitation, &user, tx.now());
    if state != InvitationState::Out {
        return Ok(Link::Ended(state));
    }
    opened(tx, tenant, invitation, user)
}

fn opened(
    tx: &Tx<'_>,
    tenant: TenantId,
    invitation: Invitation,
    user: User,
) -> Result<Link, Error> {
    // One that was taken off the list since leads nowhere.
    let redirect_to = match invitation.redirect_to {
        Some(uri) if redirects::is_allowed(tx, tenant, &uri)? => Some(uri),
        Some(_) | None => None,
    };
    Ok(Link::Open(Box::new(Opened {
        kind: invitation.kind,
        user,
        expires_at: invitation.expires_at,
        password_rule: invitation.password_rule,
        redirect_to,
    })))
}

/// What is wrong with an answer.
#[must_use]
pub fn check(opened: &Opened, answer: &Answer) -> Violations {
    let mut violations = Violations::new();
    let password = &answer.password;
    if let Some(rule) = users::check_password_by(opened.password_rule, password, &opened.user) {
        violations.field("password", rule);
    }
    if answer.confirmation.expose_secret().is_empty() {
        violations.field("password_confirmation", Rule::Blank);
    } else if !same(
        answer.confirmation.expose_secret(),
        password.expose_secret(),
    ) {
        violations.field("password_confirmation", Rule::Mismatch { with: "password" });
    }
    if opened.kind == InvitationKind::Invite && !answer.agrees {
        violations.field("agreed_to_terms", Rule::Blank);
    }
    violations
}

/// Accepts an invitation, and with it all that are out for its person: their password is set,
/// their address is theirs, and they join the groups that they were invited to. `password` is of
/// an answer that [`check`] found nothing wrong with. Accepting ends the secret: a second time it
/// leads to [`Link::Ended`], and changes nothing.
///
/// # Errors
/// As [`open`].
pub fn accept(
    tx: &Tx<'_>,
    token: &SecretString,
    password: &PasswordHash,
    request_id: &str,
) -> Result<Link, Error> {
    let (tenant, invitation, before) = find(tx, token)?;
    let state = standing(&invitation, &before, tx.now());
    if state != InvitationState::Out {
        return Ok(Link::Ended(state));
    }
    let actor = Actor {
        principal: Principal::User(before.id),
        permissions: PermissionSet::NONE,
        account: invitation.account_id,
        email: before.email.as_ref().map(|email| email.as_str().to_owned()),
        ..Actor::system(tenant, request_id)
    };
    let change = acceptance(&invitation, &before, password, tx.now());
    let channel = invitation.sent.as_ref().map(|sent| sent.channel);
    let verify = |user: &mut User| match channel {
        Some(MessageChannel::Email) => user.email_verified_at = Some(tx.now()),
        Some(MessageChannel::Sms) => {
            user.verified_phone = user.phone.as_ref().map(|phone| phone.as_str().to_owned());
            user.phone_verified_at = Some(tx.now());
        }
        None => {}
    };
    let user = users::answer(tx, &actor, &before, &change, verify)?;
    opened(tx, tenant, invitation, user)
}

/// What accepting changes of a user.
fn acceptance(
    invitation: &Invitation,
    user: &User,
    password: &PasswordHash,
    now: Timestamp,
) -> UserChange {
    let mut change = UserChange {
        password: Some(password.clone()),
        ..UserChange::default()
    };
    if invitation.kind == InvitationKind::Invite {
        change.agreed_to_terms = Change::Set(true);
        change.agreed_to_terms_at = Change::Set(now);
    }
    if user.onboarding_state == Some(OnboardingState::Invited) {
        change.onboarding_state = Change::Set(OnboardingState::Started);
    }
    change
}

/// What a pending user's invitations lead to when a password is set: the groups that they join,
/// and the statements that end those which are out.
///
/// # Errors
/// Storage errors.
pub(crate) fn answered(
    tx: &Tx<'_>,
    actor: &Actor,
    user: i64,
) -> Result<(Vec<GroupGrant>, Vec<Statement<'static>>), Error> {
    let (mut grants, mut statements) = (Vec::new(), Vec::new());
    for invitation in invitations_of(tx, actor.tenant, user)? {
        if invitation.state(tx.now()) != InvitationState::Out {
            continue;
        }
        statements.extend(ended(tx, actor, &invitation, InvitationEnd::Accepted)?);
        let permission = invitation.permission.and_then(GroupPermission::from_number);
        if let Some((group_id, permission)) = invitation.group_id.zip(permission)
            && find_group_id(tx, actor.tenant, &GroupKey::Id(group_id))?.is_some()
        {
            grants.push(GroupGrant {
                path: Path::default(),
                group_id,
                permission,
            });
        }
    }
    Ok((grants, statements))
}

/// Ends an invitation, with its event.
fn ended(
    tx: &Tx<'_>,
    actor: &Actor,
    invitation: &Invitation,
    end: InvitationEnd,
) -> Result<[Statement<'static>; 2], Error> {
    let kind = match end {
        InvitationEnd::Accepted => EventType::InvitationAccepted,
        InvitationEnd::Revoked => EventType::InvitationRevoked,
    };
    Ok([
        end_invitation(actor.tenant, invitation.id, end, tx.now()),
        told(tx, actor, kind, invitation)?,
    ])
}

/// The event of what became of an invitation, in the account that it was made in.
pub(crate) fn told(
    tx: &Tx<'_>,
    actor: &Actor,
    kind: EventType,
    invitation: &Invitation,
) -> Result<Statement<'static>, Error> {
    let fields = [
        ("kind", invitation.kind.name().into()),
        ("user_id", invitation.user_id.into()),
        ("group_id", invitation.group_id.into()),
    ];
    let subject = Subject::new("invitation", invitation.id);
    let (account, change) = (invitation.account_id, event::Change::of(&fields));
    event::record(tx, actor, kind, account, subject, change)
}

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
    let expires_at = tx
        .now()
        .checked_add(INVITATION_LIFETIME)
        .map_err(Error::internal)?;
    // The event is what the message is made of: the sequencer queues it as it does the first.
    tx.batch(&[
        renew_invitation(actor.tenant, id, tx.now(), expires_at),
        told(tx, actor, EventType::InvitationCreated, &invitation)?,
    ])?;
    invitation.requested_at = tx.now();
    invitation.expires_at = expires_at;
    invitation.silent = false;
    invitation.sent = None;
    Ok(invitation)
}

/// Takes an invitation back: its link leads nowhere from then on.
///
/// # Errors
/// As [`resend`].
pub fn revoke(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<(), Error> {
    let (invitation, _) = manageable(tx, actor, id)?;
    let statements = ended(tx, actor, &invitation, InvitationEnd::Revoked)?;
    tx.batch(&statements)?;
    Ok(())
}
