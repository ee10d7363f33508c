//! The table `events`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;

use super::{Statement, Tx, Value};

const INSERT: &str = "INSERT INTO events (tenant_id, id, type, account_id, actor_type, actor_id, \
    subject_type, subject_id, change, request_id, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const OF_SUBJECT: &str = "SELECT id, type, account_id, actor_type, actor_id, subject_type, \
    subject_id, change, request_id, created_at FROM events \
    WHERE tenant_id = $1 AND subject_type = $2 AND subject_id = $3 ORDER BY id";

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
    /// What changed, as JSON: `{"old":{…},"new":{…}}`; never a secret.
    pub change: String,
    /// The request that caused it.
    pub request_id: String,
    /// When.
    pub created_at: Timestamp,
}

pub(crate) fn insert_event(tenant: TenantId, event: StoredEvent) -> Statement<'static> {
    let params = vec![
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
    ];
    Statement {
        sql: INSERT,
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
    let params = [tenant.into(), subject_type.into(), subject_id.into()];
    tx.query(OF_SUBJECT, &params, |row| {
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
        })
    })
}
