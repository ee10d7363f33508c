//! The table `idempotency_records`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::idempotency::{Answer, IdempotencyKey};

use super::{Statement, Tx};

// Status 0: reserved, and not answered yet.
const PUT: &str = "INSERT INTO idempotency_records (tenant_id, principal, route, key, \
    request_hash, status, location, etag, body, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT (tenant_id, principal, route, key) DO UPDATE SET \
    request_hash = excluded.request_hash, status = excluded.status, \
    location = excluded.location, etag = excluded.etag, body = excluded.body, \
    created_at = excluded.created_at WHERE idempotency_records.status = 0";
const FIND: &str = "SELECT request_hash, status, location, etag, body \
    FROM idempotency_records WHERE tenant_id = $1 AND principal = $2 AND route = $3 \
    AND key = $4 AND created_at > $5 AND status > 0";
const DELETE_OLD: &str =
    "DELETE FROM idempotency_records WHERE tenant_id = $1 AND created_at <= $2";

/// Writes a record without an answer; touches no row when the same key was answered before.
pub(crate) fn reserve_answer(
    tenant: TenantId,
    key: &IdempotencyKey,
    now: Timestamp,
) -> Statement<'static> {
    let none = Answer {
        status: 0,
        location: None,
        etag: None,
        body: String::new(),
    };
    put_answer(tenant, key, &none, now)
}

/// Writes the answer; touches no row when the same key was answered before.
pub(crate) fn put_answer(
    tenant: TenantId,
    key: &IdempotencyKey,
    answer: &Answer,
    now: Timestamp,
) -> Statement<'static> {
    let params = vec![
        tenant.into(),
        key.principal.clone().into(),
        key.route.clone().into(),
        key.key.clone().into(),
        key.request_hash.clone().into(),
        i64::from(answer.status).into(),
        answer.location.clone().into(),
        answer.etag.clone().into(),
        answer.body.clone().into(),
        now.into(),
    ];
    Statement { sql: PUT, params }
}

/// The hash of the request that first used the key after `since`, and its answer.
pub(crate) fn find_answer(
    tx: &Tx<'_>,
    tenant: TenantId,
    key: &IdempotencyKey,
    since: Timestamp,
) -> Result<Option<(String, Answer)>, Error> {
    let params = [
        tenant.into(),
        key.principal.as_str().into(),
        key.route.as_str().into(),
        key.key.as_str().into(),
        since.into(),
    ];
    tx.query_opt(FIND, &params, |row| {
        let hash = row.text()?;
        let status = u16::try_from(row.int()?).map_err(Error::internal)?;
        let (location, etag, body) = (row.opt_text()?, row.opt_text()?, row.text()?);
        Ok((
            hash,
            Answer {
                status,
                location,
                etag,
                body,
            },
        ))
    })
}

/// Clears answers that are no longer replayed.
pub(crate) fn delete_old_answers(tenant: TenantId, until: Timestamp) -> Statement<'static> {
    Statement {
        sql: DELETE_OLD,
        params: vec![tenant.into(), until.into()],
    }
}
