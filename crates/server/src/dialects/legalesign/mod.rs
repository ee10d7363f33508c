//! `legalesign`: the users of an e-signature service, v1, at `/api/v1/…/` (seed 004;
//! contracts, legalesign).

pub mod error;
mod groups;
mod members;
pub mod openapi;
mod quirks;
mod subscriptions;
mod timezones;
mod users;
mod wire;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodRouter, any, delete, get, post};
use directory::{Actor, Error};

use crate::http::auth::{Credential, after_scheme, authenticate};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::fields::integer_text;
use crate::http::{Shared, reply};

/// Its routes.
pub fn routes() -> Router<Shared> {
    let paths: [(&str, MethodRouter<Shared>); 11] = [
        ("/api/v1/user/", post(users::create)),
        (
            "/api/v1/user/{username}/",
            get(users::show).patch(users::update),
        ),
        ("/api/v1/group/", get(groups::list).post(groups::create)),
        (
            "/api/v1/group/{slug}/",
            get(groups::show).patch(groups::update),
        ),
        ("/api/v1/member/", get(members::list).post(members::add)),
        (
            "/api/v1/member/{id}/",
            get(members::show).delete(members::remove),
        ),
        ("/api/v1/invited/", get(members::invited)),
        ("/api/v1/invited/{id}/", delete(members::withdraw)),
        ("/api/v1/notifications/", get(subscriptions::list)),
        ("/api/v1/subscribe/", post(subscriptions::subscribe)),
        ("/api/v1/unsubscribe/", post(subscriptions::unsubscribe)),
    ];
    paths
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| {
            slashed(router, path, methods)
        })
}

/// A route, and the same path without its last slash, which leads to it.
fn slashed(router: Router<Shared>, path: &str, methods: MethodRouter<Shared>) -> Router<Shared> {
    router
        .route(path, methods)
        .route(path.trim_end_matches('/'), any(quirks::add_slash))
}

/// The credential of `Authorization: ApiKey <id>:<secret>`; the scheme's case does not
/// count.
fn api_key(headers: &HeaderMap) -> Option<Credential> {
    let (id, secret) = after_scheme(headers, "ApiKey")?.split_once(':')?;
    Some(Credential::Key {
        id: id.to_owned(),
        secret: secret.to_owned().into(),
    })
}

/// Who calls.
pub struct Caller(pub Actor);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let context = RequestContext::from_request_parts(parts, app).await?;
        authenticate(app, &context, api_key(&parts.headers))
            .await
            .map(Self)
    }
}

/// The username in a path: a user's opaque id, 32 lower-case hexadecimal digits. Anything
/// else names nobody.
pub struct Username(pub String);

impl FromRequestParts<Shared> for Username {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match Path::<String>::from_request_parts(parts, app).await {
            Ok(Path(text)) if text.len() == 32 && text.bytes().all(hex) => Ok(Self(text)),
            Ok(_) | Err(_) => Err(directory::Error::NotFound.into()),
        }
    }
}

/// The slug in a path; what can be none names no group.
pub struct Slug(pub String);

impl FromRequestParts<Shared> for Slug {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        match Path::<String>::from_request_parts(parts, app).await {
            Ok(Path(text)) if wire::is_slug(&text) => Ok(Self(text)),
            Ok(_) | Err(_) => Err(Error::NotFound.into()),
        }
    }
}

/// The number in a path; anything else names nothing.
pub struct Number(pub i64);

impl FromRequestParts<Shared> for Number {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let number = path.ok().and_then(|Path(text)| {
            let canonical = !text.starts_with(['0', '-']);
            integer_text(&text).filter(|_| canonical)
        });
        number.map(Self).ok_or_else(|| Error::NotFound.into())
    }
}

/// 201 without a body, and where the new thing is.
fn made(uri: &str) -> Result<Response, Failure> {
    let mut response = reply::empty(StatusCode::CREATED);
    let location = HeaderValue::try_from(uri).map_err(Error::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}
