//! The table `redirects`.

use crate::actor::TenantId;
use crate::error::Error;
use crate::redirects::Redirect;

use super::filter::{Conditions, one_more};
use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO redirects (tenant_id, id, uri, created_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, uri) DO NOTHING";
const DELETE: &str = "DELETE FROM redirects WHERE tenant_id = $1 AND id = $2";
const SELECT: &str = "SELECT r.id, r.uri, r.created_at FROM redirects r";
const FIND: &str = "SELECT r.id, r.uri, r.created_at FROM redirects r \
    WHERE r.tenant_id = $1 AND r.id = $2";
const IS_THERE: &str = "SELECT 1 FROM redirects r WHERE r.tenant_id = $1 AND r.uri = $2";

fn read_redirect(row: &Row<'_>) -> Result<Redirect, Error> {
    Ok(Redirect {
        id: row.int()?,
        uri: row.text()?,
        created_at: row.time()?,
    })
}

/// Adds an address; touches no row when it is there.
pub(crate) fn insert_redirect(tenant: TenantId, redirect: &Redirect) -> Statement<'_> {
    let params = vec![
        tenant.into(),
        redirect.id.into(),
        redirect.uri.as_str().into(),
        redirect.created_at.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

pub(crate) fn delete_redirect(tenant: TenantId, id: i64) -> Statement<'static> {
    Statement {
        sql: DELETE,
        params: vec![tenant.into(), id.into()],
    }
}

pub(crate) fn find_redirect(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
) -> Result<Option<Redirect>, Error> {
    tx.query_opt(FIND, &[tenant.into(), id.into()], read_redirect)
}

/// Whether an address is there, exactly.
pub(crate) fn redirect_is_there(tx: &Tx<'_>, tenant: TenantId, uri: &str) -> Result<bool, Error> {
    let found = tx.query_opt(IS_THERE, &[tenant.into(), uri.into()], |_| Ok(()))?;
    Ok(found.is_some())
}

/// Addresses by number, after `after`; one more than asked for shows that there are more.
pub(crate) fn list_redirects(
    tx: &Tx<'_>,
    tenant: TenantId,
    after: i64,
    limit: usize,
) -> Result<Vec<Redirect>, Error> {
    let mut conditions = Conditions::new("r.tenant_id = ?", tenant);
    conditions.and("r.id > ?", after);
    let (sql, params) = conditions.statement(SELECT, "ORDER BY r.id", one_more(limit));
    tx.query(&sql, &params, read_redirect)
}
