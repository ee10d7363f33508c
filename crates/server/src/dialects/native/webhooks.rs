//! `/v1/webhooks`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::idempotency::Answer;
use directory::permission::Permission;
use directory::query::Position;
use directory::store::Tx;
use directory::violation::{Rule, Violations};
use directory::webhooks::{self, FULL, Webhook};
use directory::{Actor, Error};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::answer::{empty, expected, shown};
use super::list::{Parameters, by_number};
use super::wire::{DeliveryWithAttempts, Resource as _, WithSecret, span_in, webhook_in};
use super::{Caller, Id, Ids};
use crate::deliver::signature::WebhookSecret;
use crate::http::failure::Failure;
use crate::http::idempotency::{key_of, once};
use crate::http::{Shared, body, refusals, reply};

const LIST: &str = "/v1/webhooks";

/// A new secret, and it sealed.
fn new_secret(
    app: &Shared,
    tenant: directory::TenantId,
) -> Result<(WebhookSecret, String), Failure> {
    let secret = WebhookSecret::generate(app.directory.random());
    let sealed =
        app.sealing_key
            .seal(tenant, "webhook", &secret.expose(), app.directory.random())?;
    Ok((secret, sealed))
}

/// What the guard says of an address.
fn checked(app: &Shared, url: &str) -> Result<(), Rule> {
    match app.guard.check_url(url) {
        Ok(_) => Ok(()),
        Err(_) => Err(Rule::BadFormat),
    }
}

/// An answer that holds a secret is not kept, so no key may promise that it is.
fn refuse_key(headers: &HeaderMap, actor: &Actor) -> Result<(), Failure> {
    if key_of(headers, actor, LIST, "")?.is_some() {
        let text = "an answer with a secret is not kept: Idempotency-Key is not taken here";
        return Err(Failure::Unreadable(text.to_owned()));
    }
    Ok(())
}

/// `POST /v1/webhooks`: 201 with `Location` and, this once, the secret.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateWebhooks)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    refuse_key(&headers, &actor)?;
    let (change, violations) = webhook_in(&object, |url| checked(&app, url));
    let (secret, sealed) = new_secret(&app, actor.tenant)?;
    let asker = actor.clone();
    let write =
        move |tx: &Tx<'_>| webhooks::create(tx, &asker, &change, &sealed, violations.clone());
    let made = match app.directory.write(write).await {
        Err(Error::Conflict(FULL)) => {
            tell_full(&app, actor).await;
            return Err(Error::Conflict(FULL).into());
        }
        made => made?,
    };
    let mut response = with_secret(&made, &secret, StatusCode::CREATED);
    let location = format!("{LIST}/{}", made.id);
    if let Ok(value) = location.try_into() {
        response
            .headers_mut()
            .insert(axum::http::header::LOCATION, value);
    }
    Ok(response)
}

/// Tells of it once a minute.
async fn tell_full(app: &Shared, actor: Actor) {
    let tenant = actor.tenant.0;
    let tell = move |tx: &Tx<'_>| webhooks::tell_full(tx, &actor);
    let name = format!("webhooks of {tenant}");
    refusals::tell(app, &name, tell).await;
}

fn with_secret(webhook: &Webhook, secret: &WebhookSecret, status: StatusCode) -> Response {
    let exposed = secret.expose();
    let out = WithSecret {
        webhook: webhook.out(),
        secret: exposed.expose_secret(),
    };
    let mut response = shown(webhook.version, &out);
    *response.status_mut() = status;
    response
}

/// `GET /v1/webhooks`, by number.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadWebhooks)?;
    by_number(&app, actor, LIST, query.as_deref(), webhooks::list).await
}

/// `GET /v1/webhooks/{id}`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let found = app
        .directory
        .read(move |tx| webhooks::get(tx, &actor, id))
        .await?;
    Ok(shown(found.version, &found.out()))
}

/// `PATCH /v1/webhooks/{id}`: JSON Merge Patch, `If-Match`.
pub(super) async fn update(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateWebhooks)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let expected = expected(&headers);
    let (change, violations) = webhook_in(&object, |url| checked(&app, url));
    let write = move |tx: &Tx<'_>| {
        webhooks::update(
            tx,
            &actor,
            id,
            &change,
            expected.as_deref(),
            violations.clone(),
        )
    };
    let changed = app.directory.write(write).await?;
    Ok(shown(changed.version, &changed.out()))
}

/// `DELETE /v1/webhooks/{id}`: 204.
pub(super) async fn delete(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateWebhooks)?;
    let expected = expected(&headers);
    app.directory
        .write(move |tx| webhooks::delete(tx, &actor, id, expected.as_deref()))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/webhooks/{id}/rotate-secret`: 200 with the new secret; the old one signs beside it
/// for a day.
pub(super) async fn rotate(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateWebhooks)?;
    refuse_key(&headers, &actor)?;
    let (secret, sealed) = new_secret(&app, actor.tenant)?;
    let changed = app
        .directory
        .write(move |tx| webhooks::rotate(tx, &actor, id, &sealed))
        .await?;
    Ok(with_secret(&changed, &secret, StatusCode::OK))
}

/// `POST /v1/webhooks/{id}/test`: 202; a `webhook_test` event is on its way.
pub(super) async fn test(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateWebhooks)?;
    let route = "POST /v1/webhooks/{id}/test";
    let key = key_of(&headers, &actor, route, &id.to_string())?;
    let asker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        webhooks::test(tx, &asker, id)?;
        Ok(empty(StatusCode::ACCEPTED))
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `GET /v1/webhooks/{id}/deliveries`, newest first.
pub(super) async fn deliveries(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadWebhooks)?;
    let path = format!("{LIST}/{id}/deliveries");
    let parameters = Parameters::read(&app, path, query.as_deref(), &[])?;
    let limit = parameters.limit()?;
    let before = parameters.after(&app, &actor)?.map(|position| position.id);
    let asker = actor.clone();
    let listed = app
        .directory
        .read(move |tx| webhooks::deliveries(tx, &asker, id, before, limit))
        .await?;
    Ok(parameters.page(&app, &actor, &listed))
}

/// `GET /v1/webhooks/{id}/deliveries/{event_id}`, with each attempt.
pub(super) async fn delivery(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Ids(id, event_id): Ids,
) -> Result<Response, Failure> {
    let (found, attempts) = app
        .directory
        .read(move |tx| webhooks::delivery(tx, &actor, id, event_id))
        .await?;
    let out = DeliveryWithAttempts::of(&found, &attempts);
    Ok(reply::json(StatusCode::OK, &out))
}

/// `POST /v1/webhooks/{id}/deliveries/{event_id}/replay`: 202.
pub(super) async fn replay(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Ids(id, event_id): Ids,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateWebhooks)?;
    let route = "POST /v1/webhooks/{id}/deliveries/{event_id}/replay";
    let key = key_of(&headers, &actor, route, &format!("{id} {event_id}"))?;
    let asker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        webhooks::replay(tx, &asker, id, event_id)?;
        Ok(empty(StatusCode::ACCEPTED))
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `POST /v1/webhooks/{id}/replay` `{"since","until","cursor"}`: 202 with how many events are sent
/// once more, and where to go on.
pub(super) async fn replay_span(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateWebhooks)?;
    let object = body::json_object(&app, &headers, body).await?;
    let route = "POST /v1/webhooks/{id}/replay";
    let canonical = serde_json::to_string(&object).map_err(Error::internal)?;
    let key = key_of(&headers, &actor, route, &format!("{id} {canonical}"))?;
    let (filter, cursor) = span_in(&object)?;
    let tenant = actor.tenant;
    let list = format!("{LIST}/{id}/replay?{filter:?}");
    let after = match cursor {
        None => 0,
        Some(cursor) => match app.cursor_key.open(actor.tenant, &list, &cursor) {
            Some(position) => position.id,
            None => return Err(refused_cursor()),
        },
    };
    let (asker, looker, seen) = (actor.clone(), actor.clone(), Shared::clone(&app));
    let prepare = async move {
        let look = move |tx: &Tx<'_>| webhooks::wanted_of_span(tx, &looker, id, &filter, after);
        let (events, next) = seen.directory.read(look).await?;
        let cursor = next.map(|next| {
            let position = Position::of_id(next);
            seen.cursor_key.seal(tenant, &list, &position)
        });
        Ok((events, cursor))
    };
    let run = move |tx: &Tx<'_>, (events, cursor): &(Vec<i64>, Option<String>)| {
        webhooks::replay_all(tx, &asker, id, events)?;
        Ok(Answer {
            body: json!({ "replayed": events.len(), "next_cursor": cursor }).to_string(),
            ..empty(StatusCode::ACCEPTED)
        })
    };
    once(&app, &actor, key, prepare, run).await
}

fn refused_cursor() -> Failure {
    let mut violations = Violations::new();
    violations.field("cursor", Rule::BadFormat);
    Error::Invalid(violations).into()
}
