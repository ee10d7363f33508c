//! The mailed link by which a user registers a passkey: asked for by an administrator, sent to the
//! stored address alone, and used once.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::LINK_LIFETIME;
use crate::actor::{Actor, TenantId};
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::model::{Email, User, UserStatus};
use crate::permission::Permission;
use crate::secret::{digest, same, tenant_of};
use crate::sessions;
use crate::store::{
    StoredEvent, Tx, UserKey, find_user, open_passkey_link, passkey_link_of,
    passkey_link_of_secret, put_passkey_link, set_passkey_link_secret,
};
use crate::users;

/// A link to register a passkey. Its secret is made when its message is, and only its hash is
/// kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationLink {
    /// Who registers by it.
    pub user_id: i64,
    /// The canonical form of the address it went to; none while its message is yet to be made.
    pub sent_to: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When its time runs out.
    pub expires_at: Timestamp,
    /// When it was first opened.
    pub opened_at: Option<Timestamp>,
    /// When a passkey was registered by it.
    pub used_at: Option<Timestamp>,
}

/// What a link leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum LinkState {
    /// Its user may register a passkey.
    Open {
        /// Who.
        user: Box<User>,
        /// The link.
        link: RegistrationLink,
    },
    /// A passkey was registered by it.
    Used,
    /// Its time is over.
    Expired,
}

/// Asks for a link: its message is on its way once this is committed. A link that was asked for
/// before holds no more.
///
/// # Errors
/// [`Error::Forbidden`] without `updateUsers`, with Public Pool access, as another, and for a user
/// who may do more than the actor; [`Error::NotFound`]; [`Error::Conflict`] for a user who is
/// suspended or has no email address.
pub fn request_link(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<RegistrationLink, Error> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    actor.require_in_person()?;
    let found = find_user(tx, actor, &UserKey::Id(user), false)?;
    let user = found.ok_or(Error::NotFound)?.user;
    users::require_not_above(tx, actor, user.id)?;
    if user.status() == UserStatus::Suspended {
        return Err(Error::Conflict("the user is suspended"));
    }
    if user.email.is_none() {
        return Err(Error::Conflict("the user has no email address"));
    }
    let expires_at = tx.now().checked_add(LINK_LIFETIME);
    let link = RegistrationLink {
        user_id: user.id,
        sent_to: None,
        requested_at: tx.now(),
        expires_at: expires_at.map_err(Error::internal)?,
        opened_at: None,
        used_at: None,
    };
    let change = Change::of(&[("expires_at", link.expires_at.to_string().into())]);
    let (kind, subject) = (
        EventType::AdminSendPasskeyRegistration,
        Subject::new("user", user.id),
    );
    // The event is what the message is made of: the sequencer queues it.
    tx.batch(&[
        put_passkey_link(actor.tenant, &link),
        event::record(tx, actor, kind, actor.account, subject, change)?,
    ])?;
    Ok(link)
}

/// Whether an event asks for a link. Other systems may report events of that name, which ask for
/// nothing.
pub(crate) fn asks_for_link(event: &StoredEvent) -> bool {
    event.event_type == EventType::AdminSendPasskeyRegistration.name()
        && event.external_id.is_none()
}

/// Makes the link that an event asked for hold, with `token` as its secret: whom it goes to, and
/// when it ends. None when there is nothing to send any more.
///
/// # Errors
/// Storage errors; [`Unavailable::Contention`] where the link changed meanwhile.
pub(crate) fn letter(
    tx: &Tx<'_>,
    tenant: TenantId,
    event: &StoredEvent,
    token: &SecretString,
) -> Result<Option<(User, Timestamp)>, Error> {
    let Some(id) = event.subject_id.parse().ok() else {
        return Ok(None);
    };
    // Asked for once more since: the message of that event is the one whose link shall hold.
    let wanted = |link: &RegistrationLink| {
        link.requested_at == event.created_at
            && link.used_at.is_none()
            && link.expires_at > tx.now()
    };
    let Some(link) = passkey_link_of(tx, tenant, id)?.filter(wanted) else {
        return Ok(None);
    };
    let Some(user) = living(tx, tenant, id)? else {
        return Ok(None);
    };
    let Some(to) = user.email.as_ref().map(|email| email.key().to_owned()) else {
        return Ok(None);
    };
    let hash = digest(token.expose_secret());
    let set = set_passkey_link_secret(tenant, &link, hash, to);
    if tx.batch(&[set])?.first() == Some(&0) {
        return Err(Unavailable::Contention.into());
    }
    Ok(Some((user, link.expires_at)))
}

/// A user who is neither gone nor suspended.
pub(super) fn living(tx: &Tx<'_>, tenant: TenantId, id: i64) -> Result<Option<User>, Error> {
    let system = Actor::system(tenant, "");
    let found = find_user(tx, &system, &UserKey::Id(id), false)?;
    let user = found.map(|found| found.user);
    Ok(user.filter(|user| user.status() != UserStatus::Suspended))
}

/// What a link leads to. Changes nothing.
///
/// # Errors
/// [`Error::NotFound`] for a secret that no message carries any more, or ever did, one of a user
/// who is gone or suspended, and one that went to an address which is theirs no more.
pub fn open(tx: &Tx<'_>, token: &SecretString) -> Result<LinkState, Error> {
    find(tx, token).map(|(_, state)| state)
}

pub(super) fn find(tx: &Tx<'_>, token: &SecretString) -> Result<(TenantId, LinkState), Error> {
    let token = token.expose_secret();
    let tenant = tenant_of(token).ok_or(Error::NotFound)?;
    let hash = digest(token);
    let found = passkey_link_of_secret(tx, tenant, &hash)?;
    let (link, stored) = found.ok_or(Error::NotFound)?;
    if !same(&stored, &hash) {
        return Err(Error::NotFound);
    }
    let user = living(tx, tenant, link.user_id)?.ok_or(Error::NotFound)?;
    if user.email.as_ref().map(Email::key) != link.sent_to.as_deref() {
        return Err(Error::NotFound);
    }
    let state = if link.used_at.is_some() {
        LinkState::Used
    } else if link.expires_at <= tx.now() {
        LinkState::Expired
    } else {
        let user = Box::new(user);
        LinkState::Open { user, link }
    };
    Ok((tenant, state))
}

/// Notes that a link was opened and found valid, the first time.
///
/// # Errors
/// As [`open`].
pub fn note_opened(tx: &Tx<'_>, token: &SecretString, request_id: &str) -> Result<(), Error> {
    let (tenant, state) = find(tx, token)?;
    let LinkState::Open { user, link } = state else {
        return Ok(());
    };
    let hash = digest(token.expose_secret());
    let noted = [open_passkey_link(tenant, link.user_id, &hash, tx.now())];
    if link.opened_at.is_some() || tx.batch(&noted)?.first() != Some(&1) {
        return Ok(());
    }
    let actor = sessions::themselves(tx, tenant, &user, request_id)?;
    let (kind, subject) = (
        EventType::PasskeyRegistrationTokenValidated,
        Subject::new("user", user.id),
    );
    let change = Change::default();
    tx.batch(&[event::record(
        tx,
        &actor,
        kind,
        actor.account,
        subject,
        change,
    )?])?;
    Ok(())
}
