//! `/v1/users/{id}/password`, `/v1/users/{id}/password-reset` and `/v1/password-resets`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::model::Email;
use directory::permission::Permission;
use directory::sessions::Credentials;
use directory::store::{Tx, UserKey};
use directory::users::{self, Include};
use directory::violation::{Rule, Violations};
use directory::{Actor, Error, Principal, password_resets, passwords};

use super::wire::{PasswordIn, email_in, password_in};
use super::{Caller, Id};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::{Shared, body, login, reply};

/// `POST /v1/users/{id}/password`: 204. One's own with `{"current_password","new_password"}`; that
/// of somebody else with `{"new_password","change_due"?}`, which is to be changed at the next login
/// unless said otherwise.
pub(super) async fn set(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(user): Id,
    context: RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let own = actor.principal == Principal::User(user);
    if !own {
        actor.require(Permission::UpdateUsers)?;
        let asker = actor.clone();
        let judge = move |tx: &Tx<'_>| passwords::require_may_force(tx, &asker, user);
        app.directory.read(judge).await?;
    }
    actor.require_in_person()?;
    let object = body::json_object(&app, &headers, body).await?;
    let input = password_in(&object, own);
    if own {
        change(&app, &context, &actor, user, input).await?;
    } else {
        force(&app, actor, user, input).await?;
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// A wrong old password is told at its field, and counted as at a login.
async fn change(
    app: &Shared,
    context: &RequestContext,
    actor: &Actor,
    user: i64,
    input: PasswordIn,
) -> Result<(), Failure> {
    Error::if_any(input.violations)?;
    let principal = directory::sessions::principal_of(actor.tenant, user);
    login::attempt(app, context, &principal)?;
    let credentials = Credentials {
        password: input.current,
        new_password: Some(input.new),
    };
    let changed = app.directory.change_password(actor, user, credentials);
    match changed.await {
        Err(Error::Unauthenticated) => {
            let mut violations = Violations::new();
            let with = "the password";
            violations.field("current_password", Rule::Mismatch { with });
            Err(Error::Invalid(violations).into())
        }
        changed => {
            app.throttle.forgive(&principal, context.address);
            Ok(changed?)
        }
    }
}

async fn force(app: &Shared, actor: Actor, user: i64, input: PasswordIn) -> Result<(), Failure> {
    let (key, asker) = (UserKey::Id(user), Actor::system(actor.tenant, ""));
    let read = move |tx: &Tx<'_>| users::get(tx, &asker, &key, Include::default());
    let stored = app.directory.read(read).await?.user;
    let mut violations = input.violations;
    if !violations.touches("new_password")
        && let Some(rule) = users::check_password(&input.new, &stored)
    {
        violations.field("new_password", rule);
    }
    Error::if_any(violations)?;
    let none = Violations::new();
    let hashed = app.directory.hash_password(Some(input.new), &none).await?;
    let hash = hashed.ok_or_else(|| Error::internal("a good password was not hashed"))?;
    let due = input.change_due;
    let write = move |tx: &Tx<'_>| passwords::force(tx, &actor, user, &hash, due);
    Ok(app.directory.write(write).await?)
}

/// `POST /v1/password-resets` `{"email"}`: 202, whoever's it is. A link is sent to whose it is.
pub(super) async fn ask(
    State(app): State<Shared>,
    context: RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let object = body::json_object(&app, &headers, body).await?;
    let (email, violations) = email_in(&object);
    Error::if_any(violations)?;
    let tenant = login::tenant_of(&app, &headers).await?;
    let key = email.as_ref().map(Email::key).unwrap_or_default();
    // Counted for good: each is work, right or not.
    login::attempt(&app, &context, &format!("reset:{}:{key}", tenant.0))?;
    if let Some(email) = email {
        let request = context.id;
        app.directory
            .write(move |tx| password_resets::ask(tx, tenant, &email, &request))
            .await?;
    }
    Ok(reply::empty(StatusCode::ACCEPTED))
}

/// `POST /v1/users/{id}/password-reset`: 202; the user is sent a link to choose another password.
pub(super) async fn send(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(user): Id,
) -> Result<Response, Failure> {
    app.directory
        .write(move |tx| password_resets::send(tx, &actor, user))
        .await?;
    Ok(reply::empty(StatusCode::ACCEPTED))
}
