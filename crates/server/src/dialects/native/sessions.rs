//! `/v1/sessions`, and `/v1/session`: the one that a request comes by.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::permission::Permission;
use directory::query::Listed;
use directory::sessions::{self, Credentials, Session, Started};
use directory::store::Tx;
use directory::{Actor, Error, Principal};
use secrecy::ExposeSecret as _;

use super::list::Parameters;
use super::wire::{LoginIn, Resource as _, StandingSession, WithToken, login_in, reason_in};
use super::{Caller, Id};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::{Shared, body, login, reply};

const LIST: &str = "/v1/sessions";

/// An answer that holds a secret is not kept, so no key may promise that it is.
pub(super) fn refuse_key(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key("idempotency-key") {
        let text = "an answer with a secret is not kept: Idempotency-Key is not taken here";
        return Err(Failure::Unreadable(text.to_owned()));
    }
    Ok(())
}

/// A session just begun, with the token that only this answer shows.
pub(super) fn with_token(started: Started, status: StatusCode) -> Response {
    let standing = StandingSession {
        session: started.session,
        current: true,
    };
    let out = WithToken {
        session: standing.out(),
        token: started.token.expose_secret(),
    };
    let mut response = reply::json(status, &out);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::CREATED
        && let Ok(place) = HeaderValue::try_from(format!("{LIST}/{}", standing.session.id))
    {
        headers.insert(header::LOCATION, place);
    }
    response
}

/// `POST /v1/sessions` `{"email","password","new_password"?}`: 201 with the session and, this
/// once, its token; 401 whatever of the two is wrong.
pub(super) async fn create(
    State(app): State<Shared>,
    context: RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let object = body::json_object(&app, &headers, body).await?;
    refuse_key(&headers)?;
    let LoginIn {
        email,
        password,
        new_password,
        violations,
    } = login_in(&object);
    Error::if_any(violations)?;
    let credentials = Credentials {
        password,
        new_password,
    };
    let started = login::by_password(&app, &context, &headers, &email, credentials).await?;
    Ok(with_token(started, StatusCode::CREATED))
}

/// `GET /v1/session`: the session that the request came by; 401 for a key.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
) -> Result<Response, Failure> {
    let session = app
        .directory
        .read(move |tx| sessions::current(tx, &actor))
        .await?;
    let current = true;
    let standing = StandingSession { session, current };
    Ok(reply::json(StatusCode::OK, &standing.out()))
}

/// `DELETE /v1/session`: 204; the token holds no more.
pub(super) async fn log_out(
    State(app): State<Shared>,
    Caller(actor): Caller,
) -> Result<Response, Failure> {
    app.directory
        .write(move |tx| sessions::log_out(tx, &actor))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/session/rotate`: 200 with the session's new token; the one before holds no more.
pub(super) async fn rotate(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    refuse_key(&headers)?;
    let rotated = app
        .directory
        .write(move |tx| sessions::rotate(tx, &actor))
        .await?;
    Ok(with_token(rotated, StatusCode::OK))
}

/// `GET /v1/sessions`: the caller's own, by number.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let Principal::User(user) = actor.principal else {
        return Err(Error::Forbidden("only a user has sessions").into());
    };
    listed(&app, actor, user, LIST.to_owned(), query.as_deref()).await
}

/// `GET /v1/users/{id}/sessions`, by number.
pub(super) async fn list_of(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(user): Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let path = format!("/v1/users/{user}/sessions");
    listed(&app, actor, user, path, query.as_deref()).await
}

async fn listed(
    app: &Shared,
    actor: Actor,
    user: i64,
    path: String,
    query: Option<&str>,
) -> Result<Response, Failure> {
    let parameters = Parameters::read(app, path, query, &[])?;
    let limit = parameters.limit()?;
    let after = parameters.after(app, &actor)?.map(|position| position.id);
    let asker = actor.clone();
    let own = actor.session;
    let read = move |tx: &Tx<'_>| sessions::list(tx, &asker, user, after, limit);
    let found = app.directory.read(read).await?;
    let standing = |session: Session| StandingSession {
        current: own == Some(session.id),
        session,
    };
    let listed = Listed {
        rows: found.rows.into_iter().map(standing).collect(),
        next: found.next,
    };
    Ok(parameters.page(app, &actor, &listed))
}

/// `DELETE /v1/sessions/{id}`: 204; its token holds no more.
pub(super) async fn revoke(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    app.directory
        .write(move |tx| sessions::revoke(tx, &actor, id))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `DELETE /v1/users/{id}/sessions`: 204; all end but the one that the request came by.
pub(super) async fn revoke_all(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(user): Id,
) -> Result<Response, Failure> {
    app.directory
        .write(move |tx| sessions::revoke_all(tx, &actor, user))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/users/{id}/impersonate` `{"reason"}`: 201 with a session that shows the user, and,
/// this once, its token.
pub(super) async fn impersonate(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(user): Id,
    context: RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::ImpersonateUsers)?;
    let object = body::json_object(&app, &headers, body).await?;
    refuse_key(&headers)?;
    let (reason, violations) = reason_in(&object);
    let client = login::client_of(&context, &headers);
    let begin = move |tx: &Tx<'_>| {
        sessions::impersonate(tx, &actor, user, &reason, &client, violations.clone())
    };
    let started = app.directory.write(begin).await?;
    Ok(with_token(started, StatusCode::CREATED))
}
