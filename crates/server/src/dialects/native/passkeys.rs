//! `/v1/passkeys` and `/v1/users/{id}/passkeys`.
//!
//! Whoever asks for a challenge to sign in is told the same, and a wrong answer to one is the same
//! 401 whatever is wrong with it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::clock::Random;
use directory::idempotency::Answer;
use directory::passkeys::{self, Answered, Challenge, NewPasskey, Registrant, RelyingParty};
use directory::permission::Permission;
use directory::secret::{MAX_CREDENTIAL, SealingKey};
use directory::store::Tx;
use directory::{Error, TenantId};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::answer::{expected, shown};
use super::list::Parameters;
use super::sessions::{refuse_key, with_token};
use super::wire::{
    ChallengeOut, LinkOut, Registration, Resource as _, answered_in, authentication_options_in,
    registration_in, registration_options_in, rename_in,
};
use super::{Caller, Id, Ids};
use crate::http::auth::{authenticate as who, bearer};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::idempotency::{key_of, once};
use crate::http::throttle::PASSKEY_LINKS;
use crate::http::{Shared, body, login, reply};

/// Bytes of a body at most: an attestation has some thousand.
const MAX_BODY: usize = 64 * 1024;
/// What wrong answers are counted under, beside the address they come from.
const SIGNING_IN: &str = "answers of passkeys";
/// What challenges to sign in are sealed for: which tenant each is of is sealed too.
const EVERY_TENANT: TenantId = TenantId(0);
/// Characters of what names a challenge at most: a tenant's number and a secret.
const LONGEST_CEREMONY: usize = 64;

/// What passkeys are bound to.
fn party(app: &Shared) -> Result<Arc<RelyingParty>, Failure> {
    let none = Error::Conflict(
        "there are no passkeys here: the server needs a base URL with https and a host name, or \
         http on localhost",
    );
    Ok(app.relying_party.clone().ok_or(none)?)
}

async fn object(
    app: &Shared,
    headers: &HeaderMap,
    body: Body,
) -> Result<Map<String, Value>, Failure> {
    body::json_object_within(app, headers, body, MAX_BODY).await
}

/// Counts a challenge against the address that asks for it: each is a row.
fn count_challenge(app: &Shared, context: &RequestContext) -> Result<(), Failure> {
    let now = app.directory.clock().now();
    let checked = app.challenges.check(None, context.address, now);
    checked.map_err(Error::from)?;
    app.challenges.failed(None, context.address, now);
    Ok(())
}

/// Who registers: who has a link, or the user of a session.
async fn registrant(
    app: &Shared,
    context: &RequestContext,
    headers: &HeaderMap,
    token: Option<SecretString>,
) -> Result<Registrant, Failure> {
    match token {
        Some(token) => Ok(Registrant::Link {
            token,
            request_id: context.id.clone(),
        }),
        None => Ok(Registrant::Session(
            who(app, context, bearer(headers)).await?,
        )),
    }
}

/// A refusal as it is told: links that are not found are counted, and slowed down.
fn refused(app: &Shared, context: &RequestContext, by: &Registrant, error: Error) -> Error {
    if matches!((by, &error), (Registrant::Link { .. }, Error::NotFound)) {
        let counted = login::count_guess(app, context, PASSKEY_LINKS);
        return counted.err().unwrap_or(error);
    }
    error
}

/// `POST /v1/users/{id}/passkey-registration`: 202; a link to register a passkey is on its way to
/// the user's email address, and one before holds no more.
pub(super) async fn send_link(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateUsers)?;
    party(&app)?;
    let route = "POST /v1/users/{id}/passkey-registration";
    let key = key_of(&headers, &actor, route, &id.to_string())?;
    let asker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        let link = passkeys::request_link(tx, &asker, id)?;
        Ok(Answer {
            status: StatusCode::ACCEPTED.as_u16(),
            location: None,
            etag: None,
            body: serde_json::to_string(&LinkOut::of(&link)).map_err(Error::internal)?,
        })
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `POST /v1/passkeys/registration-options`: 200 with a challenge, to who has a link (`token`) or
/// is a user by a session.
pub(super) async fn registration_options(
    State(app): State<Shared>,
    context: RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    refuse_key(&headers)?;
    let party = party(&app)?;
    let (token, violations) = registration_options_in(&object(&app, &headers, body).await?);
    Error::if_any(violations)?;
    let by = registrant(&app, &context, &headers, token).await?;
    count_challenge(&app, &context)?;
    let asker = by.clone();
    let given = app
        .directory
        .write(move |tx| passkeys::registration_options(tx, &party, &asker))
        .await
        .map_err(|cause| refused(&app, &context, &by, cause))?;
    Ok(unkept(reply::json(
        StatusCode::OK,
        &ChallengeOut::of(&given),
    )))
}

/// `POST /v1/passkeys`: 201 with the passkey.
pub(super) async fn register(
    State(app): State<Shared>,
    context: RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    refuse_key(&headers)?;
    let party = party(&app)?;
    let (registration, violations) = registration_in(&object(&app, &headers, body).await?);
    let Registration {
        token,
        name,
        ceremony,
        credential,
    } = registration;
    let by = registrant(&app, &context, &headers, token).await?;
    Error::if_any(violations)?;
    let answer = credential.ok_or_else(|| Error::internal("a credential without a fault"))?;
    let new = NewPasskey {
        ceremony,
        answer,
        name,
    };
    let made = app
        .directory
        .register_passkey(&party, by.clone(), new)
        .await
        .map_err(|cause| refused(&app, &context, &by, cause))?;
    let mut response = shown(made.version, &made.out());
    *response.status_mut() = StatusCode::CREATED;
    let location = format!("/v1/users/{}/passkeys/{}", made.user_id, made.id);
    if let Ok(value) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    Ok(response)
}

/// What names a challenge to sign in, as it goes out: sealed, for the number that it begins with
/// would tell which tenants there are. All are equally long.
fn sealed(
    key: &SealingKey,
    ceremony: &SecretString,
    random: &dyn Random,
) -> Result<SecretString, Error> {
    let padded = format!("{:>LONGEST_CEREMONY$}", ceremony.expose_secret()).into();
    let sealed = key.seal(EVERY_TENANT, SIGNING_IN, &padded, random)?;
    Ok(sealed.into())
}

/// What was sealed; nothing that names a challenge, where it was not sealed here.
fn unsealed(key: &SealingKey, ceremony: &SecretString) -> SecretString {
    let given = ceremony.expose_secret();
    if given.len() > MAX_CREDENTIAL {
        return SecretString::default();
    }
    let opened = key.open(EVERY_TENANT, SIGNING_IN, given);
    let opened = opened.unwrap_or_default();
    opened.expose_secret().trim_start().into()
}

/// `POST /v1/passkeys/authentication-options`: 200 with a challenge, the same to everybody, for
/// the tenant that `Muster-Tenant` names.
pub(super) async fn authentication_options(
    State(app): State<Shared>,
    context: RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    refuse_key(&headers)?;
    let party = party(&app)?;
    let violations = authentication_options_in(&object(&app, &headers, body).await?);
    Error::if_any(violations)?;
    count_challenge(&app, &context)?;
    let tenant = login::tenant_of(&app, &headers).await?;
    let (request, key) = (context.id.clone(), app.sealing_key.clone());
    let ask = move |tx: &Tx<'_>| {
        let given = passkeys::authentication_options(tx, &party, tenant, &request)?;
        let ceremony = sealed(&key, &given.ceremony, tx.random())?;
        Ok(Challenge { ceremony, ..given })
    };
    let given = app.directory.write(ask).await?;
    Ok(unkept(reply::json(
        StatusCode::OK,
        &ChallengeOut::of(&given),
    )))
}

/// `POST /v1/passkeys/authenticate`: 201 with the session and, this once, its token, as
/// `POST /v1/sessions` answers.
pub(super) async fn authenticate(
    State(app): State<Shared>,
    context: RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    refuse_key(&headers)?;
    let party = party(&app)?;
    let (ceremony, answer, violations) = answered_in(&object(&app, &headers, body).await?);
    Error::if_any(violations)?;
    let answer = answer.ok_or_else(|| Error::internal("a credential without a fault"))?;
    let answered = Answered {
        ceremony: unsealed(&app.sealing_key, &ceremony),
        answer,
        client: login::client_of(&context, &headers),
        request_id: context.id.clone(),
    };
    let entered = app.directory.enter_by_passkey(&party, answered).await;
    if matches!(entered, Err(Error::Unauthenticated)) {
        login::count_guess(&app, &context, SIGNING_IN)?;
    }
    Ok(with_token(entered?, StatusCode::CREATED))
}

/// An answer with a secret in it is kept nowhere.
fn unkept(mut response: Response) -> Response {
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}

/// `GET /v1/users/{id}/passkeys`, by number: a user's own, or with `readUsers`.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let path = format!("/v1/users/{id}/passkeys");
    let parameters = Parameters::read(&app, path, query.as_deref(), &[])?;
    let limit = parameters.limit()?;
    let after = parameters.after(&app, &actor)?.map(|position| position.id);
    let asker = actor.clone();
    let listed = app
        .directory
        .write(move |tx| passkeys::list(tx, &asker, id, after, limit))
        .await?;
    Ok(parameters.page(&app, &actor, &listed))
}

/// `GET /v1/users/{id}/passkeys/{passkey}`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Ids(user, id): Ids,
) -> Result<Response, Failure> {
    let found = app
        .directory
        .read(move |tx| passkeys::get(tx, &actor, user, id))
        .await?;
    Ok(shown(found.version, &found.out()))
}

/// `PATCH /v1/users/{id}/passkeys/{passkey}`: its name; `If-Match`.
pub(super) async fn rename(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Ids(user, id): Ids,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let (name, violations) = rename_in(&object(&app, &headers, body).await?);
    let expected = expected(&headers);
    let changed = app
        .directory
        .write(move |tx| {
            let which = (user, id);
            passkeys::rename(
                tx,
                &actor,
                which,
                name.as_deref(),
                expected.as_deref(),
                violations.clone(),
            )
        })
        .await?;
    Ok(shown(changed.version, &changed.out()))
}

/// `DELETE /v1/users/{id}/passkeys/{passkey}`: 204; `If-Match`. The sessions of its user end.
pub(super) async fn delete(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Ids(user, id): Ids,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let expected = expected(&headers);
    app.directory
        .write(move |tx| passkeys::delete(tx, &actor, (user, id), expected.as_deref()))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
