//! `platformos`: the users of marketplaces, made through named forms (seed 003; contracts,
//! platformos).

pub mod error;
mod items;
pub mod openapi;
mod quirks;
mod sessions;
mod users;
mod wire;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::routing::{get, post, put};
use directory::{Actor, Error};

use crate::http::Shared;
use crate::http::auth::{Credential, after_scheme, authenticate, placed};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;

/// Its routes; every path takes a `.json` at its end.
pub fn routes() -> Router<Shared> {
    let users = || get(users::list).post(users::create);
    let transactables = || post(items::create_transactable);
    let sessions = || post(sessions::create).delete(sessions::delete);
    let relationships = || post(items::create_relationship);
    Router::new()
        .route("/api/users", users())
        .route("/api/users.json", users())
        .route(
            "/api/users/{id}",
            get(users::show).put(users::update).patch(users::update),
        )
        .route("/api/sessions", sessions())
        .route("/api/sessions.json", sessions())
        .route("/api/user/transactables", transactables())
        .route("/api/user/transactables.json", transactables())
        .route(
            "/api/user/transactables/{id}",
            put(items::update_transactable)
                .patch(items::update_transactable)
                .delete(items::delete_transactable),
        )
        .route("/api/user/relationship_users", relationships())
        .route("/api/user/relationship_users.json", relationships())
        .route(
            "/api/user/relationship_users/{id}",
            put(items::update_relationship)
                .patch(items::update_relationship)
                .delete(items::delete_relationship),
        )
}

/// Who calls, by `Authorization: Token token=KEY` (seed 003, "Example request"), where the key
/// may stand in quotes.
struct Caller(Actor);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let context = RequestContext::from_request_parts(parts, app).await?;
        let actor = authenticate(app, &context, credential(&parts.headers)).await?;
        placed(actor, &parts.headers).map(Self)
    }
}

/// The parameter `token` of the scheme `Token`; others beside it are passed over.
fn credential(headers: &HeaderMap) -> Option<Credential> {
    let parameters = after_scheme(headers, "Token")?.split(',');
    let token = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("token"))
        .map(|(_, value)| unquoted(value.trim()))?;
    (!token.is_empty()).then(|| Credential::Bearer(token.to_owned().into()))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text)
}

/// The number in a path, with or without `.json`; anything else names nobody.
struct Id(i64);

impl FromRequestParts<Shared> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let Ok(Path(text)) = Path::<String>::from_request_parts(parts, app).await else {
            return Err(Error::NotFound.into());
        };
        let digits = text.strip_suffix(".json").unwrap_or(&text);
        let canonical =
            digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        match digits.parse() {
            Ok(id) if canonical => Ok(Self(id)),
            Ok(_) | Err(_) => Err(Error::NotFound.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};
    use secrecy::ExposeSecret as _;

    use super::*;

    fn token(value: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
        match credential(&headers)? {
            Credential::Bearer(token) => Some(token.expose_secret().to_owned()),
            Credential::Key { .. } => None,
        }
    }

    #[test]
    fn the_token_is_found_quoted_or_not_and_among_others() {
        for value in [
            "Token token=a.b",
            "Token token=\"a.b\"",
            "token TOKEN = \"a.b\"",
            "Token nonce=\"x\", token=a.b",
            "Token token=a.b, nonce=x",
        ] {
            assert_eq!(token(value).as_deref(), Some("a.b"), "{value}");
        }
        for value in [
            "Token",
            "Token a.b",
            "Token token=",
            "Token token=\"\"",
            "Bearer a.b",
        ] {
            assert_eq!(token(value), None, "{value}");
        }
        assert_eq!(token("Token token=\"a.b").as_deref(), Some("\"a.b"));
    }
}
