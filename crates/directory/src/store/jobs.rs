//! The table `jobs`.

use jiff::Timestamp;

use crate::actor::TenantId;

use super::Statement;

const PUT: &str = "INSERT INTO jobs (tenant_id, id, external_id, name, worker_id, account_id, \
    state, state_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
    ON CONFLICT (tenant_id, external_id) DO UPDATE SET name = excluded.name, \
    worker_id = excluded.worker_id, account_id = excluded.account_id, state = excluded.state, \
    state_at = excluded.state_at";

/// A job as the operator's systems report it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The id that the reporting system gave it; unique in the tenant.
    pub external_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Who works.
    pub worker_id: i64,
    /// For whom.
    pub account_id: i64,
    /// Its state: one of [`crate::jobs::STATES`].
    pub state: String,
    /// Since when.
    pub state_at: Timestamp,
}

pub(crate) fn put_job(tenant: TenantId, id: i64, job: &Job, now: Timestamp) -> Statement<'_> {
    let params = vec![
        tenant.into(),
        id.into(),
        job.external_id.as_str().into(),
        job.name.as_deref().into(),
        job.worker_id.into(),
        job.account_id.into(),
        job.state.as_str().into(),
        job.state_at.into(),
        now.into(),
    ];
    Statement { sql: PUT, params }
}
