//! Invitations: what becomes of them once they are out. They are made with their user.
//!
//! Who has the secret of a message is who it went to: that is all that answering asks for. A
//! secret holds until its invitation ends, its time runs out, a newer message is made, or its
//! person has another address.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::actor::{Actor, Principal, TenantId};
use crate::error::{Error, Unavailable};
use crate::event::{self, EventType, Subject};
use crate::model::{
    GroupPermission, Invitation, InvitationEnd, InvitationKind, InvitationState, MessageChannel,
    OnboardingState, User, UserStatus,
};
use crate::password::{PasswordHash, PasswordRule};
use crate::permission::{Permission, PermissionSet};
use crate::query::{InvitationFilter, Listed, Position};
use crate::redirects;
use crate::secret::{digest, same, tenant_of};
use crate::store::{
    GroupKey, Statement, Tx, UserKey, end_invitation, expired_invitations, find_group_id,
    find_invitation, find_user, invitation_of_secret, invitations_of, list_invitations,
    renew_invitation, tell_expiry,
};
use crate::users::{self, Change, GroupGrant, INVITATION_LIFETIME, UserChange};
use crate::violation::{Path, Rule, Violations};

/// Invitations whose end is told of in one transaction.
pub const EXPIRED_AT_ONCE: usize = 200;

/// What the link of a message leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// An invitation that can be answered.
    Open(Box<Opened>),
    /// One that cannot any more: accepted, revoked or expired.
    Ended(InvitationState),
}

/// What an answer must do. One answer ends all that are out for its person, so it does what any
/// of them asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Whether the terms are to be accepted.
    pub terms: bool,
    /// The strictest rule that the password is to keep.
    pub password_rule: PasswordRule,
}

impl Asked {
    /// What these ask that are out.
    fn of(invitations: &[Invitation], now: Timestamp) -> Self {
        let out = |each: &&Invitation| each.state(now) == InvitationState::Out;
        let out = || invitations.iter().filter(out);
        Self {
            terms: out().any(|each| each.kind == InvitationKind::Invite),
            password_rule: out()
                .map(|each| each.password_rule)
                .max()
                .unwrap_or_default(),
        }
    }

    /// Whether an answer that does this does that as well.
    fn covers(self, other: Self) -> bool {
        self.terms >= other.terms && self.password_rule >= other.password_rule
    }
}

/// An invitation as its person sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// What answering it asks.
    pub asked: Asked,
    /// The person.
    pub user: User,
    /// When its time runs out.
    pub expires_at: Timestamp,
    /// Where the page leads afterwards: on the tenant's allow-list now.
    pub redirect_to: Option<String>,
}

/// What a person answers.
pub struct Answer {
    /// The password they chose.
    pub password: SecretString,
    /// The same, once more.
    pub confirmation: SecretString,
    /// Whether they accept the terms; counts where [`Asked::terms`] says so.
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
    invitation
        .sent
        .as_ref()
        .is_some_and(|sent| sent.channel.address(user) == Some(sent.to.as_str()))
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
    let asked = asked(tx, tenant, user.id)?;
    opened(tx, tenant, invitation, user, asked)
}

/// What answering any of a person's invitations asks.
fn asked(tx: &Tx<'_>, tenant: TenantId, user: i64) -> Result<Asked, Error> {
    Ok(Asked::of(&invitations_of(tx, tenant, user)?, tx.now()))
}

fn opened(
    tx: &Tx<'_>,
    tenant: TenantId,
    invitation: Invitation,
    user: User,
    asked: Asked,
) -> Result<Link, Error> {
    // One that was taken off the list since leads nowhere.
    let redirect_to = match invitation.redirect_to {
        Some(uri) if redirects::is_allowed(tx, tenant, &uri)? => Some(uri),
        Some(_) | None => None,
    };
    Ok(Link::Open(Box::new(Opened {
        asked,
        user,
        expires_at: invitation.expires_at,
        redirect_to,
    })))
}

/// What is wrong with an answer.
#[must_use]
pub fn check(opened: &Opened, answer: &Answer) -> Violations {
    let mut violations = Violations::new();
    let password = &answer.password;
    if let Some(rule) = users::check_password_by(opened.asked.password_rule, password, &opened.user)
    {
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
    if opened.asked.terms && !answer.agrees {
        violations.field("agreed_to_terms", Rule::Blank);
    }
    violations
}

/// Accepts an invitation, and with it all that are out for its person: their password is set,
/// their address is theirs, and they join the groups that they were invited to. `password` is of
/// an answer that [`check`] found nothing wrong with, where it did what is `checked`. Accepting ends
/// the secret: a second time it leads to [`Link::Ended`], and changes nothing.
///
/// # Errors
/// As [`open`]; [`Error::Conflict`] where more is asked by now: the link is to be opened again.
pub fn accept(
    tx: &Tx<'_>,
    token: &SecretString,
    password: &PasswordHash,
    checked: Asked,
    request_id: &str,
) -> Result<Link, Error> {
    let (tenant, invitation, before) = find(tx, token)?;
    let state = standing(&invitation, &before, tx.now());
    if state != InvitationState::Out {
        return Ok(Link::Ended(state));
    }
    let asked = asked(tx, tenant, before.id)?;
    if !checked.covers(asked) {
        return Err(Error::Conflict("more is asked than was answered"));
    }
    let actor = Actor {
        principal: Principal::User(before.id),
        permissions: PermissionSet::NONE,
        account: invitation.account_id,
        email: before.email.as_ref().map(|email| email.as_str().to_owned()),
        ..Actor::system(tenant, request_id)
    };
    let change = acceptance(asked, &before, password, tx.now());
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
    // A new message may have come between finding the secret and ending what it led to.
    let ended = find_invitation(tx, tenant, invitation.id)?.ok_or(Error::NotFound)?;
    if ended.requested_at != invitation.requested_at {
        return Err(Unavailable::Contention.into());
    }
    opened(tx, tenant, invitation, user, asked)
}

/// What accepting changes of a user.
fn acceptance(asked: Asked, user: &User, password: &PasswordHash, now: Timestamp) -> UserChange {
    let mut change = UserChange {
        password: Some(password.clone()),
        ..UserChange::default()
    };
    if asked.terms {
        change.agreed_to_terms = Change::Set(true);
        change.agreed_to_terms_at = Change::Set(now);
    }
    if user.onboarding_state == Some(OnboardingState::Invited) {
        change.onboarding_state = Change::Set(OnboardingState::Started);
    }
    change
}

/// What a pending user's invitations lead to when a credential is set.
#[derive(Default)]
pub(crate) struct Answered {
    /// The groups that they join.
    pub(crate) groups: Vec<GroupGrant>,
    /// End those which are out; one that touches no row lost to another change of the invitation.
    pub(crate) ends: Vec<Statement<'static>>,
    /// The events of that.
    pub(crate) told: Vec<Statement<'static>>,
}

/// Whether a user is invited to accept terms, in time or not: such an invitation can be sent once
/// more.
///
/// # Errors
/// Storage errors.
pub(crate) fn asks_for_terms(tx: &Tx<'_>, tenant: TenantId, user: i64) -> Result<bool, Error> {
    let asks = |each: &Invitation| each.kind == InvitationKind::Invite && each.ended.is_none();
    Ok(invitations_of(tx, tenant, user)?.iter().any(asks))
}

/// What a password that is set does to the invitations of a pending user.
///
/// # Errors
/// Storage errors.
pub(crate) fn answered(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<Answered, Error> {
    let mut answered = Answered::default();
    for invitation in invitations_of(tx, actor.tenant, user)? {
        if invitation.state(tx.now()) != InvitationState::Out {
            continue;
        }
        let [end, event] = ended(tx, actor, &invitation, InvitationEnd::Accepted)?;
        answered.ends.push(end);
        answered.told.push(event);
        let permission = invitation.permission.and_then(GroupPermission::from_number);
        if let Some((group_id, permission)) = invitation.group_id.zip(permission)
            && find_group_id(tx, actor.tenant, &GroupKey::Id(group_id))?.is_some()
        {
            answered.groups.push(GroupGrant {
                path: Path::default(),
                group_id,
                permission,
            });
        }
    }
    Ok(answered)
}

/// A change of an invitation, which touches no row when another was faster, and its event.
pub(crate) type Told = [Statement<'static>; 2];

/// Writes all of it, unless another was faster with any of the invitations.
fn write(tx: &Tx<'_>, changes: Vec<Told>) -> Result<(), Error> {
    let statements: Vec<Statement<'static>> = changes.into_iter().flatten().collect();
    let touched = tx.batch(&statements)?;
    if touched.iter().step_by(2).any(|rows| *rows == 0) {
        return Err(Unavailable::Contention.into());
    }
    Ok(())
}

/// Ends an invitation, with its event.
///
/// # Errors
/// Storage errors.
pub(crate) fn ended(
    tx: &Tx<'_>,
    actor: &Actor,
    invitation: &Invitation,
    end: InvitationEnd,
) -> Result<Told, Error> {
    let kind = match end {
        InvitationEnd::Accepted => EventType::InvitationAccepted,
        InvitationEnd::Revoked => EventType::InvitationRevoked,
    };
    Ok([
        end_invitation(actor.tenant, invitation, end, tx.now()),
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
