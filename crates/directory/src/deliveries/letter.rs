//! Messages to people: what goes into one, as far as the directory knows it.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Claimed, lane_of};
use crate::actor::{Actor, TenantId};
use crate::error::{Error, Unavailable};
use crate::event::EventType;
use crate::model::{
    Email, Invitation, InvitationKind, InvitationState, MessageChannel, SentMessage, User,
    UserStatus,
};
use crate::passkeys;
use crate::password_resets;
use crate::secret::digest;
use crate::store::{
    StoredEvent, Tx, UserKey, find_account, find_invitation, find_key, find_user,
    set_invitation_secret,
};

/// What a message asks of its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterKind {
    /// To answer an invitation.
    Invitation(InvitationKind),
    /// To register a passkey.
    PasskeyRegistration,
    /// To choose another password.
    PasswordReset,
    /// Nothing: somebody tried to sign up with their address. Its link is of no use.
    AlreadyRegistered,
}

/// A message to a person, as far as the directory knows it: what it says is a template's.
pub struct Letter {
    /// Whom it goes to.
    pub user: User,
    /// What it asks of them.
    pub kind: LetterKind,
    /// The account that it was asked for in, or that they are invited to, by its name.
    pub organisation: Option<String>,
    /// Who asked for the message: their name, or an email address where none is known.
    pub inviter: Option<String>,
    /// The secret of its link: of single use, and stored as a hash alone.
    pub token: SecretString,
    /// When the link ends.
    pub expires_at: Timestamp,
}

/// Makes the message of a delivery, whose link carries `token`: the same at each attempt, since
/// nobody knows which of them arrives. That of an earlier message holds no more. None when there
/// is nothing to send any more: the invitation ended or was sent once more since, or its person is
/// gone, suspended, or without such an address.
///
/// # Errors
/// Storage errors.
pub fn letter(
    tx: &Tx<'_>,
    tenant: TenantId,
    claimed: &Claimed,
    token: SecretString,
) -> Result<Option<Letter>, Error> {
    let Some(event) = &claimed.event else {
        return Ok(None);
    };
    if event.event_type == EventType::UserSignUpRepeated.name() {
        return known(tx, tenant, event, token);
    }
    if passkeys::asks_for_link(event) {
        return passkey_registration(tx, tenant, event, token);
    }
    if event.event_type == EventType::UserPasswordResetRequested.name() {
        let mailed = password_resets::mailed(tx, tenant, claimed, &token)?;
        return Ok(mailed.map(|(user, expires_at)| Letter {
            user,
            kind: LetterKind::PasswordReset,
            organisation: None,
            inviter: None,
            token,
            expires_at,
        }));
    }
    let invited = event.event_type == EventType::InvitationCreated.name();
    let Some(id) = event.subject_id.parse().ok().filter(|_| invited) else {
        return Ok(None);
    };
    let found = find_invitation(tx, tenant, id)?;
    // Sent once more since: the message of that event is the one whose link shall hold.
    let wanted = |each: &Invitation| {
        each.state(tx.now()) == InvitationState::Out && each.requested_at == event.created_at
    };
    let Some(invitation) = found.filter(wanted) else {
        return Ok(None);
    };
    let system = Actor::system(tenant, event.request_id.clone());
    let Some(found) = find_user(tx, &system, &UserKey::Id(invitation.user_id), false)? else {
        return Ok(None);
    };
    let user = found.user;
    if user.pending_since.is_none() || user.status() == UserStatus::Suspended {
        return Ok(None);
    }
    let channel = [MessageChannel::Email, MessageChannel::Sms]
        .into_iter()
        .find(|channel| lane_of(*channel) == claimed.key.lane);
    let Some((channel, to)) =
        channel.and_then(|channel| Some((channel, channel.address(&user)?.to_owned())))
    else {
        return Ok(None);
    };
    let hash = digest(token.expose_secret());
    let at = tx.now();
    let sent = SentMessage { channel, to, at };
    let set = set_invitation_secret(tenant, &invitation, hash, &sent);
    if tx.batch(&[set])?.first() == Some(&0) {
        // It ended or was sent once more just now.
        return Err(Unavailable::Contention.into());
    }
    Ok(Some(Letter {
        organisation: organisation(tx, tenant, invitation.account_id)?,
        inviter: inviter(tx, &system, event)?,
        user,
        kind: LetterKind::Invitation(invitation.kind),
        token,
        expires_at: invitation.expires_at,
    }))
}

fn passkey_registration(
    tx: &Tx<'_>,
    tenant: TenantId,
    event: &StoredEvent,
    token: SecretString,
) -> Result<Option<Letter>, Error> {
    let Some((user, expires_at)) = passkeys::letter(tx, tenant, event, &token)? else {
        return Ok(None);
    };
    let system = Actor::system(tenant, event.request_id.clone());
    Ok(Some(Letter {
        organisation: organisation(tx, tenant, event.account_id)?,
        inviter: inviter(tx, &system, event)?,
        user,
        kind: LetterKind::PasskeyRegistration,
        token,
        expires_at,
    }))
}

/// The message to who is known already: it has no link.
fn known(
    tx: &Tx<'_>,
    tenant: TenantId,
    event: &StoredEvent,
    token: SecretString,
) -> Result<Option<Letter>, Error> {
    let Ok(id) = event.subject_id.parse() else {
        return Ok(None);
    };
    let system = Actor::system(tenant, event.request_id.clone());
    let found = find_user(tx, &system, &UserKey::Id(id), false)?;
    let user = found.map(|found| found.user).filter(|user| {
        let reached = user.email.is_some() && user.pending_since.is_none();
        reached && user.status() != UserStatus::Suspended
    });
    Ok(user.map(|user| Letter {
        user,
        kind: LetterKind::AlreadyRegistered,
        organisation: None,
        inviter: None,
        token,
        expires_at: event.created_at,
    }))
}

/// The name of the account that a message was asked for in.
fn organisation(
    tx: &Tx<'_>,
    tenant: TenantId,
    account: Option<i64>,
) -> Result<Option<String>, Error> {
    let Some(account) = account else {
        return Ok(None);
    };
    Ok(find_account(tx, tenant, account)?.map(|account| account.name))
}

/// Who caused an event, as people know them: a user, or the owner of a key.
fn inviter(tx: &Tx<'_>, system: &Actor, event: &StoredEvent) -> Result<Option<String>, Error> {
    let (key, email) = match event.actor_type.as_str() {
        "user" => (event.actor_id.parse().ok().map(UserKey::Id), None),
        "key" => {
            let key = find_key(tx, system.tenant, &event.actor_id)?;
            let email = key.and_then(|key| key.owner_email);
            let parsed = email.as_deref().map(Email::parse).and_then(Result::ok);
            let user = parsed.map(|email| UserKey::Email(email.key().to_owned()));
            (user, email)
        }
        _ => (None, None),
    };
    let found = match key {
        Some(key) => find_user(tx, system, &key, false)?,
        None => None,
    };
    let own = found.and_then(|found| {
        let email = found.user.email.as_ref().map(|email| email.as_str());
        found.user.shown_name().or(email.map(str::to_owned))
    });
    Ok(own.or(email))
}
