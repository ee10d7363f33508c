//! `/v1/users/{id}/notification-preferences` and `/v1/mandatory-notifications`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::notifications::{self, MAX_PREFERENCES, MandatoryNotification, Preferences};
use directory::permission::Permission;
use directory::store::{Tx, UserKey};
use directory::violation::Violations;
use directory::{Error, event};
use serde_json::{Map, Value, json};

use super::answer::{expected, shown};
use super::wire::{MandatoryOut, PreferenceOut, in_data, mandatory_in, preferences_in, rows_of};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::limits::Limits;
use crate::http::{Shared, body, reply};

/// Members and items of one rule: itself, its three members and five channels.
const FIELDS_OF_A_RULE: usize = 9;

/// `GET`: the default rules, and those of accounts that the caller knows of.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let within = actor.account;
    let read = move |tx: &Tx<'_>| notifications::preferences(tx, &actor, &UserKey::Id(id), within);
    Ok(answer(&app.directory.read(read).await?))
}

/// `PUT`: replaces what `GET` shows; `If-Match` with the version of the user.
pub(super) async fn replace(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let (asker, key) = (actor.clone(), UserKey::Id(id));
    let exists = move |tx: &Tx<'_>| notifications::may_set_preferences(tx, &asker, &key);
    app.directory.read(exists).await?;
    let object = object(&app, &headers, body, MAX_PREFERENCES).await?;
    let expected = expected(&headers);
    let mut violations = Violations::new();
    let rows = rows_of(&object, &mut violations);
    let rules = preferences_in(rows, &mut violations);
    let write = move |tx: &Tx<'_>| {
        let (key, within) = (UserKey::Id(id), actor.account);
        let rules = (rules.as_slice(), violations.clone());
        notifications::set_preferences(tx, &actor, &key, within, expected.as_deref(), rules.clone())
    };
    let preferences = app.directory.write(write).await.map_err(of_rows)?;
    Ok(answer(&preferences))
}

/// `GET /v1/mandatory-notifications`.
pub(super) async fn mandatory(
    State(app): State<Shared>,
    Caller(actor): Caller,
) -> Result<Response, Failure> {
    let read = move |tx: &Tx<'_>| notifications::mandatory(tx, &actor);
    Ok(all(&app.directory.read(read).await?))
}

/// `PUT /v1/mandatory-notifications`: replaces all.
pub(super) async fn set_mandatory(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::Administer)?;
    actor.require_full_access()?;
    let object = object(&app, &headers, body, event::entries().count()).await?;
    let mut violations = Violations::new();
    let rows = rows_of(&object, &mut violations);
    let wanted = mandatory_in(rows, &mut violations);
    let write = move |tx: &Tx<'_>| {
        notifications::set_mandatory(tx, &actor, &wanted, violations.clone())?;
        notifications::mandatory(tx, &actor)
    };
    Ok(all(&app.directory.write(write).await.map_err(of_rows)?))
}

/// The body, with room for as many rules.
async fn object(
    app: &Shared,
    headers: &HeaderMap,
    body: Body,
    rules: usize,
) -> Result<Map<String, Value>, Failure> {
    let limits = Limits {
        fields: app.limits.fields.max(1 + rules * FIELDS_OF_A_RULE),
        ..app.limits
    };
    body::object(body::json_value(app, headers, body, &limits).await?)
}

fn of_rows(error: Error) -> Error {
    if let Error::Invalid(violations) = &error {
        return Error::Invalid(in_data(violations));
    }
    error
}

fn answer(preferences: &Preferences) -> Response {
    let rules: Vec<_> = preferences.rules.iter().map(PreferenceOut::of).collect();
    shown(preferences.version, &json!({ "data": rules }))
}

fn all(mandatory: &[MandatoryNotification]) -> Response {
    let rows: Vec<_> = mandatory.iter().map(MandatoryOut::of).collect();
    reply::json(StatusCode::OK, &json!({ "data": rows }))
}
