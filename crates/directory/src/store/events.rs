//! The tables `events` and `feed_heads`.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::clock::{next_millisecond, to_millisecond};
use crate::error::Error;
use crate::query::{EventFilter, Position};

use super::filter::{Conditions, numbered, one_more};
use super::{Row, Statement, Tx, Value};

// Numbers are in no order of time, for each node has its own; but the newest are mostly the last.
const SINCE: &str = "SELECT id FROM events WHERE tenant_id = $1 AND subject_type = $2 \
    AND subject_id = $3 AND type = $4 AND created_at > $5 ORDER BY id DESC LIMIT 1";
const INSERT: &str = "INSERT INTO events (tenant_id, id, type, account_id, actor_type, actor_id, \
    subject_type, subject_id, change, request_id, created_at, acting_as) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const REPORT: &str = "INSERT INTO events (tenant_id, id, type, account_id, actor_type, actor_id, \
    subject_type, subject_id, change, request_id, created_at, acting_as, external_id, occurred_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
    ON CONFLICT (tenant_id, external_id) WHERE external_id IS NOT NULL DO NOTHING";
const SELECT: &str = "SELECT e.id, e.type, e.account_id, e.actor_type, e.actor_id, \
    e.subject_type, e.subject_id, e.change, e.request_id, e.created_at, e.position, \
    e.external_id, e.occurred_at, e.acting_as FROM events e";
const HEAD: &str = "SELECT position FROM feed_heads WHERE tenant_id = $1";
const MOVE_HEAD: &str = "INSERT INTO feed_heads (tenant_id, position) VALUES ($1, $2) \
    ON CONFLICT (tenant_id) DO UPDATE SET position = excluded.position \
    WHERE feed_heads.position = $3";
const PLACE: &str = "UPDATE events SET position = $1 \
    WHERE tenant_id = $2 AND id = $3 AND position IS NULL";
const FIRST: &str = "SELECT id, created_at FROM events \
    WHERE tenant_id = $1 AND position > 0 ORDER BY position LIMIT $2";
const WRITTEN_AT: &str = "SELECT position, created_at FROM events \
    WHERE tenant_id = $1 AND position >= $2 ORDER BY position LIMIT 1";
const DELETE: &str = "DELETE FROM events WHERE tenant_id = $1 AND id = $2";
const ERASE: &str = "UPDATE events SET change = $1 \
    WHERE tenant_id = $2 AND subject_type = $3 AND subject_id = $4";

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its number; not the order of the feed.
    pub id: i64,
    /// The name of its type.
    pub event_type: String,
    /// The account it happened in, if in one.
    pub account_id: Option<i64>,
    /// `key`, `user` or `system`.
    pub actor_type: String,
    /// The id of the key or user.
    pub actor_id: String,
    /// What it happened to: `user`, `account`, `group` …
    pub subject_type: String,
    /// Which one.
    pub subject_id: String,
    /// What changed, as JSON: `{"old":{…},"new":{…}}`; never a secret. Of a reported event,
    /// `{"subject":{…},"data":{…}}`, as it came.
    pub change: String,
    /// The request that caused it.
    pub request_id: String,
    /// When.
    pub created_at: Timestamp,
    /// Its place in the feed, from 1; none until it was given one, a moment after its commit.
    pub position: Option<i64>,
    /// The id that another system reported it by; none for what this server caused.
    pub external_id: Option<String>,
    /// When that system says it happened.
    pub occurred_at: Option<Timestamp>,
    /// The user as whom the actor acted, where it was not in their own name.
    pub acting_as: Option<i64>,
}

fn read_event(row: &Row<'_>) -> Result<StoredEvent, Error> {
    Ok(StoredEvent {
        id: row.int()?,
        event_type: row.text()?,
        account_id: row.opt_int()?,
        actor_type: row.text()?,
        actor_id: row.text()?,
        subject_type: row.text()?,
        subject_id: row.text()?,
        change: row.json()?,
        request_id: row.text()?,
        created_at: row.time()?,
        position: row.opt_int()?,
        external_id: row.opt_text()?.map(without_account),
        occurred_at: row.opt_time()?,
        acting_as: row.opt_int()?,
    })
}

/// The sender's own id: it is stored behind the account, so that no two senders share one.
fn without_account(stored: String) -> String {
    match stored.split_once(':') {
        Some((_, id)) => id.to_owned(),
        None => stored,
    }
}

fn columns(tenant: TenantId, event: StoredEvent) -> Vec<Value<'static>> {
    vec![
        tenant.into(),
        event.id.into(),
        event.event_type.into(),
        event.account_id.into(),
        event.actor_type.into(),
        event.actor_id.into(),
        event.subject_type.into(),
        event.subject_id.into(),
        Value::Json(event.change.into()),
        event.request_id.into(),
        event.created_at.into(),
        event.acting_as.into(),
    ]
}

pub(crate) fn insert_event(tenant: TenantId, event: StoredEvent) -> Statement<'static> {
    Statement {
        sql: INSERT,
        params: columns(tenant, event),
    }
}

/// Inserts what another system reports on behalf of an account, or of none; touches no row when
/// it did so before.
pub(crate) fn insert_report(
    tenant: TenantId,
    sender: Option<i64>,
    event: StoredEvent,
) -> Statement<'static> {
    let id = event.external_id.as_deref().unwrap_or_default();
    let external_id = format!("{}:{id}", sender.unwrap_or(0));
    let report = [external_id.into(), event.occurred_at.into()];
    let mut params = columns(tenant, event);
    params.extend(report);
    Statement {
        sql: REPORT,
        params,
    }
}

/// All events of one subject, in the order of their numbers.
pub(crate) fn events_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    subject_type: &str,
    subject_id: &str,
) -> Result<Vec<StoredEvent>, Error> {
    let mut conditions = Conditions::new("e.tenant_id = ?", tenant);
    conditions.and("e.subject_type = ?", subject_type);
    conditions.and("e.subject_id = ?", subject_id);
    let (sql, params) = conditions.whole(SELECT, "ORDER BY e.id");
    tx.query(&sql, &params, read_event)
}

/// The events of one subject after one of them, oldest first: of one account, or of all.
pub(crate) fn list_events_of(
    tx: &Tx<'_>,
    tenant: TenantId,
    subject: (&str, &str),
    account: Option<i64>,
    after: Option<&Position>,
    limit: usize,
) -> Result<Vec<StoredEvent>, Error> {
    let mut conditions = Conditions::new("e.tenant_id = ?", tenant);
    conditions.and("e.subject_type = ?", subject.0);
    conditions.and("e.subject_id = ?", subject.1);
    if let Some(account) = account {
        conditions.and("e.account_id = ?", account);
    }
    if let Some(after) = after {
        conditions.and_pair("(e.created_at, e.id) > (?, ?)", after.time, after.id);
    }
    let order = "ORDER BY e.created_at, e.id";
    let (sql, params) = conditions.statement(SELECT, order, one_more(limit));
    tx.query(&sql, &params, read_event)
}

pub(crate) fn find_event(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
) -> Result<Option<StoredEvent>, Error> {
    let mut conditions = Conditions::new("e.tenant_id = ?", tenant);
    conditions.and("e.id = ?", id);
    let (sql, params) = conditions.whole(SELECT, "");
    tx.query_opt(&sql, &params, read_event)
}

/// These events, as far as they are there, in no order.
pub(crate) fn find_events(
    tx: &Tx<'_>,
    tenant: TenantId,
    ids: &[i64],
) -> Result<Vec<StoredEvent>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: BTreeSet<i64> = ids.iter().copied().collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    let (sql, params) = numbered(SELECT, "events e", tenant, &ids);
    tx.query(&sql, &params, read_event)
}

/// The feed after a place, and no further than another, of one account or of all: one more than
/// asked for shows that there are more.
pub(crate) fn list_feed(
    tx: &Tx<'_>,
    tenant: TenantId,
    account: Option<i64>,
    filter: &EventFilter,
    (after, last): (i64, i64),
    limit: usize,
) -> Result<Vec<StoredEvent>, Error> {
    let mut conditions = Conditions::new("e.tenant_id = ?", tenant);
    conditions.and("e.position > ?", after);
    conditions.and("e.position <= ?", last);
    if let Some(account) = account {
        conditions.and("e.account_id = ?", account);
    }
    if !filter.event_type.is_empty() {
        let names = filter.event_type.iter().map(|each| each.name());
        conditions.and_in("e.type", names);
    }
    if let Some((kind, id)) = &filter.subject {
        conditions.and("e.subject_type = ?", kind.as_str());
        conditions.and("e.subject_id = ?", id.as_str());
    }
    if let Some((kind, id)) = &filter.actor {
        conditions.and("e.actor_type = ?", kind.as_str());
        conditions.and("e.actor_id = ?", id.as_str());
    }
    if let Some(account) = filter.account_id {
        conditions.and("e.account_id = ?", account);
    }
    if let Some(after) = filter.created_after {
        conditions.and("e.created_at > ?", to_millisecond(after));
    }
    if let Some(before) = filter.created_before {
        conditions.and("e.created_at < ?", next_millisecond(before));
    }
    let (sql, params) = conditions.statement(SELECT, "ORDER BY e.position", one_more(limit));
    tx.query(&sql, &params, read_event)
}

/// The last place given in the feed; 0 before the first.
pub(crate) fn feed_head(tx: &Tx<'_>, tenant: TenantId) -> Result<i64, Error> {
    let head = tx.query_opt(HEAD, &[tenant.into()], |row| row.int())?;
    Ok(head.unwrap_or(0))
}

/// The first event at a place or after it: its place, and when it was written.
pub(crate) fn written_at(
    tx: &Tx<'_>,
    tenant: TenantId,
    position: i64,
) -> Result<Option<(i64, Timestamp)>, Error> {
    let params = [tenant.into(), position.into()];
    tx.query_opt(WRITTEN_AT, &params, |row| Ok((row.int()?, row.time()?)))
}

/// Events without a place, oldest first.
pub(crate) fn unplaced_events(
    tx: &Tx<'_>,
    tenant: TenantId,
    limit: usize,
) -> Result<Vec<StoredEvent>, Error> {
    let mut conditions = Conditions::new("e.tenant_id = ?", tenant);
    conditions.and_plain("e.position IS NULL");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (sql, params) = conditions.statement(SELECT, "ORDER BY e.created_at, e.id", limit);
    tx.query(&sql, &params, read_event)
}

/// Moves the feed's head from a place; touches no row when another moved it.
pub(crate) fn move_feed_head(tenant: TenantId, from: i64, to: i64) -> Statement<'static> {
    Statement {
        sql: MOVE_HEAD,
        params: vec![tenant.into(), to.into(), from.into()],
    }
}

/// Gives an event its place.
pub(crate) fn place_event(tenant: TenantId, id: i64, position: i64) -> Statement<'static> {
    Statement {
        sql: PLACE,
        params: vec![position.into(), tenant.into(), id.into()],
    }
}

/// The first events of the feed: their numbers, and when they were written.
pub(crate) fn first_events(
    tx: &Tx<'_>,
    tenant: TenantId,
    limit: usize,
) -> Result<Vec<(i64, Timestamp)>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(FIRST, &[tenant.into(), limit.into()], |row| {
        Ok((row.int()?, row.time()?))
    })
}

pub(crate) fn delete_event(tenant: TenantId, id: i64) -> Statement<'static> {
    Statement {
        sql: DELETE,
        params: vec![tenant.into(), id.into()],
    }
}

/// Takes what changed out of all events of a subject.
pub(crate) fn erase_changes(
    tenant: TenantId,
    subject_type: &'static str,
    subject_id: String,
) -> Statement<'static> {
    let nothing = "{\"old\":{},\"new\":{}}";
    Statement {
        sql: ERASE,
        params: vec![
            Value::Json(nothing.into()),
            tenant.into(),
            subject_type.into(),
            subject_id.into(),
        ],
    }
}

/// Whether an event of a type happened to a subject after a moment.
pub(crate) fn happened_since(
    tx: &Tx<'_>,
    tenant: TenantId,
    (subject_type, subject_id): (&str, &str),
    event_type: &str,
    since: Timestamp,
) -> Result<bool, Error> {
    let params = [
        tenant.into(),
        subject_type.into(),
        subject_id.into(),
        event_type.into(),
        since.into(),
    ];
    let found = tx.query_opt(SINCE, &params, |row| row.int())?;
    Ok(found.is_some())
}
