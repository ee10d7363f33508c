//! Errors: `{"user":{"password":["…"]}}` for broken rules, `{"error":"…"}` for what cannot
//! be read, and otherwise the status alone (seed 004, `400`; contracts, legalesign:
//! Conventions).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use directory::Error;
use directory::violation::{Rule, Violation, Violations};
use serde_json::{Map, Value, json};

use crate::http::context::RequestContext;
use crate::http::failure::Failure;
use crate::http::reply;

/// A failure in this dialect's words. A broken rule names the resource of the path.
#[must_use]
pub fn render(failure: &Failure, context: &RequestContext) -> Response {
    let said = |status| reply::json(status, &json!({ "error": failure.to_string() }));
    match failure {
        Failure::Domain(error) => render_domain(error, context),
        Failure::Unreadable(_) => said(StatusCode::BAD_REQUEST),
        Failure::Parameter { name, value, .. } => {
            let value = value.as_deref().unwrap_or_default();
            let text = parameter(name, value);
            reply::json(StatusCode::BAD_REQUEST, &json!({ "error": text }))
        }
        Failure::TooLarge => said(StatusCode::PAYLOAD_TOO_LARGE),
        Failure::TooSlow => said(StatusCode::REQUEST_TIMEOUT),
        Failure::UnsupportedMediaType => said(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Failure::NoRoute => reply::empty(StatusCode::NOT_FOUND),
        Failure::MethodNotAllowed => reply::empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn render_domain(error: &Error, context: &RequestContext) -> Response {
    // What Unavailable and Internal print is meant for clients: the cause is their source.
    let said = |status| {
        let body = json!({ "error": error.to_string(), "request_id": context.id });
        reply::json(status, &body)
    };
    match error {
        Error::Invalid(violations) => broken(violations, resource(&context.path)),
        Error::NotFound => reply::empty(StatusCode::NOT_FOUND),
        Error::Unauthenticated => unauthenticated(),
        Error::Forbidden(_) => reply::empty(StatusCode::FORBIDDEN),
        Error::PreconditionFailed => reply::empty(StatusCode::PRECONDITION_FAILED),
        Error::RateLimited { .. } => reply::empty(StatusCode::TOO_MANY_REQUESTS),
        // Never 409, which the vendor's client sends again.
        Error::Conflict(text) => {
            let body = match resource(&context.path) {
                "member" => json!({ "member": { "exists": text } }),
                _ => json!({ "error": text }),
            };
            reply::json(StatusCode::BAD_REQUEST, &body)
        }
        Error::Unavailable(_) => said(StatusCode::SERVICE_UNAVAILABLE),
        Error::Internal(_) => said(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// What is said of a parameter of a list (contracts, legalesign: Conventions).
fn parameter(name: &str, value: &str) -> String {
    match name {
        "limit" | "offset" => {
            format!("Invalid {name} '{value}' provided. Please provide a positive integer.")
        }
        _ => format!("'{name}' is not a parameter of this list."),
    }
}

fn unauthenticated() -> Response {
    let mut response = reply::empty(StatusCode::UNAUTHORIZED);
    let challenge = HeaderValue::from_static("ApiKey");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// The resource that a path is about: `user` in `/api/v1/user/…`.
fn resource(path: &str) -> &str {
    let rest = path.strip_prefix("/api/v1/").unwrap_or_default();
    rest.split('/').next().unwrap_or_default()
}

fn broken(violations: &Violations, resource: &str) -> Response {
    let mut fields: Map<String, Value> = Map::new();
    for violation in violations {
        let messages = fields
            .entry(violation.path.first())
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Some(messages) = messages.as_array_mut() {
            messages.push(worded(violation, resource).into());
        }
    }
    let mut body = Map::new();
    body.insert(resource.to_owned(), fields.into());
    reply::json(StatusCode::BAD_REQUEST, &body)
}

fn worded(violation: &Violation, resource: &str) -> String {
    let field = violation.path.first();
    if let Some(message) = &violation.message {
        return message.clone();
    }
    match &violation.rule {
        Rule::Blank => "This field is required.".to_owned(),
        Rule::Taken => format!("A {resource} with this {field} already exists."),
        Rule::TooShort { min } => format!("Ensure this value has at least {min} characters"),
        Rule::TooLong { max } if field == "groups" => {
            format!("Ensure this value has at most {max} groups")
        }
        Rule::TooLong { max } => format!("Ensure this value has at most {max} characters"),
        Rule::BadFormat if field == "email" => "Enter a valid email address.".to_owned(),
        Rule::NotIncluded { value } => format!("'{value}' is not a valid choice."),
        Rule::BadFormat
        | Rule::Form(_)
        | Rule::WrongType { .. }
        | Rule::Mismatch { .. }
        | Rule::MustExist
        | Rule::OutOfRange { .. }
        | Rule::Guessable
        | Rule::InFuture
        | Rule::Immutable
        | Rule::UnknownField => "Enter a valid value.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::dialects::Dialect;

    async fn rendered(failure: Failure) -> (u16, String) {
        let context = RequestContext {
            id: "r1".to_owned(),
            address: std::net::Ipv4Addr::LOCALHOST.into(),
            dialect: Dialect::Legalesign,
            path: "/api/v1/user/".to_owned(),
        };
        let response = render(&failure, &context);
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_fault_of_the_server_tells_its_request_and_nothing_internal() {
        let fault = rendered(Error::internal("disk /dev/sda1").into()).await;
        let told = r#"{"error":"internal error","request_id":"r1"}"#;
        assert_eq!(fault, (500, told.to_owned()));
        let cause = directory::Unavailable::Database("host db1 refused".into());
        let busy = rendered(cause.into()).await;
        let told = r#"{"error":"the service cannot do this now","request_id":"r1"}"#;
        assert_eq!(busy, (503, told.to_owned()));
    }

    #[tokio::test]
    async fn a_conflict_is_never_409() {
        let conflict = rendered(Error::Conflict("it is in use").into()).await;
        assert_eq!(conflict, (400, r#"{"error":"it is in use"}"#.to_owned()));
    }

    #[tokio::test]
    async fn messages_of_one_field_stand_together() {
        let mut violations = Violations::new();
        violations.field("email", Rule::TooLong { max: 75 });
        violations.field("groups", Rule::MustExist);
        violations.field("email", Rule::BadFormat);
        let email =
            r#"["Ensure this value has at most 75 characters","Enter a valid email address."]"#;
        let told = format!(r#"{{"user":{{"email":{email},"groups":["Enter a valid value."]}}}}"#);
        assert_eq!(
            rendered(Error::Invalid(violations).into()).await,
            (400, told)
        );
    }
}
