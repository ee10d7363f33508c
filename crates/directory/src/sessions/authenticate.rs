//! Who a session's token is.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::begin::enterable;
use super::impersonate::shared_with;
use super::{Session, USE_NOTED};
use crate::access::access_of;
use crate::actor::{Actor, TenantId};
use crate::error::Error;
use crate::keys::{Authenticated, living_key};
use crate::model::Email;
use crate::secret::{digest, same, tenant_of};
use crate::store::{Tx, session_of_secret, touch_session};

/// When a session was last used, as far as that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The session.
    pub session: i64,
    /// When.
    pub noted: Timestamp,
}

impl Use {
    /// When a use is to be noted once more.
    pub(crate) fn due(self) -> Timestamp {
        self.noted.checked_add(USE_NOTED).unwrap_or(self.noted)
    }
}

/// Who a session's token is.
///
/// # Errors
/// [`Error::Unauthenticated`] for anything but the token of a session that is not over, of a user
/// who may enter, and where another acts as them, by who still may.
pub(crate) fn by_token(tx: &Tx<'_>, token: &SecretString) -> Result<Authenticated, Error> {
    let token = token.expose_secret();
    let tenant = tenant_of(token).ok_or(Error::Unauthenticated)?;
    // Found by the hash of a secret of 256 bits: timing shows nothing that helps.
    let hash = digest(token);
    let found = session_of_secret(tx, tenant, &hash)?;
    let (session, stored) = found.ok_or(Error::Unauthenticated)?;
    if !same(&stored, &hash) || !session.lives(tx.now()) {
        return Err(Error::Unauthenticated);
    }
    let mut actor = actor_of(tx, tenant, &session)?;
    actor.session = Some(session.id);
    Ok(Authenticated {
        actor,
        ends: Some(session.ends_at()),
        used: Some(Use {
            session: session.id,
            noted: session.used_at,
        }),
    })
}

fn actor_of(tx: &Tx<'_>, tenant: TenantId, session: &Session) -> Result<Actor, Error> {
    let user = enterable(tx, tenant, session.user_id)?;
    if let Some(key) = &session.key_id {
        return living_key(tx, tenant, key);
    }
    let access = access_of(tx, tenant, user.id)?;
    let email = user.email.as_ref().map(Email::as_str).map(str::to_owned);
    let Some(impersonation) = &session.impersonation else {
        return Ok(Actor::user_of(tenant, user.id, email, access));
    };
    let (shared, email) = shared_with(tx, tenant, &impersonation.by, &access)?;
    Ok(Actor {
        impersonator: Some(impersonation.by.clone()),
        ..Actor::user_of(tenant, user.id, email, shared)
    })
}

/// Notes that a session is used.
///
/// # Errors
/// Storage errors.
pub(crate) fn note_use(tx: &Tx<'_>, tenant: TenantId, session: i64) -> Result<(), Error> {
    let statement = touch_session(tenant, session, tx.now());
    tx.execute(statement.sql, &statement.params).map(drop)
}
