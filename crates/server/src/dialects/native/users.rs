//! `/v1/users`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::Actor;
use directory::forms;
use directory::model::{Email, OnboardingState, UserKind, UserStatus, UserView};
use directory::permission::Permission;
use directory::query::{PropertyComparison, PropertyFilter, UserFilter, UserOrder, UserPage};
use directory::store::Tx;
use directory::users::{self, Include, UserChange, UserKey};
use directory::violation::{Expected, Rule, Violations};

use super::answer::{created, creation_key, done, empty, expected, shown};
use super::list::Parameters;
use super::wire::{Resource as _, moment, user_in};
use super::{Caller, Id};
use crate::http::failure::Failure;
use crate::http::idempotency::{key_of, once};
use crate::http::{Shared, body, reply};

const LIST: &str = "/v1/users";

const INCLUDE: Include = Include {
    accounts: true,
    groups: true,
    badges: true,
    roles: false,
    preferences: false,
    records: true,
};

pub(super) const FILTERS: [&str; 14] = [
    "sort",
    "email",
    "first_name",
    "last_name",
    "external_id",
    "kind",
    "status",
    "state",
    "onboarding_state",
    "customer_id",
    "account_id",
    "group_id",
    "updated_after",
    "updated_before",
];

/// `POST /v1/users`: 201 with `Location`.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::CreateUsers)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let key = creation_key(&headers, &actor, LIST, &object)?;
    let (mut change, password, violations) = user_in(&object, None);
    let directory = app.directory.clone();
    let prepare = async {
        change.password = directory.hash_password(password, &violations).await?;
        Ok((change, violations))
    };
    let maker = actor.clone();
    let respond = move |tx: &Tx<'_>, (change, violations): &(UserChange, Violations)| {
        let view = users::create(tx, &maker, change, violations.clone(), INCLUDE)?;
        created(LIST, view.user.id, view.user.version, &view.out())
    };
    once(&app, &actor, key, prepare, respond).await
}

fn show_view(view: &UserView) -> Response {
    shown(view.user.version, &view.out())
}

/// `GET /v1/users/{id}`.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let view = app
        .directory
        .read(move |tx| users::get(tx, &actor, &UserKey::Id(id), INCLUDE))
        .await?;
    Ok(show_view(&view))
}

/// `PATCH /v1/users/{id}`: JSON Merge Patch (RFC 7396), `If-Match`.
pub(super) async fn update(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateUsers)?;
    actor.require_full_access()?;
    let object = body::json_object(&app, &headers, body).await?;
    let expected = expected(&headers);
    // Absent and not to be seen are told before the body is judged.
    let reader = actor.clone();
    let key = UserKey::Id(id);
    let stored = app
        .directory
        .read(move |tx| users::get(tx, &reader, &key, Include::default()))
        .await?;
    let (mut change, password, violations) = user_in(&object, Some(&stored.user));
    change.password = app.directory.hash_password(password, &violations).await?;
    let write = move |tx: &Tx<'_>| {
        let key = UserKey::Id(id);
        users::update(
            tx,
            &actor,
            &key,
            expected.as_deref(),
            &change,
            violations.clone(),
            INCLUDE,
        )
    };
    Ok(show_view(&app.directory.write(write).await?))
}

/// `DELETE /v1/users/{id}`: 204.
pub(super) async fn delete(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    actor.require(Permission::DeleteUsers)?;
    actor.require_full_access()?;
    let expected = expected(&headers);
    app.directory
        .write(move |tx| users::delete(tx, &actor, &UserKey::Id(id), expected.as_deref()))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/users/{id}/restore`: 200 with the user.
pub(super) async fn restore(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    actor.require(Permission::DeleteUsers)?;
    actor.require_full_access()?;
    let key = key_of(
        &headers,
        &actor,
        "POST /v1/users/{id}/restore",
        &id.to_string(),
    )?;
    let asker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        let view = users::restore(tx, &asker, id, INCLUDE)?;
        done(view.user.version, &view.out())
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `POST /v1/users/{id}/erase`: 204; nothing brings the user back.
pub(super) async fn erase(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    actor.require(Permission::DeleteUsers)?;
    actor.require_full_access()?;
    let route = "POST /v1/users/{id}/erase";
    let key = key_of(&headers, &actor, route, &id.to_string())?;
    let asker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| {
        users::erase(tx, &asker, id)?;
        Ok(empty(StatusCode::NO_CONTENT))
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// `GET /v1/users`: cursor, filters, `sort` by `id` or `updated_at`, `-` for descending.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadUsers)?;
    let parameters = Parameters::read_nested(&app, LIST, query.as_deref(), &FILTERS, is_property)?;
    let mut filter = filter(&parameters)?;
    filter.properties = properties(&app, &actor, &parameters).await?;
    let page = page(&app, &actor, &parameters)?;
    let asker = actor.clone();
    let listed = app
        .directory
        .read(move |tx| users::list(tx, &asker, &filter, &page, INCLUDE))
        .await?;
    Ok(parameters.page(&app, &actor, &listed))
}

/// How the names of parameters begin that ask for what forms keep.
const PROPERTIES: [&str; 4] = ["properties.", "profile.", "relationship.", "transactable."];
/// Conditions on properties at most.
const MAX_PROPERTIES: usize = 10;

fn is_property(name: &str) -> bool {
    PROPERTIES.iter().any(|prefix| name.starts_with(prefix))
}

/// What is asked of properties: of those that a form declares `indexed` alone.
async fn properties(
    app: &Shared,
    actor: &Actor,
    parameters: &Parameters,
) -> Result<Vec<PropertyFilter>, Failure> {
    let asked = parameters.nested(&FILTERS);
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    if let Some((name, ..)) = asked.get(MAX_PROPERTIES) {
        let max = MAX_PROPERTIES;
        return Err(Failure::refused(name, "", Rule::TooLong { max }));
    }
    let asker = actor.clone();
    let rules = app
        .directory
        .read(move |tx| forms::rules(tx, &asker))
        .await?;
    let mut filters = Vec::new();
    for (name, key, text) in asked {
        let unknown = || Failure::refused(name, "", Rule::UnknownField);
        let indexed = rules.named(name).ok_or_else(unknown)?;
        let comparison = match key {
            None => PropertyComparison::Is,
            Some(key) => PropertyComparison::parse(key).ok_or_else(unknown)?,
        };
        let filter = indexed.filter(comparison, text);
        filters.push(filter.map_err(|rule| Failure::refused(name, text, rule))?);
    }
    Ok(filters)
}

fn page(app: &Shared, actor: &Actor, parameters: &Parameters) -> Result<UserPage, Failure> {
    let sort = parameters.text("sort").unwrap_or("id");
    let (name, descending) = sort
        .strip_prefix('-')
        .map_or((sort, false), |name| (name, true));
    let order = match name {
        "id" => UserOrder::Id,
        "updated_at" => UserOrder::UpdatedAt,
        _ => {
            let value = sort.chars().take(100).collect();
            return Err(Failure::refused("sort", sort, Rule::NotIncluded { value }));
        }
    };
    let limit = parameters.limit()?;
    Ok(UserPage {
        order,
        descending,
        after: parameters.after(app, actor)?,
        limit,
    })
}

fn filter(parameters: &Parameters) -> Result<UserFilter, Failure> {
    let unknown = |name: &str| Rule::NotIncluded {
        value: parameters
            .text(name)
            .unwrap_or_default()
            .chars()
            .take(100)
            .collect(),
    };
    let time = Rule::WrongType {
        expected: Expected::DateTime,
    };
    let states = parameters.parsed("onboarding_state", unknown("onboarding_state"), |text| {
        text.split(',')
            .map(OnboardingState::parse)
            .collect::<Option<Vec<_>>>()
    })?;
    Ok(UserFilter {
        email: parameters.parsed("email", Rule::BadFormat, |text| Email::parse(text).ok())?,
        first_name: parameters.text("first_name").map(str::to_owned),
        last_name: parameters.text("last_name").map(str::to_owned),
        external_id: parameters.texts("external_id")?,
        kind: parameters.parsed("kind", unknown("kind"), UserKind::parse)?,
        status: parameters.parsed("status", unknown("status"), UserStatus::parse)?,
        state: parameters.texts("state")?,
        onboarding_state: states.unwrap_or_default(),
        customer_id: parameters.number("customer_id")?,
        account_id: parameters.number("account_id")?,
        group_id: parameters.number("group_id")?,
        updated_after: parameters.parsed("updated_after", time.clone(), moment)?,
        updated_before: parameters.parsed("updated_before", time, moment)?,
        ..UserFilter::default()
    })
}
