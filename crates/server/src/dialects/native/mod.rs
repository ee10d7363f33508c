//! `native`: `/v1`, the whole directory for new clients (contracts, native).

mod accounts;
mod answer;
mod badges;
pub mod error;
mod event_stream;
mod event_types;
mod events;
mod forms;
mod grants;
mod groups;
pub mod import;
mod invitations;
mod jobs;
mod list;
mod members;
mod notifications;
pub mod openapi;
mod passkeys;
mod passwords;
mod preferences;
mod redirects;
mod roles;
mod sessions;
mod users;
mod webhooks;
mod wire;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::routing::{delete, get, post};
use directory::Actor;

use crate::http::Shared;
use crate::http::auth::{authenticate, bearer, placed};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;

/// Its routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/v1/users", get(users::list).post(users::create))
        .route(
            "/v1/users/{id}",
            get(users::show).patch(users::update).delete(users::delete),
        )
        .route("/v1/users/{id}/restore", post(users::restore))
        .route("/v1/users/{id}/erase", post(users::erase))
        .route("/v1/accounts", get(accounts::list).post(accounts::create))
        .route("/v1/accounts/{id}", get(accounts::show))
        .route("/v1/groups", get(groups::list).post(groups::create))
        .route("/v1/groups/{id}", get(groups::show))
        .route("/v1/badges", get(badges::list).post(badges::create))
        .route("/v1/badges/{id}", get(badges::show))
        .route("/v1/forms", get(forms::list).post(forms::create))
        .route("/v1/forms/{name}", get(forms::show).put(forms::put))
        .route("/v1/forms/{name}/schema", get(forms::schema))
        .route("/v1/jobs", get(jobs::list))
        .route("/v1/jobs/{external_id}", get(jobs::show).put(jobs::put))
        .route("/v1/events", get(events::list).post(events::report))
        .route("/v1/events/stream", get(event_stream::stream))
        .route("/v1/users/{id}/events", get(events::of_user))
        .route("/v1/event-types", get(event_types::list))
        .route("/v1/invitations", get(invitations::list))
        .route("/v1/invitations/{id}/resend", post(invitations::resend))
        .route("/v1/invitations/{id}/revoke", post(invitations::revoke))
        .merge(right_routes())
        .merge(session_routes())
        .merge(notification_routes())
        .route(
            "/v1/redirects",
            get(redirects::list).post(redirects::create),
        )
        .route("/v1/redirects/{id}", delete(redirects::remove))
        .merge(webhook_routes())
        .merge(passkey_routes())
}

fn right_routes() -> Router<Shared> {
    Router::new()
        .route(
            "/v1/accounts/{id}/members",
            get(members::list).post(members::add),
        )
        .route(
            "/v1/accounts/{id}/members/{user_id}",
            get(members::show)
                .patch(members::change)
                .delete(members::remove),
        )
        .route("/v1/roles", get(roles::list).post(roles::create))
        .route(
            "/v1/roles/{id}",
            get(roles::show).patch(roles::update).delete(roles::delete),
        )
        .route(
            "/v1/users/{id}/roles",
            get(grants::roles).put(grants::set_roles),
        )
        .route(
            "/v1/users/{id}/permissions",
            get(grants::permissions).put(grants::set_permissions),
        )
}

fn session_routes() -> Router<Shared> {
    Router::new()
        .route("/v1/sessions", get(sessions::list).post(sessions::create))
        .route("/v1/sessions/{id}", delete(sessions::revoke))
        .route("/v1/session", get(sessions::show).delete(sessions::log_out))
        .route("/v1/session/rotate", post(sessions::rotate))
        .route(
            "/v1/users/{id}/sessions",
            get(sessions::list_of).delete(sessions::revoke_all),
        )
        .route("/v1/users/{id}/impersonate", post(sessions::impersonate))
        .route("/v1/users/{id}/password", post(passwords::set))
        .route("/v1/users/{id}/password-reset", post(passwords::send))
        .route("/v1/password-resets", post(passwords::ask))
}

fn notification_routes() -> Router<Shared> {
    Router::new()
        .route(
            "/v1/users/{id}/notification-preferences",
            get(preferences::show).put(preferences::replace),
        )
        .route("/v1/users/{id}/notifications", get(notifications::list))
        .route(
            "/v1/users/{id}/notifications/unread",
            get(notifications::unread),
        )
        .route(
            "/v1/users/{id}/notifications/read",
            post(notifications::read_all),
        )
        .route(
            "/v1/users/{id}/notifications/{notification_id}/read",
            post(notifications::read),
        )
        .route(
            "/v1/mandatory-notifications",
            get(preferences::mandatory).put(preferences::set_mandatory),
        )
}

fn webhook_routes() -> Router<Shared> {
    Router::new()
        .route("/v1/webhooks", get(webhooks::list).post(webhooks::create))
        .route(
            "/v1/webhooks/{id}",
            get(webhooks::show)
                .patch(webhooks::update)
                .delete(webhooks::delete),
        )
        .route("/v1/webhooks/{id}/rotate-secret", post(webhooks::rotate))
        .route("/v1/webhooks/{id}/test", post(webhooks::test))
        .route("/v1/webhooks/{id}/replay", post(webhooks::replay_span))
        .route("/v1/webhooks/{id}/deliveries", get(webhooks::deliveries))
        .route(
            "/v1/webhooks/{id}/deliveries/{event_id}",
            get(webhooks::delivery),
        )
        .route(
            "/v1/webhooks/{id}/deliveries/{event_id}/replay",
            post(webhooks::replay),
        )
}

fn passkey_routes() -> Router<Shared> {
    Router::new()
        .route(
            "/v1/users/{id}/passkey-registration",
            post(passkeys::send_link),
        )
        .route("/v1/users/{id}/passkeys", get(passkeys::list))
        .route(
            "/v1/users/{id}/passkeys/{passkey}",
            get(passkeys::show)
                .patch(passkeys::rename)
                .delete(passkeys::delete),
        )
        .route(
            "/v1/passkeys/registration-options",
            post(passkeys::registration_options),
        )
        .route("/v1/passkeys", post(passkeys::register))
        .route(
            "/v1/passkeys/authentication-options",
            post(passkeys::authentication_options),
        )
        .route("/v1/passkeys/authenticate", post(passkeys::authenticate))
}

/// Who calls, by `Authorization: Bearer`.
pub struct Caller(pub Actor);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let context = RequestContext::from_request_parts(parts, app).await?;
        let actor = authenticate(app, &context, bearer(&parts.headers)).await?;
        placed(actor, &parts.headers).map(Self)
    }
}

/// The text in a path; one that is no text names nothing.
pub struct Name(pub String);

impl FromRequestParts<Shared> for Name {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        match Path::<String>::from_request_parts(parts, app).await {
            Ok(Path(text)) => Ok(Self(text)),
            Err(_) => Err(directory::Error::NotFound.into()),
        }
    }
}

/// The number in a path; anything else names nothing.
pub struct Id(pub i64);

impl FromRequestParts<Shared> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        match Path::<String>::from_request_parts(parts, app).await {
            Ok(Path(text)) => number(&text).map(Self),
            Err(_) => Err(directory::Error::NotFound.into()),
        }
    }
}

/// The two numbers in a path, of a thing and of what it holds; anything else names nothing.
pub struct Ids(pub i64, pub i64);

impl FromRequestParts<Shared> for Ids {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        match Path::<(String, String)>::from_request_parts(parts, app).await {
            Ok(Path((outer, inner))) => Ok(Self(number(&outer)?, number(&inner)?)),
            Err(_) => Err(directory::Error::NotFound.into()),
        }
    }
}

fn number(text: &str) -> Result<i64, Failure> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    match text.parse() {
        Ok(number) if canonical => Ok(number),
        Ok(_) | Err(_) => Err(directory::Error::NotFound.into()),
    }
}
