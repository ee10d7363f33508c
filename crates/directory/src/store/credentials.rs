//! The table `credentials`: what a user proves to be themselves with.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::password::PasswordHash;

use super::filter::Conditions;
use super::{Statement, Tx};

const PUT: &str = "INSERT INTO credentials (tenant_id, user_id, kind, secret, created_at, \
    updated_at) VALUES ($1, $2, 'password', $3, $4, $5) \
    ON CONFLICT (tenant_id, user_id, kind) DO UPDATE SET secret = excluded.secret, \
    updated_at = excluded.updated_at";
const GET: &str = "SELECT secret FROM credentials \
    WHERE tenant_id = $1 AND user_id = $2 AND kind = 'password'";
const HASHES: &str = "SELECT c.user_id, c.secret FROM credentials c";

const REPLACE: &str = "UPDATE credentials SET secret = $1, updated_at = $2 \
    WHERE tenant_id = $3 AND user_id = $4 AND kind = 'password' AND secret = $5";

/// Sets a user's password.
pub(crate) fn put_password(
    tenant: TenantId,
    user: i64,
    hash: &PasswordHash,
    now: Timestamp,
) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        user.into(),
        hash.expose().to_owned().into(),
        now.into(),
        now.into(),
    ];
    Statement { sql: PUT, params }
}

/// A user's password hash, if one is set.
pub(crate) fn password_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
) -> Result<Option<PasswordHash>, Error> {
    let params = [tenant.into(), user.into()];
    tx.query_opt(GET, &params, |row| {
        Ok(PasswordHash::from_stored(row.text()?))
    })
}

/// The password hash of each of these users who has one, in no order.
pub(crate) fn passwords_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    users: &[i64],
) -> Result<Vec<(i64, PasswordHash)>, Error> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::new("c.tenant_id = ?", tenant);
    conditions.and_in("c.user_id", users.iter().copied());
    conditions.and_plain("c.kind = 'password'");
    let (sql, params) = conditions.whole(HASHES, "");
    tx.query(&sql, &params, |row| {
        Ok((row.int()?, PasswordHash::from_stored(row.text()?)))
    })
}

/// Puts another hash of the same password in the place of one; touches no row when that is not
/// stored any more.
pub(crate) fn replace_password(
    tenant: TenantId,
    user: i64,
    old: &PasswordHash,
    new: &PasswordHash,
    now: Timestamp,
) -> Statement<'static> {
    let params = vec![
        new.expose().to_owned().into(),
        now.into(),
        tenant.into(),
        user.into(),
        old.expose().to_owned().into(),
    ];
    Statement {
        sql: REPLACE,
        params,
    }
}
