//! Pages for people: what the links of messages lead to. They load nothing and are kept nowhere;
//! but for those of passkeys, they work without scripts.

mod docs;
mod home;
mod invitation;
mod link;
mod passkey;
mod password_reset;
mod sign_up;
pub(crate) mod unsubscribe;

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use directory::Error;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::http::failure::Failure;
use crate::http::{Shared, reply};

const STYLE: &str = include_str!("style.css");
const TEMPLATES: [(&str, &str); 9] = [
    ("layout.html", include_str!("layout.html")),
    ("home.html", include_str!("home.html")),
    ("message.html", include_str!("message.html")),
    ("invitation.html", include_str!("invitation.html")),
    (
        "passkey_registration.html",
        include_str!("passkey_registration.html"),
    ),
    ("sign_in.html", include_str!("sign_in.html")),
    ("password_reset.html", include_str!("password_reset.html")),
    ("unsubscribe.html", include_str!("unsubscribe.html")),
    ("sign_up.html", include_str!("sign_up.html")),
];

/// The templates, read once: a test fills each.
static ENVIRONMENT: LazyLock<Result<Environment<'static>, minijinja::Error>> =
    LazyLock::new(|| {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.add_global("style", STYLE);
        for (name, text) in TEMPLATES {
            environment.add_template(name, text)?;
        }
        Ok(environment)
    });

/// Nothing runs, nothing is loaded, nothing frames it; the one style is named by its hash.
static POLICY: LazyLock<String> = LazyLock::new(|| policy("'self'"));

/// As that, but that files of this server run, and may call it.
static SCRIPTED_POLICY: LazyLock<String> = LazyLock::new(|| {
    let base = policy("'none'");
    format!("{base}; script-src 'self'; connect-src 'self'")
});

fn policy(forms_go_to: &str) -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action {forms_go_to}; \
         base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Their routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(home::show))
        .route("/docs", get(docs::show))
        .route("/docs/{file}", get(docs::file))
        .route(
            "/password-resets/{token}",
            get(password_reset::show).post(password_reset::answer),
        )
        .route(
            "/invitations/{token}",
            get(invitation::show).post(invitation::answer),
        )
        .route("/forms/{name}", get(sign_up::show).post(sign_up::submit))
        .route(
            "/unsubscribe/{token}",
            get(unsubscribe::show).post(unsubscribe::turn_off),
        )
        .route("/passkeys/register/{token}", get(passkey::register))
        .route("/passkeys/script.js", get(passkey::script))
        .route("/sign-in", get(passkey::sign_in))
}

/// A page, under headers that keep its address and its content to itself.
fn page(status: StatusCode, template: &str, values: &Value) -> Result<Response, Error> {
    let broken = |cause: &minijinja::Error| Error::internal(cause.to_string());
    let environment = ENVIRONMENT.as_ref().map_err(broken)?;
    let filled = environment
        .get_template(template)
        .and_then(|found| found.render(Serde(values)));
    let html = filled.map_err(|cause| broken(&cause))?;
    Ok(guarded(reply::typed(
        status,
        "text/html; charset=utf-8",
        html,
    )))
}

fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 4] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Lets the form of a page lead to one more origin by its answer: browsers hold a redirect after
/// a form to the form's policy.
fn allow_to_lead_to(response: &mut Response, uri: &str) {
    let Ok(url) = Url::parse(uri) else {
        return;
    };
    let widened = policy(&format!("'self' {}", url.origin().ascii_serialization()));
    if let Ok(policy) = HeaderValue::try_from(widened) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// A page that says one thing.
fn message(status: StatusCode, title: &str, text: &str) -> Result<Response, Error> {
    page(
        status,
        "message.html",
        &json!({ "title": title, "text": text }),
    )
}

/// A failure as a page. A link that leads nowhere is told alike whatever the reason.
#[must_use]
pub fn render(failure: &Failure) -> Response {
    let (status, title, text) = told(failure);
    message(status, title, text)
        .unwrap_or_else(|_| guarded(reply::typed(status, "text/plain", title.to_owned())))
}

fn told(failure: &Failure) -> (StatusCode, &'static str, &'static str) {
    let unreadable = |status| {
        let text = "What came could not be read. Go back and try once more.";
        (status, "That did not work", text)
    };
    match failure {
        Failure::Domain(error) => told_of_domain(error),
        Failure::Unreadable(_) | Failure::Parameter { .. } => unreadable(StatusCode::BAD_REQUEST),
        Failure::TooLarge => unreadable(StatusCode::PAYLOAD_TOO_LARGE),
        Failure::TooSlow => unreadable(StatusCode::REQUEST_TIMEOUT),
        Failure::UnsupportedMediaType => unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Failure::NoRoute => told_of_domain(&Error::NotFound),
        Failure::MethodNotAllowed => unreadable(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn told_of_domain(error: &Error) -> (StatusCode, &'static str, &'static str) {
    match error {
        Error::NotFound => (
            StatusCode::NOT_FOUND,
            "This link does not work",
            "Check that the whole link was opened. If a newer message came, use the link in \
             that one; otherwise ask for it to be sent again.",
        ),
        Error::RateLimited { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many links were tried",
            "Wait a minute, then open the link once more.",
        ),
        Error::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "This cannot be done now",
            "The server has too much to do, or is being looked after. Open the link again in a \
             moment.",
        ),
        Error::Invalid(_)
        | Error::Conflict(_)
        | Error::Unauthenticated
        | Error::Forbidden(_)
        | Error::PreconditionFailed
        | Error::Internal(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            "The fault is the server's. Open the link again in a moment.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_whole() {
        for (name, _) in TEMPLATES {
            let values = json!({ "errors": { "password": "x" }, "invite": true });
            assert!(page(StatusCode::OK, name, &values).is_ok(), "{name}");
        }
    }
}
