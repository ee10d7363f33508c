//! Challenges that were given out: kept here alone, for one answer.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{CEREMONY_LIFETIME, MAX_CEREMONIES};
use crate::actor::TenantId;
use crate::error::Error;
use crate::secret::{digest, new_token, tenant_of};
use crate::store::{
    Statement, Tx, count_ceremonies, find_ceremony, insert_ceremony, sweep_passkey_rests,
    take_ceremony,
};

/// Challenges and links that are over, deleted in one transaction, of each.
const SWEPT_AT_ONCE: i64 = 500;
/// Seconds after which to try again when too many wait: they end by themselves.
const RETRY_AFTER: u32 = 60;

/// A challenge, on its way out.
pub struct Challenge {
    /// What names it when it is answered; of single use.
    pub ceremony: SecretString,
    /// Until when it can be.
    pub expires_at: Timestamp,
    /// What the browser's script is given: public, but for this challenge alone.
    pub options: Value,
}

/// A challenge that was taken for its one answer.
pub(super) struct Ceremony {
    pub(super) tenant: TenantId,
    /// Who registers; none: somebody signs in.
    pub(super) user: Option<i64>,
    pub(super) state: String,
}

/// Keeps a challenge: it as it goes out, and the statement that keeps it.
pub(super) fn given(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: Option<i64>,
    (options, state): (Value, String),
) -> Result<(Challenge, Statement<'static>), Error> {
    if count_ceremonies(tx, tenant)? >= MAX_CEREMONIES {
        return Err(Error::RateLimited {
            retry_after: RETRY_AFTER,
        });
    }
    let ceremony = new_token(tenant, tx.random());
    let expires_at = tx.now().checked_add(CEREMONY_LIFETIME);
    let expires_at = expires_at.map_err(Error::internal)?;
    let hash = digest(ceremony.expose_secret());
    let statement = insert_ceremony(tenant, hash, user, state, expires_at);
    let challenge = Challenge {
        ceremony,
        expires_at,
        options,
    };
    Ok((challenge, statement))
}

/// A challenge that waits for its answer; none for one that is over, answered or nobody's.
pub(super) fn waiting(tx: &Tx<'_>, ceremony: &SecretString) -> Result<Option<Ceremony>, Error> {
    let Some(tenant) = tenant_of(ceremony.expose_secret()) else {
        return Ok(None);
    };
    // Found by the hash of a secret of 256 bits: timing shows nothing that helps.
    let found = find_ceremony(tx, tenant, &digest(ceremony.expose_secret()))?;
    Ok(found.map(|(user, state)| Ceremony {
        tenant,
        user,
        state,
    }))
}

/// Takes a challenge, whatever its answer will be worth: no other can be given. Of those who try
/// at once, one takes it.
pub(super) fn take(tx: &Tx<'_>, ceremony: &SecretString) -> Result<Option<Ceremony>, Error> {
    let Some(found) = waiting(tx, ceremony)? else {
        return Ok(None);
    };
    let hash = digest(ceremony.expose_secret());
    let taken = tx.batch(&[take_ceremony(found.tenant, &hash)])?;
    Ok((taken.first() == Some(&1)).then_some(found))
}

/// Deletes challenges and links whose time is over. Answers whether there may be more.
///
/// # Errors
/// Storage errors.
pub fn sweep(tx: &Tx<'_>, tenant: TenantId) -> Result<bool, Error> {
    let swept = tx.batch(&sweep_passkey_rests(tenant, tx.now(), SWEPT_AT_ONCE))?;
    let full = |count: &u64| i64::try_from(*count).is_ok_and(|count| count >= SWEPT_AT_ONCE);
    Ok(swept.iter().any(full))
}
