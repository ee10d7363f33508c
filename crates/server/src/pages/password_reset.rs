//! `/password-resets/{token}`: where a person chooses another password.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::model::{Email, User};
use directory::password::{MIN_PASSWORD, PasswordRule};
use directory::secret::same;
use directory::violation::{Rule, Violations};
use directory::{Error, password_resets, users};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, json};

use super::invitation::{text, worded};
use super::link::{Token, opened};
use super::{message, page};
use crate::http::body::{self, MediaType};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::{Shared, form};

/// What wrong links are counted under, beside the address they come from.
const GUESSING: &str = "links of password resets";

/// `GET /password-resets/{token}`: the form; 404 for a link that does not work. Changes nothing,
/// for what reads mail ahead of people opens links too.
pub(super) async fn show(
    State(app): State<Shared>,
    context: RequestContext,
    token: Token,
) -> Result<Response, Failure> {
    let (user, until) = opened(&app, &context, &token, GUESSING, password_resets::open).await?;
    Ok(form_page(&user, until, &Violations::new())?)
}

/// `POST /password-resets/{token}`: 200 once the password is set; 422 with the form and what is
/// wrong, at its fields.
pub(super) async fn answer(
    State(app): State<Shared>,
    context: RequestContext,
    token: Token,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let (user, until) = opened(&app, &context, &token, GUESSING, password_resets::open).await?;
    if MediaType::of(&headers) != MediaType::Form {
        return Err(Failure::UnsupportedMediaType);
    }
    let mut fields = form::parse(&body::bytes(&app, body).await?, &app.limits)?;
    let mut secret = |name: &str| -> SecretString { text(&mut fields, name).into() };
    let (password, again) = (secret("password"), secret("password_confirmation"));
    let violations = check(&user, &password, &again);
    if !violations.is_empty() {
        return Ok(form_page(&user, until, &violations)?);
    }
    let hashed = app
        .directory
        .hash_password(Some(password), &violations)
        .await?;
    let hash = hashed.ok_or_else(|| Error::internal("a good password was not hashed"))?;
    let (secret, request) = (token.0, context.id);
    app.directory
        .write(move |tx| password_resets::accept(tx, &secret, &hash, &request))
        .await?;
    Ok(message(
        StatusCode::OK,
        "Your password is set",
        "You can close this page and log in.",
    )?)
}

fn check(user: &User, password: &SecretString, again: &SecretString) -> Violations {
    let mut violations = Violations::new();
    if let Some(rule) = users::check_password(password, user) {
        violations.field("password", rule);
    }
    if again.expose_secret().is_empty() {
        violations.field("password_confirmation", Rule::Blank);
    } else if !same(again.expose_secret(), password.expose_secret()) {
        violations.field("password_confirmation", Rule::Mismatch { with: "password" });
    }
    violations
}

/// The form, with what is wrong at each field. Passwords are never shown again.
fn form_page(user: &User, until: Timestamp, violations: &Violations) -> Result<Response, Error> {
    let mut errors = Map::new();
    for violation in violations {
        let field = violation.path.first();
        errors
            .entry(field)
            .or_insert_with(|| worded(field, &violation.rule, PasswordRule::Plain).into());
    }
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let until = until.strftime("%-d %B %Y, %H:%M UTC");
    let values = json!({
        "address": user.email.as_ref().map(Email::as_str),
        "errors": errors,
        "least": MIN_PASSWORD,
        "until": until.to_string(),
    });
    page(status, "password_reset.html", &values)
}
