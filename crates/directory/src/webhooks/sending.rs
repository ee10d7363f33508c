//! What webhooks are sent: tests, replays, and what became of deliveries.

use super::{get, require, stored};
use crate::actor::{Actor, TenantId};
use crate::deliveries::{Attempt, Delivery, DeliveryKey, webhook_lane};
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::permission::Permission;
use crate::query::{EventFilter, Listed, Position};
use crate::store::{
    Statement, Tx, attempts_of, enabled_webhooks, ended_lane, find_delivery, find_event,
    forget_lane, insert_delivery, list_deliveries, replay_delivery, sweep_lane,
};

/// Events that one request replays at most.
pub const MAX_REPLAYED: usize = 1_000;
/// Rows of an ended lane that are deleted at once.
const SWEPT_AT_ONCE: i64 = 500;

/// Deletes a part of what is on the lanes of webhooks that were deleted. Answers whether there may
/// be more.
///
/// # Errors
/// Storage errors.
pub fn sweep(tx: &Tx<'_>, tenant: TenantId) -> Result<bool, Error> {
    let Some(lane) = ended_lane(tx, tenant)? else {
        return Ok(false);
    };
    let touched = tx.batch(&sweep_lane(tenant, &lane, SWEPT_AT_ONCE))?;
    if touched.iter().all(|rows| *rows == 0) {
        tx.batch(&[forget_lane(tenant, &lane)])?;
    }
    Ok(true)
}

/// Sends a `webhook_test` event to a webhook, also to a disabled one once it is enabled.
///
/// # Errors
/// As [`get`].
pub fn test(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<(), Error> {
    require(actor, Permission::UpdateWebhooks)?;
    let webhook = stored(tx, actor, id, None)?;
    let (kind, subject) = (EventType::WebhookTest, Subject::new("webhook", id));
    let (account, nothing) = (webhook.account_id, Change::default());
    let (number, event) = event::numbered(tx, actor, kind, account, subject, nothing)?;
    let key = DeliveryKey::webhook(id, number);
    let delivery = insert_delivery(actor.tenant, &key, tx.now());
    tx.batch(&[event, delivery])?;
    Ok(())
}

/// The lanes of a tenant on which anything goes out: its enabled webhooks'.
///
/// # Errors
/// Storage errors.
pub fn lanes(tx: &Tx<'_>, tenant: TenantId) -> Result<Vec<String>, Error> {
    let webhooks = enabled_webhooks(tx, tenant)?;
    Ok(webhooks.iter().map(|each| webhook_lane(each.id)).collect())
}

/// What was delivered to a webhook, or is to be, newest first.
///
/// # Errors
/// As [`get`].
pub fn deliveries(
    tx: &Tx<'_>,
    actor: &Actor,
    id: i64,
    before: Option<i64>,
    limit: usize,
) -> Result<Listed<Delivery>, Error> {
    get(tx, actor, id)?;
    let rows = list_deliveries(tx, actor.tenant, &webhook_lane(id), before, limit)?;
    Ok(Listed::cut(rows, limit, |row| {
        Position::of_id(row.key.event_id)
    }))
}

/// One delivery with its attempts.
///
/// # Errors
/// As [`get`].
pub fn delivery(
    tx: &Tx<'_>,
    actor: &Actor,
    id: i64,
    event_id: i64,
) -> Result<(Delivery, Vec<Attempt>), Error> {
    get(tx, actor, id)?;
    let key = DeliveryKey::webhook(id, event_id);
    let found = find_delivery(tx, actor.tenant, &key)?.ok_or(Error::NotFound)?;
    Ok((found, attempts_of(tx, actor.tenant, &key)?))
}

/// Sends one event once more, also one that the webhook was not sent before.
///
/// # Errors
/// As [`get`]; [`Error::NotFound`] for an event that is gone, or that it may not be told of.
pub fn replay(tx: &Tx<'_>, actor: &Actor, id: i64, event_id: i64) -> Result<(), Error> {
    require(actor, Permission::UpdateWebhooks)?;
    let webhook = stored(tx, actor, id, None)?;
    let event = find_event(tx, actor.tenant, event_id)?.ok_or(Error::NotFound)?;
    if !webhook.wants(&event) {
        return Err(Error::NotFound);
    }
    tx.batch(&again(tx, actor, id, event_id))?;
    Ok(())
}

fn again(tx: &Tx<'_>, actor: &Actor, id: i64, event_id: i64) -> [Statement<'static>; 2] {
    let key = DeliveryKey::webhook(id, event_id);
    [
        insert_delivery(actor.tenant, &key, tx.now()),
        replay_delivery(actor.tenant, &key, tx.now()),
    ]
}

/// The events of a span of time that a webhook wants, [`MAX_REPLAYED`] at most: their numbers, and
/// where to go on in the feed when there are more.
///
/// # Errors
/// As [`get`].
pub fn wanted_of_span(
    tx: &Tx<'_>,
    actor: &Actor,
    id: i64,
    filter: &EventFilter,
    after: i64,
) -> Result<(Vec<i64>, Option<i64>), Error> {
    require(actor, Permission::UpdateWebhooks)?;
    let webhook = stored(tx, actor, id, None)?;
    let page = event::page(tx, actor, filter, after, MAX_REPLAYED)?;
    let wanted = page.rows.iter().filter(|event| webhook.wants(event));
    let next = page.more.then_some(page.next);
    Ok((wanted.map(|event| event.id).collect(), next))
}

/// Sends what [`wanted_of_span`] answered once more.
///
/// # Errors
/// As [`get`].
pub fn replay_all(tx: &Tx<'_>, actor: &Actor, id: i64, events: &[i64]) -> Result<(), Error> {
    require(actor, Permission::UpdateWebhooks)?;
    stored(tx, actor, id, None)?;
    let statements: Vec<Statement<'static>> = events
        .iter()
        .flat_map(|event| again(tx, actor, id, *event))
        .collect();
    tx.batch(&statements)?;
    Ok(())
}
