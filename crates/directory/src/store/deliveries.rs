//! The tables `deliveries` and `delivery_attempts`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::deliveries::{Attempt, Delivery, DeliveryKey, DeliveryState, Outcome};
use crate::error::Error;

use super::filter::{Conditions, one_more};
use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO deliveries (tenant_id, lane, event_id, recipient, state, \
    attempts, earlier, due_at, since) VALUES ($1, $2, $3, $4, 'pending', 0, 0, $5, $5) \
    ON CONFLICT (tenant_id, lane, event_id, recipient) DO NOTHING";
const REPLAY: &str = "UPDATE deliveries SET state = 'pending', due_at = $1, since = $1, \
    earlier = attempts, lease = NULL, finished_at = NULL \
    WHERE tenant_id = $2 AND lane = $3 AND event_id = $4 AND recipient = $5";
const DUE: &str = "SELECT 1 FROM deliveries \
    WHERE tenant_id = $1 AND lane = $2 AND due_at <= $3 LIMIT 1";
const NEWEST_WAITING: &str = "SELECT MAX(event_id) FROM deliveries \
    WHERE tenant_id = $1 AND lane = $2 AND due_at IS NOT NULL";
const CLAIMABLE: &str = "SELECT event_id, recipient, attempts, earlier, since FROM deliveries \
    WHERE tenant_id = $1 AND lane = $2 AND due_at <= $3 ORDER BY due_at, event_id LIMIT $4";
const CLAIM: &str = "UPDATE deliveries SET due_at = $1, lease = $2, \
    since = CASE WHEN attempts = earlier THEN $3 ELSE since END \
    WHERE tenant_id = $4 AND lane = $5 AND event_id = $6 AND recipient = $7";
const FINISH: &str = "UPDATE deliveries SET state = $1, attempts = attempts + 1, due_at = $2, \
    lease = NULL, finished_at = $3 \
    WHERE tenant_id = $4 AND lane = $5 AND event_id = $6 AND recipient = $7 AND lease = $8";
const INSERT_ATTEMPT: &str = "INSERT INTO delivery_attempts (tenant_id, lane, event_id, \
    recipient, number, outcome, status, duration_ms, answer, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT (tenant_id, lane, event_id, recipient, number) DO NOTHING";
const SELECT: &str = "SELECT d.event_id, d.recipient, d.state, d.attempts, d.due_at, d.since, \
    d.finished_at FROM deliveries d";
const ATTEMPTS: &str = "SELECT number, outcome, status, duration_ms, answer, created_at \
    FROM delivery_attempts WHERE tenant_id = $1 AND lane = $2 AND event_id = $3 \
    AND recipient = $4 ORDER BY number";
const DELETE_OF_EVENT: &str = "DELETE FROM deliveries WHERE tenant_id = $1 AND event_id = $2";
const DELETE_ATTEMPTS: &str = "DELETE FROM delivery_attempts WHERE tenant_id = $1 \
    AND lane IN (SELECT lane FROM deliveries WHERE tenant_id = $1 AND event_id = $2) \
    AND event_id = $2";
const SWEEP: &str = "DELETE FROM deliveries WHERE tenant_id = $1 AND lane = $2 \
    AND event_id IN (SELECT event_id FROM deliveries \
    WHERE tenant_id = $1 AND lane = $2 ORDER BY event_id LIMIT $3)";
const SWEEP_ATTEMPTS: &str = "DELETE FROM delivery_attempts WHERE tenant_id = $1 AND lane = $2 \
    AND event_id IN (SELECT event_id FROM delivery_attempts \
    WHERE tenant_id = $1 AND lane = $2 ORDER BY event_id LIMIT $3)";
const END_LANE: &str = "INSERT INTO ended_lanes (tenant_id, lane) VALUES ($1, $2) \
    ON CONFLICT (tenant_id, lane) DO NOTHING";
const ENDED_LANE: &str = "SELECT lane FROM ended_lanes WHERE tenant_id = $1 ORDER BY lane LIMIT 1";
const FORGET_LANE: &str = "DELETE FROM ended_lanes WHERE tenant_id = $1 AND lane = $2";

/// Queues an event on a lane; touches no row when it was queued there before.
pub(crate) fn insert_delivery(
    tenant: TenantId,
    key: &DeliveryKey,
    now: Timestamp,
) -> Statement<'static> {
    Statement {
        sql: INSERT,
        params: vec![
            tenant.into(),
            key.lane.clone().into(),
            key.event_id.into(),
            key.recipient.into(),
            now.into(),
        ],
    }
}

/// Sends it once more, from now on, whatever came of it before.
pub(crate) fn replay_delivery(
    tenant: TenantId,
    key: &DeliveryKey,
    now: Timestamp,
) -> Statement<'static> {
    Statement {
        sql: REPLAY,
        params: vec![
            now.into(),
            tenant.into(),
            key.lane.clone().into(),
            key.event_id.into(),
            key.recipient.into(),
        ],
    }
}

/// Whether anything on a lane is due.
pub(crate) fn is_due(
    tx: &Tx<'_>,
    tenant: TenantId,
    lane: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let params = [tenant.into(), lane.into(), now.into()];
    Ok(tx.query_opt(DUE, &params, |_| Ok(()))?.is_some())
}

/// The highest number of an event that waits on a lane.
pub(crate) fn newest_waiting(
    tx: &Tx<'_>,
    tenant: TenantId,
    lane: &str,
) -> Result<Option<i64>, Error> {
    tx.query_one(NEWEST_WAITING, &[tenant.into(), lane.into()], |row| {
        row.opt_int()
    })
}

/// A delivery that can be taken.
pub(crate) struct Claimable {
    pub(crate) key: DeliveryKey,
    pub(crate) attempts: i64,
    /// Those before it was sent once more.
    pub(crate) earlier: i64,
    pub(crate) since: Timestamp,
}

/// Deliveries of a lane that are due and that nobody else is about to take.
pub(crate) fn claimable(
    tx: &Tx<'_>,
    tenant: TenantId,
    lane: &str,
    limit: usize,
) -> Result<Vec<Claimable>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = [tenant.into(), lane.into(), tx.now().into(), limit.into()];
    tx.query_locked(CLAIMABLE, &params, |row| {
        let key = DeliveryKey {
            lane: lane.to_owned(),
            event_id: row.int()?,
            recipient: row.int()?,
        };
        Ok(Claimable {
            key,
            attempts: row.int()?,
            earlier: row.int()?,
            since: row.time()?,
        })
    })
}

/// Takes a delivery until a time, after which it is due again.
pub(crate) fn claim_delivery(
    tenant: TenantId,
    key: &DeliveryKey,
    lease: i64,
    (now, until): (Timestamp, Timestamp),
) -> Statement<'static> {
    Statement {
        sql: CLAIM,
        params: vec![
            until.into(),
            lease.into(),
            now.into(),
            tenant.into(),
            key.lane.clone().into(),
            key.event_id.into(),
            key.recipient.into(),
        ],
    }
}

/// Writes what became of a delivery; touches no row when its lease is another's by now.
pub(crate) fn finish_delivery(
    tenant: TenantId,
    key: &DeliveryKey,
    lease: i64,
    state: DeliveryState,
    due_at: Option<Timestamp>,
    now: Timestamp,
) -> Statement<'static> {
    let finished_at = due_at.is_none().then_some(now);
    Statement {
        sql: FINISH,
        params: vec![
            state.name().into(),
            due_at.into(),
            finished_at.into(),
            tenant.into(),
            key.lane.clone().into(),
            key.event_id.into(),
            key.recipient.into(),
            lease.into(),
        ],
    }
}

pub(crate) fn insert_attempt(
    tenant: TenantId,
    key: &DeliveryKey,
    attempt: &Attempt,
) -> Statement<'static> {
    Statement {
        sql: INSERT_ATTEMPT,
        params: vec![
            tenant.into(),
            key.lane.clone().into(),
            key.event_id.into(),
            key.recipient.into(),
            attempt.number.into(),
            attempt.outcome.name().into(),
            attempt.status.map(i64::from).into(),
            attempt.duration_ms.into(),
            attempt.answer.clone().into(),
            attempt.created_at.into(),
        ],
    }
}

fn read_delivery(lane: &str, row: &Row<'_>) -> Result<Delivery, Error> {
    let key = DeliveryKey {
        lane: lane.to_owned(),
        event_id: row.int()?,
        recipient: row.int()?,
    };
    Ok(Delivery {
        key,
        state: DeliveryState::parse(&row.text()?)
            .ok_or_else(|| Error::internal("a stored state of a delivery is unknown"))?,
        attempts: row.int()?,
        due_at: row.opt_time()?,
        since: row.time()?,
        finished_at: row.opt_time()?,
    })
}

/// The deliveries of a lane, newest event first, before one of them; one more than asked for
/// shows that there are more.
pub(crate) fn list_deliveries(
    tx: &Tx<'_>,
    tenant: TenantId,
    lane: &str,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Delivery>, Error> {
    let mut conditions = Conditions::new("d.tenant_id = ?", tenant);
    conditions.and("d.lane = ?", lane);
    if let Some(before) = before {
        conditions.and("d.event_id < ?", before);
    }
    let (sql, params) = conditions.statement(SELECT, "ORDER BY d.event_id DESC", one_more(limit));
    tx.query(&sql, &params, |row| read_delivery(lane, row))
}

pub(crate) fn find_delivery(
    tx: &Tx<'_>,
    tenant: TenantId,
    key: &DeliveryKey,
) -> Result<Option<Delivery>, Error> {
    let mut conditions = Conditions::new("d.tenant_id = ?", tenant);
    conditions.and("d.lane = ?", key.lane.as_str());
    conditions.and("d.event_id = ?", key.event_id);
    conditions.and("d.recipient = ?", key.recipient);
    let (sql, params) = conditions.whole(SELECT, "");
    tx.query_opt(&sql, &params, |row| read_delivery(&key.lane, row))
}

/// Every attempt of a delivery, oldest first.
pub(crate) fn attempts_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    key: &DeliveryKey,
) -> Result<Vec<Attempt>, Error> {
    let params = [
        tenant.into(),
        key.lane.as_str().into(),
        key.event_id.into(),
        key.recipient.into(),
    ];
    tx.query(ATTEMPTS, &params, |row| {
        Ok(Attempt {
            number: row.int()?,
            outcome: Outcome::parse(&row.text()?)
                .ok_or_else(|| Error::internal("a stored outcome is unknown"))?,
            status: row.opt_int()?.and_then(|status| u16::try_from(status).ok()),
            duration_ms: row.int()?,
            answer: row.text()?,
            created_at: row.time()?,
        })
    })
}

/// Deletes the deliveries of an event, with their attempts.
pub(crate) fn delete_deliveries_of(tenant: TenantId, event: i64) -> [Statement<'static>; 2] {
    [DELETE_ATTEMPTS, DELETE_OF_EVENT].map(|sql| Statement {
        sql,
        params: vec![tenant.into(), event.into()],
    })
}

/// Notes that nothing goes out on a lane any more.
pub(crate) fn end_lane(tenant: TenantId, lane: &str) -> Statement<'static> {
    Statement {
        sql: END_LANE,
        params: vec![tenant.into(), lane.to_owned().into()],
    }
}

/// A lane that ended and that something may still be on.
pub(crate) fn ended_lane(tx: &Tx<'_>, tenant: TenantId) -> Result<Option<String>, Error> {
    tx.query_opt(ENDED_LANE, &[tenant.into()], |row| row.text())
}

/// Deletes a part of what is on a lane, with its attempts.
pub(crate) fn sweep_lane(tenant: TenantId, lane: &str, limit: i64) -> [Statement<'static>; 2] {
    [SWEEP_ATTEMPTS, SWEEP].map(|sql| Statement {
        sql,
        params: vec![tenant.into(), lane.to_owned().into(), limit.into()],
    })
}

/// Forgets a lane that nothing is on.
pub(crate) fn forget_lane(tenant: TenantId, lane: &str) -> Statement<'static> {
    Statement {
        sql: FORGET_LANE,
        params: vec![tenant.into(), lane.to_owned().into()],
    }
}
