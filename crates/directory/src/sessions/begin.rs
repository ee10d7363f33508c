//! How a session begins.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Client, LIFETIME, MAX_AGENT, MAX_SESSIONS, Method, Session};
use crate::access::Access;
use crate::actor::{Actor, TenantId, Visibility};
use crate::clock::Random;
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::keys::{self, Credential};
use crate::model::{Email, User, UserStatus};
use crate::secret::{digest, new_secret};
use crate::store::{
    IdKind, Statement, Tx, UserKey, delete_session, find_user, insert_session, memberships_of,
    sessions_beyond, update_attributes,
};

/// What stands before the secret of a session's token, behind the tenant's number.
const PREFIX: &str = "ses_";

/// A session just begun or given another token: the only time its token is seen.
pub struct Started {
    /// The session.
    pub session: Session,
    /// Its token.
    pub token: SecretString,
}

/// `1-ses_…`: the tenant's number, what it is, and 256 random bits.
pub(super) fn new_session_token(tenant: TenantId, random: &dyn Random) -> SecretString {
    let secret = new_secret(random);
    format!("{}-{PREFIX}{}", tenant.0, secret.expose_secret()).into()
}

/// Whether a token has the form of a session's. No other credential has it: the secrets of
/// access tokens are shorter.
pub(super) fn is_session_token(token: &str) -> bool {
    let secret = token
        .split_once('-')
        .and_then(|(_, rest)| rest.strip_prefix(PREFIX));
    secret.is_some_and(|secret| secret.len() == 43)
}

/// Begins a session of a user who proved who they are in another way than by a password.
///
/// # Errors
/// [`Error::Unauthenticated`] for a user who is not there or suspended.
pub fn start(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    method: Method,
    client: &Client,
    request_id: &str,
) -> Result<Started, Error> {
    let user = enterable(tx, tenant, user)?;
    let session = session_of(tx, &user, method, client)?;
    begin(tx, tenant, &user, session, Vec::new(), request_id)
}

/// Begins a session by a key's id and secret, for the user whose email is its owner's. The session
/// acts as the key, and ends with it.
///
/// # Errors
/// [`Error::Unauthenticated`] for anything but a living key and its whole secret;
/// [`Error::Forbidden`] for a key whose owner is no user who could log in.
pub fn start_by_key(
    tx: &Tx<'_>,
    id: &str,
    secret: &SecretString,
    client: &Client,
    request_id: &str,
) -> Result<Started, Error> {
    let credential = Credential::Key {
        id: id.to_owned(),
        secret: secret.clone(),
    };
    let found = keys::authenticate(tx, &credential)?;
    let tenant = found.actor.tenant;
    let no_owner = Error::Forbidden("the key belongs to no user who could log in");
    let Some(owner) = found.actor.user(tx)? else {
        return Err(no_owner);
    };
    let Ok(user) = enterable(tx, tenant, owner) else {
        return Err(no_owner);
    };
    let mut session = session_of(tx, &user, Method::Key, client)?;
    session.key_id = Some(id.to_owned());
    if let Some(end) = found.ends {
        session.expires_at = session.expires_at.min(end);
    }
    begin(tx, tenant, &user, session, Vec::new(), request_id)
}

/// A user who may have a session.
pub(super) fn enterable(tx: &Tx<'_>, tenant: TenantId, user: i64) -> Result<User, Error> {
    let system = Actor::system(tenant, "");
    let found = find_user(tx, &system, &UserKey::Id(user), false)?;
    let user = found.ok_or(Error::Unauthenticated)?.user;
    match user.status() {
        UserStatus::Active | UserStatus::Pending => Ok(user),
        UserStatus::Suspended => Err(Error::Unauthenticated),
    }
}

/// A new session of a user.
pub(super) fn session_of(
    tx: &Tx<'_>,
    user: &User,
    method: Method,
    client: &Client,
) -> Result<Session, Error> {
    let agent = client.agent.as_deref();
    Ok(Session {
        id: tx.new_id(IdKind::Session)?,
        user_id: user.id,
        method,
        key_id: None,
        impersonation: None,
        address: client.address.clone(),
        agent: agent.map(|text| text.chars().take(MAX_AGENT).collect()),
        created_at: tx.now(),
        used_at: tx.now(),
        expires_at: end_after(tx.now(), LIFETIME)?,
    })
}

pub(super) fn end_after(
    now: Timestamp,
    lifetime: jiff::SignedDuration,
) -> Result<Timestamp, Error> {
    now.checked_add(lifetime).map_err(Error::internal)
}

/// What events tell of a session: nothing that leads to it.
pub(super) fn told(session: &Session) -> Change {
    Change::of(&[
        ("session_id", session.id.into()),
        ("method", session.method.name().into()),
    ])
}

/// The account that what a user does by themselves is told in.
///
/// # Errors
/// Storage errors.
pub(crate) fn primary_account(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
) -> Result<Option<i64>, Error> {
    let memberships = memberships_of(tx, tenant, &[user])?;
    Ok(memberships.first().map(|(_, own)| own.account_id))
}

/// A user as the one who acts, in their primary account and without rights: they need none.
///
/// # Errors
/// Storage errors.
pub(crate) fn themselves(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: &User,
    request_id: &str,
) -> Result<Actor, Error> {
    let email = user.email.as_ref().map(Email::as_str).map(str::to_owned);
    Ok(Actor {
        request_id: request_id.to_owned(),
        visibility: Visibility::Tenant,
        account: primary_account(tx, tenant, user.id)?,
        ..Actor::user_of(tenant, user.id, email, Access::default())
    })
}

/// Writes a session with what else its beginning causes. The user's row is written with it, so
/// that of a login and a suspension, deletion or new password at the same time one comes first.
pub(super) fn begin(
    tx: &Tx<'_>,
    tenant: TenantId,
    before: &User,
    session: Session,
    more: Vec<Statement<'static>>,
    request_id: &str,
) -> Result<Started, Error> {
    let mut user = before.clone();
    user.last_login_at = Some(tx.now());
    user.version += 1;
    let actor = themselves(tx, tenant, before, request_id)?;
    let (kind, subject) = (EventType::UserLoggedIn, Subject::new("user", user.id));
    let mut statements = vec![update_attributes(tenant, &user, before.version)?];
    statements.extend(more);
    statements.extend(oldest_ended(tx, tenant, user.id)?);
    let token = new_session_token(tenant, tx.random());
    let hash = digest(token.expose_secret());
    statements.push(insert_session(tenant, &session, hash));
    statements.push(event::record(
        tx,
        &actor,
        kind,
        actor.account,
        subject,
        told(&session),
    )?);
    if tx.batch(&statements)?.first() == Some(&0) {
        return Err(Unavailable::Contention.into());
    }
    Ok(Started { session, token })
}

/// What ends the oldest sessions of a user who has as many as they may.
pub(super) fn oldest_ended(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
) -> Result<Vec<Statement<'static>>, Error> {
    let beyond = sessions_beyond(tx, tenant, user, MAX_SESSIONS - 1)?;
    let mut statements: Vec<Statement<'static>> = beyond
        .iter()
        .map(|id| delete_session(tenant, *id))
        .collect();
    if !statements.is_empty() {
        statements.push(crate::store::bump_generation(tx, tenant));
    }
    Ok(statements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;
    use crate::secret::{new_token, tenant_of};

    #[test]
    fn a_session_token_is_told_from_every_other() {
        let token = new_session_token(TenantId(12), &SystemRandom);
        let token = token.expose_secret();
        assert!(is_session_token(token));
        assert_eq!(tenant_of(token), Some(TenantId(12)));
        for _ in 0..1_000 {
            let other = new_token(TenantId(1), &SystemRandom);
            assert!(!is_session_token(other.expose_secret()));
        }
        for end in 0..token.len() {
            assert!(!is_session_token(&token[..end]), "{end}");
        }
    }
}
