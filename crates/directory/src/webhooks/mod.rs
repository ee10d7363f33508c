//! Webhooks: where events are sent to, as Standard Webhooks has it.

mod sending;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::actor::Actor;
use crate::deliveries::webhook_lane;
use crate::error::{Error, Unavailable};
use crate::event::{self, Change, EventType, Subject};
use crate::model::check_text;
use crate::permission::Permission;
use crate::query::{Listed, Position};
use crate::store::{
    GroupKey, IdKind, Statement, StoredEvent, Tx, delete_webhook, end_lane, find_account,
    find_group_id, find_webhook, insert_webhook, list_webhooks, lock_tenant, update_webhook,
};
use crate::violation::{Rule, Violations};

pub use sending::{
    MAX_REPLAYED, deliveries, delivery, lanes, replay, replay_all, sweep, test, wanted_of_span,
};

/// How long a secret that was replaced signs beside the new one.
pub const OLD_SECRET_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// Webhooks of a tenant at most: each event is matched with all of them.
pub const MAX_WEBHOOKS: usize = 100;
/// What who asks for one more is told.
pub const FULL: &str = "there are as many webhooks as there may be";
/// Longest address, in characters.
pub const MAX_URL: usize = 2_048;

/// A webhook as it is stored. Its secrets are sealed: whoever sends opens them.
#[derive(Clone, PartialEq)]
pub struct Webhook {
    /// Its number.
    pub id: i64,
    /// Where events are sent to.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// What is sent; empty: everything.
    pub event_types: BTreeSet<EventType>,
    /// Only events of this account.
    pub account_id: Option<i64>,
    /// Only events of this group.
    pub group_id: Option<i64>,
    /// What it was asked for in, by the API that it was made through, which alone reads it.
    pub terms: Option<String>,
    /// What signs, sealed.
    pub secret: String,
    /// What signed before, sealed.
    pub old_secret: Option<String>,
    /// Until when that signs too.
    pub old_secret_until: Option<Timestamp>,
    /// Since when nothing is sent.
    pub disabled_at: Option<Timestamp>,
    /// Why: `operator`, `gone` (it answered 410), `failing`.
    pub disabled_reason: Option<String>,
    /// When the first failure came since which nothing was delivered.
    pub failing_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// How often it was changed, from 1.
    pub version: i64,
}

impl Webhook {
    /// Whether an event is to be sent to it. What is told of itself is not: each failure would
    /// cause another.
    #[must_use]
    pub fn wants(&self, event: &StoredEvent) -> bool {
        let itself = event.subject_type == "webhook" && event.subject_id == self.id.to_string();
        let account = self.account_id.is_none() || self.account_id == event.account_id;
        let named = |each: &EventType| each.name() == event.event_type;
        let kind = self.event_types.is_empty() || self.event_types.iter().any(named);
        !itself && account && kind && self.group_id.is_none_or(|group| is_of_group(event, group))
    }

    /// The sealed secrets that sign at a time, the newest first.
    #[must_use]
    pub fn secrets(&self, now: Timestamp) -> Vec<&str> {
        let old = self.old_secret.as_deref();
        let old = old.filter(|_| self.old_secret_until.is_some_and(|until| now < until));
        std::iter::once(self.secret.as_str()).chain(old).collect()
    }
}

/// Whether an event happened to a group, or tells of it.
fn is_of_group(event: &StoredEvent, group: i64) -> bool {
    if event.subject_type == "group" {
        return event.subject_id == group.to_string();
    }
    let change: Result<serde_json::Value, _> = serde_json::from_str(&event.change);
    let named = |side: &str| {
        let change = change.as_ref().ok();
        change.and_then(|change| change.get(side)?.get("group_id")?.as_i64()) == Some(group)
    };
    named("new") || named("old")
}

/// What a webhook is to be, or to become: what is none stays, or is as a new one has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WebhookChange {
    /// Where events are sent to; its form was checked by whoever sends.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// What is sent; empty: everything.
    pub event_types: Option<BTreeSet<EventType>>,
    /// Only events of this account.
    pub account_id: Option<Option<i64>>,
    /// Only events of this group.
    pub group_id: Option<Option<i64>>,
    /// What it is asked for in.
    pub terms: Option<Option<String>>,
    /// Whether anything is sent.
    pub enabled: Option<bool>,
}

impl WebhookChange {
    fn apply(&self, webhook: &mut Webhook, now: Timestamp) {
        if let Some(url) = &self.url {
            webhook.url.clone_from(url);
        }
        if let Some(description) = &self.description {
            webhook.description.clone_from(description);
        }
        if let Some(event_types) = &self.event_types {
            webhook.event_types.clone_from(event_types);
        }
        if let Some(account) = self.account_id {
            webhook.account_id = account;
        }
        if let Some(group) = self.group_id {
            webhook.group_id = group;
        }
        if let Some(terms) = &self.terms {
            webhook.terms.clone_from(terms);
        }
        match self.enabled {
            Some(true) => {
                webhook.disabled_at = None;
                webhook.disabled_reason = None;
                webhook.failing_since = None;
            }
            Some(false) if webhook.disabled_at.is_none() => {
                webhook.disabled_at = Some(now);
                webhook.disabled_reason = Some("operator".to_owned());
            }
            Some(false) | None => {}
        }
    }
}

/// Makes a webhook with a sealed secret. One made by a caller that is bound to an account is of
/// that account.
///
/// # Errors
/// [`Error::Forbidden`] without `updateWebhooks`; [`Error::Invalid`].
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    new: &WebhookChange,
    sealed: &str,
    mut violations: Violations,
) -> Result<Webhook, Error> {
    require(actor, Permission::UpdateWebhooks)?;
    if new.url.is_none() && violations.is_empty() {
        violations.field("url", Rule::Blank);
    }
    let mut webhook = Webhook {
        id: tx.new_id(IdKind::Webhook)?,
        url: String::new(),
        description: None,
        event_types: BTreeSet::new(),
        account_id: actor.account,
        group_id: None,
        terms: None,
        secret: sealed.to_owned(),
        old_secret: None,
        old_secret_until: None,
        disabled_at: None,
        disabled_reason: None,
        failing_since: None,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    };
    new.apply(&mut webhook, tx.now());
    check(tx, actor, &webhook, violations)?;
    lock_tenant(tx, actor.tenant)?;
    let others = list_webhooks(tx, actor.tenant, None, 0, MAX_WEBHOOKS)?;
    if others.len() >= MAX_WEBHOOKS {
        return Err(Error::Conflict(FULL));
    }
    let change = Change::between(serde_json::Map::new(), shown(&webhook));
    let event = record(tx, actor, EventType::WebhookCreated, &webhook, change)?;
    tx.batch(&[insert_webhook(actor.tenant, &webhook), event])?;
    Ok(webhook)
}

/// Makes a webhook, or changes the one that is the `same`; of those who ask at once, one makes it.
///
/// # Errors
/// As [`create`].
pub fn put(
    tx: &Tx<'_>,
    actor: &Actor,
    change: &WebhookChange,
    sealed: &str,
    same: impl Fn(&Webhook) -> bool,
) -> Result<Webhook, Error> {
    require(actor, Permission::UpdateWebhooks)?;
    lock_tenant(tx, actor.tenant)?;
    let all = list_webhooks(tx, actor.tenant, actor.account, 0, MAX_WEBHOOKS)?;
    let none = Violations::new();
    match all.iter().find(|each| same(each)) {
        Some(webhook) => update(tx, actor, webhook.id, change, None, none),
        None => create(tx, actor, change, sealed, none),
    }
}

/// Tells that a webhook more than there may be was asked for. Who calls this bounds how often.
///
/// # Errors
/// Storage errors.
pub fn tell_full(tx: &Tx<'_>, actor: &Actor) -> Result<(), Error> {
    let (kind, subject) = (
        EventType::QuotaExceeded,
        Subject::new("tenant", actor.tenant.0),
    );
    let change = Change::of(&[("quota", "webhooks".into()), ("limit", MAX_WEBHOOKS.into())]);
    let event = event::record(tx, actor, kind, None, subject, change)?;
    tx.batch(&[event]).map(drop)
}

fn require(actor: &Actor, permission: Permission) -> Result<(), Error> {
    actor.require(permission)?;
    actor.require_full_access()
}

fn check(
    tx: &Tx<'_>,
    actor: &Actor,
    webhook: &Webhook,
    mut violations: Violations,
) -> Result<(), Error> {
    if webhook.url.chars().count() > MAX_URL {
        violations.field("url", Rule::TooLong { max: MAX_URL });
    }
    let description = webhook.description.as_deref();
    if let Some(rule) = description.and_then(|text| check_text(text, 255)) {
        violations.field("description", rule);
    }
    let foreign = actor.account.is_some() && webhook.account_id != actor.account;
    if let Some(account) = webhook.account_id {
        if foreign || find_account(tx, actor.tenant, account)?.is_none() {
            violations.field("account_id", Rule::MustExist);
        }
    } else if foreign {
        violations.field("account_id", Rule::Blank);
    }
    if let Some(group) = webhook.group_id
        && find_group_id(tx, actor.tenant, &GroupKey::Id(group))?.is_none()
    {
        violations.field("group_id", Rule::MustExist);
    }
    Error::if_any(violations)
}

/// What events tell of a webhook: its address without what may be a secret in it.
fn shown(webhook: &Webhook) -> serde_json::Map<String, serde_json::Value> {
    // Its path may be its secret.
    let end = webhook.url.match_indices('/').nth(2);
    let url = end.map_or(webhook.url.as_str(), |(end, _)| {
        webhook.url.get(..end).unwrap_or_default()
    });
    let names: Vec<&str> = webhook.event_types.iter().map(|each| each.name()).collect();
    let fields = [
        ("url", url.into()),
        ("description", webhook.description.clone().into()),
        ("event_types", names.into()),
        ("account_id", webhook.account_id.into()),
        ("group_id", webhook.group_id.into()),
        ("enabled", webhook.disabled_at.is_none().into()),
    ];
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

fn record(
    tx: &Tx<'_>,
    actor: &Actor,
    event_type: EventType,
    webhook: &Webhook,
    change: Change,
) -> Result<Statement<'static>, Error> {
    let subject = Subject::new("webhook", webhook.id);
    event::record(tx, actor, event_type, webhook.account_id, subject, change)
}

/// One webhook.
///
/// # Errors
/// [`Error::Forbidden`] without `readWebhooks`; [`Error::NotFound`], also for one outside the
/// account that the caller is bound to.
pub fn get(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<Webhook, Error> {
    require(actor, Permission::ReadWebhooks)?;
    find_webhook(tx, actor.tenant, id)?
        .filter(|webhook| actor.account.is_none() || webhook.account_id == actor.account)
        .ok_or(Error::NotFound)
}

/// Webhooks by number.
///
/// # Errors
/// [`Error::Forbidden`] without `readWebhooks`.
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<Webhook>, Error> {
    require(actor, Permission::ReadWebhooks)?;
    let rows = list_webhooks(tx, actor.tenant, actor.account, after.unwrap_or(0), limit)?;
    Ok(Listed::cut(rows, limit, |row| Position::of_id(row.id)))
}

/// Changes a webhook; enabling one forgets its failures, and what waited for it goes out.
///
/// # Errors
/// As [`get`] and [`create`]; [`Error::PreconditionFailed`].
pub fn update(
    tx: &Tx<'_>,
    actor: &Actor,
    id: i64,
    change: &WebhookChange,
    expected: Option<&[i64]>,
    violations: Violations,
) -> Result<Webhook, Error> {
    require(actor, Permission::UpdateWebhooks)?;
    let before = stored(tx, actor, id, expected)?;
    let mut webhook = before.clone();
    change.apply(&mut webhook, tx.now());
    check(tx, actor, &webhook, violations)?;
    if webhook == before {
        return Ok(webhook);
    }
    let what = Change::between(shown(&before), shown(&webhook));
    write(tx, actor, &before, webhook, what)
}

fn stored(tx: &Tx<'_>, actor: &Actor, id: i64, expected: Option<&[i64]>) -> Result<Webhook, Error> {
    let webhook = get(tx, actor, id)?;
    if expected.is_some_and(|versions| !versions.contains(&webhook.version)) {
        return Err(Error::PreconditionFailed);
    }
    Ok(webhook)
}

fn write(
    tx: &Tx<'_>,
    actor: &Actor,
    before: &Webhook,
    mut webhook: Webhook,
    what: Change,
) -> Result<Webhook, Error> {
    webhook.version += 1;
    webhook.updated_at = tx.now();
    let event = record(tx, actor, EventType::WebhookUpdated, &webhook, what)?;
    let update = update_webhook(actor.tenant, &webhook, before.version);
    match tx.batch(&[update, event])?.first() {
        Some(1) => Ok(webhook),
        Some(_) | None => Err(Unavailable::Contention.into()),
    }
}

/// Gives a webhook a new sealed secret; the old one signs beside it for a day.
///
/// # Errors
/// As [`get`].
pub fn rotate(tx: &Tx<'_>, actor: &Actor, id: i64, sealed: &str) -> Result<Webhook, Error> {
    require(actor, Permission::UpdateWebhooks)?;
    let before = stored(tx, actor, id, None)?;
    let until = tx.now().checked_add(OLD_SECRET_LIFETIME);
    let mut webhook = before.clone();
    webhook.old_secret = Some(std::mem::replace(&mut webhook.secret, sealed.to_owned()));
    webhook.old_secret_until = Some(until.map_err(Error::internal)?);
    let what = Change::of(&[("secret_rotated", true.into())]);
    write(tx, actor, &before, webhook, what)
}

/// Deletes a webhook; what was, or was to be, delivered to it goes with [`sweep`].
///
/// # Errors
/// As [`get`]; [`Error::PreconditionFailed`].
pub fn delete(tx: &Tx<'_>, actor: &Actor, id: i64, expected: Option<&[i64]>) -> Result<(), Error> {
    require(actor, Permission::UpdateWebhooks)?;
    let webhook = stored(tx, actor, id, expected)?;
    let what = Change::between(shown(&webhook), serde_json::Map::new());
    let mut statements = vec![delete_webhook(actor.tenant, id, webhook.version)];
    statements.push(end_lane(actor.tenant, &webhook_lane(id)));
    statements.push(record(
        tx,
        actor,
        EventType::WebhookDeleted,
        &webhook,
        what,
    )?);
    match tx.batch(&statements)?.first() {
        Some(1) => Ok(()),
        Some(_) | None => Err(Unavailable::Contention.into()),
    }
}
