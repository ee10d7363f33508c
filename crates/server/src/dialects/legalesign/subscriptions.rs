//! `/api/v1/notifications/`, `/subscribe/`, `/unsubscribe/`: webhooks as this API asks for them.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::groups::Reach;
use directory::permission::Permission;
use directory::store::{GroupKey, Tx};
use directory::violation::{Path, Rule, Violations};
use directory::webhooks::{self, MAX_WEBHOOKS, Webhook};
use directory::{Actor, Error};

use super::Caller;
use super::wire::{
    self, NotificationOut, SubscribedGroup, SubscriptionIn, Unsubscription, terms_of,
};
use crate::deliver::signature::WebhookSecret;
use crate::http::failure::Failure;
use crate::http::{Shared, body, reply};

/// The subscriptions that the caller reaches: all, or those of groups that they administer.
fn reached(tx: &Tx<'_>, actor: &Actor, reach: Reach) -> Result<Vec<Webhook>, Error> {
    let mut all = webhooks::list(tx, actor, None, MAX_WEBHOOKS)?.rows;
    all.retain(|webhook| terms_of(webhook).is_some());
    if reach == Reach::Tenant {
        return Ok(all);
    }
    let mut own = Vec::new();
    for webhook in all {
        let Some(group) = webhook.group_id else {
            continue;
        };
        match reach.require_in(tx, actor, group, Permission::ReadWebhooks) {
            Ok(()) => own.push(webhook),
            Err(Error::NotFound | Error::Forbidden(_)) => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(own)
}

/// `GET /api/v1/notifications/`: a bare list.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadWebhooks)?;
    let read = move |tx: &Tx<'_>| {
        let reach = Reach::of(tx, &actor)?;
        reach.require_somewhere(tx, &actor, Permission::ReadWebhooks)?;
        reached(tx, &actor, reach)
    };
    let found = app.directory.read(read).await?;
    let shown: Vec<NotificationOut> = found.iter().filter_map(NotificationOut::of).collect();
    Ok(reply::json(StatusCode::OK, &shown))
}

/// The number of the group that is named, which the caller administers; adds what is wrong with
/// it. A user who acts for a key has no say over what happens outside their groups.
fn administered(
    tx: &Tx<'_>,
    actor: &Actor,
    reach: Reach,
    group: Option<&SubscribedGroup>,
    violations: &mut Violations,
) -> Result<Option<i64>, Error> {
    let Some(group) = group else {
        return Ok(None);
    };
    let key = match group {
        SubscribedGroup::Named(named) => GroupKey::Slug(named.slug.clone()),
        SubscribedGroup::Number(id) => GroupKey::Id(*id),
    };
    match reach.group(tx, actor, &key) {
        Ok(id) => {
            reach.require_in(tx, actor, id, Permission::UpdateWebhooks)?;
            Ok(Some(id))
        }
        Err(Error::NotFound) => {
            violations.add(Path::field("group"), group.unknown());
            Ok(None)
        }
        Err(cause) => Err(cause),
    }
}

/// `POST /api/v1/subscribe/`: 201. The same address, group and filter once more is the same
/// subscription.
pub(super) async fn subscribe(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateWebhooks)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let asked = wire::subscription_in(&object, |url| match app.guard.check_url(url) {
        Ok(_) => Ok(()),
        Err(_) => Err(Rule::BadFormat),
    });
    let random = app.directory.random();
    let secret = WebhookSecret::generate(random).expose();
    let sealed = app
        .sealing_key
        .seal(actor.tenant, "webhook", &secret, random)?;
    let write = move |tx: &Tx<'_>| put(tx, &actor, &asked, &sealed);
    app.directory.write(write).await?;
    Ok(reply::empty(StatusCode::CREATED))
}

fn put(tx: &Tx<'_>, actor: &Actor, asked: &SubscriptionIn, sealed: &str) -> Result<(), Error> {
    let reach = Reach::of(tx, actor)?;
    reach.require_somewhere(tx, actor, Permission::UpdateWebhooks)?;
    let mut violations = asked.violations.clone();
    let group = asked.group.as_ref();
    let group_id = administered(tx, actor, reach, group, &mut violations)?;
    Error::if_any(violations)?;
    if reach != Reach::Tenant && group_id.is_none() {
        return Err(Error::Forbidden(
            "the owner's permissions are those of groups: name one",
        ));
    }
    let same = |webhook: &Webhook| {
        let filter = terms_of(webhook).map(|(_, filter)| filter);
        webhook.url == asked.url && webhook.group_id == group_id && filter == Some(asked.filter)
    };
    webhooks::put(tx, actor, &asked.change(group_id), sealed, same).map(drop)
}

/// `POST /api/v1/unsubscribe/`: 200; 404 where nothing was subscribed to.
pub(super) async fn unsubscribe(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateWebhooks)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let asked = wire::unsubscription_in(&object);
    let write = move |tx: &Tx<'_>| end(tx, &actor, &asked);
    app.directory.write(write).await?;
    Ok(reply::empty(StatusCode::OK))
}

fn end(tx: &Tx<'_>, actor: &Actor, asked: &Unsubscription) -> Result<(), Error> {
    let reach = Reach::of(tx, actor)?;
    reach.require_somewhere(tx, actor, Permission::UpdateWebhooks)?;
    let mut violations = asked.violations.clone();
    let group = asked.group.as_ref();
    let group_id = administered(tx, actor, reach, group, &mut violations)?;
    Error::if_any(violations)?;
    let meant = |webhook: &&Webhook| {
        let filter = terms_of(webhook).map(|(_, filter)| filter);
        webhook.url == asked.url
            && (asked.group.is_none() || webhook.group_id == group_id)
            && (asked.filter.is_none() || asked.filter == filter)
    };
    let all = reached(tx, actor, reach)?;
    let ended: Vec<i64> = all.iter().filter(meant).map(|each| each.id).collect();
    if ended.is_empty() {
        return Err(Error::NotFound);
    }
    for id in ended {
        webhooks::delete(tx, actor, id, None)?;
    }
    Ok(())
}
