//! The table `credentials`: what a user proves to be themselves with.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::password::PasswordHash;

use super::filter::Conditions;
use super::{Statement, Tx};

const PUT: &str = "INSERT INTO credentials (tenant_id, user_id, kind, secret, created_at, \
    updated_at, change_due) VALUES ($1, $2, 'password', $3, $4, $5, $6) \
    ON CONFLICT (tenant_id, user_id, kind) DO UPDATE SET secret = excluded.secret, \
    updated_at = excluded.updated_at, change_due = excluded.change_due";
const GET: &str = "SELECT secret FROM credentials \
    WHERE tenant_id = $1 AND user_id = $2 AND kind = 'password'";
const HASHES: &str = "SELECT c.user_id, c.secret FROM credentials c";

const DUE: &str = "UPDATE credentials SET change_due = $1 \
    WHERE tenant_id = $2 AND user_id = $3 AND kind = 'password'";
const REPLACE: &str = "UPDATE credentials SET secret = $1, updated_at = $2 \
    WHERE tenant_id = $3 AND user_id = $4 AND kind = 'password' AND secret = $5";

// One statement whoever is asked for, so that it takes as long.
const OF_EMAIL: &str = "SELECT u.id, u.suspended_at, c.secret FROM claims o \
    JOIN users u ON u.tenant_id = o.tenant_id AND u.id = o.owner_id AND u.deleted_at IS NULL \
    LEFT JOIN credentials c ON c.tenant_id = u.tenant_id AND c.user_id = u.id \
    AND c.kind = 'password' WHERE o.tenant_id = $1 AND o.scope = 'email' AND o.value = $2";
const STANDING: &str = "SELECT secret, change_due FROM credentials \
    WHERE tenant_id = $1 AND user_id = $2 AND kind = 'password'";

/// Who has an email, and what they prove to be themselves with.
pub(crate) struct Candidate {
    pub(crate) user_id: i64,
    pub(crate) suspended: bool,
    pub(crate) password: Option<PasswordHash>,
}

/// The user who has the email with this canonical form.
pub(crate) fn candidate_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    email: &str,
) -> Result<Option<Candidate>, Error> {
    tx.query_opt(OF_EMAIL, &[tenant.into(), email.into()], |row| {
        Ok(Candidate {
            user_id: row.int()?,
            suspended: row.opt_time()?.is_some(),
            password: row.opt_text()?.map(PasswordHash::from_stored),
        })
    })
}

/// A user's password hash, and since when another password is to be chosen, if it is.
pub(crate) fn standing_password(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
) -> Result<Option<(PasswordHash, Option<Timestamp>)>, Error> {
    tx.query_opt(STANDING, &[tenant.into(), user.into()], |row| {
        Ok((PasswordHash::from_stored(row.text()?), row.opt_time()?))
    })
}

/// Sets a user's password; with `change_due`, one that lets nobody in before another is chosen.
pub(crate) fn put_password(
    tenant: TenantId,
    user: i64,
    hash: &PasswordHash,
    now: Timestamp,
    change_due: Option<Timestamp>,
) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        user.into(),
        hash.expose().to_owned().into(),
        now.into(),
        now.into(),
        change_due.into(),
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

/// Has a user choose another password before theirs lets them in.
pub(crate) fn password_due(tenant: TenantId, user: i64, now: Timestamp) -> Statement<'static> {
    Statement {
        sql: DUE,
        params: vec![now.into(), tenant.into(), user.into()],
    }
}
