//! `/forms/{name}`: a public form as a page, on which anybody may sign up. It works without
//! scripts, and answers the same whether or not an address is known.

mod controls;
mod given;
mod guard;
mod words;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::forms::{self, Form, Resource, SignUp};
use directory::store::Tx;
use directory::violation::Violations;
use directory::{Error, TenantId};
use serde_json::{Map, Value, json};

use super::{message, page};
use crate::http::body::{self, MediaType};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::{App, Shared, form, login};
use guard::Guard;

/// What submissions are counted under, beside the address that they come from.
const SIGNING_UP: &str = "sign-ups";

/// The name in the path.
pub(super) struct Name(String);

impl FromRequestParts<Shared> for Name {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        path.map(|Path(text)| Self(text))
            .map_err(|_| Error::NotFound.into())
    }
}

/// The public form of that name, in the tenant that the request is for.
async fn public_form(
    app: &Shared,
    headers: &HeaderMap,
    name: &str,
) -> Result<(TenantId, Arc<Form>), Failure> {
    let tenant = login::tenant_of(app, headers).await?;
    let found = app.directory.form(tenant, name).await?;
    let public = found.filter(|form| form.public && form.resource == Resource::User);
    let form = public.ok_or(Error::NotFound)?;
    Ok((tenant, form))
}

/// `GET /forms/{name}`: the page; 404 for a form that is not public, and for none.
pub(super) async fn show(
    State(app): State<Shared>,
    Name(name): Name,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (tenant, form) = public_form(&app, &headers, &name).await?;
    let guard = Guard::of(&app, tenant, &form.name, &headers);
    let shown = Shown {
        fields: controls::prefilled(&form),
        ..Shown::default()
    };
    Ok(form_page(&app, &form, &guard, StatusCode::OK, &shown)?)
}

/// `POST /forms/{name}`: 200 and "check your mail", whether or not the address is known; 422 with
/// the form and what is wrong, beside its fields.
pub(super) async fn submit(
    State(app): State<Shared>,
    context: RequestContext,
    Name(name): Name,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let (tenant, form) = public_form(&app, &headers, &name).await?;
    login::attempt(&app, &context, SIGNING_UP)?;
    let fields = fields_in(&app, &headers, body).await?;
    let guard = Guard::of(&app, tenant, &form.name, &headers);
    let given = given::of(&form, &fields);
    if !guard.admits(&app, &fields) {
        let shown = Shown {
            fields,
            stale: true,
            ..Shown::default()
        };
        let status = StatusCode::FORBIDDEN;
        return Ok(form_page(&app, &form, &guard, status, &shown)?);
    }
    let submitted = match SignUp::of(&form, &given) {
        Ok(submitted) => submitted,
        Err(violations) => return Ok(refused(&app, &form, &guard, fields, violations)?),
    };
    let signing = Arc::clone(&form);
    let request = context.id;
    let write = move |tx: &Tx<'_>| forms::sign_up(tx, tenant, &signing, &submitted, &request);
    match app.directory.write(write).await {
        Ok(()) => Ok(message(
            StatusCode::OK,
            "Check your mail",
            "We have sent you a message. Open the link in it to go on.",
        )?),
        Err(Error::Invalid(violations)) => Ok(refused(&app, &form, &guard, fields, violations)?),
        Err(cause) => Err(cause.into()),
    }
}

fn refused(
    app: &App,
    form: &Form,
    guard: &Guard,
    fields: Map<String, Value>,
    violations: Violations,
) -> Result<Response, Error> {
    let shown = Shown {
        fields,
        violations,
        stale: false,
    };
    form_page(app, form, guard, StatusCode::UNPROCESSABLE_ENTITY, &shown)
}

async fn fields_in(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<Map<String, Value>, Failure> {
    match MediaType::of(headers) {
        MediaType::Form => {}
        MediaType::Unsaid | MediaType::Json | MediaType::Other => {
            return Err(Failure::UnsupportedMediaType);
        }
    }
    Ok(form::parse(&body::bytes(app, body).await?, &app.limits)?)
}

/// What a page shows of a submission before.
#[derive(Default)]
struct Shown {
    /// What was filled in.
    fields: Map<String, Value>,
    /// What is wrong with it.
    violations: Violations,
    /// Whether the page had been open too long, or was not this one.
    stale: bool,
}

fn form_page(
    app: &App,
    form: &Form,
    guard: &Guard,
    status: StatusCode,
    shown: &Shown,
) -> Result<Response, Error> {
    let groups = controls::groups(form, &shown.fields, &shown.violations);
    let summary = controls::summary(&groups, form, &shown.violations);
    let title = form.title.clone();
    let title = title.unwrap_or_else(|| "Sign up".to_owned());
    let values = json!({
        "title": title,
        "groups": groups,
        "summary": summary,
        "stale": shown.stale,
        "token": guard.token(app),
    });
    let mut response = page(status, "sign_up.html", &values)?;
    if let Ok(cookie) = HeaderValue::try_from(guard.cookie(app)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
