//! `wonolo`: `/api_v2`, the staffing API v2 (contracts, wonolo; seeds 000 and 001).

mod badges;
pub mod error;
pub mod openapi;
mod params;
mod quirks;
mod token;
mod users;
mod wire;

use std::convert::Infallible;

use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::routing::{MethodRouter, get, post};
use directory::Actor;

use crate::http::auth::{Credential, authenticate, bearer, placed};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::{Shared, body};

use params::Params;

/// Its routes.
pub fn routes() -> Router<Shared> {
    let one = get(users::show).patch(users::update).put(users::update);
    let all: [(&str, MethodRouter<Shared>); 8] = [
        ("/api_v2/authorize", post(token::issue)),
        ("/api_v2/authenticate", post(token::issue)),
        ("/api_v2/users", get(users::list).post(users::create)),
        ("/api_v2/users/invite", post(users::invite)),
        ("/api_v2/users/{id}", one),
        ("/api_v2/users/{id}/tracking", get(users::tracking)),
        ("/api_v2/badges", get(badges::list).post(badges::create)),
        ("/api_v2/badges/{id}", get(badges::show)),
    ];
    all.into_iter().fold(Router::new(), |routes, (path, call)| {
        let routes = routes.route(path, call.clone());
        if path.ends_with('}') {
            // `.json` is part of the segment there: [`Id`] takes it off.
            routes
        } else {
            routes.route(&format!("{path}.json"), call)
        }
    })
}

/// Who calls, and with which parameters: the two come together, because the token is one
/// of the parameters (seed 001, `token`).
pub struct Caller {
    actor: Actor,
    params: Params,
}

impl FromRequest<Shared> for Caller {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let context = RequestContext::from_request_parts(&mut parts, app).await?;
        let query = Params::new(body::query(app, parts.uri.query())?);
        match params::sent(app, &parts.headers, body).await {
            Ok(sent) => {
                let params = query.joined(sent);
                let found = credential(&params, &parts.headers);
                let actor = authenticate(app, &context, found).await?;
                let actor = placed(actor, &parts.headers)?;
                Ok(Self { actor, params })
            }
            Err(failure) => {
                // A credential outside the body is judged before the body is.
                if let Some(found) = credential(&query, &parts.headers) {
                    let actor = authenticate(app, &context, Some(found)).await?;
                    placed(actor, &parts.headers)?;
                }
                Err(failure)
            }
        }
    }
}

/// The token among the parameters, else the one of `Authorization: Bearer`. A token that is
/// no text is none.
fn credential(params: &Params, headers: &HeaderMap) -> Option<Credential> {
    match params.text("token") {
        Some(token) => Some(Credential::Bearer(token.to_owned().into())),
        None => bearer(headers),
    }
}

/// The number in a path, `.json` or not; anything else names nothing. Told after the
/// caller is known.
pub struct Id(Option<i64>);

impl Id {
    /// # Errors
    /// [`directory::Error::NotFound`] for what is no number.
    fn number(&self) -> Result<i64, Failure> {
        self.0.ok_or_else(|| directory::Error::NotFound.into())
    }
}

impl FromRequestParts<Shared> for Id {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Infallible> {
        let segment = Path::<String>::from_request_parts(parts, app).await;
        let number = segment.ok().and_then(|Path(text)| {
            let digits = text.strip_suffix(".json").unwrap_or(&text);
            let canonical =
                digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
            digits.parse().ok().filter(|_| canonical)
        });
        Ok(Self(number))
    }
}
