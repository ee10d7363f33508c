//! The tables `jobs` and `job_transitions`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::model::{Job, JobTransition, Place};

use super::filter::Conditions;
use super::{Row, Statement, Tx, Value};

const SELECT: &str = "SELECT j.id, j.external_id, j.name, j.worker_id, j.account_id, j.state, \
    j.state_at, j.latitude_e7, j.longitude_e7, j.created_at FROM jobs j";
const INSERT: &str = "INSERT INTO jobs (tenant_id, id, external_id, name, worker_id, account_id, \
    state, state_at, latitude_e7, longitude_e7, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
    ON CONFLICT (tenant_id, external_id) DO NOTHING";
const UPDATE: &str = "UPDATE jobs SET name = $1, worker_id = $2, account_id = $3, state = $4, \
    state_at = $5, latitude_e7 = $6, longitude_e7 = $7 \
    WHERE tenant_id = $8 AND id = $9 AND state = $10 AND state_at = $11 AND worker_id = $12 \
    AND account_id = $13";
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

/// The job of that id, with the number and the time of creation that it has here.
pub(crate) fn find_job(
    tx: &Tx<'_>,
    tenant: TenantId,
    external_id: &str,
) -> Result<Option<(i64, Job, Timestamp)>, Error> {
    let mut conditions = Conditions::new("j.tenant_id = ?", tenant);
    conditions.and("j.external_id = ?", external_id);
    let (sql, params) = conditions.whole(SELECT, "");
    tx.query_opt(&sql, &params, |row| {
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
        Ok((id, job, row.time()?))
    })
}

/// Inserts a job; touches no row when there is one of its id by now.
pub(crate) fn insert_job(
    tenant: TenantId,
    id: i64,
    job: &Job,
    created_at: Timestamp,
) -> Statement<'static> {
    let [latitude, longitude] = place_values(job.place);
    let params = vec![
        tenant.into(),
        id.into(),
        job.external_id.clone().into(),
        job.name.clone().into(),
        job.worker_id.into(),
        job.account_id.into(),
        job.state.clone().into(),
        job.state_at.into(),
        latitude,
        longitude,
        created_at.into(),
    ];
    Statement {
        sql: INSERT,
        params,
    }
}

/// Writes a job that was read as `before`; touches no row when it is another by now.
pub(crate) fn update_job(tenant: TenantId, id: i64, before: &Job, job: &Job) -> Statement<'static> {
    let [latitude, longitude] = place_values(job.place);
    let params = vec![
        job.name.clone().into(),
        job.worker_id.into(),
        job.account_id.into(),
        job.state.clone().into(),
        job.state_at.into(),
        latitude,
        longitude,
        tenant.into(),
        id.into(),
        before.state.clone().into(),
        before.state_at.into(),
        before.worker_id.into(),
        before.account_id.into(),
    ];
    Statement {
        sql: UPDATE,
        params,
    }
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
