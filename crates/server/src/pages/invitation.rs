//! `/invitations/{token}`: where a person sets their password.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::Error;
use directory::invitations::{self, Answer, Link, Opened};
use directory::model::{Email, InvitationState};
use directory::password::{MIN_PASSWORD, PasswordRule};
use directory::violation::{Rule, Violations};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::link::{Token, opened};
use super::{message, page};
use crate::http::body::{self, MediaType};
use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::{Shared, form};

/// What wrong links are counted under, beside the address they come from.
const GUESSING: &str = "links of invitations";

/// `GET /invitations/{token}`: the form; 410 for one that is over, 404 for any other link.
/// Changes nothing, for what reads mail ahead of people opens links too.
pub(super) async fn show(
    State(app): State<Shared>,
    context: RequestContext,
    token: Token,
) -> Result<Response, Failure> {
    match opened(&app, &context, &token, GUESSING, invitations::open).await? {
        Link::Open(opened) => Ok(form_page(&opened, &Violations::new(), false)?),
        Link::Ended(state) => Ok(ended(state)?),
    }
}

/// `POST /invitations/{token}`: 200 once the password is set; 422 with the form and what is
/// wrong, at its fields.
pub(super) async fn answer(
    State(app): State<Shared>,
    context: RequestContext,
    token: Token,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let opened = match opened(&app, &context, &token, GUESSING, invitations::open).await? {
        Link::Open(opened) => opened,
        Link::Ended(state) => return Ok(ended(state)?),
    };
    let answer = answer_in(&app, &headers, body).await?;
    let violations = invitations::check(&opened, &answer);
    if !violations.is_empty() {
        return Ok(form_page(&opened, &violations, answer.agrees)?);
    }
    let hashed = app
        .directory
        .hash_password(Some(answer.password), &violations)
        .await?;
    let hash = hashed.ok_or_else(|| Error::internal("a good password was not hashed"))?;
    let (secret, request) = (token.0.clone(), context.id.clone());
    let accepted = app
        .directory
        .write(move |tx| invitations::accept(tx, &secret, &hash, opened.asked, &request))
        .await;
    match accepted {
        Ok(Link::Open(opened)) => Ok(done(opened.redirect_to.as_deref())?),
        Ok(Link::Ended(state)) => Ok(ended(state)?),
        // An invitation that asks more was made since the form was read: it is shown again.
        Err(Error::Conflict(_)) => show(State(app), context, token).await,
        Err(cause) => Err(cause.into()),
    }
}

/// The password is set: 303 to where the page leads afterwards, if anywhere.
fn done(redirect_to: Option<&str>) -> Result<Response, Error> {
    let title = "Your password is set";
    let Some(uri) = redirect_to else {
        let text = "You can close this page and log in.";
        return message(StatusCode::OK, title, text);
    };
    let values = json!({ "title": title, "text": "You are led on.", "uri": uri });
    let mut response = page(StatusCode::SEE_OTHER, "message.html", &values)?;
    let location = HeaderValue::try_from(uri).map_err(Error::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

async fn answer_in(app: &Shared, headers: &HeaderMap, body: Body) -> Result<Answer, Failure> {
    match MediaType::of(headers) {
        MediaType::Form => {}
        MediaType::Unsaid | MediaType::Json | MediaType::Other => {
            return Err(Failure::UnsupportedMediaType);
        }
    }
    let mut fields = form::parse(&body::bytes(app, body).await?, &app.limits)?;
    let mut secret = |name: &str| -> SecretString { text(&mut fields, name).into() };
    Ok(Answer {
        password: secret("password"),
        confirmation: secret("password_confirmation"),
        agrees: text(&mut fields, "agreed_to_terms") == "1",
    })
}

/// A field's text; a field of another shape has none.
pub(super) fn text(fields: &mut Map<String, Value>, name: &str) -> String {
    match fields.remove(name) {
        Some(Value::String(text)) => text,
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
        )
        | None => String::new(),
    }
}

/// The form, with what is wrong at each field. Passwords are never shown again.
fn form_page(opened: &Opened, violations: &Violations, agrees: bool) -> Result<Response, Error> {
    let mut errors = Map::new();
    for violation in violations {
        let field = violation.path.first();
        errors
            .entry(field)
            .or_insert_with(|| worded(field, &violation.rule, opened.asked.password_rule).into());
    }
    let user = &opened.user;
    let phone = || user.phone.as_ref().map(|phone| phone.as_str());
    let address = user.email.as_ref().map(Email::as_str).or_else(phone);
    let (first_name, _) = user.shown_parts();
    let invite = opened.asked.terms;
    let title = match first_name {
        Some(name) => format!("Welcome, {name}"),
        None if invite => "You are invited".to_owned(),
        None => "Set your password".to_owned(),
    };
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let until = opened.expires_at.strftime("%-d %B %Y, %H:%M UTC");
    let values = json!({
        "title": title,
        "invite": invite,
        "address": address,
        "errors": errors,
        "agrees": agrees,
        "least": MIN_PASSWORD,
        "composed": opened.asked.password_rule == PasswordRule::Composed,
        "until": until.to_string(),
    });
    let mut response = page(status, "invitation.html", &values)?;
    if let Some(uri) = &opened.redirect_to {
        super::allow_to_lead_to(&mut response, uri);
    }
    Ok(response)
}

pub(super) fn worded(field: &str, rule: &Rule, password_rule: PasswordRule) -> String {
    match rule {
        Rule::BadFormat if field == "password" && password_rule == PasswordRule::Composed => {
            "Use a lower-case letter, an upper-case letter, a digit and a special character, and \
             no space."
                .to_owned()
        }
        Rule::Blank if field == "agreed_to_terms" => "Accept the terms to go on.".to_owned(),
        Rule::Blank if field == "password" => "Enter a password.".to_owned(),
        Rule::Blank => "Enter the password once more.".to_owned(),
        Rule::TooShort { min } => format!("Use at least {min} characters."),
        Rule::TooLong { max } => format!("Use at most {max} characters."),
        Rule::Guessable => {
            "This password is easily guessed. Try a few words that have nothing to do with each \
             other."
                .to_owned()
        }
        Rule::Mismatch { .. } => "The two passwords differ.".to_owned(),
        Rule::BadFormat => "This holds a character that cannot be used.".to_owned(),
        Rule::Taken
        | Rule::Form(_)
        | Rule::WrongType { .. }
        | Rule::NotIncluded { .. }
        | Rule::MustExist
        | Rule::OutOfRange { .. }
        | Rule::InFuture
        | Rule::Immutable
        | Rule::UnknownField => "This cannot be used.".to_owned(),
    }
}

/// 410: what became of an invitation.
fn ended(state: InvitationState) -> Result<Response, Error> {
    let (title, text) = match state {
        InvitationState::Accepted => (
            "This invitation was accepted",
            "The password is set, and the link has done its work. If it was not you, tell who \
             invited you at once.",
        ),
        InvitationState::Expired => (
            "This invitation has expired",
            "Ask who invited you to send it again.",
        ),
        InvitationState::Revoked | InvitationState::Out => (
            "This invitation was taken back",
            "If you did not expect that, ask who invited you.",
        ),
    };
    message(StatusCode::GONE, title, text)
}
