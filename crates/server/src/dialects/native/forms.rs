//! `/v1/forms`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::Error;
use directory::forms::{self, Applied, Draft, Expected, Format, MAX_SOURCE, Outcome, StoredForm};
use directory::idempotency::Answer;
use directory::permission::Permission;
use directory::store::Tx;
use directory::violation::{self, Rule};

use super::answer::{created, expected, shown};
use super::error::faulty;
use super::list::{Parameters, by_number};
use super::wire::{Preview, Resource as _};
use super::{Caller, Name};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::fields::integer_text;
use crate::http::idempotency::{key_of, once};
use crate::http::{App, Shared, body, reply};

const LIST: &str = "/v1/forms";
const YAML: [&str; 4] = [
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
];

/// The configuration in a body, or the answer that tells all that is wrong with it. `name` is
/// the one that it must have.
async fn draft_in(
    app: &App,
    context: &RequestContext,
    headers: &HeaderMap,
    body: Body,
    name: Option<&str>,
) -> Result<Result<Draft, Response>, Failure> {
    let format = format_of(headers)?;
    let bytes = body::bytes(app, body).await?;
    if bytes.len() > MAX_SOURCE {
        return Err(Failure::TooLarge);
    }
    let unreadable = || Failure::Unreadable("the body is not UTF-8".to_owned());
    let source = String::from_utf8(bytes.to_vec()).map_err(|_| unreadable())?;
    match forms::draft(format, source, name) {
        Ok(draft) => Ok(Ok(draft)),
        Err(faults) => Ok(Err(faulty(&faults, context))),
    }
}

fn format_of(headers: &HeaderMap) -> Result<Format, Failure> {
    match body::MediaType::of(headers) {
        body::MediaType::Json => return Ok(Format::Json),
        body::MediaType::Unsaid | body::MediaType::Form | body::MediaType::Other => {}
    }
    let value = headers.get(header::CONTENT_TYPE);
    let text = value.and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next());
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    if YAML.contains(&essence.as_str()) {
        Ok(Format::Yaml)
    } else {
        Err(Failure::UnsupportedMediaType)
    }
}

/// Whether `dry_run=true` asks for no more than what would be done.
fn is_dry(app: &Shared, query: Option<&str>) -> Result<bool, Failure> {
    let parameters = Parameters::read(app, LIST, query, &["dry_run"])?;
    let read = |text: &str| match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    let expected = violation::Expected::Boolean;
    let dry = parameters.parsed("dry_run", Rule::WrongType { expected }, read)?;
    Ok(dry.unwrap_or(false))
}

/// `POST /v1/forms`: 201 with `Location`; 409 where there is one of its name.
pub(super) async fn create(
    State(app): State<Shared>,
    Caller(actor): Caller,
    context: RequestContext,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateForms)?;
    actor.require_full_access()?;
    let dry = is_dry(&app, query.as_deref())?;
    let draft = match draft_in(&app, &context, &headers, body, None).await? {
        Ok(draft) => draft,
        Err(refused) => return Ok(refused),
    };
    let key = key_of(&headers, &actor, "POST /v1/forms", &draft.source)?;
    if dry {
        let looked = forms::preview(&app.directory, &actor, &draft, &Expected::None).await;
        return previewed(&looked.map_err(if_new)?);
    }
    let maker = actor.clone();
    let run = move |tx: &Tx<'_>, (): &()| -> Result<Answer, Error> {
        let made = forms::put(tx, &maker, &draft, &Expected::None).map_err(if_new)?;
        created(LIST, &made.form.name, made.form.version, &made.form.out())
    };
    once(&app, &actor, key, async { Ok(()) }, run).await
}

/// What a form that may only be new is answered, where there is one of its name.
fn if_new(refused: Error) -> Error {
    if matches!(refused, Error::PreconditionFailed) {
        forms::name_taken()
    } else {
        refused
    }
}

/// `PUT /v1/forms/{name}`: 201 where it is new, else 200; `If-Match`, and `If-None-Match: *`.
pub(super) async fn put(
    State(app): State<Shared>,
    Caller(actor): Caller,
    context: RequestContext,
    Name(name): Name,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    actor.require(Permission::UpdateForms)?;
    actor.require_full_access()?;
    let dry = is_dry(&app, query.as_deref())?;
    let draft = match draft_in(&app, &context, &headers, body, Some(&name)).await? {
        Ok(draft) => draft,
        Err(refused) => return Ok(refused),
    };
    let none_match = headers.get(header::IF_NONE_MATCH);
    let expected = match (expected(&headers), none_match) {
        (Some(versions), _) => Expected::OneOf(versions),
        (None, _) if headers.contains_key(header::IF_MATCH) => Expected::Stored,
        (None, Some(_)) => Expected::None,
        (None, None) => Expected::Any,
    };
    if dry {
        let looked = forms::preview(&app.directory, &actor, &draft, &expected).await;
        return previewed(&looked?);
    }
    let write = move |tx: &Tx<'_>| forms::put(tx, &actor, &draft, &expected);
    let applied = app.directory.write(write).await?;
    let mut response = shown(applied.form.version, &applied.form.out());
    if applied.outcome == Outcome::Created {
        *response.status_mut() = StatusCode::CREATED;
        let place = format!("{LIST}/{}", applied.form.name);
        if let Ok(place) = HeaderValue::try_from(place) {
            response.headers_mut().insert(header::LOCATION, place);
        }
    }
    Ok(response)
}

fn previewed(applied: &Applied) -> Result<Response, Failure> {
    Ok(reply::json(StatusCode::OK, &Preview::of(applied)?))
}

/// `GET /v1/forms`, by name.
pub(super) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    actor.require(Permission::ReadForms)?;
    by_number(&app, actor, LIST, query.as_deref(), forms::page).await
}

/// `GET /v1/forms/{name}`; `version` asks for an older one.
pub(super) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Name(name): Name,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let found = find(&app, actor, name, query.as_deref()).await?;
    Ok(shown(found.version, &found.out()))
}

async fn find(
    app: &Shared,
    actor: directory::Actor,
    name: String,
    query: Option<&str>,
) -> Result<StoredForm, Failure> {
    actor.require(Permission::ReadForms)?;
    let parameters = Parameters::read(app, LIST, query, &["version"])?;
    let expected = violation::Expected::Integer;
    let read = |text: &str| integer_text(text).filter(|version| *version >= 0);
    let version = parameters.parsed("version", Rule::WrongType { expected }, read)?;
    let found = app
        .directory
        .read(move |tx| forms::get(tx, &actor, &name, version));
    Ok(found.await?)
}

/// `GET /v1/forms/{name}/schema`: its JSON Schema.
pub(super) async fn schema(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Name(name): Name,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let found = find(&app, actor, name, query.as_deref()).await?;
    let schema = forms::schema(&*found.form()?);
    let mut response = shown(found.version, &schema);
    let kind = HeaderValue::from_static("application/schema+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}
