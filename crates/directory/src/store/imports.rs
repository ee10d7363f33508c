//! The tables `imports` and `import_refusals`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::import::{Progress, Refusal};

use super::filter::Conditions;
use super::{Statement, Tx};

const BEGIN: &str = "INSERT INTO imports (tenant_id, digest, line, position, created, updated, \
    unchanged, refused, started_at, updated_at, finished_at) \
    VALUES ($1, $2, 0, 0, 0, 0, 0, 0, $3, $4, NULL) ON CONFLICT (tenant_id, digest) DO NOTHING";
const FORGET: &str = "DELETE FROM imports WHERE tenant_id = $1 AND digest = $2";
const FORGET_REFUSALS: &str = "DELETE FROM import_refusals WHERE tenant_id = $1 AND digest = $2";
const GET: &str = "SELECT line, position, created, updated, unchanged, refused, finished_at \
    FROM imports WHERE tenant_id = $1 AND digest = $2";
const ADVANCE: &str = "UPDATE imports SET line = $1, position = $2, created = $3, updated = $4, \
    unchanged = $5, refused = $6, finished_at = $7, updated_at = $8 \
    WHERE tenant_id = $9 AND digest = $10 AND position = $11 AND finished_at IS NULL";
const REFUSE: &str = "INSERT INTO import_refusals (tenant_id, digest, line, reason) \
    VALUES ($1, $2, $3, $4)";
const REFUSALS: &str = "SELECT r.line, r.reason FROM import_refusals r";

/// Records that an import begins, unless it is recorded.
pub(crate) fn insert_import(tenant: TenantId, digest: &str, now: Timestamp) -> Statement<'_> {
    Statement {
        sql: BEGIN,
        params: vec![tenant.into(), digest.into(), now.into(), now.into()],
    }
}

/// Forgets how far an import has come, and what was refused.
pub(crate) fn delete_import(tenant: TenantId, digest: &str) -> [Statement<'_>; 2] {
    [FORGET, FORGET_REFUSALS].map(|sql| Statement {
        sql,
        params: vec![tenant.into(), digest.into()],
    })
}

/// How far an import has come.
pub(crate) fn find_import(
    tx: &Tx<'_>,
    tenant: TenantId,
    digest: &str,
) -> Result<Option<Progress>, Error> {
    tx.query_opt(GET, &[tenant.into(), digest.into()], |row| {
        Ok(Progress {
            line: row.int()?,
            position: row.int()?,
            created: row.int()?,
            updated: row.int()?,
            unchanged: row.int()?,
            refused: row.int()?,
            finished_at: row.opt_time()?,
        })
    })
}

/// Moves an import on from a position; touches no row when it is elsewhere by now.
pub(crate) fn advance_import<'a>(
    tenant: TenantId,
    digest: &'a str,
    from: &Progress,
    to: &Progress,
    now: Timestamp,
) -> Statement<'a> {
    Statement {
        sql: ADVANCE,
        params: vec![
            to.line.into(),
            to.position.into(),
            to.created.into(),
            to.updated.into(),
            to.unchanged.into(),
            to.refused.into(),
            to.finished_at.into(),
            now.into(),
            tenant.into(),
            digest.into(),
            from.position.into(),
        ],
    }
}

/// Records that a line was refused.
pub(crate) fn insert_refusal<'a>(
    tenant: TenantId,
    digest: &'a str,
    refusal: &'a Refusal,
) -> Statement<'a> {
    Statement {
        sql: REFUSE,
        params: vec![
            tenant.into(),
            digest.into(),
            refusal.line.into(),
            refusal.reason.as_str().into(),
        ],
    }
}

/// What was refused of an import after a line, at most `limit` lines.
pub(crate) fn list_refusals(
    tx: &Tx<'_>,
    tenant: TenantId,
    digest: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Refusal>, Error> {
    let mut conditions = Conditions::new("r.tenant_id = ?", tenant);
    conditions.and("r.digest = ?", digest);
    conditions.and("r.line > ?", after);
    let (sql, params) = conditions.statement(REFUSALS, "ORDER BY r.line", limit);
    tx.query(&sql, &params, |row| {
        Ok(Refusal {
            line: row.int()?,
            reason: row.text()?,
        })
    })
}
