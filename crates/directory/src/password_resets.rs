//! Choosing another password by a mailed link.
//!
//! Asking for one is noted whoever's the email is, and looked at afterwards: so nobody learns from
//! the answer, or from how long it takes, whether it is anybody's. The link works once, for
//! [`LIFETIME`], and only as long as the address that it went to is the user's.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use crate::actor::{Actor, TenantId};
use crate::deliveries::Claimed;
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::invitations;
use crate::model::{Email, User, UserStatus};
use crate::password::PasswordHash;
use crate::permission::Permission;
use crate::secret::{digest, same, tenant_of};
use crate::sessions;
use crate::store::{
    Claim, ClaimScope, IdKind, Statement, Tx, UserKey, claim_owner, delete_reset,
    delete_reset_request, find_user, insert_reset_request, put_reset, reset_of, reset_of_secret,
    reset_requests, set_reset_secret,
};
use crate::users::{self, UserChange};

/// How long a link works.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// How long a user is sent no other link: nobody's mailbox is filled.
pub const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// Requests that are read at once.
pub const LOOKED_AT_ONCE: usize = 50;

/// That a user may choose another password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordReset {
    /// The user.
    pub user_id: i64,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The canonical form of the address that the link went to; none while it is yet to be made.
    pub sent_to: Option<String>,
}

/// Notes that a new password was asked for, whoever's the email is.
///
/// # Errors
/// Storage errors alone.
pub fn ask(tx: &Tx<'_>, tenant: TenantId, email: &Email, request_id: &str) -> Result<(), Error> {
    let id = tx.new_id(IdKind::PasswordReset)?;
    let note = insert_reset_request(tenant, id, email.key().to_owned(), request_id, tx.now());
    tx.execute(note.sql, &note.params).map(drop)
}

/// Sends a user a link to choose another password.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `updateUsers`, as another, and for a user who
/// may do more than the actor; [`Error::Conflict`] for one who is suspended, has no email, or has
/// yet to answer an invitation.
pub fn send(tx: &Tx<'_>, actor: &Actor, user: i64) -> Result<(), Error> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    actor.require_in_person()?;
    let found = find_user(tx, actor, &UserKey::Id(user), false)?;
    let user = found.ok_or(Error::NotFound)?.user;
    users::require_not_above(tx, actor, user.id)?;
    if !can_be_sent(&user) {
        return Err(Error::Conflict("nothing can be sent to the user"));
    }
    tx.batch(&asked(tx, actor, &user)?)?;
    Ok(())
}

/// Whose first password an invitation asks for answers that, with what else it asks.
fn can_be_sent(user: &User) -> bool {
    user.status() == UserStatus::Active && user.email.is_some()
}

/// What lets a user choose another password, and has them sent the link: the message is made of
/// the event.
fn asked(tx: &Tx<'_>, actor: &Actor, user: &User) -> Result<[Statement<'static>; 2], Error> {
    let expires_at = tx.now().checked_add(LIFETIME).map_err(Error::internal)?;
    let account = sessions::primary_account(tx, actor.tenant, user.id)?;
    let kind = EventType::UserPasswordResetRequested;
    let subject = Subject::new("user", user.id);
    Ok([
        put_reset(actor.tenant, user.id, tx.now(), expires_at),
        event::record(tx, actor, kind, account, subject, Change::default())?,
    ])
}

/// A request that was noted.
#[derive(Clone)]
pub struct ResetRequest {
    pub(crate) id: i64,
    /// The canonical form of the email that was named.
    pub(crate) email: String,
    pub(crate) request_id: String,
}

/// Requests that are yet to be looked at, oldest first: fewer than [`LOOKED_AT_ONCE`] when there
/// are no more.
///
/// # Errors
/// Storage errors.
pub fn noted(tx: &Tx<'_>, tenant: TenantId) -> Result<Vec<ResetRequest>, Error> {
    reset_requests(tx, tenant, LOOKED_AT_ONCE)
}

/// Looks at a request: where its email is somebody's they are sent a link, and who has yet to
/// answer an invitation that one's.
///
/// # Errors
/// Storage errors.
pub fn look(tx: &Tx<'_>, tenant: TenantId, request: &ResetRequest) -> Result<(), Error> {
    // Of several nodes, the one that takes it away goes on.
    if !drop_request(tx, tenant, request)? {
        return Ok(());
    }
    let claim = Claim {
        scope: ClaimScope::Email,
        value: request.email.clone(),
    };
    let Some(owner) = claim_owner(tx, tenant, &claim)? else {
        return Ok(());
    };
    let system = Actor::system(tenant, request.request_id.as_str());
    let Some(found) = find_user(tx, &system, &UserKey::Id(owner), false)? else {
        return Ok(());
    };
    let since = tx.now().checked_sub(PAUSE).map_err(Error::internal)?;
    if found.user.status() == UserStatus::Pending {
        return invitations::remind(tx, &system, owner, since);
    }
    let lately = reset_of(tx, tenant, owner)?.is_some_and(|last| last.requested_at > since);
    if can_be_sent(&found.user) && !lately {
        let actor = sessions::themselves(tx, tenant, &found.user, &request.request_id)?;
        tx.batch(&asked(tx, &actor, &found.user)?)?;
    }
    Ok(())
}

/// Takes a request away, whatever comes of it. Answers whether it was there.
///
/// # Errors
/// Storage errors.
pub fn drop_request(tx: &Tx<'_>, tenant: TenantId, request: &ResetRequest) -> Result<bool, Error> {
    let gone = tx.batch(&[delete_reset_request(tenant, request.id)])?;
    Ok(gone.first() == Some(&1))
}

/// The message of a reset, whose link carries `token`: the user, and when the link ends. None when
/// there is nothing to send any more: a newer one was asked for, its time ran out, or its user is
/// gone, suspended or without an email.
///
/// # Errors
/// Storage errors.
pub(crate) fn mailed(
    tx: &Tx<'_>,
    tenant: TenantId,
    claimed: &Claimed,
    token: &SecretString,
) -> Result<Option<(User, Timestamp)>, Error> {
    let Some(event) = &claimed.event else {
        return Ok(None);
    };
    let wanted =
        |each: &PasswordReset| each.requested_at == event.created_at && each.expires_at > tx.now();
    let Some(reset) = reset_of(tx, tenant, claimed.key.recipient)?.filter(wanted) else {
        return Ok(None);
    };
    let system = Actor::system(tenant, "");
    let Some(found) = find_user(tx, &system, &UserKey::Id(reset.user_id), false)? else {
        return Ok(None);
    };
    let user = found.user;
    let to = user.email.as_ref().map(|email| email.key().to_owned());
    let Some(to) = to.filter(|_| can_be_sent(&user)) else {
        return Ok(None);
    };
    let hash = digest(token.expose_secret());
    let set = set_reset_secret(tenant, &reset, hash, to);
    if tx.batch(&[set])?.first() == Some(&0) {
        return Err(Unavailable::Contention.into());
    }
    Ok(Some((user, reset.expires_at)))
}

/// Who a link is of, and when it ends.
///
/// # Errors
/// [`Error::NotFound`] for a secret that no message carries any more, or ever did.
pub fn open(tx: &Tx<'_>, token: &SecretString) -> Result<(User, Timestamp), Error> {
    let (_, reset, user) = find(tx, token)?;
    Ok((user, reset.expires_at))
}

fn find(tx: &Tx<'_>, token: &SecretString) -> Result<(TenantId, PasswordReset, User), Error> {
    let token = token.expose_secret();
    let tenant = tenant_of(token).ok_or(Error::NotFound)?;
    let hash = digest(token);
    let (reset, stored) = reset_of_secret(tx, tenant, &hash)?.ok_or(Error::NotFound)?;
    if !same(&stored, &hash) || reset.expires_at <= tx.now() {
        return Err(Error::NotFound);
    }
    let system = Actor::system(tenant, "");
    let found = find_user(tx, &system, &UserKey::Id(reset.user_id), false)?;
    let user = found.ok_or(Error::NotFound)?.user;
    let own = user.email.as_ref().map(Email::key);
    if !can_be_sent(&user) || own != reset.sent_to.as_deref() {
        return Err(Error::NotFound);
    }
    Ok((tenant, reset, user))
}

/// Sets the password that a user chose, one that [`users::check_password`] found nothing wrong
/// with: the link works no more, all their sessions end, and the address is theirs.
///
/// # Errors
/// As [`open`].
pub fn accept(
    tx: &Tx<'_>,
    token: &SecretString,
    password: &PasswordHash,
    request_id: &str,
) -> Result<(), Error> {
    let (tenant, _, before) = find(tx, token)?;
    let actor = sessions::themselves(tx, tenant, &before, request_id)?;
    // Of two who answer at once, one comes first.
    if tx.batch(&[delete_reset(tenant, before.id)])?.first() != Some(&1) {
        return Err(Error::NotFound);
    }
    let change = UserChange {
        password: Some(password.clone()),
        ..UserChange::default()
    };
    let verify = |user: &mut User| user.email_verified_at = Some(tx.now());
    users::answer(tx, &actor, &before, &change, None, verify)?;
    Ok(())
}
