//! The table `sign_ups`.

use crate::actor::TenantId;
use crate::error::Error;

use super::{Statement, Tx};

const NOTE: &str = "INSERT INTO sign_ups (tenant_id, id, content, request_id, created_at) \
    VALUES ($1, $2, $3, $4, $5)";
const NOTED: &str = "SELECT id FROM sign_ups WHERE tenant_id = $1 ORDER BY id LIMIT $2";
const ONE: &str = "SELECT content, request_id FROM sign_ups WHERE tenant_id = $1 AND id = $2";
const END: &str = "DELETE FROM sign_ups WHERE tenant_id = $1 AND id = $2";

/// Notes that somebody signed up.
pub(crate) fn insert_sign_up(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
    content: String,
    request_id: &str,
) -> Statement<'static> {
    Statement {
        sql: NOTE,
        params: vec![
            tenant.into(),
            id.into(),
            content.into(),
            request_id.to_owned().into(),
            tx.now().into(),
        ],
    }
}

/// The numbers of those that are yet to be looked at, oldest first.
pub(crate) fn sign_ups(tx: &Tx<'_>, tenant: TenantId, limit: usize) -> Result<Vec<i64>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(NOTED, &[tenant.into(), limit.into()], |row| row.int())
}

/// What one holds, and the request that it came with.
pub(crate) fn find_sign_up(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
) -> Result<Option<(String, String)>, Error> {
    tx.query_opt(ONE, &[tenant.into(), id.into()], |row| {
        Ok((row.text()?, row.text()?))
    })
}

/// Takes one away that was looked at; touches no row when another did.
pub(crate) fn delete_sign_up(tenant: TenantId, id: i64) -> Statement<'static> {
    Statement {
        sql: END,
        params: vec![tenant.into(), id.into()],
    }
}
