//! The table `webhooks`.

use jiff::Timestamp;

use crate::actor::TenantId;
use crate::error::Error;
use crate::event::EventType;
use crate::webhooks::Webhook;

use super::filter::{Conditions, one_more};
use super::{Row, Statement, Tx};

const INSERT: &str = "INSERT INTO webhooks (tenant_id, id, url, description, event_types, \
    account_id, secret, old_secret, old_secret_until, disabled_at, disabled_reason, \
    failing_since, created_at, updated_at, version, group_id, terms) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
const UPDATE: &str = "UPDATE webhooks SET url = $1, description = $2, event_types = $3, \
    account_id = $4, secret = $5, old_secret = $6, old_secret_until = $7, disabled_at = $8, \
    disabled_reason = $9, failing_since = $10, created_at = $11, updated_at = $12, \
    version = $13, group_id = $14, terms = $15 \
    WHERE tenant_id = $16 AND id = $17 AND version = $18";
const DELETE: &str = "DELETE FROM webhooks WHERE tenant_id = $1 AND id = $2 AND version = $3";
const FAILS: &str = "UPDATE webhooks SET failing_since = $1 \
    WHERE tenant_id = $2 AND id = $3 AND failing_since IS NULL";
const WORKS: &str = "UPDATE webhooks SET failing_since = NULL \
    WHERE tenant_id = $1 AND id = $2 AND failing_since IS NOT NULL";
const SELECT: &str = "SELECT w.id, w.url, w.description, w.event_types, w.account_id, w.secret, \
    w.old_secret, w.old_secret_until, w.disabled_at, w.disabled_reason, w.failing_since, \
    w.created_at, w.updated_at, w.version, w.group_id, w.terms FROM webhooks w";

fn read_webhook(row: &Row<'_>) -> Result<Webhook, Error> {
    Ok(Webhook {
        id: row.int()?,
        url: row.text()?,
        description: row.opt_text()?,
        event_types: row
            .text()?
            .split(',')
            .filter_map(EventType::parse)
            .collect(),
        account_id: row.opt_int()?,
        secret: row.text()?,
        old_secret: row.opt_text()?,
        old_secret_until: row.opt_time()?,
        disabled_at: row.opt_time()?,
        disabled_reason: row.opt_text()?,
        failing_since: row.opt_time()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        version: row.int()?,
        group_id: row.opt_int()?,
        terms: row.opt_text()?,
    })
}

/// What INSERT and UPDATE bind, in their order, from `url` on.
fn columns(webhook: &Webhook) -> Vec<super::Value<'static>> {
    let names: Vec<&str> = webhook.event_types.iter().map(|each| each.name()).collect();
    vec![
        webhook.url.clone().into(),
        webhook.description.clone().into(),
        names.join(",").into(),
        webhook.account_id.into(),
        webhook.secret.clone().into(),
        webhook.old_secret.clone().into(),
        webhook.old_secret_until.into(),
        webhook.disabled_at.into(),
        webhook.disabled_reason.clone().into(),
        webhook.failing_since.into(),
        webhook.created_at.into(),
        webhook.updated_at.into(),
        webhook.version.into(),
        webhook.group_id.into(),
        webhook.terms.clone().into(),
    ]
}

pub(crate) fn insert_webhook(tenant: TenantId, webhook: &Webhook) -> Statement<'static> {
    let mut params = vec![tenant.into(), webhook.id.into()];
    params.extend(columns(webhook));
    Statement {
        sql: INSERT,
        params,
    }
}

/// Writes a webhook whose stored version is `from`; touches no row when it is another by now.
pub(crate) fn update_webhook(tenant: TenantId, webhook: &Webhook, from: i64) -> Statement<'static> {
    let mut params = columns(webhook);
    params.extend([tenant.into(), webhook.id.into(), from.into()]);
    Statement {
        sql: UPDATE,
        params,
    }
}

/// Deletes a webhook of this version.
pub(crate) fn delete_webhook(tenant: TenantId, id: i64, from: i64) -> Statement<'static> {
    Statement {
        sql: DELETE,
        params: vec![tenant.into(), id.into(), from.into()],
    }
}

/// Notes since when a webhook fails, unless it did before.
pub(crate) fn webhook_fails(tenant: TenantId, id: i64, now: Timestamp) -> Statement<'static> {
    Statement {
        sql: FAILS,
        params: vec![now.into(), tenant.into(), id.into()],
    }
}

/// Notes that a webhook works.
pub(crate) fn webhook_works(tenant: TenantId, id: i64) -> Statement<'static> {
    Statement {
        sql: WORKS,
        params: vec![tenant.into(), id.into()],
    }
}

pub(crate) fn find_webhook(
    tx: &Tx<'_>,
    tenant: TenantId,
    id: i64,
) -> Result<Option<Webhook>, Error> {
    let mut conditions = Conditions::new("w.tenant_id = ?", tenant);
    conditions.and("w.id = ?", id);
    let (sql, params) = conditions.whole(SELECT, "");
    tx.query_opt(&sql, &params, read_webhook)
}

/// Webhooks by number, after `after`: of one account, or of all.
pub(crate) fn list_webhooks(
    tx: &Tx<'_>,
    tenant: TenantId,
    account: Option<i64>,
    after: i64,
    limit: usize,
) -> Result<Vec<Webhook>, Error> {
    let mut conditions = Conditions::new("w.tenant_id = ?", tenant);
    conditions.and("w.id > ?", after);
    if let Some(account) = account {
        conditions.and("w.account_id = ?", account);
    }
    let (sql, params) = conditions.statement(SELECT, "ORDER BY w.id", one_more(limit));
    tx.query(&sql, &params, read_webhook)
}

/// Webhooks that are not disabled, by number.
pub(crate) fn enabled_webhooks(tx: &Tx<'_>, tenant: TenantId) -> Result<Vec<Webhook>, Error> {
    let mut conditions = Conditions::new("w.tenant_id = ?", tenant);
    conditions.and_plain("w.disabled_at IS NULL");
    let (sql, params) = conditions.whole(SELECT, "ORDER BY w.id");
    tx.query(&sql, &params, read_webhook)
}
