//! What the person of an invitation does with it.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::ended;
use crate::actor::{Actor, Principal, TenantId};
use crate::error::{Error, Unavailable};
use crate::model::{
    GroupPermission, Invitation, InvitationEnd, InvitationKind, InvitationState, MessageChannel,
    OnboardingState, User, UserStatus,
};
use crate::password::{PasswordHash, PasswordRule};
use crate::permission::PermissionSet;
use crate::redirects;
use crate::secret::{digest, same, tenant_of};
use crate::store::{
    GroupKey, Statement, Tx, UserKey, find_group_id, find_invitation, find_user,
    invitation_of_secret, invitations_of,
};
use crate::users::{self, Change, GroupGrant, UserChange};
use crate::violation::{Path, Rule, Violations};

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
    pub(crate) fn covers(self, other: Self) -> bool {
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
    let user = users::answer(tx, &actor, &before, &change, Some(checked), verify)?;
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
pub(crate) struct Answered {
    /// What those that it ends ask.
    pub(crate) asked: Asked,
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
    let invitations = invitations_of(tx, actor.tenant, user)?;
    let mut answered = Answered {
        asked: Asked::of(&invitations, tx.now()),
        groups: Vec::new(),
        ends: Vec::new(),
        told: Vec::new(),
    };
    for invitation in invitations {
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
