//! `/api/sessions`: logging in and out (contracts, platformos).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::Error;
use directory::forms::Resource;
use directory::sessions::{self, Credentials};
use serde_json::Value;

use super::quirks::{CONTENT_TYPE, NOT_LET_IN};
use super::users::filled_in;
use super::wire::{FormIn, StartedOut};
use super::{Caller, error};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::{Shared, body, login, reply};

/// `POST /api/sessions`, without a credential: 201 with the session and, this once, its token.
/// 422 on `base`, whatever of email and password is wrong.
pub(super) async fn create(
    State(app): State<Shared>,
    context: RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let object = body::json_object(&app, &headers, body).await?;
    let tenant = login::tenant_of(&app, &headers).await?;
    let FormIn { form, given } = match filled_in(&app, tenant, object, Resource::Session).await? {
        Ok(form) => form,
        Err(refused) => return Ok(refused),
    };
    let (accepted, violations) = form.check(&given, None);
    Error::if_any(violations)?;
    let field = |name: &str| accepted.fields.get(name).and_then(Value::as_str);
    let (email, password) = (field("email"), field("password"));
    let credentials = Credentials {
        password: password.unwrap_or_default().to_owned().into(),
        new_password: None,
    };
    let email = email.unwrap_or_default();
    let entered = login::by_password(&app, &context, &headers, email, credentials).await;
    let started = match entered {
        Err(Failure::Domain(Error::Unauthenticated)) => return Ok(error::on_base(NOT_LET_IN)),
        entered => entered?,
    };
    let out = StartedOut::new(&started);
    let mut response = reply::json_as(StatusCode::CREATED, CONTENT_TYPE, &out);
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

/// `DELETE /api/sessions`: 204; the token that it came by holds no more.
pub(super) async fn delete(
    State(app): State<Shared>,
    Caller(actor): Caller,
) -> Result<Response, Failure> {
    app.directory
        .write(move |tx| sessions::log_out(tx, &actor))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
