//! The tables `password_reset_requests` and `password_resets`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::password_resets::{PasswordReset, ResetRequest};

use super::{Row, Statement, Tx};

const ASK: &str = "INSERT INTO password_reset_requests (tenant_id, id, email_key, request_id, \
    created_at) VALUES ($1, $2, $3, $4, $5)";
const ASKED: &str = "SELECT id, email_key, request_id FROM password_reset_requests \
    WHERE tenant_id = $1 ORDER BY id LIMIT $2";
const ANSWERED: &str = "DELETE FROM password_reset_requests WHERE tenant_id = $1 AND id = $2";
const PUT: &str = "INSERT INTO password_resets (tenant_id, user_id, requested_at, expires_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, user_id) DO UPDATE \
    SET requested_at = excluded.requested_at, expires_at = excluded.expires_at, \
    secret_hash = NULL, sent_to = NULL";
const OF_USER: &str = "SELECT user_id, requested_at, expires_at, sent_to FROM password_resets \
    WHERE tenant_id = $1 AND user_id = $2";
const OF_SECRET: &str = "SELECT user_id, requested_at, expires_at, sent_to, secret_hash \
    FROM password_resets WHERE tenant_id = $1 AND secret_hash = $2";
const SET_SECRET: &str = "UPDATE password_resets SET secret_hash = $1, sent_to = $2 \
    WHERE tenant_id = $3 AND user_id = $4 AND requested_at = $5";
const END: &str = "DELETE FROM password_resets WHERE tenant_id = $1 AND user_id = $2";

/// Notes that a new password was asked for.
pub(crate) fn insert_reset_request(
    tenant: TenantId,
    id: i64,
    email: String,
    request_id: &str,
    now: Timestamp,
) -> Statement<'_> {
    Statement {
        sql: ASK,
        params: vec![
            tenant.into(),
            id.into(),
            email.into(),
            request_id.into(),
            now.into(),
        ],
    }
}

/// What is yet to be looked at.
pub(crate) fn reset_requests(
    tx: &Tx<'_>,
    tenant: TenantId,
    limit: usize,
) -> Result<Vec<ResetRequest>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(ASKED, &[tenant.into(), limit.into()], |row| {
        Ok(ResetRequest {
            id: row.int()?,
            email: row.text()?,
            request_id: row.text()?,
        })
    })
}

/// Takes what was looked at away; touches no row when another did.
pub(crate) fn delete_reset_request(tenant: TenantId, id: i64) -> Statement<'static> {
    Statement {
        sql: ANSWERED,
        params: vec![tenant.into(), id.into()],
    }
}

fn read_reset(row: &Row<'_>) -> Result<PasswordReset, Error> {
    Ok(PasswordReset {
        user_id: row.int()?,
        requested_at: row.time()?,
        expires_at: row.time()?,
        sent_to: row.opt_text()?,
    })
}

/// Lets a user choose another password until a time, by a message that is yet to be made; that of
/// an earlier one holds no more.
pub(crate) fn put_reset(
    tenant: TenantId,
    user: i64,
    requested_at: Timestamp,
    expires_at: Timestamp,
) -> Statement<'static> {
    Statement {
        sql: PUT,
        params: vec![
            tenant.into(),
            user.into(),
            requested_at.into(),
            expires_at.into(),
        ],
    }
}

pub(crate) fn reset_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
) -> Result<Option<PasswordReset>, Error> {
    tx.query_opt(OF_USER, &[tenant.into(), user.into()], read_reset)
}

/// The reset whose message carries the secret with this hash, and the hash as it is stored.
pub(crate) fn reset_of_secret(
    tx: &Tx<'_>,
    tenant: TenantId,
    hash: &str,
) -> Result<Option<(PasswordReset, String)>, Error> {
    tx.query_opt(OF_SECRET, &[tenant.into(), hash.into()], |row| {
        Ok((read_reset(row)?, row.text()?))
    })
}

/// Keeps the hash of the secret that a message carries, and where that went; touches no row when a
/// newer one was asked for.
pub(crate) fn set_reset_secret(
    tenant: TenantId,
    reset: &PasswordReset,
    hash: String,
    sent_to: String,
) -> Statement<'static> {
    Statement {
        sql: SET_SECRET,
        params: vec![
            hash.into(),
            sent_to.into(),
            tenant.into(),
            reset.user_id.into(),
            reset.requested_at.into(),
        ],
    }
}

/// Ends the reset of a user.
pub(crate) fn delete_reset(tenant: TenantId, user: i64) -> Statement<'static> {
    Statement {
        sql: END,
        params: vec![tenant.into(), user.into()],
    }
}
