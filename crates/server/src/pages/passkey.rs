//! `/passkeys/register/{token}`, where a mailed link leads, and `/sign-in`. Both need their script,
//! which is a file of ours and all that they load: only a script can talk to an authenticator. No
//! cookie goes with them, so no other site can use one.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use directory::model::Email;
use directory::passkeys::{self, LinkState, MAX_NAME};
use directory::secret::tenant_of;
use directory::store::Tx;
use directory::{Error, tenants};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::link::{Token, opened};
use super::{SCRIPTED_POLICY, message, page};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::throttle::PASSKEY_LINKS;
use crate::http::{Shared, reply};

const SCRIPT: &str = include_str!("passkeys.js");

/// `GET /passkeys/register/{token}`: the form; 410 for a link that was used or is over, 404 for
/// any other. That it was opened is noted once; it can be used all the same.
pub(super) async fn register(
    State(app): State<Shared>,
    context: RequestContext,
    token: Token,
) -> Result<Response, Failure> {
    let open = |tx: &Tx<'_>, secret: &SecretString| {
        let state = passkeys::open(tx, secret)?;
        let tenant = tenant_of(secret.expose_secret()).ok_or(Error::NotFound)?;
        Ok((state, tenants::name(tx, tenant)?))
    };
    let state = opened(&app, &context, &token, PASSKEY_LINKS, open).await;
    let (user, link, tenant) = match state? {
        (LinkState::Open { user, link }, tenant) => (user, link, tenant),
        (LinkState::Used, _) => return Ok(used()?),
        (LinkState::Expired, _) => return Ok(expired()?),
    };
    if app.relying_party.is_none() {
        return Ok(nowhere()?);
    }
    if link.opened_at.is_none() {
        let (secret, request) = (token.0, context.id);
        app.directory
            .write(move |tx| passkeys::note_opened(tx, &secret, &request))
            .await?;
    }
    let until = link.expires_at.strftime("%-d %B %Y, %H:%M UTC");
    let values = json!({
        "account": user.email.as_ref().map(Email::as_str),
        "longest": MAX_NAME,
        "until": until.to_string(),
        "tenant": tenant,
    });
    Ok(scripted("passkey_registration.html", &values)?)
}

/// `GET /sign-in`.
pub(super) async fn sign_in(State(app): State<Shared>) -> Result<Response, Failure> {
    if app.relying_party.is_none() {
        return Ok(nowhere()?);
    }
    Ok(scripted("sign_in.html", &json!({}))?)
}

/// `GET /passkeys/script.js`.
pub(super) async fn script() -> Response {
    let mut response = reply::typed(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A page that may run our script, and nothing else.
fn scripted(template: &str, values: &Value) -> Result<Response, Error> {
    let mut response = page(StatusCode::OK, template, values)?;
    if let Ok(policy) = HeaderValue::from_str(&SCRIPTED_POLICY) {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

fn used() -> Result<Response, Error> {
    message(
        StatusCode::GONE,
        "This link was used",
        "A passkey is set up, and the link has done its work. If it was not you, tell who sent \
         it at once.",
    )
}

fn expired() -> Result<Response, Error> {
    message(
        StatusCode::GONE,
        "This link has expired",
        "Ask who sent it to send another.",
    )
}

fn nowhere() -> Result<Response, Error> {
    message(
        StatusCode::CONFLICT,
        "There are no passkeys here",
        "The server is not set up for them.",
    )
}
