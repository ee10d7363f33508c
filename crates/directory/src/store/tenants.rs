//! The table `tenants`: one of the few without a `tenant_id`, being what that names.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;

use super::{Statement, Tx};

const INSERT: &str = "INSERT INTO tenants (id, name, created_at) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO NOTHING";
const BY_NAME: &str = "SELECT id FROM tenants WHERE name = $1";
const NAME: &str = "SELECT name FROM tenants WHERE id = $1";
const LIST: &str = "SELECT id, name FROM tenants ORDER BY id";
const GENERATION: &str = "SELECT generation FROM tenants WHERE id = $1";
const BUMP: &str = "UPDATE tenants SET generation = COALESCE(generation, 0) + 1 WHERE id = $1";

// Whoever else locks it waits until this transaction is over.
const LOCK: &str = "UPDATE tenants SET generation = generation WHERE id = $1";

/// Touches no row when the name is taken.
pub(crate) fn insert_tenant(id: TenantId, name: &str, now: Timestamp) -> Statement<'_> {
    Statement {
        sql: INSERT,
        params: vec![id.into(), name.into(), now.into()],
    }
}

pub(crate) fn find_tenant(tx: &Tx<'_>, name: &str) -> Result<Option<TenantId>, Error> {
    tx.query_opt(BY_NAME, &[name.into()], |row| row.int().map(TenantId))
}

/// The name of the tenant with this number.
pub(crate) fn tenant_name(tx: &Tx<'_>, tenant: TenantId) -> Result<Option<String>, Error> {
    tx.query_opt(NAME, &[tenant.into()], |row| row.text())
}

/// Every tenant, by number: (number, name).
pub(crate) fn list_tenants(tx: &Tx<'_>) -> Result<Vec<(TenantId, String)>, Error> {
    tx.query(LIST, &[], |row| Ok((TenantId(row.int()?), row.text()?)))
}

/// Lets nobody else lock the tenant until the transaction is over: for what is counted across it.
/// What was written before by others who had locked it is seen by what is read from then on.
pub(crate) fn lock_tenant(tx: &Tx<'_>, tenant: TenantId) -> Result<(), Error> {
    tx.execute(LOCK, &[tenant.into()]).map(drop)
}

/// How often what caches hold of the tenant has ended; 0 for a tenant that is not there.
pub(crate) fn generation_of(tx: &Tx<'_>, tenant: TenantId) -> Result<i64, Error> {
    let found = tx.query_opt(GENERATION, &[tenant.into()], |row| row.opt_int())?;
    Ok(found.flatten().unwrap_or(0))
}

/// Ends what caches hold of the tenant: once the transaction is committed here, and within a
/// moment on other nodes.
pub(crate) fn bump_generation(tx: &Tx<'_>, tenant: TenantId) -> Statement<'static> {
    tx.end_caches();
    Statement {
        sql: BUMP,
        params: vec![tenant.into()],
    }
}
