//! The tables `jobs` and `job_transitions`.

use crate::actor::TenantId;
use crate::clock::to_millisecond;
use crate::error::Error;
use crate::model::{Job, JobTransition, Place, StoredJob};
use crate::query::JobFilter;

use super::filter::{Conditions, one_more};
use super::{Row, Statement, Tx, Value};

const SELECT: &str = "SELECT j.id, j.external_id, j.name, j.worker_id, j.account_id, j.state, \
    j.state_at, j.latitude_e7, j.longitude_e7, j.created_at, j.version FROM jobs j";
const INSERT: &str = "INSERT INTO jobs (tenant_id, id, external_id, name, worker_id, account_id, \
    state, state_at, latitude_e7, longitude_e7, created_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
    ON CONFLICT (tenant_id, external_id) DO NOTHING";
// The other columns stand there for who writes jobs and knows nothing of versions.
const UPDATE: &str = "UPDATE jobs SET name = $1, worker_id = $2, account_id = $3, state = $4, \
    state_at = $5, latitude_e7 = $6, longitude_e7 = $7, version = $8 \
    WHERE tenant_id = $9 AND id = $10 AND COALESCE(version, 1) = $11 AND state = $12 \
    AND state_at = $13 AND worker_id = $14 AND account_id = $15";
const INSERT_TRANSITION: &str = "INSERT INTO job_transitions (tenant_id, worker_id, at, id, \
    job_id, state, latitude_e7, longitude_e7) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const TRANSITIONS: &str = "SELECT t.id, t.job_id, t.state, t.at, t.latitude_e7, t.longitude_e7 \
    FROM job_transitions t";

fn place_values(place: Option<Place>) -> [Value<'static>; 2] {
    let (latitude, longitude) = place.map(Place::e7).unzip();
    [latitude.into(), longitude.into()]
}

fn read_place(row: &Row<'_>) -> Result<Option<Place>, Error> {
    let both = row.opt_int()?.zip(row.opt_int()?);
    Ok(both.map(|(latitude, longitude)| Place::from_e7(latitude, longitude)))
}

fn read_job(row: &Row<'_>) -> Result<StoredJob, Error> {
    let id = row.int()?;
    let job = Job {
        external_id: row.text()?,
        name: row.opt_text()?,
        worker_id: row.int()?,
        account_id: row.int()?,
        state: row.text()?,
        state_at: row.time()?,
        place: read_place(row)?,
    };
    Ok(StoredJob {
        id,
        job,
        created_at: row.time()?,
        version: row.opt_int()?.unwrap_or(1),
    })
}

/// The job of that id.
pub(crate) fn find_job(
    tx: &Tx<'_>,
    tenant: TenantId,
    external_id: &str,
) -> Result<Option<StoredJob>, Error> {
    let mut conditions = Conditions::new("j.tenant_id = ?", tenant);
    conditions.and("j.external_id = ?", external_id);
    let (sql, params) = conditions.whole(SELECT, "");
    tx.query_opt(&sql, &params, read_job)
}

/// A condition on jobs: as it leads a list, and as it is checked on what another leads to, where
/// SQLite shall take no index for it.
type JobCondition<'a> = (&'static str, &'static str, Value<'a>);

/// What a list of jobs asks for, the rarest first as far as can be told without counting. `seen`
/// is the one account whose jobs are seen, if there is one.
fn asked(filter: &JobFilter, seen: Option<i64>) -> Vec<JobCondition<'_>> {
    let mut all: Vec<JobCondition<'_>> = Vec::new();
    if let Some(id) = &filter.external_id {
        all.push((
            "j.external_id = ?",
            "COALESCE(j.external_id, NULL) = ?",
            id.into(),
        ));
    }
    if let Some(worker) = filter.worker_id {
        all.push((
            "j.worker_id = ?",
            "COALESCE(j.worker_id, NULL) = ?",
            worker.into(),
        ));
    }
    for account in [filter.account_id, seen].into_iter().flatten() {
        all.push((
            "j.account_id = ?",
            "COALESCE(j.account_id, NULL) = ?",
            account.into(),
        ));
    }
    if let Some(state) = &filter.state {
        all.push(("j.state = ?", "COALESCE(j.state, NULL) = ?", state.into()));
    }
    all
}

/// Jobs by number, after `after`, of one account alone where `seen` says so; one more than asked
/// for shows that there are more.
pub(crate) fn list_jobs(
    tx: &Tx<'_>,
    tenant: TenantId,
    seen: Option<i64>,
    filter: &JobFilter,
    after: i64,
    limit: usize,
) -> Result<Vec<StoredJob>, Error> {
    let mut conditions = Conditions::new("j.tenant_id = ?", tenant);
    for (place, (leads, checked, value)) in asked(filter, seen).into_iter().enumerate() {
        conditions.and(if place == 0 { leads } else { checked }, value);
    }
    conditions.and("j.id > ?", after);
    let (sql, params) = conditions.statement(SELECT, "ORDER BY j.id", one_more(limit));
    tx.query(&sql, &params, read_job)
}

/// Inserts a job; touches no row when there is one of its id by now.
pub(crate) fn insert_job(tenant: TenantId, stored: &StoredJob) -> Statement<'static> {
    let job = &stored.job;
    let [latitude, longitude] = place_values(job.place);
    let params = vec![
        tenant.into(),
        stored.id.into(),
        job.external_id.clone().into(),
        job.name.clone().into(),
        job.worker_id.into(),
        job.account_id.into(),
        job.state.clone().into(),
        job.state_at.into(),
        latitude,
        longitude,
        stored.created_at.into(),
        stored.version.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

/// Writes a job that was read as `before`, with the version that follows; touches no row when it
/// is another by now.
pub(crate) fn update_job(tenant: TenantId, before: &StoredJob, job: &Job) -> Statement<'static> {
    let [latitude, longitude] = place_values(job.place);
    let params = vec![
        job.name.clone().into(),
        job.worker_id.into(),
        job.account_id.into(),
        job.state.clone().into(),
        job.state_at.into(),
        latitude,
        longitude,
        before.version.saturating_add(1).into(),
        tenant.into(),
        before.id.into(),
        before.version.into(),
        before.job.state.clone().into(),
        before.job.state_at.into(),
        before.job.worker_id.into(),
        before.job.account_id.into(),
    ];
    Statement {
        sql: UPDATE,
        params,
    }
}

/// Whether a job's transition of that state, worker and time is there.
pub(crate) fn has_transition(
    tx: &Tx<'_>,
    tenant: TenantId,
    job_id: i64,
    job: &Job,
) -> Result<bool, Error> {
    let mut conditions = Conditions::new("t.tenant_id = ?", tenant);
    conditions.and("t.worker_id = ?", job.worker_id);
    conditions.and("t.at = ?", to_millisecond(job.state_at));
    conditions.and("t.job_id = ?", job_id);
    conditions.and("t.state = ?", job.state.as_str());
    let (sql, params) = conditions.statement(TRANSITIONS, "", 1);
    Ok(tx.query_opt(&sql, &params, |row| row.int())?.is_some())
}

/// The state that a job came into.
pub(crate) fn insert_transition(
    tenant: TenantId,
    id: i64,
    job_id: i64,
    job: &Job,
) -> Statement<'static> {
    let [latitude, longitude] = place_values(job.place);
    let params = vec![
        tenant.into(),
        job.worker_id.into(),
        job.state_at.into(),
        id.into(),
        job_id.into(),
        job.state.clone().into(),
        latitude,
        longitude,
    ];
    Statement {
        sql: INSERT_TRANSITION,
        params,
    }
}

/// The last transitions of a worker's jobs, the latest first.
pub(crate) fn transitions_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    worker: i64,
    limit: usize,
) -> Result<Vec<JobTransition>, Error> {
    let mut conditions = Conditions::new("t.tenant_id = ?", tenant);
    conditions.and("t.worker_id = ?", worker);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (sql, params) = conditions.statement(TRANSITIONS, "ORDER BY t.at DESC, t.id DESC", limit);
    tx.query(&sql, &params, |row| {
        Ok(JobTransition {
            id: row.int()?,
            job_id: row.int()?,
            state: row.text()?,
            at: row.time()?,
            place: read_place(row)?,
        })
    })
}
