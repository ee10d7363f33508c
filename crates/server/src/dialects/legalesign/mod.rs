//! `legalesign`: the users of an e-signature service, v1, at `/api/v1/…/` (seed 004;
//! contracts, legalesign).

pub mod error;
pub mod openapi;
mod password;
mod quirks;
mod timezones;
mod users;
mod wire;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::routing::{MethodRouter, any, get, post};
use directory::Actor;

use crate::http::Shared;
use crate::http::auth::{Credential, after_scheme, authenticate};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;

/// Its routes.
pub fn routes() -> Router<Shared> {
    let router = slashed(Router::new(), "/api/v1/user/", post(users::create));
    slashed(router, "/api/v1/user/{username}/", get(users::show))
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
