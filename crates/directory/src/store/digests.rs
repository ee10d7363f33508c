//! The tables `digest_entries` and `digest_schedules`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::notifications::{Cadence, Period};

use super::filter::listing;
use super::{Statement, Tx};

// That a user is not deleted is known; with it, SQLite finds them in an index, one by one.
const OPEN: &str = "INSERT INTO digest_schedules (tenant_id, user_id, cadence, period, due_at, \
    last_period) SELECT u.tenant_id, u.id, $1, 0, $2, 0 FROM users u \
    WHERE u.tenant_id = $3 AND u.deleted_at IS NULL AND u.id IN";
const UNLESS_OPEN: &str = "ON CONFLICT (tenant_id, user_id, cadence) \
    DO UPDATE SET due_at = excluded.due_at WHERE digest_schedules.due_at IS NULL";
const ADD: &str = "INSERT INTO digest_entries (tenant_id, user_id, cadence, period, event, \
    account_id, happened, newest, second, third) \
    SELECT u.tenant_id, u.id, $1, 0, $2, $3, 1, $4, 0, 0 FROM users u \
    WHERE u.tenant_id = $5 AND u.deleted_at IS NULL AND u.id IN";
const ONE_MORE: &str = "ON CONFLICT (tenant_id, user_id, cadence, period, event, account_id) \
    DO UPDATE SET happened = digest_entries.happened + 1, newest = excluded.newest, \
    second = digest_entries.newest, third = digest_entries.second";
const IS_DUE: &str = "SELECT 1 FROM digest_schedules WHERE tenant_id = $1 AND due_at <= $2 LIMIT 1";
const DUE: &str = "SELECT user_id, cadence, period, due_at, last_period FROM digest_schedules \
    WHERE tenant_id = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3";
const PLAN: &str = "UPDATE digest_schedules SET period = $1, due_at = $2 \
    WHERE tenant_id = $3 AND cadence = $4 AND user_id IN";
const CLOSE: &str = "UPDATE digest_schedules SET period = 0, due_at = NULL, last_period = $1 \
    WHERE tenant_id = $2 AND cadence = $3 AND user_id IN";
const CLOSE_ENTRIES: &str = "UPDATE digest_entries SET period = $1 \
    WHERE tenant_id = $2 AND cadence = $3 AND period = 0 AND user_id IN";
const DROP: &str = "UPDATE digest_schedules SET period = 0, due_at = NULL \
    WHERE tenant_id = $1 AND cadence = $2 AND user_id IN";
const DROP_ENTRIES: &str = "DELETE FROM digest_entries \
    WHERE tenant_id = $1 AND cadence = $2 AND period = 0 AND user_id IN";
const LOOK_AGAIN: &str = "UPDATE digest_schedules SET due_at = $1 \
    WHERE tenant_id = $2 AND user_id = $3 AND due_at IS NOT NULL";
const ENTRIES: &str = "SELECT event, account_id, happened, newest, second, third \
    FROM digest_entries WHERE tenant_id = $1 AND user_id = $2 AND cadence = $3 AND period = $4 \
    ORDER BY happened DESC, event, account_id LIMIT $5";
const SWEEP: &str = "DELETE FROM digest_entries WHERE tenant_id = $1 \
    AND (user_id, cadence, period, event, account_id) IN (SELECT d.user_id, d.cadence, d.period, \
    d.event, d.account_id FROM digest_entries d WHERE d.tenant_id = $1 AND d.period > 0 \
    AND d.period < $2 ORDER BY d.period LIMIT $3)";

/// When a user's next digest is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) user: i64,
    pub(crate) cadence: Cadence,
    /// Its date; none before it was found.
    pub(crate) period: Option<Period>,
    /// When it is looked at: before its date was found, when its first event happened.
    pub(crate) due_at: Timestamp,
    /// The date of the last digest.
    pub(crate) last: Option<Period>,
}

/// An event among those that a digest tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DigestEvent<'a> {
    pub(crate) id: i64,
    pub(crate) event: &'a str,
    pub(crate) account_id: Option<i64>,
    pub(crate) created_at: Timestamp,
}

/// Adds an event to the next digests of users.
pub(crate) fn add_to_digests(
    tx: &Tx<'_>,
    tenant: TenantId,
    cadence: Cadence,
    event: DigestEvent<'_>,
    users: &[i64],
) -> Result<(), Error> {
    // The schedules first, as whoever closes digests takes them: so none is closed in between.
    let params = vec![
        cadence.name().into(),
        event.created_at.into(),
        tenant.into(),
    ];
    let (sql, params) = listing(OPEN, params, users, UNLESS_OPEN);
    tx.query(&sql, &params, |_| Ok(()))?;
    let params = vec![
        cadence.name().into(),
        event.event.into(),
        event.account_id.unwrap_or(0).into(),
        event.id.into(),
        tenant.into(),
    ];
    let (sql, params) = listing(ADD, params, users, ONE_MORE);
    tx.query(&sql, &params, |_| Ok(())).map(drop)
}

/// Whether any digest is to be looked at.
pub(crate) fn is_digest_due(tx: &Tx<'_>, tenant: TenantId) -> Result<bool, Error> {
    let params = [tenant.into(), tx.now().into()];
    Ok(tx.query_opt(IS_DUE, &params, |_| Ok(()))?.is_some())
}

/// Digests that are to be looked at, and that nobody else is looking at.
pub(crate) fn due_digests(
    tx: &Tx<'_>,
    tenant: TenantId,
    limit: usize,
) -> Result<Vec<Schedule>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = [tenant.into(), tx.now().into(), limit.into()];
    tx.query_locked(DUE, &params, |row| {
        let period = |days: i64| (days != 0).then_some(Period(days));
        Ok(Schedule {
            user: row.int()?,
            cadence: Cadence::parse(&row.text()?)
                .ok_or_else(|| Error::internal("a stored cadence is unknown"))?,
            period: period(row.int()?),
            due_at: row.time()?,
            last: period(row.int()?),
        })
    })
}

/// Notes when the next digests of users are due.
pub(crate) fn plan_digests(
    tx: &Tx<'_>,
    tenant: TenantId,
    cadence: Cadence,
    (period, due_at): (Period, Timestamp),
    users: &[i64],
) -> Result<(), Error> {
    let params = vec![
        period.0.into(),
        due_at.into(),
        tenant.into(),
        cadence.name().into(),
    ];
    let (sql, params) = listing(PLAN, params, users, "");
    tx.query(&sql, &params, |_| Ok(())).map(drop)
}

/// Makes what waits the digest of a date: what happens from now on waits for the next.
pub(crate) fn close_digests(
    tx: &Tx<'_>,
    tenant: TenantId,
    cadence: Cadence,
    period: Period,
    users: &[i64],
) -> Result<(), Error> {
    for statement in [CLOSE, CLOSE_ENTRIES] {
        let params = vec![period.0.into(), tenant.into(), cadence.name().into()];
        let (sql, params) = listing(statement, params, users, "");
        tx.query(&sql, &params, |_| Ok(()))?;
    }
    Ok(())
}

/// Takes away what waits, untold.
pub(crate) fn drop_digests(
    tx: &Tx<'_>,
    tenant: TenantId,
    cadence: Cadence,
    users: &[i64],
) -> Result<(), Error> {
    for statement in [DROP, DROP_ENTRIES] {
        let params = vec![tenant.into(), cadence.name().into()];
        let (sql, params) = listing(statement, params, users, "");
        tx.query(&sql, &params, |_| Ok(()))?;
    }
    Ok(())
}

/// Has the digests of a user looked at now: their time zone changed.
pub(crate) fn look_again(tenant: TenantId, user: i64, now: Timestamp) -> Statement<'static> {
    Statement {
        sql: LOOK_AGAIN,
        params: vec![now.into(), tenant.into(), user.into()],
    }
}

/// What a digest tells of one event in one account, or in the whole tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DigestEntry {
    /// The name of its type.
    pub(crate) event: String,
    pub(crate) account_id: Option<i64>,
    /// How often.
    pub(crate) happened: i64,
    /// The numbers of the last, newest first.
    pub(crate) newest: Vec<i64>,
}

/// What a closed digest tells of, the most frequent first.
pub(crate) fn entries_of_digest(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: i64,
    cadence: Cadence,
    period: Period,
    limit: i64,
) -> Result<Vec<DigestEntry>, Error> {
    let params = [
        tenant.into(),
        user.into(),
        cadence.name().into(),
        period.0.into(),
        limit.into(),
    ];
    tx.query(ENTRIES, &params, |row| {
        let event = row.text()?;
        let account = row.int()?;
        let happened = row.int()?;
        let numbers = [row.int()?, row.int()?, row.int()?];
        Ok(DigestEntry {
            event,
            account_id: (account != 0).then_some(account),
            happened,
            newest: numbers.into_iter().filter(|id| *id != 0).collect(),
        })
    })
}

/// Deletes a part of what digests before a date told of. Answers how much.
pub(crate) fn sweep_digests(
    tx: &Tx<'_>,
    tenant: TenantId,
    before: Period,
    limit: i64,
) -> Result<u64, Error> {
    tx.execute(SWEEP, &[tenant.into(), before.0.into(), limit.into()])
}
